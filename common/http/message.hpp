// An HTTP/1.1 request and response as plain values (RFC 9110, RFC 9112), free
// of any library's types. What is in a HttpRequest has passed every check of
// the wire: nothing here can be a surprise to a handler.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace chorale::http {

enum class Method { get, head, post, put, patch, delete_, options, other };

// "GET" and so on; `other` is "other".
std::string_view to_text(Method method);
// Case-sensitive (RFC 9110 9.1); what is not known is `other`.
Method method_from_text(std::string_view text);
// Everything but GET, HEAD and OPTIONS: may change something (RFC 9110 9.2.1).
bool is_mutating(Method method);

// Header fields in their order; names are compared without case (RFC 9110 5.1).
class HeaderFields {
public:
    using Field = std::pair<std::string, std::string>;

    void add(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
    }
    // The first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    std::size_t count(std::string_view name) const;
    std::size_t size() const { return fields_.size(); }
    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<Field> fields_;
};

struct HttpRequest {
    Method method = Method::get;
    std::string target;             // as received: for the log, not for decisions
    std::vector<std::string> path;  // decoded segments, valid UTF-8 without control characters
    std::vector<std::pair<std::string, std::string>> query;  // decoded, every name once
    std::string host;  // Host, or the authority of an absolute-form target
    HeaderFields headers;
    std::string body;  // octets; JSON by content type if not empty
    std::string peer;  // "127.0.0.1:49152", "[::1]:49152" or "unix:uid=1000"

    std::optional<std::string_view> query_value(std::string_view name) const;
};

// A whole answer. (Streams, such as server-sent events, will be a further
// member here that the connection pulls pieces from; the head stays the same.)
struct HttpResponse {
    unsigned status = 200;
    std::string content_type;  // empty: no Content-Type field
    HeaderFields headers;      // further ones; length, date and connection are the server's
    std::string body;
};

// Compares ASCII text without case.
bool equal_without_case(std::string_view a, std::string_view b);
bool is_valid_utf8(std::string_view text);

}  // namespace chorale::http
