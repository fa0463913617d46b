#include "tests/unit/net/scripted_server.hpp"

using namespace chorale;
using namespace chorale::net;
using namespace chorale::net::test;

TEST_CASE("a datagram is answered with a datagram", "[net][udp]") {
    ScriptedServer server;
    UdpPeer client;
    client.connect(server.address());
    for (std::uint16_t id = 1; id <= 3; ++id) {
        client.send(query(id, "echo"));
        CHECK(client.receive() == answer_to(query(id, "echo")));
    }
    const DnsServerCounters counters = server.counters();
    CHECK(counters.udp_requests == 3);
    CHECK(counters.udp_replies == 3);
    CHECK(counters.octets_in == 3 * 16);
    CHECK(counters.octets_out == 3 * 16);
    CHECK(counters.connections_accepted == 0);
}

TEST_CASE("an answer leaves from the address that was asked (RFC 1123 6.1.3.1)", "[net][udp]") {
    struct Row {
        const char* listen;
        const char* asked;
    };
    for (const Row row : {Row{"0.0.0.0", "127.0.0.1"}, Row{"0.0.0.0", "127.3.2.1"},
                          Row{"127.0.0.9", "127.0.0.9"}, Row{"::", "::1"}, Row{"::1", "::1"}}) {
        INFO(row.listen << ", asked at " << row.asked);
        ScriptedServer server({}, row.listen);
        const SocketAddress asked(asio::ip::make_address(row.asked), server.address().port());
        UdpPeer client(asked.address().is_v6() ? "::1" : "127.0.0.1");
        client.send_to(asked.udp(), query(1, "source"));
        const Bytes answer = client.receive();
        CHECK(SocketAddress(client.source()) == asked);
        CHECK(content_of(answer) == client.address().to_text() + ' ' + asked.to_text());
    }
}

TEST_CASE("requests over UDP that run at the same time are bounded", "[net][udp]") {
    DnsServerLimits limits;
    limits.udp_requests = 4;
    ScriptedServer server(limits);
    UdpPeer client;
    client.connect(server.address());
    for (std::uint16_t id = 1; id <= 10; ++id) client.send(query(id, "wait"));
    CHECK(server.eventually_counts(
        [](const auto& now) { return now.udp_requests + now.udp_dropped_busy == 10; }));
    CHECK(server.counters().udp_requests == 4);
    CHECK(server.counters().requests_now == 4);
    server.open_gate();
    for (Byte id = 1; id <= 4; ++id) CHECK(client.receive()[1] == id);
    client.send(query(11, "echo"));
    CHECK(client.receive()[1] == 11);
}

TEST_CASE("a flood over UDP leaves TCP and memory alone", "[net][udp]") {
    ScriptedServer server;
    UdpPeer flooder;
    flooder.connect(server.address());
    // The kernel drops some as well: until ours have come up to the bound.
    CHECK(server.eventually_counts([&](const auto& now) {
        for (int count = 0; count < 1'000; ++count) flooder.send(query(1, "wait"));
        return now.udp_dropped_busy > 10'000;
    }));
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "echo")));
    CHECK(client.receive_content() == "echo");
    CHECK(server.counters().udp_requests == DnsServerLimits().udp_requests);
    server.open_gate();
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 0; }));
}

TEST_CASE("a datagram shorter than a header is dropped (RFC 8906 3.1.1)", "[net][udp]") {
    ScriptedServer server;
    UdpPeer client;
    client.connect(server.address());
    for (const std::size_t size : {0U, 1U, 11U}) client.send(Bytes(size));
    client.send(query(1, "echo"));
    CHECK(client.receive()[1] == 1);
    CHECK(server.counters().udp_dropped_short == 3);
    CHECK(server.counters().udp_requests == 1);
}

TEST_CASE("an answer over UDP is one message that fits", "[net][udp]") {
    ScriptedServer server;
    UdpPeer client;
    client.connect(server.address());
    client.send(query(1, "large 65000"));
    CHECK(client.receive().size() == 65'012);
    const auto failure = [&] {
        REQUIRE(server.lab()
                    .await(server.script().last_send_failed.wait(deadline_after(patience)))
                    .has_value());
        return server.lab().call([&] { return server.script().failure->kind(); });
    };
    SECTION("too long") {
        client.send(query(2, "large 65500"));
        CHECK(failure() == ErrorKind::limit);
    }
    SECTION("two messages") {
        client.send(query(2, "pair"));
        CHECK(failure() == ErrorKind::limit);
    }
    CHECK(server.counters().send_failures == 1);
}

TEST_CASE("a handler that throws or stays silent harms no other", "[net][udp]") {
    ScriptedServer server;
    UdpPeer client;
    client.connect(server.address());
    client.send(query(1, "throw"));
    client.send(query(2, "silent"));
    client.send(query(3, "echo"));
    CHECK(client.receive()[1] == 3);
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 0; }));
    CHECK(server.counters().handler_failures == 1);
}

TEST_CASE("stopping answers what was asked over UDP before", "[net][stop]") {
    ScriptedServer server;
    UdpPeer client;
    client.connect(server.address());
    client.send(query(1, "wait"));
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 1; }));
    auto stopped = server.lab().start(server.server().stop(deadline_after(patience)));
    client.send(query(2, "echo"));
    server.lab().call([] {});
    server.open_gate();
    CHECK(client.receive()[1] == 1);
    Lab::finished(std::move(stopped));
    CHECK(server.counters().udp_requests == 1);
}
