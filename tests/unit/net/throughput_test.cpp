// Not run by default: unit_net "[bench]" prints what one I/O thread sends and receives.
#include <iostream>

#include "common/net/dns_client.hpp"
#include "tests/unit/net/lab.hpp"

using namespace chorale;
using namespace chorale::net;
using namespace chorale::net::test;

namespace {

constexpr std::size_t chunk_octets = 17 * 1024;
constexpr std::size_t chunk_count = 2'000;
constexpr std::size_t octets_in_all = chunk_count * (2 + 12 + chunk_octets);
constexpr int rounds = 10;

using Chunks = std::vector<std::shared_ptr<const Bytes>>;

// Answers every request with all chunks, `group` messages in each send().
asio::awaitable<void> transfer(std::shared_ptr<const Chunks> chunks, std::size_t group,
                               Request request, std::shared_ptr<ReplyStream> stream) {
    request.octets.resize(12);
    for (std::size_t at = 0; at < chunks->size(); at += group) {
        std::vector<OutgoingMessage> batch;
        for (std::size_t next = at; next < std::min(at + group, chunks->size()); ++next) {
            const auto& chunk = (*chunks)[next];
            batch.emplace_back(request.octets, *chunk, Bytes(), chunk);
        }
        const Result<void> sent = co_await stream->send(std::move(batch));
        if (sent.has_error()) co_return;
    }
}

asio::awaitable<std::size_t> receive_all(std::shared_ptr<StreamConnection> connection) {
    std::size_t octets = 0;
    for (std::size_t count = 0; count < chunk_count; ++count) {
        const Result<BytesView> message =
            co_await connection->next_message(deadline_after(patience));
        if (message.has_error()) co_return octets;
        octets += 2 + message->size();
    }
    co_return octets;
}

struct TransferServer {
    explicit TransferServer(std::size_t group) {
        auto chunks = std::make_shared<Chunks>();
        for (std::size_t count = 0; count < chunk_count; ++count) {
            chunks->push_back(std::make_shared<const Bytes>(chunk_octets, Byte{'x'}));
        }
        lab.call([&] {
            server = std::make_unique<DnsServer>(
                lab.executor(), DnsServerLimits(),
                [chunks, group](Request request, std::shared_ptr<ReplyStream> stream) {
                    return transfer(chunks, group, std::move(request), std::move(stream));
                });
            address = server->listen(any_port("127.0.0.1")).value();
        });
    }
    ~TransferServer() {
        lab.call([&] { server.reset(); });
    }
    Lab lab;
    std::unique_ptr<DnsServer> server;
    SocketAddress address;
};

template <class Work>
void report(const std::string& what, Work work) {
    double best = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto began = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        best = std::max(best, static_cast<double>(octets_in_all) / took.count() / 1e9);
    }
    std::cout << what << ": " << best << " GB/s (best of " << rounds << ")\n";
}

}  // namespace

TEST_CASE("throughput of shared chunks over loopback", "[.][bench]") {
    for (const std::size_t group : {4U, 16U, 32U, 64U, 256U}) {
        TransferServer server(group);
        TcpPeer sink(server.address);
        Bytes scratch(256 * 1024);
        report("send, " + std::to_string(group) + " chunks in a group, to a reading sink", [&] {
            REQUIRE(sink.send_message(query(1)));
            for (std::size_t left = octets_in_all; left > 0;) {
                left -= sink.socket().read_some(
                    asio::buffer(scratch.data(), std::min(left, scratch.size())));
            }
        });
    }
    TransferServer server(32);
    Lab lab;
    auto connection = std::make_shared<StreamConnection>(lab.executor());
    REQUIRE(lab.await(connection->connect(server.address, deadline_after(patience))).has_value());
    report("send and receive by StreamConnection", [&] {
        REQUIRE(lab.await(connection->send(query(1), deadline_after(patience))).has_value());
        REQUIRE(lab.await(receive_all(connection)) == octets_in_all);
    });
    lab.call([&] { connection->close(); });
}
