#include "common/http/server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <utility>

#include "common/http/connection.hpp"
#include "common/http/problem.hpp"
#include "common/http/server_core.hpp"

namespace chorale::http {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds accept_pause{100};  // after a failed accept (no descriptors left)

void turn_away(Stream::socket& socket, HttpServer::Core& core) {
    ++core.counters.connections_refused;
    const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    const HttpResponse refusal = problem(503, "too many connections");
    const std::string text = write_head(refusal, {false, now}) + refusal.body;
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(text), ignored);
    socket.shutdown(Stream::socket::shutdown_send, ignored);
    socket.close(ignored);
}

asio::awaitable<void> accept_connections(std::shared_ptr<HttpServer::Core> core,
                                         std::shared_ptr<Listener> listener) {
    while (listener->is_open()) {
        Stream::socket socket(core->executor);
        error_code failure;
        auto accepting = listener->acceptor().async_accept(
            socket, asio::redirect_error(asio::use_awaitable, failure));
        co_await std::move(accepting);
        if (!listener->is_open()) break;
        if (failure) {
            listener->pause().expires_after(accept_pause);
            auto pausing =
                listener->pause().async_wait(asio::redirect_error(asio::use_awaitable, failure));
            co_await std::move(pausing);
        } else if (core->connections.size() >= core->settings.limits.connections) {
            turn_away(socket, *core);
        } else {
            auto connection = std::make_shared<Connection>(core, std::move(socket),
                                                           listener->address().is_unix());
            asio::co_spawn(core->executor, serve(std::move(connection)), asio::detached);
        }
    }
}

}  // namespace

void HttpServer::Core::close_listeners() {
    for (const auto& listener : listeners) listener->close();
    listeners.clear();
}

void HttpServer::Core::close_connections() {
    for (Connection* connection : connections) connection->close();
}

void HttpServer::Core::connection_gone(Connection* connection) {
    connections.erase(connection);
    counters.connections_now = connections.size();
    if (is_stopping && connections.empty()) tell_stopped();
}

void HttpServer::Core::tell_stopped() {
    grace_end.cancel();
    if (stopped) asio::post(executor, std::exchange(stopped, nullptr));
}

HttpServer::HttpServer(asio::any_io_executor executor, Router router, HttpServerSettings settings)
    : core_(std::make_shared<Core>(std::move(executor), std::move(router), std::move(settings))) {
    assert(core_->settings.limits.minimum_rate > 0);
}

HttpServer::~HttpServer() {
    core_->is_stopping = true;
    core_->stopped = nullptr;
    core_->settings.observe = nullptr;
    core_->grace_end.cancel();
    core_->close_listeners();
    core_->close_connections();
}

Result<HttpAddress> HttpServer::listen(const HttpAddress& address) {
    assert(!core_->is_stopping);
    if (!address.is_loopback()) {
        return Error(ErrorKind::refused, to_text(address) + ": not a loopback address");
    }
    auto listener = std::make_shared<Listener>(core_->executor);
    if (const auto opened = listener->open(address); !opened) return opened.error();
    core_->listeners.push_back(listener);
    asio::co_spawn(core_->executor, accept_connections(core_, listener), asio::detached);
    return listener->address();
}

void HttpServer::stop(std::chrono::milliseconds grace, std::function<void()> stopped) {
    core_->is_stopping = true;
    core_->stopped = std::move(stopped);
    core_->close_listeners();
    for (Connection* connection : core_->connections) {
        if (connection->is_idle) connection->close();
    }
    if (core_->connections.empty()) {
        core_->tell_stopped();
        return;
    }
    core_->grace_end.expires_after(grace);
    core_->grace_end.async_wait([weak = std::weak_ptr<Core>(core_)](const error_code& failure) {
        const std::shared_ptr<Core> core = weak.lock();
        if (!failure && core) core->close_connections();
    });
}

void HttpServer::set_token(Secret token) { core_->settings.token = std::move(token); }
const HttpServerCounters& HttpServer::counters() const { return core_->counters; }
const Router& HttpServer::router() const { return core_->router; }

}  // namespace chorale::http
