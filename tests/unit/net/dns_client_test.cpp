#include "common/net/dns_client.hpp"

#include <set>

#include "tests/unit/net/scripted_server.hpp"

using namespace chorale;
using namespace chorale::net;
using namespace chorale::net::test;

namespace {

constexpr Duration long_enough = patience;
constexpr Duration soon{150};

asio::ip::udp::endpoint from(const UdpPeer& peer) { return peer.source(); }

// Accepts one connection and plays the server on it.
class TcpListener {
public:
    TcpListener() : acceptor_(context_, any_port("127.0.0.1").tcp()) {
        be_patient(acceptor_.native_handle());
    }
    SocketAddress address() const { return SocketAddress(acceptor_.local_endpoint()); }
    void accept(TcpPeer& peer) {
        acceptor_.accept(peer.socket());
        be_patient(peer.socket().native_handle());
    }

private:
    asio::io_context context_;
    asio::ip::tcp::acceptor acceptor_;
};

// A connection that a TcpListener has accepted.
struct Connected {
    Connected() : connection(lab.executor()) {
        const Result<void> connected =
            lab.await(connection.connect(listener.address(), deadline_after(patience)));
        REQUIRE(connected.has_value());
        listener.accept(server);
    }
    ~Connected() {
        lab.call([&] { connection.close(); });
    }
    auto start_next(Duration within = patience) {
        return lab.start(connection.next_message(deadline_after(within)));
    }
    Result<BytesView> next(Duration within = patience) { return Lab::finished(start_next(within)); }

    Lab lab;
    TcpListener listener;
    TcpPeer server;
    StreamConnection connection;
};

}  // namespace

TEST_CASE("an exchange over UDP gives the answer", "[net][client]") {
    ScriptedServer server;
    Lab lab;
    const Result<Bytes> answer =
        lab.await(exchange_udp(server.address(), query(0x1234, "echo"), long_enough, 1));
    REQUIRE(answer.has_value());
    CHECK(*answer == answer_to(query(0x1234, "echo")));
}

TEST_CASE("only QR=1 with the ID of the query is an answer (RFC 5452 9.1)", "[net][client]") {
    UdpPeer server;
    Lab lab;
    auto exchange =
        lab.start(exchange_udp(server.address(), query(0x1234, "echo"), long_enough, 1));
    const Bytes asked = server.receive();
    server.send_to(from(server), answer_to(query(0x1235, "wrong ID")));
    server.send_to(from(server), answer_to(query(0x1334, "wrong ID")));
    server.send_to(from(server), query(0x1234, "a query"));
    server.send_to(from(server), Bytes{0x12, 0x34, 0x80});
    server.send_to(from(server), Bytes());
    server.send_to(from(server), answer_to(query(0x1234, "right")));
    const Result<Bytes> answer = Lab::finished(std::move(exchange));
    CHECK(asked == query(0x1234, "echo"));
    REQUIRE(answer.has_value());
    CHECK(content_of(*answer) == "right");
}

TEST_CASE("an answer from elsewhere is not one (RFC 5452 9.1)", "[net][client]") {
    UdpPeer server;
    UdpPeer other_port;
    UdpPeer other_address("127.0.0.2");
    Lab lab;
    auto exchange = lab.start(exchange_udp(server.address(), query(1, "echo"), long_enough, 1));
    (void)server.receive();
    other_port.send_to(from(server), answer_to(query(1, "forged")));
    other_address.send_to(from(server), answer_to(query(1, "forged")));
    server.send_to(from(server), answer_to(query(1, "right")));
    const Result<Bytes> answer = Lab::finished(std::move(exchange));
    REQUIRE(answer.has_value());
    CHECK(content_of(*answer) == "right");
}

TEST_CASE("each try over UDP takes a new port, the last answer counts", "[net][client]") {
    UdpPeer server;
    Lab lab;
    auto exchange = lab.start(exchange_udp(server.address(), query(1, "echo"), soon, 3));
    std::set<asio::ip::udp::endpoint> sources;
    for (int count = 0; count < 3; ++count) {
        CHECK(server.receive() == query(1, "echo"));
        sources.insert(server.source());
    }
    server.send_to(from(server), answer_to(query(1, "third")));
    const Result<Bytes> answer = Lab::finished(std::move(exchange));
    CHECK(sources.size() == 3);
    REQUIRE(answer.has_value());
    CHECK(content_of(*answer) == "third");
}

TEST_CASE("an exchange over UDP without answer ends with timeout", "[net][client]") {
    UdpPeer server;
    Lab lab;
    const auto began = std::chrono::steady_clock::now();
    auto exchange = lab.start(exchange_udp(server.address(), query(1, "echo"), soon, 2));
    // What is no answer does not prolong it.
    (void)server.receive();
    server.send_to(from(server), answer_to(query(2, "wrong ID")));
    const Result<Bytes> answer = Lab::finished(std::move(exchange));
    REQUIRE(answer.has_error());
    CHECK(answer.error().kind() == ErrorKind::timeout);
    CHECK(answer.error().message().find(server.address().to_text()) != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began >= 2 * soon);
    (void)server.receive();
}

TEST_CASE("a closed port is a network error at once", "[net][client]") {
    Lab lab;
    SocketAddress closed;
    {
        UdpPeer gone;
        closed = gone.address();
    }
    const Result<Bytes> udp = lab.await(exchange_udp(closed, query(1), long_enough, 3));
    REQUIRE(udp.has_error());
    CHECK(udp.error().kind() == ErrorKind::network);
    {
        TcpListener gone;
        closed = gone.address();
    }
    const Result<Bytes> tcp = lab.await(exchange_tcp(closed, query(1), long_enough));
    REQUIRE(tcp.has_error());
    CHECK(tcp.error().kind() == ErrorKind::network);
    CHECK(tcp.error().message().find(closed.to_text()) != std::string::npos);
}

TEST_CASE("the local address may be chosen", "[net][client]") {
    ScriptedServer server({}, "0.0.0.0");
    const SocketAddress address(asio::ip::make_address("127.0.0.1"), server.address().port());
    const auto local = asio::ip::make_address("127.0.0.77");
    Lab lab;
    const Result<Bytes> udp =
        lab.await(exchange_udp(address, query(1, "source"), long_enough, 1, local));
    REQUIRE(udp.has_value());
    CHECK(content_of(*udp).starts_with("127.0.0.77:"));
    const Result<Bytes> tcp =
        lab.await(exchange_tcp(address, query(1, "source"), long_enough, local));
    REQUIRE(tcp.has_value());
    CHECK(content_of(*tcp).starts_with("127.0.0.77:"));
}

TEST_CASE("an exchange over TCP gives the answer or says why not", "[net][client]") {
    Lab lab;
    SECTION("the answer") {
        ScriptedServer server;
        const Result<Bytes> answer =
            lab.await(exchange_tcp(server.address(), query(0x1234, "large 60000"), long_enough));
        REQUIRE(answer.has_value());
        CHECK(answer->size() == 60'012);
    }
    SECTION("another ID") {
        TcpListener listener;
        TcpPeer server;
        auto exchange = lab.start(exchange_tcp(listener.address(), query(1), long_enough));
        listener.accept(server);
        CHECK(*server.receive().message == query(1));
        REQUIRE(server.send_message(answer_to(query(2))));
        const Result<Bytes> answer = Lab::finished(std::move(exchange));
        REQUIRE(answer.has_error());
        CHECK(answer.error().kind() == ErrorKind::malformed);
    }
    SECTION("silence") {
        ScriptedServer server;
        const Result<Bytes> answer =
            lab.await(exchange_tcp(server.address(), query(1, "silent"), soon));
        REQUIRE(answer.has_error());
        CHECK(answer.error().kind() == ErrorKind::timeout);
    }
    SECTION("the server closes") {
        ScriptedServer server;
        const Result<Bytes> answer =
            lab.await(exchange_tcp(server.address(), query(1, "throw"), long_enough));
        REQUIRE(answer.has_error());
        CHECK(answer.error().kind() == ErrorKind::network);
    }
}

TEST_CASE("connecting ends with timeout when nothing answers", "[net][client]") {
    // A listener whose queue is full does not answer SYN.
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context);
    acceptor.open(asio::ip::tcp::v4());
    acceptor.bind(any_port("127.0.0.1").tcp());
    acceptor.listen(0);
    const SocketAddress address(acceptor.local_endpoint());
    TcpPeer filler(address);
    Lab lab;
    StreamConnection connection(lab.executor());
    Result<void> connected = success();
    for (int count = 0; count < 4 && connected.has_value(); ++count) {
        connection = StreamConnection(lab.executor());
        connected = lab.await(connection.connect(address, deadline_after(soon)));
    }
    REQUIRE(connected.has_error());
    CHECK(connected.error().kind() == ErrorKind::timeout);
    CHECK(!connection.is_open());
}

TEST_CASE("a stream gives its messages, however they are cut", "[net][client]") {
    Connected pair;
    SECTION("many in one segment") {
        Bytes octets;
        for (const std::string_view content : {"one", "", "three"}) {
            append(octets, framed(query(1, content)));
        }
        append(octets, framed(Bytes()));
        REQUIRE(pair.server.send(octets));
        CHECK(content_of(pair.next().value()) == "one");
        CHECK(content_of(pair.next().value()).empty());
        CHECK(content_of(pair.next().value()) == "three");
        CHECK(pair.next().value().empty());
        CHECK(pair.connection.bytes_received() == octets.size());
    }
    SECTION("one octet at a time") {
        auto message = pair.start_next();
        for (const Byte octet : framed(query(1, "slowly"))) {
            REQUIRE(pair.server.send(BytesView(&octet, 1)));
        }
        CHECK(content_of(Lab::finished(std::move(message)).value()) == "slowly");
    }
    SECTION("those that are there without waiting") {
        Bytes octets = framed(query(1, "one"));
        append(octets, framed(query(1, "two")));
        octets.push_back(0);
        REQUIRE(pair.server.send(octets));
        CHECK(content_of(pair.next().value()) == "one");
        const auto second = pair.lab.call([&] { return pair.connection.buffered_message(); });
        REQUIRE(second);
        CHECK(content_of(*second) == "two");
        CHECK(!pair.lab.call([&] { return pair.connection.buffered_message(); }));
    }
}

TEST_CASE("a long stream of messages of all sizes arrives unharmed", "[net][client]") {
    Connected pair;
    constexpr std::size_t step = 331;  // 198 sizes up to 65,535, several times round the buffer
    std::thread sending([&] {
        for (std::size_t size = 12; size <= 65'535; size += step) {
            Bytes message(size, static_cast<Byte>(size % 251));
            if (!pair.server.send_message(message)) return;
        }
        pair.server.socket().shutdown(asio::ip::tcp::socket::shutdown_send);
    });
    std::size_t wrong = 0;
    std::uint64_t octets = 0;
    for (std::size_t size = 12; size <= 65'535; size += step) {
        const BytesView message = pair.next().value();
        octets += 2 + message.size();
        if (message.size() != size || message.front() != static_cast<Byte>(size % 251) ||
            message.back() != message.front()) {
            ++wrong;
        }
    }
    sending.join();
    CHECK(wrong == 0);
    CHECK(pair.connection.bytes_received() == octets);
    const Result<BytesView> end = pair.next();
    REQUIRE(end.has_error());
    CHECK(end.error().kind() == ErrorKind::network);
    CHECK(end.error().message().find("end of stream") != std::string::npos);
    CHECK(!pair.connection.is_open());
}

TEST_CASE("a stream that ends in a message is cut, not complete", "[net][client]") {
    Connected pair;
    Bytes octets = framed(query(1, "whole"));
    append(octets, BytesView(framed(query(2, "cut"))).first(10));
    REQUIRE(pair.server.send(octets));
    pair.server.socket().close();
    CHECK(content_of(pair.next().value()) == "whole");
    CHECK(pair.next().error().kind() == ErrorKind::network);
}

TEST_CASE("waiting for a message ends at its deadline or when it is called off", "[net][client]") {
    Connected pair;
    SECTION("deadline, in the midst of a message") {
        REQUIRE(pair.server.send(Bytes{0, 40, 1, 2, 3}));
        const Result<BytesView> message = pair.next(soon);
        REQUIRE(message.has_error());
        CHECK(message.error().kind() == ErrorKind::timeout);
        CHECK(!pair.connection.is_open());
    }
    SECTION("close()") {
        auto message = pair.start_next();
        pair.lab.call([&] { pair.connection.close(); });
        CHECK(Lab::finished(std::move(message)).error().kind() == ErrorKind::cancelled);
    }
    SECTION("the connection goes") {
        auto message = pair.start_next();
        pair.lab.call([&] { pair.connection = StreamConnection(pair.lab.executor()); });
        CHECK(Lab::finished(std::move(message)).error().kind() == ErrorKind::cancelled);
    }
    SECTION("reset") {
        auto message = pair.start_next();
        pair.server.socket().set_option(asio::socket_base::linger(true, 0));
        pair.server.socket().close();
        CHECK(Lab::finished(std::move(message)).error().kind() == ErrorKind::network);
    }
}

TEST_CASE("sending is bounded in size and time", "[net][client]") {
    Connected pair;
    const auto send = [&](Bytes message, Duration within) {
        return pair.lab.await(pair.connection.send(std::move(message), deadline_after(within)));
    };
    CHECK(send(Bytes(65'536), patience).error().kind() == ErrorKind::limit);
    REQUIRE(send(Bytes(65'535, 7), patience).has_value());
    CHECK(pair.server.receive().message->size() == 65'535);
    Result<void> sent = success();
    for (int count = 0; count < 1000 && sent.has_value(); ++count) sent = send(Bytes(60'000), soon);
    REQUIRE(sent.has_error());
    CHECK(sent.error().kind() == ErrorKind::timeout);
    CHECK(!pair.connection.is_open());
}
