// What the tests of this room share: an io_context with its thread, and clients made of plain
// blocking sockets, so that the other side of the wire is not our own code. Every receive is
// bounded by `patience`.
#pragma once

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "common/net/dns_server.hpp"
#include "tests/support/catch.hpp"

namespace chorale::net::test {

namespace asio = boost::asio;

inline constexpr std::chrono::seconds patience{20};

// One I/O thread, as the daemons have one.
class Lab {
public:
    Lab() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
    ~Lab() {
        work_.reset();
        context_.stop();
        thread_.join();
    }

    asio::any_io_executor executor() { return context_.get_executor(); }

    // Runs a function on the I/O thread.
    template <class Function>
    auto call(Function function) {
        using Task = std::packaged_task<decltype(function())()>;
        const auto task = std::make_shared<Task>(std::move(function));
        // In a lambda, since Asio takes the future out of a packaged_task itself.
        asio::post(context_, [task] { (*task)(); });
        return finished(task->get_future());
    }
    // Runs a coroutine on the I/O thread.
    template <class T>
    std::future<T> start(asio::awaitable<T> coroutine) {
        return asio::co_spawn(context_, std::move(coroutine), asio::use_future);
    }
    template <class T>
    T await(asio::awaitable<T> coroutine) {
        return finished(start(std::move(coroutine)));
    }
    template <class T>
    static T finished(std::future<T> outcome) {
        if (outcome.wait_for(patience) != std::future_status::ready) {
            throw std::runtime_error("the I/O thread did not finish in time");
        }
        return outcome.get();
    }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

// For states that announce themselves to nobody, such as counters.
template <class Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

inline void be_patient(int descriptor) {
    const timeval limit = {patience.count(), 0};
    REQUIRE(::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    REQUIRE(::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
}

// A query as far as this room knows one: an ID, flags and something behind the header.
inline Bytes query(std::uint16_t id, std::string_view content = "") {
    Bytes octets = {static_cast<Byte>(id >> 8U), static_cast<Byte>(id & 0xffU)};
    octets.resize(12);
    append(octets, as_bytes(content));
    return octets;
}
inline Bytes answer_to(Bytes octets) {
    octets[2] = 0x80;
    return octets;
}
inline std::string content_of(BytesView octets) { return std::string(as_text(octets.subspan(12))); }

inline Bytes framed(BytesView message) {
    Bytes octets = {static_cast<Byte>(message.size() >> 8U),
                    static_cast<Byte>(message.size() & 0xffU)};
    append(octets, message);
    return octets;
}

// What a blocking read of one message gave.
struct Received {
    std::optional<Bytes> message;
    bool is_end = false;    // FIN or RST in place of a message
    bool is_reset = false;  // RST
};

class TcpPeer {
public:
    TcpPeer() : socket_(context_) {}
    explicit TcpPeer(const SocketAddress& server, const char* source = nullptr,
                     int receive_buffer = 0)
        : TcpPeer() {
        const auto endpoint = server.tcp();
        socket_.open(endpoint.protocol());
        be_patient(socket_.native_handle());
        if (receive_buffer > 0) {
            socket_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
        }
        if (source != nullptr) socket_.bind({asio::ip::make_address(source), 0});
        socket_.connect(endpoint);
        socket_.set_option(asio::ip::tcp::no_delay(true));
    }

    // False: the server has closed.
    bool send(BytesView octets) {
        boost::system::error_code failure;
        asio::write(socket_, asio::buffer(octets.data(), octets.size()), failure);
        return !failure;
    }
    bool send_message(BytesView message) { return send(framed(message)); }

    Received receive() {
        Received received;
        Bytes length(2);
        if (!fill(length, received)) return received;
        Bytes message((std::size_t{length[0]} << 8U) + length[1]);
        if (!fill(message, received)) return received;
        received.message = std::move(message);
        return received;
    }
    std::string receive_content() {
        const Received received = receive();
        REQUIRE(received.message);
        return content_of(*received.message);
    }

    asio::ip::tcp::socket& socket() { return socket_; }

private:
    bool fill(Bytes& octets, Received& received) {
        boost::system::error_code failure;
        asio::read(socket_, asio::buffer(octets), failure);
        received.is_reset = failure == asio::error::connection_reset;
        received.is_end = received.is_reset || failure == asio::error::eof;
        if (failure && !received.is_end) FAIL("nothing came: " << failure.message());
        return !failure;
    }

    asio::io_context context_;
    asio::ip::tcp::socket socket_;
};

class UdpPeer {
public:
    // At an address of its own.
    explicit UdpPeer(const char* address = "127.0.0.1")
        : socket_(context_, {asio::ip::make_address(address), 0}) {
        be_patient(socket_.native_handle());
    }
    void connect(const SocketAddress& server) { socket_.connect(server.udp()); }
    void send(BytesView octets) { socket_.send(asio::buffer(octets.data(), octets.size())); }
    void send_to(const asio::ip::udp::endpoint& target, BytesView octets) {
        socket_.send_to(asio::buffer(octets.data(), octets.size()), target);
    }
    // Also tells the source.
    Bytes receive() {
        Bytes octets(65'535);
        octets.resize(socket_.receive_from(asio::buffer(octets), source_));
        return octets;
    }
    const asio::ip::udp::endpoint& source() const { return source_; }
    SocketAddress address() const { return SocketAddress(socket_.local_endpoint()); }

private:
    asio::io_context context_;
    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint source_;
};

inline SocketAddress any_port(std::string_view address) {
    return *SocketAddress::from_text(address, 0);
}

}  // namespace chorale::net::test
