#include "common/net/dns_client.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cassert>
#include <cstring>

namespace chorale::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

namespace {

constexpr std::size_t header_octets = 12;  // RFC 1035 4.1.1
constexpr std::size_t length_octets = 2;   // RFC 1035 4.2.2
constexpr std::size_t longest_message = 65'535;
// Some messages for each read of a transfer, and any message as a whole.
constexpr std::size_t buffer_octets = std::size_t{256} * 1024;
static_assert(buffer_octets >= length_octets + longest_message);

// QR set and the same ID; the rest is the caller's affair.
bool answers(BytesView answer, BytesView query) {
    return answer.size() >= header_octets && query.size() >= header_octets &&
           answer[0] == query[0] && answer[1] == query[1] && (answer[2] & 0x80U) != 0;
}

Error too_long(std::size_t octets) {
    return {ErrorKind::limit, "message of " + std::to_string(octets) + " octets"};
}

// One try of exchange_udp with a socket, and so a port, of its own.
asio::awaitable<Result<Bytes>> try_udp(asio::any_io_executor executor, SocketAddress server,
                                       std::shared_ptr<const Bytes> query, Duration timeout,
                                       std::optional<asio::ip::address> local) {
    const std::string what = "query to " + server.to_text();
    udp::socket socket(executor);
    error_code failure;
    const udp::endpoint remote = server.udp();
    socket.open(remote.protocol(), failure);
    // The kernel chooses the port at random. Connected, the socket takes datagrams of this server
    // only, and learns when the port is unreachable.
    if (!failure && local) socket.bind(udp::endpoint(*local, 0), failure);
    if (!failure) socket.connect(remote, failure);
    if (!failure) socket.send(asio::buffer(*query), 0, failure);
    if (failure == asio::error::message_size) co_return too_long(query->size());
    if (failure) co_return network_error(what, failure);

    const Deadline deadline = deadline_after(timeout);
    DeadlineGuard guard(executor, deadline, [&socket] {
        error_code ignored;
        socket.cancel(ignored);
    });
    Bytes answer(longest_message);
    while (!guard.expired()) {
        const asio::mutable_buffer buffer = asio::buffer(answer);
        const std::size_t size = co_await socket.async_receive(
            buffer, asio::redirect_error(asio::use_awaitable, failure));
        if (failure) co_return guard.error(what, failure);
        if (!answers(BytesView(answer).first(size), *query)) continue;
        answer.resize(size);
        answer.shrink_to_fit();
        co_return answer;
    }
    co_return timeout_error(what);
}

}  // namespace

asio::awaitable<Result<Bytes>> exchange_udp(SocketAddress server, Bytes query, Duration timeout,
                                            int tries) {
    return exchange_udp(server, std::move(query), timeout, tries, std::nullopt);
}

asio::awaitable<Result<Bytes>> exchange_udp(SocketAddress server, Bytes query, Duration timeout,
                                            int tries, std::optional<asio::ip::address> local) {
    assert(query.size() >= header_octets && tries > 0);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto shared_query = std::make_shared<const Bytes>(std::move(query));
    for (int tries_left = tries; tries_left > 1; --tries_left) {
        Result<Bytes> answer = co_await try_udp(executor, server, shared_query, timeout, local);
        if (answer.has_value() || answer.error().kind() != ErrorKind::timeout) co_return answer;
    }
    Result<Bytes> answer = co_await try_udp(executor, server, shared_query, timeout, local);
    co_return answer;
}

asio::awaitable<Result<Bytes>> exchange_tcp(SocketAddress server, Bytes query, Duration timeout) {
    return exchange_tcp(server, std::move(query), timeout, std::nullopt);
}

asio::awaitable<Result<Bytes>> exchange_tcp(SocketAddress server, Bytes query, Duration timeout,
                                            std::optional<asio::ip::address> local) {
    assert(query.size() >= header_octets);
    const Deadline deadline = deadline_after(timeout);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    StreamConnection connection(executor);
    const Result<void> connected = co_await connection.connect(server, deadline, local);
    if (connected.has_error()) co_return connected.error();
    Bytes sent_query = query;
    const Result<void> sent = co_await connection.send(std::move(sent_query), deadline);
    if (sent.has_error()) co_return sent.error();
    const Result<BytesView> answer = co_await connection.next_message(deadline);
    if (answer.has_error()) co_return answer.error();
    if (!answers(*answer, query)) {
        co_return malformed("query to " + server.to_text() + ": the answer is not to this query");
    }
    co_return to_bytes(*answer);
}

struct StreamConnection::State : std::enable_shared_from_this<State> {
    explicit State(asio::any_io_executor where)
        : executor(std::move(where)), socket(executor), what("connection") {}

    static asio::awaitable<Result<void>> connect(std::shared_ptr<State> self, SocketAddress server,
                                                 Deadline deadline,
                                                 std::optional<asio::ip::address> local);
    static asio::awaitable<Result<void>> send(std::shared_ptr<State> self, Bytes message,
                                              Deadline deadline);
    static asio::awaitable<Result<BytesView>> next_message(std::shared_ptr<State> self,
                                                           Deadline deadline);
    std::optional<BytesView> buffered_message();
    // Moves what is left to the front if a whole message might not fit behind it.
    void make_room();
    void close();

    asio::any_io_executor executor;
    tcp::socket socket;
    std::string what;  // for errors
    SocketAddress local;
    std::unique_ptr<Byte[]> buffer;  // buffer_octets; uninitialised until octets come
    std::size_t begin = 0;           // of what has not been given out
    std::size_t end = 0;
    std::uint64_t received = 0;
};

StreamConnection::StreamConnection(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}
StreamConnection::StreamConnection(StreamConnection&&) noexcept = default;
StreamConnection& StreamConnection::operator=(StreamConnection&& other) noexcept {
    if (state_ && state_ != other.state_) state_->close();
    state_ = std::move(other.state_);
    return *this;
}
StreamConnection::~StreamConnection() {
    if (state_) state_->close();
}

asio::awaitable<Result<void>> StreamConnection::connect(SocketAddress server, Deadline deadline) {
    return State::connect(state_, server, deadline, std::nullopt);
}
asio::awaitable<Result<void>> StreamConnection::connect(SocketAddress server, Deadline deadline,
                                                        std::optional<asio::ip::address> local) {
    return State::connect(state_, server, deadline, local);
}
asio::awaitable<Result<void>> StreamConnection::send(Bytes message, Deadline deadline) {
    return State::send(state_, std::move(message), deadline);
}
asio::awaitable<Result<BytesView>> StreamConnection::next_message(Deadline deadline) {
    return State::next_message(state_, deadline);
}
std::optional<BytesView> StreamConnection::buffered_message() { return state_->buffered_message(); }
void StreamConnection::close() { state_->close(); }
bool StreamConnection::is_open() const { return state_->socket.is_open(); }
std::uint64_t StreamConnection::bytes_received() const { return state_->received; }
SocketAddress StreamConnection::local_address() const { return state_->local; }

asio::awaitable<Result<void>> StreamConnection::State::connect(
    std::shared_ptr<State> self, SocketAddress server, Deadline deadline,
    std::optional<asio::ip::address> local) {
    self->close();
    self->what = "connection to " + server.to_text();
    self->begin = self->end = 0;
    self->received = 0;
    const tcp::endpoint remote = server.tcp();
    error_code failure;
    self->socket.open(remote.protocol(), failure);
    if (!failure && local) self->socket.bind(tcp::endpoint(*local, 0), failure);
    if (failure) {
        self->close();
        co_return network_error(self->what, failure);
    }
    DeadlineGuard guard(self->executor, deadline, [self] { self->close(); });
    co_await self->socket.async_connect(remote, asio::redirect_error(asio::use_awaitable, failure));
    if (!failure && !self->socket.is_open()) failure = asio::error::operation_aborted;
    if (failure) {
        self->close();
        co_return guard.error(self->what, failure);
    }
    self->socket.set_option(tcp::no_delay(true), failure);
    self->local = SocketAddress(self->socket.local_endpoint(failure));
    if (!self->buffer) self->buffer = std::make_unique_for_overwrite<Byte[]>(buffer_octets);
    co_return success();
}

asio::awaitable<Result<void>> StreamConnection::State::send(std::shared_ptr<State> self,
                                                            Bytes message, Deadline deadline) {
    if (message.size() > longest_message) co_return too_long(message.size());
    const std::array<Byte, length_octets> length = {static_cast<Byte>(message.size() >> 8U),
                                                    static_cast<Byte>(message.size() & 0xffU)};
    // RFC 7766 8: the length and the message in one segment.
    const std::array<asio::const_buffer, 2> pieces = {asio::buffer(length), asio::buffer(message)};
    DeadlineGuard guard(self->executor, deadline, [self] { self->close(); });
    error_code failure;
    co_await asio::async_write(self->socket, pieces,
                               asio::redirect_error(asio::use_awaitable, failure));
    if (!failure && !self->socket.is_open()) failure = asio::error::operation_aborted;
    if (failure) {
        self->close();
        co_return guard.error(self->what, failure);
    }
    co_return success();
}

asio::awaitable<Result<BytesView>> StreamConnection::State::next_message(
    std::shared_ptr<State> self, Deadline deadline) {
    std::optional<BytesView> message = self->buffered_message();
    if (message) co_return *message;
    DeadlineGuard guard(self->executor, deadline, [self] { self->close(); });
    while (!message) {
        self->make_room();
        const asio::mutable_buffer room(self->buffer.get() + self->end, buffer_octets - self->end);
        error_code failure;
        const std::size_t count = co_await self->socket.async_read_some(
            room, asio::redirect_error(asio::use_awaitable, failure));
        if (!failure && !self->socket.is_open()) failure = asio::error::operation_aborted;
        if (failure) {
            self->close();
            co_return guard.error(self->what, failure);
        }
        self->end += count;
        self->received += count;
        message = self->buffered_message();
    }
    co_return *message;
}

std::optional<BytesView> StreamConnection::State::buffered_message() {
    const std::size_t available = end - begin;
    if (available < length_octets) return std::nullopt;
    const Byte* octets = buffer.get() + begin;
    const std::size_t size = (std::size_t{octets[0]} << 8U) + octets[1];
    if (available < length_octets + size) return std::nullopt;
    begin += length_octets + size;
    return BytesView(octets + length_octets, size);
}

void StreamConnection::State::make_room() {
    if (begin == end) begin = end = 0;
    if (buffer_octets - begin >= length_octets + longest_message) return;
    std::memmove(buffer.get(), buffer.get() + begin, end - begin);
    end -= begin;
    begin = 0;
}

void StreamConnection::State::close() {
    error_code failure;
    socket.close(failure);
}

}  // namespace chorale::net
