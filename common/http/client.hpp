// A blocking HTTP/1.1 client with one deadline for everything, for the command
// line verbs: one connection a request, no redirects, no names to resolve.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/secret.hpp"
#include "common/http/address.hpp"
#include "common/http/message.hpp"

namespace chorale::http {

class HttpClient {
public:
    // `token` empty: no Authorization field.
    HttpClient(HttpAddress server, Secret token, std::chrono::milliseconds deadline);

    // `target` is an encoded path, perhaps with a query ("/admin/v1/zones/" +
    // encode_path_segment(name)); a body is sent as application/json.
    // Errors: network (not reachable, reset), timeout, malformed (no HTTP answer),
    // limit (answer larger than `answer_limit`). Any status is a success here.
    Result<HttpResponse> request(Method method, std::string_view target, std::string_view body);

    static constexpr std::size_t answer_limit = 16 * 1024 * 1024;  // octets

private:
    HttpAddress server_;
    Secret token_;
    std::chrono::milliseconds deadline_;
};

}  // namespace chorale::http
