// A DNS server's sockets: UDP, and TCP with pipelining and answers in any order (RFC 7766, RFC
// 9210). It frames messages and enforces limits; what a message means is the handler's affair.
//
// One I/O thread: everything here is called on the thread that runs the executor's io_context.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/instant.hpp"
#include "common/base/result.hpp"
#include "common/net/deadline.hpp"
#include "common/net/socket_address.hpp"

namespace chorale::net {

enum class Transport { udp, tcp };

// One message as it came, without the length of TCP; never fewer than 12 octets.
struct Request {
    Bytes octets;
    SocketAddress source;
    SocketAddress local;  // where it was sent to
    Transport transport = Transport::udp;
};

// One message to send: head, body and tail, one after the other on the wire, at most 65,535 octets
// together. `keep` keeps the octets of `body` alive, such as a chunk of a zone that many share.
struct OutgoingMessage {
    OutgoingMessage() = default;
    explicit OutgoingMessage(Bytes whole) : head(std::move(whole)) {}
    OutgoingMessage(Bytes before, BytesView shared, Bytes after, std::shared_ptr<const void> owner)
        : head(std::move(before)), body(shared), tail(std::move(after)), keep(std::move(owner)) {}

    std::size_t size() const { return head.size() + body.size() + tail.size(); }

    Bytes head;
    BytesView body;
    Bytes tail;
    std::shared_ptr<const void> keep;
};

// Where the answer to one request goes.
class ReplyStream {
public:
    virtual ~ReplyStream() = default;

    virtual Transport transport() const = 0;

    // Sends the messages in this order; returns when the kernel has taken all of them. On TCP any
    // number, together in one turn: messages of other requests of the same connection come before
    // or after, first come first served. A long transfer calls this many times, with some hundred
    // KiB each, so that others get their turn and memory stays small. On UDP exactly one message,
    // which is never waited for. Errors: network (also: the connection is closed), timeout (the
    // client takes nothing for `write_progress`), cancelled (the server stops), limit (message too
    // long, or not one on UDP).
    virtual boost::asio::awaitable<Result<void>> send(std::vector<OutgoingMessage> messages) = 0;

    // False once sending makes no sense any more; long work is better given up then.
    virtual bool is_open() const = 0;

    // TCP: closes the connection at once, as for a client that breaks the protocol or an answer
    // that cannot be completed. UDP: nothing.
    virtual void close() = 0;
};

// One message as the argument of send().
std::vector<OutgoingMessage> one_message(Bytes octets);

// Answers one request, with any number of send() calls; returning without one sends nothing. Runs
// as a coroutine of its own. One that throws is counted (handler_failures), and its connection
// closed.
using RequestHandler =
    std::function<boost::asio::awaitable<void>(Request, std::shared_ptr<ReplyStream>)>;

struct DnsServerLimits {
    std::size_t connections = 10'000;
    std::size_t connections_per_prefix = 64;  // loopback counts like any other
    unsigned prefix_v4 = 24;                  // bits that make two clients one
    unsigned prefix_v6 = 56;
    Duration idle{10'000};            // no request running, no octet coming (RFC 7766 6.2.3)
    Duration message{5'000};          // from a message's first octet to its last
    Duration write_progress{10'000};  // the client takes no octet for so long
    std::size_t unread_output = 256U * 1'024U;  // octets; above, no further requests are read
    std::size_t requests_per_connection = 16;   // that run at the same time
    std::size_t udp_requests = 256;             // that run at the same time; above, dropped
};

// Since the start, unless it says "now".
struct DnsServerCounters {
    std::uint64_t connections_now = 0;
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused_total = 0;   // limit `connections`
    std::uint64_t connections_refused_prefix = 0;  // limit `connections_per_prefix`
    std::uint64_t accept_failures = 0;             // such as no file descriptor left
    std::uint64_t closed_idle = 0;
    std::uint64_t closed_slow_message = 0;   // limit `message`
    std::uint64_t closed_no_progress = 0;    // limit `write_progress`
    std::uint64_t closed_short_message = 0;  // a message of fewer than 12 octets
    std::uint64_t requests_now = 0;
    std::uint64_t tcp_requests = 0;
    std::uint64_t udp_requests = 0;
    std::uint64_t udp_dropped_busy = 0;   // limit `udp_requests`
    std::uint64_t udp_dropped_short = 0;  // fewer than 12 octets
    std::uint64_t tcp_replies = 0;        // messages
    std::uint64_t udp_replies = 0;
    std::uint64_t send_failures = 0;  // send() calls that returned an error
    std::uint64_t octets_in = 0;      // with the lengths of TCP
    std::uint64_t octets_out = 0;
    std::uint64_t handler_failures = 0;  // a handler threw
};

class DnsServer {
public:
    DnsServer(boost::asio::any_io_executor executor, DnsServerLimits limits,
              RequestHandler handler);
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;
    ~DnsServer();  // closes all sockets; handlers that run see errors from send()

    // Serves UDP and TCP at this address from now on, and returns it with the port that was given
    // out if it had 0. May be called for several addresses. An IPv6 address serves IPv6 only.
    // Errors: conflict (the address is in use), network; the text names the address.
    Result<SocketAddress> listen(SocketAddress address);

    // For connections and requests that come from now on; those that are there stay.
    void set_limits(const DnsServerLimits& limits);

    // Accepts and reads no more, lets running handlers finish and closes each connection after its
    // last answer; what is not done by the deadline is closed. Returns when that is over; a handler
    // that waits for something else than send() may then still run.
    boost::asio::awaitable<void> stop(Deadline deadline);

    DnsServerCounters counters() const;

private:
    struct Core;
    std::shared_ptr<Core> core_;
};

}  // namespace chorale::net
