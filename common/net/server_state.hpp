// What the sockets of one DnsServer have in common.
#pragma once

#include <exception>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "common/net/dns_server.hpp"
#include "common/net/wake.hpp"

namespace chorale::net::detail {

class Connection;

inline constexpr std::size_t shortest_message = 12;     // the header, RFC 1035 4.1.1
inline constexpr std::size_t longest_message = 65'535;  // RFC 1035 4.2.2
inline constexpr std::size_t length_octets = 2;

struct ServerState {
    ServerState(boost::asio::any_io_executor where, DnsServerLimits bounds, RequestHandler answer)
        : executor(where), limits(bounds), handler(std::move(answer)), progress(where) {}

    void begin_request(Transport transport);
    // After the handler's end; `failure` is what it threw, if it did.
    void end_request(Transport transport, const std::exception_ptr& failure);

    boost::asio::any_io_executor executor;
    DnsServerLimits limits;
    RequestHandler handler;
    DnsServerCounters counters;
    std::size_t udp_requests_now = 0;
    std::unordered_set<std::shared_ptr<Connection>> connections;
    std::unordered_map<Prefix, std::size_t, PrefixHash> connections_of;
    // Where sockets are read to before it is known whose octets they are: idle connections hold no
    // buffer. Its content is used up before the coroutine waits for anything.
    Bytes scratch = Bytes(std::size_t{128} * 1024);
    bool is_stopping = false;
    CoalescingSignal progress;  // a request or a connection has ended
};

// Runs the handler; the coroutine of every request.
boost::asio::awaitable<void> answer(std::shared_ptr<ServerState> state, Request request,
                                    std::shared_ptr<ReplyStream> stream);

}  // namespace chorale::net::detail
