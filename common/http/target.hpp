// The request-target (RFC 9112 3.2) and percent-encoding of its parts (RFC 3986).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/http/limits.hpp"

namespace chorale::http {

struct Target {
    std::string authority;  // of an absolute-form target, else empty
    std::vector<std::string> path;
    std::vector<std::pair<std::string, std::string>> query;
};

// origin-form and absolute-form (http, https). Malformed: anything that RFC 3986
// does not allow, user information, a fragment, a dot segment (encoded or not),
// encoded control characters, text that is not UTF-8, a query name twice.
// %2F is data of its segment: a zone may be called 0/25.2.0.192.in-addr.arpa
// (RFC 2317), and such a slash never separates. Limit: too many segments or parameters.
Result<Target> parse_target(std::string_view text, const HttpLimits& limits);

// A host of a Host field or authority: "127.0.0.1:8301", "[::1]", "localhost".
struct Authority {
    std::string host;  // lower case, IPv6 in brackets
    bool is_ip = false;
    std::string port;  // digits, or empty
};
Result<Authority> parse_authority(std::string_view text);

// Everything but the unreserved characters of RFC 3986 as %XX.
std::string encode_path_segment(std::string_view text);

}  // namespace chorale::http
