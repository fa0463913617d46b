// A DnsServer in a Lab whose handler does what the content of a request says:
//   echo...    answers with the same content
//   wait...    answers as echo once the gate is open
//   silent     does not answer
//   throw      throws
//   endless    sends 64 KiB messages until an error or until the gate opens, then one that says end
//   large N    answers with N octets after the header
//   pair       answers twice in one send()
//   source     answers with the addresses that the server saw
#pragma once

#include <atomic>
#include <stdexcept>

#include "common/net/wake.hpp"
#include "tests/unit/net/lab.hpp"

namespace chorale::net::test {

struct Script {
    explicit Script(asio::any_io_executor executor) : gate(executor), last_send_failed(executor) {}

    Event gate;
    Event last_send_failed;  // send() has returned an error
    std::optional<Error> failure;
    std::atomic<std::uint64_t> sends{0};  // that returned without error
    // While they run, how many at the most.
    std::size_t running = 0;
    std::size_t most_running = 0;
};

inline asio::awaitable<void> reply(std::shared_ptr<Script> script,
                                   std::shared_ptr<ReplyStream> stream,
                                   std::vector<OutgoingMessage> messages) {
    const Result<void> sent = co_await stream->send(std::move(messages));
    if (sent.has_value()) {
        ++script->sends;
    } else {
        script->failure = sent.error();
        script->last_send_failed.set();
    }
}

inline asio::awaitable<void> send_endlessly(std::shared_ptr<Script> script, Bytes header,
                                            std::shared_ptr<ReplyStream> stream) {
    const auto chunk = std::make_shared<const Bytes>(60'000, Byte{'x'});
    while (!script->gate.is_set() && !script->failure) {
        std::vector<OutgoingMessage> batch;
        for (int count = 0; count < 4; ++count) batch.emplace_back(header, *chunk, Bytes(), chunk);
        auto replied = reply(script, stream, std::move(batch));
        co_await std::move(replied);
    }
    if (script->failure) co_return;
    append(header, as_bytes("end"));
    std::vector<OutgoingMessage> last = one_message(std::move(header));
    auto replied = reply(script, stream, std::move(last));
    co_await std::move(replied);
}

inline asio::awaitable<void> perform(std::shared_ptr<Script> script, Request request,
                                     std::shared_ptr<ReplyStream> stream) {
    ++script->running;
    script->most_running = std::max(script->most_running, script->running);
    const std::string content = content_of(request.octets);
    Bytes header = answer_to(request.octets);
    header.resize(12);
    std::vector<OutgoingMessage> messages;
    if (content.starts_with("throw")) throw std::runtime_error("as asked");
    if (content.starts_with("wait")) co_await script->gate.wait(deadline_after(patience));
    if (content.starts_with("echo") || content.starts_with("wait")) {
        messages = one_message(answer_to(std::move(request.octets)));
    } else if (content.starts_with("large ")) {
        header.resize(12 + std::stoul(content.substr(6)), Byte{'x'});
        messages = one_message(std::move(header));
    } else if (content == "pair") {
        messages.emplace_back(header);
        messages.emplace_back(header);
    } else if (content == "source") {
        append(header, as_bytes(request.source.to_text() + ' ' + request.local.to_text()));
        messages = one_message(std::move(header));
    } else if (content == "endless") {
        auto sent = send_endlessly(script, std::move(header), stream);
        co_await std::move(sent);
    }
    if (!messages.empty()) {
        auto replied = reply(script, stream, std::move(messages));
        co_await std::move(replied);
    }
    --script->running;
}

class ScriptedServer {
public:
    explicit ScriptedServer(DnsServerLimits limits = {}, const char* listen_at = "127.0.0.1") {
        lab_.call([&] {
            script_ = std::make_shared<Script>(lab_.executor());
            server_ = std::make_unique<DnsServer>(
                lab_.executor(), limits,
                [script = script_](Request request, std::shared_ptr<ReplyStream> stream) {
                    return perform(script, std::move(request), std::move(stream));
                });
            address_ = server_->listen(any_port(listen_at)).value();
        });
    }
    ~ScriptedServer() {
        lab_.call([&] { server_.reset(); });
    }

    const SocketAddress& address() const { return address_; }
    Lab& lab() { return lab_; }
    DnsServer& server() { return *server_; }  // on the I/O thread
    Script& script() { return *script_; }     // on the I/O thread
    void open_gate() {
        lab_.call([&] { script_->gate.set(); });
    }
    void destroy() {
        lab_.call([&] { server_.reset(); });
    }
    // After all that is ready to run has run.
    DnsServerCounters counters() {
        return lab_.call([&] { return server_->counters(); });
    }
    template <class Condition>
    bool eventually_counts(Condition condition) {
        return eventually([&] { return condition(counters()); });
    }

private:
    Lab lab_;
    std::shared_ptr<Script> script_;
    std::unique_ptr<DnsServer> server_;
    SocketAddress address_;
};

}  // namespace chorale::net::test
