// Every bound of the HTTP/1.1 server in one place; each is a configuration row
// of the daemon. Sizes in octets. A value at the limit passes, one more does not.
#pragma once

#include <chrono>
#include <cstddef>

namespace chorale::http {

struct HttpLimits {
    std::size_t request_line = 8 * 1024;  // without its CRLF; beyond: 414
    std::size_t headers = 16 * 1024;      // all field lines with their CRLFs; beyond: 431
    std::size_t header_count = 64;        // beyond: 431
    std::size_t body = 1024 * 1024;       // decoded; beyond: 413
    std::size_t path_segments = 32;       // beyond: 414
    std::size_t query_parameters = 32;    // beyond: 400

    std::chrono::milliseconds handshake_time{5'000};  // TLS, where there is TLS
    std::chrono::milliseconds headers_time{5'000};    // first octet (or accept) to end of headers
    std::chrono::milliseconds body_time{10'000};      // end of headers to end of body
    std::chrono::milliseconds idle_time{30'000};      // between two requests of a connection
    std::chrono::milliseconds handler_time{30'000};   // a handler's answer; beyond: 503
    std::chrono::milliseconds stall_time{10'000};     // answer not read at all by the client
    std::chrono::milliseconds linger_time{1'000};     // unread input drained after a last answer

    // Octets a second, over a whole body in or a whole answer out, once
    // `rate_grace` has passed: who is slower holds memory for nothing.
    std::size_t minimum_rate = 500;
    std::chrono::milliseconds rate_grace{2'000};

    std::size_t connections = 256;  // of all listeners together; beyond: 503 and closed
};

}  // namespace chorale::http
