#include <sys/resource.h>

#include <map>

#include "tests/unit/net/scripted_server.hpp"

using namespace chorale;
using namespace chorale::net;
using namespace chorale::net::test;

namespace {

constexpr Duration soon{200};  // a limit that a test waits for

Bytes many(std::initializer_list<Bytes> messages) {
    Bytes octets;
    for (const Bytes& message : messages) append(octets, framed(message));
    return octets;
}

}  // namespace

TEST_CASE("answers go back on the connection, which stays open (RFC 7766 6.2.1)", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    for (std::uint16_t id = 1; id <= 3; ++id) {
        REQUIRE(client.send_message(query(id, "echo")));
        const Received received = client.receive();
        REQUIRE(received.message);
        CHECK(*received.message == answer_to(query(id, "echo")));
    }
    const DnsServerCounters counters = server.counters();
    CHECK(counters.connections_accepted == 1);
    CHECK(counters.connections_now == 1);
    CHECK(counters.tcp_requests == 3);
    CHECK(counters.tcp_replies == 3);
    CHECK(counters.octets_in == 3 * (2 + 16));
    CHECK(counters.octets_out == 3 * (2 + 16));
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 0; }));
}

TEST_CASE("pipelined requests are answered in any order (RFC 7766 6.2.1.1)", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send(many({query(1, "wait"), query(2, "echo"), query(3, "echo")})));
    CHECK((*client.receive().message)[1] == 2);
    CHECK((*client.receive().message)[1] == 3);
    server.open_gate();
    CHECK((*client.receive().message)[1] == 1);
}

TEST_CASE("a request that comes one octet at a time is answered (RFC 7766 8)", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    for (const Byte octet : many({query(1, "echo one"), query(2, "echo two")})) {
        REQUIRE(client.send(BytesView(&octet, 1)));
    }
    CHECK(client.receive_content() == "echo one");
    CHECK(client.receive_content() == "echo two");
}

TEST_CASE("messages of all sizes pass", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    for (const std::size_t size : {12U, 13U, 4096U, 65'534U, 65'535U}) {
        Bytes whole = query(7, "echo");
        whole.resize(std::max<std::size_t>(size, whole.size()), Byte{'x'});
        REQUIRE(client.send_message(whole));
        const Received received = client.receive();
        REQUIRE(received.message);
        CHECK(*received.message == answer_to(whole));
    }
    REQUIRE(client.send_message(query(8, "pair")));
    CHECK(client.receive().message->size() == 12);
    CHECK(client.receive().message->size() == 12);
}

TEST_CASE("an answer longer than a message may be is an error for the handler", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "large 65524")));
    REQUIRE(client.send_message(query(2, "large 65523")));
    CHECK(client.receive().message->size() == 65'535);
    CHECK(server.lab().call([&] { return server.script().failure->kind(); }) == ErrorKind::limit);
}

TEST_CASE("a client that has closed its half gets its answers, then FIN", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send(many({query(1, "wait"), query(2, "echo")})));
    REQUIRE(client.send(Bytes{0, 40, 1}));  // the beginning of a message that will not come
    client.socket().shutdown(asio::ip::tcp::socket::shutdown_send);
    CHECK((*client.receive().message)[1] == 2);
    server.open_gate();
    CHECK((*client.receive().message)[1] == 1);
    const Received last = client.receive();
    CHECK(last.is_end);
    CHECK(!last.is_reset);
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 0; }));
}

TEST_CASE("a message shorter than a header closes, after the answers that are due", "[net][tcp]") {
    for (const std::size_t size : {0U, 1U, 11U}) {
        INFO(size << " octets");
        ScriptedServer server;
        TcpPeer client(server.address());
        REQUIRE(client.send(many({query(1, "wait"), Bytes(size), query(2, "echo")})));
        CHECK(server.eventually_counts([](const auto& now) { return now.tcp_requests == 1; }));
        server.open_gate();
        CHECK((*client.receive().message)[1] == 1);
        CHECK(client.receive().is_end);
        CHECK(server.counters().closed_short_message == 1);
        CHECK(server.counters().tcp_requests == 1);
    }
}

TEST_CASE("octets left unread do not make RST overtake the last answer", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send(many({query(1, "wait"), Bytes(11)})));
    CHECK(server.eventually_counts([](const auto& now) { return now.closed_short_message == 1; }));
    REQUIRE(client.send_message(query(2, "echo")));
    server.open_gate();
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 0; }));
    // Linux gives out what came before RST; other systems do not, so look for RST itself.
    int failure = 0;
    socklen_t size = sizeof failure;
    REQUIRE(::getsockopt(client.socket().native_handle(), SOL_SOCKET, SO_ERROR, &failure, &size) ==
            0);
    CHECK(failure == 0);
    CHECK((*client.receive().message)[1] == 1);
    CHECK(client.receive().is_end);
}

TEST_CASE("requests at the same time on one connection are bounded", "[net][tcp]") {
    DnsServerLimits limits;
    limits.requests_per_connection = 4;
    ScriptedServer server(limits);
    TcpPeer client(server.address());
    for (std::uint16_t id = 0; id < 20; ++id) REQUIRE(client.send_message(query(id, "wait")));
    CHECK(server.eventually_counts([](const auto& now) { return now.tcp_requests == 4; }));
    // Another connection has its own.
    TcpPeer other(server.address());
    REQUIRE(other.send_message(query(77, "echo")));
    CHECK(other.receive_content() == "echo");
    CHECK(server.counters().tcp_requests == 5);
    server.open_gate();
    std::map<int, int> answers;
    for (int count = 0; count < 20; ++count) ++answers[(*client.receive().message)[1]];
    CHECK(answers.size() == 20);
    CHECK(server.lab().call([&] { return server.script().most_running; }) <= 5);
}

TEST_CASE("a query is answered in the midst of long transfers (RFC 7766 6.2.1.1)", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    // So many that there is always more unread than the limit.
    constexpr int transfers = 12;
    for (int count = 0; count < transfers; ++count) {
        REQUIRE(client.send_message(query(1, "endless")));
    }
    REQUIRE(client.send_message(query(2, "echo")));
    bool has_answer = false;
    int ends = 0;
    int chunks = 0;
    while (ends < transfers) {
        const Received received = client.receive();
        REQUIRE(received.message);
        const Bytes& message = *received.message;
        if (message[1] == 2) {
            CHECK(content_of(message) == "echo");
            has_answer = true;
            server.open_gate();  // only now do the transfers come to their end
        } else if (content_of(message) == "end") {
            ++ends;
        } else {
            // Whole, whatever came between.
            REQUIRE(message.size() == 60'012);
            REQUIRE(std::all_of(message.begin() + 12, message.end(),
                                [](Byte octet) { return octet == 'x'; }));
            ++chunks;
        }
    }
    CHECK(has_answer);
    CHECK(chunks > 0);
}

TEST_CASE("other connections are served during an endless transfer", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer reader(server.address());
    REQUIRE(reader.send_message(query(1, "endless")));
    std::thread reading([&] {
        while (content_of(*reader.receive().message) != "end") continue;
    });
    TcpPeer client(server.address());
    for (std::uint16_t id = 0; id < 100; ++id) {
        REQUIRE(client.send_message(query(id, "echo")));
        CHECK(client.receive_content() == "echo");
    }
    server.open_gate();
    reading.join();
}

TEST_CASE("a client that reads nothing costs little and is closed (CVE-2024-0760)", "[net][tcp]") {
    DnsServerLimits limits;
    limits.write_progress = soon;
    ScriptedServer server(limits);
    TcpPeer client(server.address(), nullptr, 64 * 1024);
    REQUIRE(client.send_message(query(1, "endless")));
    REQUIRE(Lab::finished(
                server.lab().start(server.script().last_send_failed.wait(deadline_after(patience))))
                .has_value());
    const auto failure = server.lab().call([&] { return *server.script().failure; });
    CHECK(failure.kind() == ErrorKind::timeout);
    const DnsServerCounters counters = server.counters();
    CHECK(counters.closed_no_progress == 1);
    // The kernel's queue is bounded as well: our limit, and what the client's kernel takes.
    CHECK(counters.octets_out < 1024 * 1024);
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 0; }));
    // RST, not FIN: nothing more is kept for it.
    Received received = client.receive();
    while (received.message) received = client.receive();
    CHECK(received.is_reset);
}

TEST_CASE("no further requests are read while too much output is unread", "[net][tcp]") {
    DnsServerLimits limits;
    limits.requests_per_connection = 1000;
    ScriptedServer server(limits);
    TcpPeer client(server.address(), nullptr, 64 * 1024);
    constexpr std::uint16_t requests = 200;
    for (std::uint16_t id = 0; id < requests; ++id) {
        REQUIRE(client.send_message(query(id, "large 60000")));
    }
    // Another connection's request, sent later, shows that the server had time for all of them.
    TcpPeer other(server.address());
    for (std::uint16_t id = 0; id < 20; ++id) {
        REQUIRE(other.send_message(query(id, "echo")));
        CHECK(other.receive_content() == "echo");
    }
    CHECK(server.counters().tcp_requests - 20 < 40);
    // Unsent: at most the limit and one message.
    const std::size_t most = limits.unread_output / 60'014 + 1;
    CHECK(server.eventually_counts([&](const auto& now) { return now.requests_now <= most; }));
    for (std::uint16_t count = 0; count < requests; ++count) {
        const Received received = client.receive();
        REQUIRE(received.message);
        REQUIRE(received.message->size() == 60'012);
    }
    CHECK(server.counters().tcp_requests == requests + 20U);
}

TEST_CASE("a slow client that goes on reading is not closed", "[net][tcp]") {
    DnsServerLimits limits;
    limits.write_progress = Duration(600);
    ScriptedServer server(limits);
    TcpPeer client(server.address(), nullptr, 16 * 1024);
    REQUIRE(client.send_message(query(1, "endless")));
    // Less in each interval than makes a socket writable, for longer than the limit.
    Bytes some(8 * 1024);
    const auto began = std::chrono::steady_clock::now();
    asio::io_context context;
    asio::steady_timer pace(context);
    while (std::chrono::steady_clock::now() - began < 3 * limits.write_progress) {
        asio::read(client.socket(), asio::buffer(some));
        pace.expires_after(Duration(100));
        pace.wait();
    }
    CHECK(server.counters().closed_no_progress == 0);
    CHECK(server.counters().connections_now == 1);
}

TEST_CASE("an idle connection is closed, one with a request that runs is not", "[net][tcp]") {
    DnsServerLimits limits;
    limits.idle = soon;
    ScriptedServer server(limits);
    const auto began = std::chrono::steady_clock::now();
    TcpPeer busy(server.address());
    REQUIRE(busy.send_message(query(1, "wait")));
    TcpPeer silent(server.address());
    TcpPeer served(server.address());
    REQUIRE(served.send_message(query(1, "echo")));
    CHECK(served.receive_content() == "echo");
    for (TcpPeer* idle : {&silent, &served}) {
        const Received end = idle->receive();
        CHECK(end.is_end);
        CHECK(!end.is_reset);
    }
    CHECK(std::chrono::steady_clock::now() - began >= soon);
    CHECK(server.counters().closed_idle == 2);
    server.open_gate();
    CHECK(busy.receive_content() == "wait");
    // The idle time begins after the answer.
    CHECK(busy.receive().is_end);
    CHECK(std::chrono::steady_clock::now() - began >= 2 * soon);
    CHECK(server.counters().closed_idle == 3);
}

TEST_CASE("a message has to be whole in time, however its octets drip", "[net][tcp]") {
    DnsServerLimits limits;
    limits.message = soon;
    ScriptedServer server(limits);
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "echo")));
    CHECK(client.receive_content() == "echo");
    const auto began = std::chrono::steady_clock::now();
    REQUIRE(client.send(Bytes{1}));
    asio::io_context context;
    asio::steady_timer pace(context);
    bool is_open = true;
    while (is_open && std::chrono::steady_clock::now() - began < patience) {
        pace.expires_after(Duration(20));
        pace.wait();
        is_open = client.send(Bytes{0});
    }
    CHECK(!is_open);
    CHECK(std::chrono::steady_clock::now() - began >= soon);
    CHECK(server.counters().closed_slow_message == 1);
}

TEST_CASE("connections in all are bounded", "[net][tcp]") {
    DnsServerLimits limits;
    limits.connections = 3;
    ScriptedServer server(limits);
    std::vector<std::unique_ptr<TcpPeer>> clients;
    for (int count = 0; count < 3; ++count) {
        clients.push_back(std::make_unique<TcpPeer>(server.address()));
        REQUIRE(clients.back()->send_message(query(1, "echo")));
        CHECK(clients.back()->receive_content() == "echo");
    }
    TcpPeer refused(server.address());
    CHECK(refused.receive().is_end);
    CHECK(server.counters().connections_refused_total == 1);
    CHECK(server.counters().connections_now == 3);
    clients.pop_back();
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 2; }));
    TcpPeer next(server.address());
    REQUIRE(next.send_message(query(1, "echo")));
    CHECK(next.receive_content() == "echo");
}

TEST_CASE("connections of one prefix are bounded, others are not touched", "[net][tcp]") {
    DnsServerLimits limits;
    limits.connections_per_prefix = 2;
    ScriptedServer server(limits, "0.0.0.0");
    const SocketAddress address(asio::ip::make_address("127.0.0.1"), server.address().port());
    TcpPeer first(address, "127.0.0.1");
    auto second = std::make_unique<TcpPeer>(address, "127.0.0.200");
    TcpPeer third(address, "127.0.0.2");
    CHECK(third.receive().is_end);
    TcpPeer elsewhere(address, "127.0.1.2");
    REQUIRE(elsewhere.send_message(query(1, "echo")));
    CHECK(elsewhere.receive_content() == "echo");
    CHECK(server.counters().connections_refused_prefix == 1);
    CHECK(server.counters().connections_now == 3);
    second.reset();
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 2; }));
    TcpPeer fourth(address, "127.0.0.2");
    REQUIRE(fourth.send_message(query(1, "echo")));
    CHECK(fourth.receive_content() == "echo");
}

TEST_CASE("a client that goes away keeps its place until its requests have ended", "[net][tcp]") {
    DnsServerLimits limits;
    limits.connections = 1;
    ScriptedServer server(limits);
    {
        TcpPeer client(server.address());
        REQUIRE(client.send_message(query(1, "wait")));
        CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 1; }));
        client.socket().set_option(asio::socket_base::linger(true, 0));
        client.socket().close();  // RST
    }
    TcpPeer next(server.address());
    CHECK(next.receive().is_end);
    server.open_gate();
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 0; }));
    CHECK(server.counters().send_failures == 1);
    CHECK(server.lab().call([&] { return server.script().failure->kind(); }) == ErrorKind::network);
}

TEST_CASE("without file descriptors accepting pauses, and goes on later", "[net][tcp]") {
    ScriptedServer server;
    asio::io_context context;
    asio::ip::tcp::socket client(context);
    client.open(asio::ip::tcp::v4());
    rlimit before = {};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    // No number is left below the highest that is used.
    const int probe = ::dup(client.native_handle());
    REQUIRE(probe >= 0);
    std::vector<int> fillers;
    const rlimit tight = {static_cast<rlim_t>(probe) + 1, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    for (int filler = ::dup(probe); filler >= 0; filler = ::dup(probe)) fillers.push_back(filler);
    client.connect(server.address().tcp());
    const auto began = std::chrono::steady_clock::now();
    const bool fails_again =
        server.eventually_counts([](const auto& now) { return now.accept_failures >= 3; });
    const auto took = std::chrono::steady_clock::now() - began;
    const std::uint64_t failures = server.counters().accept_failures;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (const int filler : fillers) ::close(filler);
    ::close(probe);
    CHECK(fails_again);
    CHECK(took >= Duration(200));  // two pauses
    CHECK(failures < 10);
    CHECK(server.eventually_counts([](const auto& now) { return now.connections_now == 1; }));
}

TEST_CASE("a handler that throws is counted and costs its connection", "[net][tcp]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "throw")));
    CHECK(client.receive().is_end);
    CHECK(server.counters().handler_failures == 1);
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 0; }));
    TcpPeer next(server.address());
    REQUIRE(next.send_message(query(1, "echo")));
    CHECK(next.receive_content() == "echo");
}

TEST_CASE("stopping lets a request finish and accepts nothing more", "[net][stop]") {
    ScriptedServer server;
    TcpPeer idle(server.address());
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "wait")));
    CHECK(server.eventually_counts(
        [](const auto& now) { return now.requests_now == 1 && now.connections_now == 2; }));
    auto stopped = server.lab().start(server.server().stop(deadline_after(patience)));
    CHECK(idle.receive().is_end);  // at once
    CHECK_THROWS(TcpPeer(server.address()));
    REQUIRE(client.send_message(query(2, "echo")));  // too late
    server.open_gate();
    CHECK((*client.receive().message)[1] == 1);
    const Received last = client.receive();
    CHECK(last.is_end);
    CHECK(!last.is_reset);
    client.socket().close();
    Lab::finished(std::move(stopped));
    const DnsServerCounters counters = server.counters();
    CHECK(counters.tcp_requests == 1);
    CHECK(counters.connections_now == 0);
}

TEST_CASE("what is not done by the deadline of stop() is called off", "[net][stop]") {
    ScriptedServer server;
    TcpPeer client(server.address());
    REQUIRE(client.send_message(query(1, "wait")));
    TcpPeer reader(server.address(), nullptr, 64 * 1024);
    REQUIRE(reader.send_message(query(1, "endless")));
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 2; }));
    server.lab().await(server.server().stop(deadline_after(soon)));
    CHECK(client.receive().is_end);
    REQUIRE(Lab::finished(
                server.lab().start(server.script().last_send_failed.wait(deadline_after(patience))))
                .has_value());
    CHECK(server.lab().call([&] { return server.script().failure->kind(); }) ==
          ErrorKind::cancelled);
    server.open_gate();
    CHECK(server.eventually_counts([](const auto& now) { return now.requests_now == 0; }));
}

TEST_CASE("a server may go while requests run", "[net][stop]") {
    auto server = std::make_unique<ScriptedServer>();
    TcpPeer client(server->address());
    TcpPeer idle(server->address());
    REQUIRE(client.send_message(query(1, "wait")));
    CHECK(server->eventually_counts([](const auto& now) { return now.requests_now == 1; }));
    SECTION("the handler still ends, with an error") {
        server->destroy();
        CHECK(client.receive().is_end);
        CHECK(idle.receive().is_end);
        server->open_gate();
        REQUIRE(server->lab()
                    .await(server->script().last_send_failed.wait(deadline_after(patience)))
                    .has_value());
    }
    SECTION("with its io_context") {
        server.reset();
        CHECK(client.receive().is_end);
    }
}

TEST_CASE("an address in use is told by its name", "[net][listen]") {
    ScriptedServer server;
    Lab lab;
    const auto listen = [&](SocketAddress address) {
        return lab.call([&] {
            DnsServer other(lab.executor(), {}, [](Request, std::shared_ptr<ReplyStream>) {
                return []() -> asio::awaitable<void> { co_return; }();
            });
            return other.listen(address);
        });
    };
    const Result<SocketAddress> both = listen(server.address());
    REQUIRE(both.has_error());
    CHECK(both.error().kind() == ErrorKind::conflict);
    CHECK(both.error().message() ==
          "listen on " + server.address().to_text() + " (UDP): the address is in use");

    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, any_port("127.0.0.1").tcp());
    const Result<SocketAddress> tcp = listen(SocketAddress(acceptor.local_endpoint()));
    REQUIRE(tcp.has_error());
    CHECK(tcp.error().kind() == ErrorKind::conflict);
    CHECK(tcp.error().message().find("(TCP): the address is in use") != std::string::npos);

    CHECK(listen(any_port("192.0.2.1")).error().kind() == ErrorKind::network);  // not ours
}
