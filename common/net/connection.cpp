#include "common/net/connection.hpp"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <cerrno>

#include "common/net/gather.hpp"

namespace chorale::net::detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// After our last octet we read and discard for a while: closing a socket with unread octets sends
// RST, which would take the last answers from the client (RFC 1122 4.2.2.13).
constexpr Duration drain_time{1'000};
constexpr std::size_t drain_octets = std::size_t{256} * 1024;

// A group of messages of this size lets others run before its handler goes on.
constexpr std::size_t yield_octets = std::size_t{64} * 1024;

// A buffer that has grown beyond this is given back when it is empty.
constexpr std::size_t kept_capacity = 4096;

Deadline now() { return std::chrono::steady_clock::now(); }

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket,
                       SocketAddress remote, Prefix prefix)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      remote_(remote),
      prefix_(prefix),
      idle_since_(now()),
      changed_(state_->executor),
      watchdog_(state_->executor) {
    error_code failure;
    local_ = SocketAddress(socket_.local_endpoint(failure));
    set_options();
}

void Connection::set_options() {
    const int descriptor = socket_.native_handle();
    const auto set = [descriptor](int option, int value) {
        // All of these only improve: a failure is no reason to refuse a client.
        (void)::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value);
    };
    set(TCP_NODELAY, 1);  // every group of messages is complete
    // What the client does not read may not pile up in the kernel either.
    set(TCP_NOTSENT_LOWAT, static_cast<int>(state_->limits.unread_output));
    // After close() the kernel goes on offering octets to a client that takes none; not for ever.
    // Twice the limit, so that before close() it is the watchdog that finds out.
    set(TCP_USER_TIMEOUT, static_cast<int>(2 * state_->limits.write_progress.count()));
}

asio::awaitable<void> Connection::serve(std::shared_ptr<Connection> self) {
    self->arm_watchdog();
    const End end = co_await read_requests(self);
    // RFC 7766 6.2.3 and 6.2.4: a client that has closed its half still gets its answers. One that
    // is gone is counted as a connection until its requests have ended, or it could start any
    // number.
    while (self->requests_ > 0) {
        co_await self->changed_.wait(no_deadline);
    }
    if (self->is_open_) {
        error_code failure;
        self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, failure);
        if (end == End::by_us) co_await drain(self);
    }
    self->close();
}

asio::awaitable<Connection::End> Connection::read_requests(std::shared_ptr<Connection> self) {
    while (self->is_open_ && !self->is_finishing_) {
        const std::optional<BytesView> message = self->complete_message();
        if (message && message->size() < length_octets + shortest_message) {
            // There is no ID to answer with, and what follows is hardly DNS.
            ++self->state_->counters.closed_short_message;
            co_return End::by_us;
        }
        if (message && self->is_busy()) {
            co_await self->changed_.wait(no_deadline);
            continue;
        }
        if (message) {
            self->start_request(message->subspan(length_octets));
            self->consume(message->size());
            continue;
        }

        if (self->received_.size() == self->used_) {
            self->message_began_.reset();
        } else if (!self->message_began_) {
            self->message_began_ = now();
        }
        self->is_waiting_for_octets_ = true;
        self->arm_watchdog();
        error_code failure;
        co_await self->socket_.async_wait(asio::ip::tcp::socket::wait_read,
                                          asio::redirect_error(asio::use_awaitable, failure));
        self->is_waiting_for_octets_ = false;
        // An abort with the socket still open is finish().
        if (!self->is_open_ || self->is_finishing_) break;
        const bool goes_on = self->read_available();
        if (!goes_on) co_return End::by_client;
    }
    co_return End::by_us;
}

std::optional<BytesView> Connection::complete_message() const {
    const BytesView octets = BytesView(received_).subspan(used_);
    if (octets.size() < length_octets) return std::nullopt;
    const std::size_t size = length_octets + (std::size_t{octets[0]} << 8U) + octets[1];
    if (octets.size() < size) return std::nullopt;
    return octets.first(size);
}

void Connection::consume(std::size_t octets) {
    used_ += octets;
    message_began_.reset();
    idle_since_ = now();
    if (used_ < received_.size()) return;
    received_.clear();
    used_ = 0;
    if (received_.capacity() > kept_capacity) Bytes().swap(received_);
}

bool Connection::read_available() {
    // Moved to the front once for each read, not for each message.
    if (used_ > 0) {
        received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(used_));
        used_ = 0;
    }
    Bytes& scratch = state_->scratch;
    ssize_t count = 0;
    do {
        count = ::recv(socket_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (count < 0) close();
    if (count <= 0) return false;
    state_->counters.octets_in += static_cast<std::uint64_t>(count);
    append(received_, BytesView(scratch).first(static_cast<std::size_t>(count)));
    return true;
}

bool Connection::is_busy() const {
    const DnsServerLimits& limits = state_->limits;
    if (requests_ >= limits.requests_per_connection) return true;
    // One more request for every send() that has ended: a client that takes what we send is not
    // held up by its own long transfer, one that does not gets no further.
    return unsent_ > limits.unread_output && sends_seen_ == sends_done_;
}

void Connection::start_request(BytesView octets) {
    sends_seen_ = sends_done_;
    ++requests_;
    state_->begin_request(Transport::tcp);
    Request request;
    request.octets = to_bytes(octets);
    request.source = remote_;
    request.local = local_;
    request.transport = Transport::tcp;
    auto self = shared_from_this();
    asio::co_spawn(state_->executor, answer(state_, std::move(request), self),
                   [self](std::exception_ptr failure) { self->end_request(failure); });
}

void Connection::end_request(const std::exception_ptr& failure) {
    --requests_;
    idle_since_ = now();
    state_->end_request(Transport::tcp, failure);
    if (failure) close();
    changed_.notify();
    arm_watchdog();
}

void Connection::finish() {
    if (is_finishing_ || !is_open_) return;
    is_finishing_ = true;
    if (requests_ == 0) {
        close();
        return;
    }
    // Wakes the reader; a writer sees that the connection is open and waits again.
    error_code failure;
    socket_.cancel(failure);
    changed_.notify();
}

asio::awaitable<void> Connection::drain(std::shared_ptr<Connection> self) {
    const Deadline deadline = deadline_after(drain_time);
    DeadlineGuard guard(self->state_->executor, deadline, [self] { self->close(); });
    std::size_t drained = 0;
    bool goes_on = true;
    while (goes_on && self->is_open_ && drained < drain_octets) {
        self->received_.clear();
        self->used_ = 0;
        error_code failure;
        co_await self->socket_.async_wait(asio::ip::tcp::socket::wait_read,
                                          asio::redirect_error(asio::use_awaitable, failure));
        if (!self->is_open_) break;
        goes_on = self->read_available();
        drained += self->received_.size();
    }
}

void Connection::close() {
    if (!is_open_) return;
    is_open_ = false;
    error_code failure;
    socket_.close(failure);
    watchdog_.cancel();
    for (const auto& turn : turns_) turn->set();
    changed_.notify();
}

asio::awaitable<Result<void>> Connection::send(std::vector<OutgoingMessage> messages) {
    return take_turn(shared_from_this(), std::move(messages));
}

asio::awaitable<Result<void>> Connection::take_turn(std::shared_ptr<Connection> self,
                                                    std::vector<OutgoingMessage> messages) {
    std::size_t octets = 0;
    std::size_t longest = 0;
    for (const OutgoingMessage& message : messages) {
        longest = std::max(longest, message.size());
        octets += length_octets + message.size();
    }
    if (longest > longest_message) {
        co_return Error(ErrorKind::limit, "message of " + std::to_string(longest) + " octets");
    }

    self->unsent_ += octets;
    if (self->is_writing_) {
        auto turn = std::make_shared<Event>(self->state_->executor);
        self->turns_.push_back(turn);
        // Bounded by what bounds those before us: write_progress, or the end of the connection.
        co_await turn->wait(no_deadline);
    }
    self->is_writing_ = true;
    const std::size_t count = messages.size();
    const Result<void> written = co_await write(self, std::move(messages));
    self->unsent_ -= octets;
    ++self->sends_done_;
    self->pass_turn();
    self->changed_.notify();
    if (written.has_error()) {
        ++self->state_->counters.send_failures;
        co_return written.error();
    }
    self->state_->counters.tcp_replies += count;
    if (octets >= yield_octets) {
        co_await asio::post(self->state_->executor, asio::use_awaitable);
    }
    co_return success();
}

void Connection::pass_turn() {
    if (turns_.empty()) {
        is_writing_ = false;
        return;
    }
    // is_writing_ stays: the turn belongs to the one that is woken.
    const std::shared_ptr<Event> next = turns_.front();
    turns_.pop_front();
    next->set();
}

asio::awaitable<Result<void>> Connection::write(std::shared_ptr<Connection> self,
                                                std::vector<OutgoingMessage> messages) {
    GatherWrite gather(messages);
    while (!gather.is_done()) {
        if (!self->is_open_) {
            if (self->state_->is_stopping) co_return cancelled_error("send");
            co_return Error(ErrorKind::network, "send: the connection is closed");
        }
        const Result<std::size_t> taken = gather.write_some(self->socket_.native_handle());
        if (taken.has_error()) {
            self->close();
            co_return taken.error();
        }
        self->state_->counters.octets_out += *taken;
        if (*taken > 0) {
            if (!gather.is_done()) {
                co_await asio::post(self->state_->executor, asio::use_awaitable);
            }
            continue;
        }
        self->write_deadline_ = deadline_after(self->state_->limits.write_progress);
        self->unacknowledged_before_ = self->unacknowledged();
        self->arm_watchdog();
        error_code failure;
        co_await self->socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                          asio::redirect_error(asio::use_awaitable, failure));
        // Set by the watchdog when it has closed the connection for that reason.
        if (self->write_deadline_ == Deadline::min()) co_return timeout_error("send");
        self->write_deadline_ = no_deadline;
    }
    co_return success();
}

std::size_t Connection::unacknowledged() const {
    int octets = 0;
    const int descriptor = const_cast<asio::ip::tcp::socket&>(socket_).native_handle();
    (void)::ioctl(descriptor, SIOCOUTQ, &octets);
    return static_cast<std::size_t>(octets);
}

Deadline Connection::read_deadline() const {
    if (!is_waiting_for_octets_) return no_deadline;
    if (message_began_) return *message_began_ + state_->limits.message;
    if (requests_ > 0) return no_deadline;
    return idle_since_ + state_->limits.idle;
}

void Connection::arm_watchdog() {
    const Deadline next = std::min(read_deadline(), write_deadline_);
    if (!is_open_ || next == no_deadline) return;
    if (armed_until_ && *armed_until_ <= next) return;
    armed_until_ = next;
    watchdog_.expires_at(next);
    watchdog_.async_wait([weak = weak_from_this()](const error_code& failure) {
        const std::shared_ptr<Connection> self = weak.lock();
        if (!failure && self) self->watch();
    });
}

void Connection::watch() {
    armed_until_.reset();
    if (!is_open_) return;
    const Deadline at = now();
    if (read_deadline() <= at) {
        ++(message_began_ ? state_->counters.closed_slow_message : state_->counters.closed_idle);
        close();
        return;
    }
    if (write_deadline_ <= at) {
        const std::size_t unacknowledged_now = unacknowledged();
        if (unacknowledged_now >= unacknowledged_before_) {
            ++state_->counters.closed_no_progress;
            write_deadline_ = Deadline::min();
            // What it does not take need not stay in the kernel either: RST.
            error_code failure;
            socket_.set_option(asio::socket_base::linger(true, 0), failure);
            close();
            return;
        }
        // It reads, though less than makes the socket writable.
        unacknowledged_before_ = unacknowledged_now;
        write_deadline_ = at + state_->limits.write_progress;
    }
    arm_watchdog();
}

}  // namespace chorale::net::detail
