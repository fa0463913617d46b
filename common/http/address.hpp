// Where an HTTP server listens and a client connects: an IP address with port,
// or a UNIX socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace chorale::http {

struct HttpAddress {
    std::string ip;          // canonical text without brackets; empty for a UNIX socket
    std::uint16_t port = 0;  // 0 for a server: any free one
    std::string unix_path;   // empty for TCP

    bool is_unix() const { return !unix_path.empty(); }
    bool is_loopback() const;  // true for UNIX sockets
};

// "127.0.0.1:8301", "[::1]:8301" or "unix:/run/chorale/combiner.sock" (absolute, at
// most 107 octets). Host names are malformed: nothing is resolved.
Result<HttpAddress> parse_http_address(std::string_view text);
std::string to_text(const HttpAddress& address);

}  // namespace chorale::http
