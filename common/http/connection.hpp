// One client of an HttpServer: reads requests, judges them, has them handled,
// writes answers, one after another, each await with a deadline. For this room only.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/http/server_core.hpp"
#include "common/http/wire.hpp"

namespace chorale::http {

// What a handler's coroutine and the connection that waits for it share.
struct PendingAnswer {
    explicit PendingAnswer(const boost::asio::any_io_executor& executor) : arrival(executor) {}

    std::optional<HttpResponse> response;
    boost::asio::steady_timer arrival;
    boost::asio::cancellation_signal call_off;
};

// One client. Its coroutines hold it, and it holds the core.
struct Connection {
    Connection(std::shared_ptr<HttpServer::Core> server, Stream::socket accepted, bool is_unix);
    ~Connection() { core->connection_gone(this); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void close();
    std::string_view unread() const {
        return std::string_view(input.data(), input_end).substr(input_begin);
    }

    std::shared_ptr<HttpServer::Core> core;
    Stream::socket socket;
    bool any_host;  // UNIX socket
    std::string peer;

    boost::asio::steady_timer watchdog;
    std::uint64_t watch = 0;  // which setting of the watchdog is in force
    bool timed_out = false;
    bool closed = false;
    bool is_idle = false;  // waits for a request of which nothing has come
    bool is_first = true;

    std::array<char, 16 * 1024> input;
    std::size_t input_begin = 0;
    std::size_t input_end = 0;

    // The exchange under way.
    std::optional<RequestReader> reader;
    const Route* route = nullptr;
    PathParameters parameters;
    HttpResponse response;
    bool keeps_alive = false;
    bool head_only = false;
    HttpExchange exchange;
    std::chrono::steady_clock::time_point began;
    std::shared_ptr<PendingAnswer> pending;
    std::string output;
};

// Serves the connection to its end.
boost::asio::awaitable<void> serve(std::shared_ptr<Connection> connection);

}  // namespace chorale::http
