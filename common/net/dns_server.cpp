#include "common/net/dns_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "common/net/connection.hpp"
#include "common/net/udp_socket.hpp"

namespace chorale::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using detail::Connection;
using detail::ServerState;
using detail::UdpSocket;

namespace {

// When the process has no descriptor or memory left, the connection stays in the kernel's queue and
// the socket readable: without a pause we would spin.
constexpr Duration accept_pause{100};

// Tries to find a port that is free both for UDP and TCP, when asked for port 0.
constexpr int port_tries = 16;

bool is_exhaustion(const error_code& failure) {
    for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        if (failure == error_code(number, boost::system::system_category())) return true;
    }
    return false;
}

asio::awaitable<void> serve_connection(std::shared_ptr<ServerState> state,
                                       std::shared_ptr<Connection> connection) {
    co_await Connection::serve(connection);
    const auto count = state->connections_of.find(connection->prefix());
    if (--count->second == 0) state->connections_of.erase(count);
    state->connections.erase(connection);
    state->progress.notify();
}

// Takes the connection, or closes it if there are too many.
void admit(const std::shared_ptr<ServerState>& state, tcp::socket socket,
           const SocketAddress& remote) {
    const DnsServerLimits& limits = state->limits;
    if (state->is_stopping) return;
    if (state->connections.size() >= limits.connections) {
        ++state->counters.connections_refused_total;
        return;
    }
    const Prefix prefix(remote.address(),
                        remote.address().is_v4() ? limits.prefix_v4 : limits.prefix_v6);
    const auto others = state->connections_of.find(prefix);
    const std::size_t count = others == state->connections_of.end() ? 0 : others->second;
    if (count >= limits.connections_per_prefix) {
        ++state->counters.connections_refused_prefix;
        return;
    }
    ++state->connections_of[prefix];
    ++state->counters.connections_accepted;
    const auto connection = std::make_shared<Connection>(state, std::move(socket), remote, prefix);
    state->connections.insert(connection);
    asio::co_spawn(state->executor, serve_connection(state, connection), asio::detached);
}

asio::awaitable<void> accept_connections(std::shared_ptr<ServerState> state,
                                         std::shared_ptr<tcp::acceptor> acceptor) {
    while (acceptor->is_open()) {
        tcp::socket socket(state->executor);
        tcp::endpoint remote;
        error_code failure;
        co_await acceptor->async_accept(socket, remote,
                                        asio::redirect_error(asio::use_awaitable, failure));
        if (!acceptor->is_open()) break;
        if (!failure) {
            admit(state, std::move(socket), SocketAddress(remote));
            continue;
        }
        ++state->counters.accept_failures;
        if (is_exhaustion(failure)) {
            asio::steady_timer pause(state->executor, accept_pause);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failure));
        }
    }
}

Result<std::shared_ptr<tcp::acceptor>> open_acceptor(const asio::any_io_executor& executor,
                                                     const SocketAddress& address) {
    const std::string what = "listen on " + address.to_text() + " (TCP)";
    auto acceptor = std::make_shared<tcp::acceptor>(executor);
    const tcp::endpoint endpoint = address.tcp();
    error_code failure;
    acceptor->open(endpoint.protocol(), failure);
    if (failure) return network_error(what, failure);
    // Connections of a daemon that has just ended do not keep the port (TIME-WAIT); one that still
    // listens does, on Linux.
    acceptor->set_option(asio::socket_base::reuse_address(true), failure);
    if (address.address().is_v6()) acceptor->set_option(asio::ip::v6_only(true), failure);
    acceptor->bind(endpoint, failure);
    if (failure) return network_error(what, failure);
    acceptor->listen(asio::socket_base::max_listen_connections, failure);
    if (failure) return network_error(what, failure);
    return acceptor;
}

}  // namespace

namespace detail {

void ServerState::begin_request(Transport transport) {
    ++counters.requests_now;
    if (transport == Transport::udp) {
        ++udp_requests_now;
        ++counters.udp_requests;
    } else {
        ++counters.tcp_requests;
    }
}

void ServerState::end_request(Transport transport, const std::exception_ptr& failure) {
    --counters.requests_now;
    if (transport == Transport::udp) --udp_requests_now;
    if (failure) ++counters.handler_failures;
    progress.notify();
}

asio::awaitable<void> answer(std::shared_ptr<ServerState> state, Request request,
                             std::shared_ptr<ReplyStream> stream) {
    asio::awaitable<void> handled = state->handler(std::move(request), std::move(stream));
    co_await std::move(handled);
}

}  // namespace detail

std::vector<OutgoingMessage> one_message(Bytes octets) {
    std::vector<OutgoingMessage> messages;
    messages.emplace_back(std::move(octets));
    return messages;
}

struct DnsServer::Core {
    Core(asio::any_io_executor executor, DnsServerLimits limits, RequestHandler handler)
        : state(std::make_shared<ServerState>(std::move(executor), limits, std::move(handler))) {}

    void close() {
        close_listeners();
        for (const auto& socket : udp_sockets) socket->close();
        const auto connections = state->connections;
        for (const auto& connection : connections) connection->close();
    }

    void close_listeners() {
        state->is_stopping = true;
        error_code failure;
        for (const auto& acceptor : acceptors) acceptor->close(failure);
        for (const auto& socket : udp_sockets) socket->finish();
    }

    static asio::awaitable<void> stop(std::shared_ptr<Core> self, Deadline deadline);

    std::shared_ptr<ServerState> state;
    std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
    std::vector<std::shared_ptr<UdpSocket>> udp_sockets;
};

DnsServer::DnsServer(asio::any_io_executor executor, DnsServerLimits limits, RequestHandler handler)
    : core_(std::make_shared<Core>(std::move(executor), limits, std::move(handler))) {}

DnsServer::~DnsServer() {
    core_->close();
    // Connections and their state hold each other; the coroutines that would part them may never
    // run again.
    core_->state->connections.clear();
}

Result<SocketAddress> DnsServer::listen(SocketAddress address) {
    const std::shared_ptr<ServerState>& state = core_->state;
    for (int tries_left = address.port() == 0 ? port_tries : 1; tries_left > 0; --tries_left) {
        auto udp = std::make_shared<UdpSocket>(state);
        const Result<SocketAddress> bound = udp->bind(address);
        if (bound.has_error()) return bound.error();
        Result<std::shared_ptr<tcp::acceptor>> acceptor = open_acceptor(state->executor, *bound);
        if (acceptor.has_error()) {
            if (acceptor.error().kind() == ErrorKind::conflict && tries_left > 1) continue;
            return acceptor.error();
        }
        core_->udp_sockets.push_back(udp);
        core_->acceptors.push_back(*acceptor);
        asio::co_spawn(state->executor, UdpSocket::serve(udp), asio::detached);
        asio::co_spawn(state->executor, accept_connections(state, *acceptor), asio::detached);
        return *bound;
    }
    return Error(ErrorKind::conflict, "listen on " + address.to_text() + ": no free port");
}

void DnsServer::set_limits(const DnsServerLimits& limits) { core_->state->limits = limits; }

asio::awaitable<void> DnsServer::stop(Deadline deadline) { return Core::stop(core_, deadline); }

asio::awaitable<void> DnsServer::Core::stop(std::shared_ptr<Core> self, Deadline deadline) {
    self->close_listeners();
    const auto connections = self->state->connections;
    for (const auto& connection : connections) connection->finish();
    bool is_in_time = true;
    while (is_in_time &&
           (self->state->counters.requests_now > 0 || !self->state->connections.empty())) {
        const Result<void> waited = co_await self->state->progress.wait(deadline);
        is_in_time = waited.has_value();
    }
    self->close();
}

DnsServerCounters DnsServer::counters() const {
    DnsServerCounters counters = core_->state->counters;
    counters.connections_now = core_->state->connections.size();
    return counters;
}

}  // namespace chorale::net
