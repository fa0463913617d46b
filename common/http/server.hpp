// The HTTP/1.1 server of the admin interface (RFC 9110, RFC 9112): loopback TCP
// or UNIX socket, bearer token (RFC 6750), hard limits, every await with a deadline.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "common/base/secret.hpp"
#include "common/http/address.hpp"
#include "common/http/limits.hpp"
#include "common/http/router.hpp"

namespace chorale::http {

// One answer given, for log, audit and metrics. Text from the client is as the
// client sent it: escape before printing.
struct HttpExchange {
    std::string peer;
    Method method = Method::other;  // other: not known, or not readable
    std::string target;             // empty if the request line was not readable
    unsigned status = 0;
    std::string refusal;  // detail of the server's own refusal; empty for a handler's answer
    std::chrono::microseconds took{0};
};

struct HttpServerSettings {
    HttpLimits limits;
    Secret token;  // empty: routes with Access::token always answer 401
    std::function<void(const HttpExchange&)> observe;  // optional, on the executor
};

struct HttpServerCounters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0;  // over the limit
    std::uint64_t connections_now = 0;
    std::uint64_t requests = 0;  // with a readable head
    std::uint64_t refused = 0;   // answered by the server itself with 4xx or 5xx
    std::uint64_t timeouts = 0;  // any deadline but idle
};

// All calls and all handlers on one executor that runs one thing at a time.
class HttpServer {
public:
    HttpServer(boost::asio::any_io_executor executor, Router router, HttpServerSettings settings);
    // Closes everything at once; what handlers still answer is dropped.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Begins to accept; may be called for several addresses. Gives the address that
    // is bound (port 0 resolved). A TCP address that is not loopback is refused. A
    // UNIX path is unlinked first only if it is a socket that nobody listens on
    // (else conflict); the socket gets mode 0660.
    Result<HttpAddress> listen(const HttpAddress& address);

    // Accepts no more, closes idle connections, lets requests under way finish with
    // "Connection: close", and closes what is left after `grace`. Then calls
    // `stopped` (may be empty) on the executor.
    void stop(std::chrono::milliseconds grace, std::function<void()> stopped);

    void set_token(Secret token);
    const HttpServerCounters& counters() const;
    const Router& router() const;

    struct Core;  // shared with the connections; for this room only

private:
    std::shared_ptr<Core> core_;
};

}  // namespace chorale::http
