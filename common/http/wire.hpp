// HTTP/1.1 messages to and from octets, sans I/O (RFC 9112). Stricter than the
// RFC where leniency lets two parties see two different requests: no bare CR or
// LF, no obs-fold, no Content-Length beside Transfer-Encoding, no list of
// lengths, no coding but chunked, no chunk extensions, no trailers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/instant.hpp"
#include "common/http/limits.hpp"
#include "common/http/message.hpp"
#include "common/http/problem.hpp"

namespace chorale::http {

// Reads one request, fed in pieces of any size.
class RequestReader {
public:
    enum class State {
        head,  // request line and header fields not complete
        body,  // head complete, body not
        complete,
        refused,  // see refusal(); the connection must be closed after it
    };

    explicit RequestReader(const HttpLimits& limits);
    ~RequestReader();
    RequestReader(RequestReader&&) noexcept;
    RequestReader& operator=(RequestReader&&) noexcept;

    // Takes octets in state head or body and gives how many it used: less than all
    // only when the state changed. Stops after the head, so that the head can be
    // judged before a body is read; call again for the body.
    std::size_t consume(std::string_view octets);

    State state() const;
    bool has_begun() const;             // at least one octet beyond an empty line
    HttpRequest& request();             // from state body on; body complete in `complete`
    std::size_t body_received() const;  // decoded octets
    bool keeps_alive() const;           // RFC 9112 9.3
    bool expects_continue() const;      // RFC 9110 10.1.1
    const Refusal& refusal() const;

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

struct ResponseFraming {
    bool keeps_alive = false;
    Instant now;  // for Date
};
// Status line and header fields, up to and with the empty line.
std::string write_head(const HttpResponse& response, const ResponseFraming& framing);

// A request with "Connection: close".
std::string write_request(const HttpRequest& request);

// Reads one response of a server that closes afterwards. `limit` octets of body.
class ResponseReader {
public:
    ResponseReader(std::size_t limit, bool answers_head);
    ~ResponseReader();

    // True when the response is complete. Errors: malformed, limit.
    Result<bool> consume(std::string_view octets);
    Result<bool> finish();  // the connection has ended
    HttpResponse take();

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace chorale::http
