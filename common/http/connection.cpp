#include "common/http/connection.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "common/http/gate.hpp"
#include "common/http/problem.hpp"

namespace chorale::http {

namespace asio = boost::asio;
using boost::system::error_code;
using ConnectionPointer = std::shared_ptr<Connection>;
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
using std::chrono::milliseconds;

Connection::Connection(std::shared_ptr<HttpServer::Core> server, Stream::socket accepted,
                       bool is_unix)
    : core(std::move(server)),
      socket(std::move(accepted)),
      any_host(is_unix),
      peer(peer_name(socket, is_unix)),
      watchdog(core->executor) {
    core->connections.insert(this);
    ++core->counters.connections_accepted;
    core->counters.connections_now = core->connections.size();
    if (!is_unix) {
        error_code ignored;
        socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    }
}

void Connection::close() {
    closed = true;
    error_code ignored;
    socket.close(ignored);
    watchdog.cancel();
    if (pending) pending->arrival.cancel();
}

namespace {

constexpr std::size_t linger_limit = 4 * 1024 * 1024;  // octets drained after a last answer

// --- Deadlines -------------------------------------------------------------

// Cancels what the socket waits for when `at` has come; the connection stays
// usable, so that it can still say why it ends.
void set_watchdog(const ConnectionPointer& connection, TimePoint at) {
    const std::uint64_t watch = ++connection->watch;
    connection->timed_out = false;
    connection->watchdog.expires_at(at);
    connection->watchdog.async_wait(
        [weak = std::weak_ptr<Connection>(connection), watch](const error_code& failure) {
            const ConnectionPointer waiting = weak.lock();
            if (failure || !waiting || waiting->watch != watch || waiting->closed) return;
            waiting->timed_out = true;
            error_code ignored;
            waiting->socket.cancel(ignored);
        });
}

void stop_watchdog(const ConnectionPointer& connection) {
    ++connection->watch;
    connection->watchdog.cancel();
}

// When the next octet must have moved if the whole is to keep the minimum rate.
TimePoint slowest(TimePoint began, std::size_t octets, const HttpLimits& limits) {
    return began + limits.rate_grace + milliseconds(octets * 1000 / limits.minimum_rate);
}

// Reads more input; false when there is none: end of stream, failure or deadline.
asio::awaitable<bool> read_input(ConnectionPointer connection, TimePoint deadline) {
    if (connection->closed) co_return false;
    set_watchdog(connection, deadline);
    error_code failure;
    const auto room = asio::buffer(connection->input);
    auto reading = connection->socket.async_read_some(
        room, asio::redirect_error(asio::use_awaitable, failure));
    const std::size_t octets = co_await std::move(reading);
    stop_watchdog(connection);
    connection->input_begin = 0;
    connection->input_end = failure ? 0 : octets;
    co_return !failure && octets > 0;
}

// Writes connection->output as a whole; false when the client is gone or too slow.
asio::awaitable<bool> write_output(ConnectionPointer connection) {
    const HttpLimits& limits = connection->core->settings.limits;
    const TimePoint began = SteadyClock::now();
    std::size_t written = 0;
    while (written < connection->output.size()) {
        if (connection->closed) co_return false;
        set_watchdog(connection, std::min(SteadyClock::now() + limits.stall_time,
                                          slowest(began, written, limits)));
        error_code failure;
        const auto rest = asio::buffer(connection->output) + written;
        auto writing = connection->socket.async_write_some(
            rest, asio::redirect_error(asio::use_awaitable, failure));
        const std::size_t octets = co_await std::move(writing);
        stop_watchdog(connection);
        if (failure) {
            if (connection->timed_out) ++connection->core->counters.timeouts;
            co_return false;
        }
        written += octets;
    }
    co_return true;
}

// --- One exchange ----------------------------------------------------------

void feed_reader(const ConnectionPointer& connection) {
    connection->input_begin += connection->reader->consume(connection->unread());
}

void refuse(const ConnectionPointer& connection, const Refusal& refusal) {
    connection->response = problem(refusal);
    connection->exchange.refusal = refusal.detail;
    ++connection->core->counters.refused;
}

void refuse_timed_out(const ConnectionPointer& connection) {
    ++connection->core->counters.timeouts;
    refuse(connection, {408, "the request did not come in time", {}});
    connection->keeps_alive = false;
}

void refuse_unreadable(const ConnectionPointer& connection) {
    refuse(connection, connection->reader->refusal());
    connection->keeps_alive = false;
}

enum class Progress { goes_on, answered, gone };

// Reads up to the end of the head.
asio::awaitable<Progress> read_head(ConnectionPointer connection) {
    const HttpLimits& limits = connection->core->settings.limits;
    RequestReader& reader = *connection->reader;
    connection->is_idle = true;
    // A connection that has never asked for anything gets less patience.
    TimePoint deadline =
        SteadyClock::now() + (connection->is_first ? limits.headers_time : limits.idle_time);
    while (true) {
        feed_reader(connection);
        if (connection->is_idle && reader.has_begun()) {
            connection->is_idle = false;
            connection->began = SteadyClock::now();
            if (!connection->is_first) deadline = connection->began + limits.headers_time;
        }
        if (reader.state() != RequestReader::State::head) break;
        if (connection->is_idle && connection->core->is_stopping) co_return Progress::gone;
        auto reading = read_input(connection, deadline);
        const bool has_read = co_await std::move(reading);
        if (has_read) continue;
        if (!connection->timed_out || !reader.has_begun()) co_return Progress::gone;
        refuse_timed_out(connection);
        co_return Progress::answered;
    }
    connection->is_first = false;
    if (reader.state() != RequestReader::State::refused) co_return Progress::goes_on;
    refuse_unreadable(connection);
    co_return Progress::answered;
}

// Everything that can be judged before a body is read. Cheap checks first; what a
// stranger may know (there is no such path) is told without a token.
std::optional<Refusal> judge(const ConnectionPointer& connection) {
    HttpServer::Core& core = *connection->core;
    const HttpRequest& request = connection->reader->request();
    if (request.method == Method::other) return Refusal{501, "no such method is known", {}};
    if (auto foreign = refuse_foreign_host(request, connection->any_host)) return foreign;
    Router::Match match = core.router.find(request.method, request.path);
    if (match.route == nullptr) {
        if (match.allowed.empty()) return Refusal{404, "no such path", {}};
        Refusal refusal{405, "this path does not take this method", {}};
        refusal.headers.add("Allow", match.allowed);
        return refusal;
    }
    if (auto foreign = refuse_foreign_origin(request)) return foreign;
    if (match.route->access == Access::token) {
        if (auto stranger = refuse_without_token(request, core.settings.token)) return stranger;
    }
    if (connection->reader->state() == RequestReader::State::body) {
        if (auto other = refuse_other_media_type(request)) return other;
    }
    connection->route = match.route;
    connection->parameters = std::move(match.parameters);
    return std::nullopt;
}

asio::awaitable<Progress> read_body(ConnectionPointer connection) {
    const HttpLimits& limits = connection->core->settings.limits;
    RequestReader& reader = *connection->reader;
    const TimePoint began = SteadyClock::now();
    // Who has the body under way already does not wait for the interim answer.
    if (reader.expects_continue() && connection->unread().empty()) {
        connection->output = "HTTP/1.1 100 Continue\r\n\r\n";
        auto writing = write_output(connection);
        const bool has_written = co_await std::move(writing);
        if (!has_written) co_return Progress::gone;
    }
    while (true) {
        feed_reader(connection);
        if (reader.state() != RequestReader::State::body) break;
        const TimePoint deadline =
            std::min(began + limits.body_time, slowest(began, reader.body_received(), limits));
        auto reading = read_input(connection, deadline);
        const bool has_read = co_await std::move(reading);
        if (has_read) continue;
        if (!connection->timed_out) co_return Progress::gone;
        refuse_timed_out(connection);
        co_return Progress::answered;
    }
    if (reader.state() == RequestReader::State::complete) co_return Progress::goes_on;
    refuse_unreadable(connection);
    co_return Progress::answered;
}

// Not a coroutine, since a handler may throw right away.
void start_handler(const ConnectionPointer& connection) {
    HttpServer::Core& core = *connection->core;
    auto pending = std::make_shared<PendingAnswer>(core.executor);
    connection->pending = pending;
    HttpRequest request = std::move(connection->reader->request());
    request.peer = connection->peer;
    try {
        auto work =
            connection->route->handler(std::move(request), std::move(connection->parameters));
        asio::co_spawn(core.executor, std::move(work),
                       asio::bind_cancellation_slot(
                           pending->call_off.slot(),
                           [pending](const std::exception_ptr& thrown, HttpResponse response) {
                               pending->response =
                                   thrown ? problem(500, "internal error") : std::move(response);
                               pending->arrival.cancel();
                           }));
    } catch (...) {
        pending->response = problem(500, "internal error");
    }
}

void refuse_unanswered(const ConnectionPointer& connection) {
    ++connection->core->counters.timeouts;
    refuse(connection, {503, "the answer did not come in time", {}});
}

asio::awaitable<Progress> run_handler(ConnectionPointer connection) {
    start_handler(connection);
    std::shared_ptr<PendingAnswer> pending = connection->pending;
    if (!pending->response) {
        pending->arrival.expires_after(connection->core->settings.limits.handler_time);
        error_code woken;
        auto arrival =
            pending->arrival.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        co_await std::move(arrival);
    }
    connection->pending = nullptr;
    if (pending->response) {
        connection->response = std::move(*pending->response);
        co_return Progress::answered;
    }
    // The handler may not listen; its answer, if it comes at all, goes nowhere.
    pending->call_off.emit(asio::cancellation_type::terminal);
    if (connection->closed) co_return Progress::gone;
    refuse_unanswered(connection);
    co_return Progress::answered;
}

void begin_exchange(const ConnectionPointer& connection) {
    connection->reader.emplace(connection->core->settings.limits);
    connection->route = nullptr;
    connection->response = {};
    connection->keeps_alive = false;
    connection->head_only = false;
    connection->exchange = {};
    connection->exchange.peer = connection->peer;
    connection->began = SteadyClock::now();
}

void note_request(const ConnectionPointer& connection) {
    const HttpRequest& request = connection->reader->request();
    ++connection->core->counters.requests;
    connection->keeps_alive = connection->reader->keeps_alive();
    connection->head_only = request.method == Method::head;
    connection->exchange.method = request.method;
    connection->exchange.target = request.target;
}

void compose_output(const ConnectionPointer& connection) {
    if (connection->core->is_stopping) connection->keeps_alive = false;
    const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    connection->output = write_head(connection->response, {connection->keeps_alive, now});
    const unsigned status = connection->response.status;
    if (!connection->head_only && status != 204 && status != 304) {
        connection->output += connection->response.body;
    }
}

void report(const ConnectionPointer& connection) {
    const auto& observe = connection->core->settings.observe;
    if (!observe) return;
    connection->exchange.status = connection->response.status;
    connection->exchange.took = std::chrono::duration_cast<std::chrono::microseconds>(
        SteadyClock::now() - connection->began);
    observe(connection->exchange);
}

// True if another request may follow on the connection.
asio::awaitable<bool> serve_request(ConnectionPointer connection) {
    begin_exchange(connection);
    auto heading = read_head(connection);
    Progress progress = co_await std::move(heading);
    if (progress == Progress::goes_on) {
        note_request(connection);
        auto refusal = judge(connection);
        if (refusal) {
            refuse(connection, *refusal);
            // The body that nobody reads would be taken for the next request.
            if (connection->reader->state() == RequestReader::State::body) {
                connection->keeps_alive = false;
            }
            progress = Progress::answered;
        }
    }
    if (progress == Progress::goes_on) {
        auto reading = read_body(connection);
        progress = co_await std::move(reading);
    }
    if (progress == Progress::goes_on) {
        auto handling = run_handler(connection);
        progress = co_await std::move(handling);
    }
    if (progress == Progress::gone) co_return false;
    compose_output(connection);
    auto writing = write_output(connection);
    const bool has_written = co_await std::move(writing);
    report(connection);
    co_return has_written && connection->keeps_alive;
}

// A close with unread input resets the connection, and the reset may overtake the
// last answer: stop sending first, and drain for a moment (RFC 9112 9.6).
asio::awaitable<void> linger(ConnectionPointer connection) {
    if (connection->closed) co_return;
    error_code failure;
    connection->socket.shutdown(Stream::socket::shutdown_send, failure);
    const TimePoint deadline = SteadyClock::now() + connection->core->settings.limits.linger_time;
    std::size_t drained = 0;
    bool has_read = !failure;
    while (has_read && drained < linger_limit) {
        auto reading = read_input(connection, deadline);
        has_read = co_await std::move(reading);
        drained += connection->input_end;
    }
    connection->close();
}

}  // namespace

asio::awaitable<void> serve(ConnectionPointer connection) {
    bool goes_on = true;
    while (goes_on) {
        auto serving = serve_request(connection);
        goes_on = co_await std::move(serving);
    }
    auto lingering = linger(connection);
    co_await std::move(lingering);
}

}  // namespace chorale::http
