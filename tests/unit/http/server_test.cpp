#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "common/http/client.hpp"
#include "tests/unit/http/running_server.hpp"

namespace chorale::http::test {

namespace {

using std::chrono::milliseconds;

const std::string host = "Host: 127.0.0.1\r\n";
const std::string bearer = "Authorization: Bearer " + std::string(token) + "\r\n";
const std::string health = "GET /healthz HTTP/1.1\r\n" + host + "\r\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// Keeps the Reply of /later until the test gives the answer.
class KeptReplies {
public:
    Handler handler() {
        return later([state = state_](HttpRequest, PathParameters, Reply reply) {
            const std::lock_guard lock(state->mutex);
            state->replies.push_back(std::move(reply));
            state->changed.notify_all();
        });
    }
    Reply wait() {
        std::unique_lock lock(state_->mutex);
        REQUIRE(state_->changed.wait_for(lock, patience, [&] { return !state_->replies.empty(); }));
        Reply reply = std::move(state_->replies.front());
        state_->replies.erase(state_->replies.begin());
        return reply;
    }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<Reply> replies;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

Router later_router(KeptReplies& replies) {
    Router router = example_router();
    router.add(Method::get, "/later", Access::open, replies.handler());
    return router;
}

const std::string ask_later = "GET /later HTTP/1.1\r\n" + host + "\r\n";

// A folder of its own, gone at the end.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::array<char, 32> name{"/tmp/chorale-http-XXXXXX"};
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace

TEST_CASE("an answer carries its framing and may not be cached or guessed at") {
    RunningServer server(example_router());
    const std::string answer = exchange(server.port(), health);
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\nDate: "));
    CHECK(has(answer, " GMT\r\n"));
    CHECK(has(answer, "Content-Type: application/json\r\n"));
    CHECK(has(answer, "Content-Length: 15\r\n"));
    CHECK(has(answer, "Cache-Control: no-store\r\n"));
    CHECK(has(answer, "X-Content-Type-Options: nosniff\r\n"));
    CHECK(has(answer, "Connection: keep-alive\r\n"));
    CHECK(body_of(answer) == R"({"status":"ok"})");
}

TEST_CASE("HEAD is GET without the body (RFC 9110 9.3.2)") {
    RunningServer server(example_router());
    RawClient client(server.port());
    client.send("HEAD /healthz HTTP/1.1\r\n" + host + "\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    CHECK(status_of(head) == 200);
    CHECK(has(head, "Content-Length: 15\r\n"));
    // The next answer begins right after the head.
    client.send(health);
    CHECK(client.read_response().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("204 has neither body nor length (RFC 9110 8.6)") {
    RunningServer server(example_router());
    const std::string answer =
        exchange(server.port(), "DELETE /admin/v1/zones/a. HTTP/1.1\r\n" + host + bearer + "\r\n");
    CHECK(status_of(answer) == 204);
    CHECK_FALSE(has(answer, "Content-Length"));
    CHECK(body_of(answer).empty());
}

TEST_CASE("refusals say what would be right") {
    RunningServer server(example_router());
    const std::string method =
        exchange(server.port(), "PUT /admin/v1/zones/a. HTTP/1.1\r\n" + host + bearer + "\r\n");
    CHECK(has(method, "Allow: GET, HEAD, DELETE\r\n"));
    const std::string nobody =
        exchange(server.port(), "GET /admin/v1/zones/a. HTTP/1.1\r\n" + host + "\r\n");
    CHECK(has(nobody, "WWW-Authenticate: Bearer realm=\"chorale\"\r\n"));
    const std::string wrong = exchange(server.port(), "GET /admin/v1/zones/a. HTTP/1.1\r\n" + host +
                                                          "Authorization: Bearer x\r\n\r\n");
    CHECK(has(wrong, "error=\"invalid_token\""));
    const auto document = parse_json(body_of(nobody));
    REQUIRE(document.has_value());
    CHECK((*document)["type"] == "about:blank");
    CHECK((*document)["title"] == "Unauthorized");
    CHECK((*document)["status"] == 401);
    CHECK((*document)["detail"] == "a bearer token is required");
}

TEST_CASE("a connection is kept, and pipelined requests are answered in order (RFC 9112 9.3.2)") {
    RunningServer server(example_router());
    RawClient client(server.port());
    std::string requests;
    for (int at = 0; at < 50; ++at) {
        requests += "GET /admin/v1/zones/z" + std::to_string(at) + ". HTTP/1.1\r\n" + host +
                    bearer + "\r\n";
        requests += "POST /open HTTP/1.1\r\n" + host +
                    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    }
    REQUIRE(client.send(requests));
    for (int at = 0; at < 50; ++at) {
        CHECK(has(client.read_response(), "\"zone\":\"z" + std::to_string(at) + ".\""));
        CHECK(status_of(client.read_response()) == 201);
    }
    CHECK(server.counters().connections_accepted == 1);
    CHECK(server.counters().requests == 100);
}

TEST_CASE("a connection ends when either side says so (RFC 9112 9.3, 9.6)") {
    RunningServer server(example_router());
    const std::string with_close =
        "GET /healthz HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n" + health;
    RawClient closing(server.port());
    closing.send(with_close);
    const std::string only = closing.read_to_end();
    CHECK(has(only, "Connection: close\r\n"));
    CHECK(only.find("HTTP/1.1 200", 1) == std::string::npos);
    RawClient old(server.port());
    old.send("GET /healthz HTTP/1.0\r\n" + host + "\r\n");
    CHECK(has(old.read_to_end(), "Connection: close\r\n"));
    // Refused before the body was read: what follows is no request.
    RawClient refused(server.port());
    refused.send("POST /nowhere HTTP/1.1\r\n" + host +
                 "Content-Length: " + std::to_string(health.size()) + "\r\n\r\n" + health);
    const std::string answer = refused.read_to_end();
    CHECK(status_of(answer) == 404);
    CHECK(answer.find("HTTP/1.1 ", 1) == std::string::npos);
}

TEST_CASE("a refusal without a body to skip keeps the connection") {
    RunningServer server(example_router());
    RawClient client(server.port());
    client.send("GET /nowhere HTTP/1.1\r\n" + host + "\r\n" + health);
    CHECK(status_of(client.read_response()) == 404);
    CHECK(status_of(client.read_response()) == 200);
}

TEST_CASE("100 Continue is sent only to who may continue (RFC 9110 10.1.1)") {
    RunningServer server(example_router());
    const std::string fields =
        host + "Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n";
    RawClient allowed(server.port());
    allowed.send("POST /open HTTP/1.1\r\n" + fields + "\r\n");
    CHECK(allowed.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    allowed.send("{}");
    CHECK(status_of(allowed.read_response()) == 201);
    RawClient stranger(server.port());
    stranger.send("POST /admin/v1/zones HTTP/1.1\r\n" + fields + "\r\n");
    CHECK(status_of(stranger.read_to_end()) == 401);
}

TEST_CASE("one octet a segment is enough") {
    RunningServer server(example_router());
    RawClient client(server.port());
    for (const char octet : health) REQUIRE(client.send(std::string_view(&octet, 1)));
    CHECK(status_of(client.read_response()) == 200);
}

TEST_CASE("the last answer arrives although the client still sends (RFC 9112 9.6)") {
    HttpLimits limits;
    limits.linger_time = patience;
    RunningServer server(example_router(), limits);
    for (int at = 0; at < 20; ++at) {
        RawClient client(server.port());
        client.send("POST /open HTTP/1.1\r\n" + host +
                    "Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n" +
                    std::string(2'000'000, ' '));
        CHECK(status_of(client.read_to_end()) == 413);
    }
}

TEST_CASE("the token can be changed, and none lets nobody pass") {
    RunningServer server(example_router());
    const std::string ask =
        "GET /admin/v1/zones/a. HTTP/1.1\r\n" + host + bearer + "Connection: close\r\n\r\n";
    CHECK(status_of(exchange(server.port(), ask)) == 200);
    server.run([&] { server.server().set_token(Secret(to_bytes(as_bytes("another")))); });
    CHECK(status_of(exchange(server.port(), ask)) == 401);
    server.run([&] { server.server().set_token(Secret()); });
    CHECK(status_of(exchange(server.port(), ask)) == 401);
    CHECK(status_of(exchange(server.port(), "GET /admin/v1/zones/a. HTTP/1.1\r\n" + host +
                                                "Authorization: Bearer \r\n\r\n")) == 401);
}

TEST_CASE("every answer is reported with who asked for what and why it was refused") {
    RunningServer server(example_router());
    exchange(server.port(), health);
    exchange(server.port(), "GET /nowhere HTTP/1.1\r\n" + host + "\r\n");
    exchange(server.port(), "junk\r\n\r\n");
    const auto seen = server.exchanges().wait_for(3);
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].status == 200);
    CHECK(seen[0].target == "/healthz");
    CHECK(seen[0].method == Method::get);
    CHECK(seen[0].refusal.empty());
    CHECK(seen[0].peer.starts_with("127.0.0.1:"));
    CHECK(seen[1].status == 404);
    CHECK(seen[1].refusal == "no such path");
    CHECK(seen[2].status == 400);
    CHECK(seen[2].target.empty());
    CHECK(server.counters().refused == 2);
}

TEST_CASE("a handler that throws answers 500 and tells nothing") {
    Router router = example_router();
    router.add(Method::get, "/throws", Access::open,
               immediately([](const HttpRequest&, const PathParameters&) -> HttpResponse {
                   throw std::runtime_error("a secret");
               }));
    RunningServer server(std::move(router));
    const std::string answer =
        exchange(server.port(), "GET /throws HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    CHECK(status_of(answer) == 500);
    CHECK_FALSE(has(answer, "secret"));
    CHECK(is_alive(server.port()));
}

TEST_CASE("a header value of a handler cannot end its line (response splitting)") {
    Router router;
    router.add(Method::get, "/splits", Access::open,
               immediately([](const HttpRequest&, const PathParameters&) {
                   HttpResponse response;
                   response.headers.add("Location", "/a\r\nSet-Cookie: b=c");
                   return response;
               }));
    RunningServer server(std::move(router));
    const std::string answer = exchange(server.port(), "GET /splits HTTP/1.1\r\n" + host + "\r\n");
    CHECK(has(answer, "Location: /a  Set-Cookie: b=c\r\n"));
}

TEST_CASE("an answer may come later and from another thread, once") {
    KeptReplies replies;
    RunningServer server(later_router(replies));
    RawClient client(server.port());
    client.send(ask_later);
    Reply reply = replies.wait();
    CHECK(is_alive(server.port()));  // nobody waits for the one that waits
    reply(json_response(200, Json{{"answer", 1}}));
    reply(json_response(200, Json{{"answer", 2}}));
    CHECK(body_of(client.read_response()) == R"({"answer":1})");
    client.send(health);
    CHECK(body_of(client.read_response()) == R"({"status":"ok"})");
}

TEST_CASE("a reply that is dropped answers 500") {
    KeptReplies replies;
    RunningServer server(later_router(replies));
    RawClient client(server.port());
    client.send(ask_later);
    replies.wait() = nullptr;
    CHECK(status_of(client.read_response()) == 500);
}

TEST_CASE("a reply after the server's end goes nowhere") {
    KeptReplies replies;
    Reply reply;
    {
        RunningServer server(later_router(replies));
        RawClient client(server.port());
        client.send(ask_later);
        reply = replies.wait();
    }
    reply = nullptr;
    SUCCEED("no crash");
}

TEST_CASE("a client that leaves does not stop its handler") {
    KeptReplies replies;
    RunningServer server(later_router(replies));
    {
        RawClient client(server.port());
        client.send(ask_later);
    }
    replies.wait()(json_response(200, Json{}));
    CHECK(server.exchanges().wait_for(1).size() == 1);
    CHECK(is_alive(server.port()));
}

TEST_CASE("a handler that does not answer in time is called off with 503") {
    HttpLimits limits;
    limits.handler_time = milliseconds(50);
    KeptReplies replies;
    RunningServer server(later_router(replies), limits);
    RawClient client(server.port());
    client.send(ask_later);
    Reply reply = replies.wait();
    CHECK(status_of(client.read_response()) == 503);
    reply(json_response(200, Json{}));  // too late
    client.send(health);
    CHECK(body_of(client.read_response()) == R"({"status":"ok"})");
    CHECK(server.counters().timeouts == 1);
}

TEST_CASE("a head that does not come in time gets 408 (CVE-2007-6750)") {
    HttpLimits limits;
    limits.headers_time = milliseconds(100);
    RunningServer server(example_router(), limits);
    RawClient silent(server.port());
    CHECK(silent.read_to_end().empty());
    RawClient partial(server.port());
    partial.send("GET /healthz HTTP/1.1\r\nHost:");
    CHECK(status_of(partial.read_to_end()) == 408);
    // A drop now and then does not move the deadline.
    RawClient dripping(server.port());
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!dripping.is_readable(milliseconds(1)) && std::chrono::steady_clock::now() < end) {
        dripping.send("X");
    }
    CHECK(status_of(dripping.read_to_end()) == 408);
    CHECK(server.counters().timeouts == 2);
    CHECK(becomes_alive(server.port()));
}

TEST_CASE("a body that does not come in time gets 408") {
    HttpLimits limits;
    limits.body_time = milliseconds(100);
    RunningServer server(example_router(), limits);
    RawClient client(server.port());
    client.send("POST /open HTTP/1.1\r\n" + host +
                "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{");
    CHECK(status_of(client.read_to_end()) == 408);
    CHECK(becomes_alive(server.port()));
}

TEST_CASE("a body slower than the minimum rate gets 408 before its time is over") {
    HttpLimits limits;
    limits.body_time = 2 * patience;
    limits.rate_grace = milliseconds(100);
    RunningServer server(example_router(), limits);
    RawClient client(server.port());
    client.send("POST /open HTTP/1.1\r\n" + host +
                "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{}");
    CHECK(status_of(client.read_to_end()) == 408);
}

TEST_CASE("an idle connection is closed without a word") {
    HttpLimits limits;
    limits.idle_time = milliseconds(100);
    RunningServer server(example_router(), limits);
    RawClient client(server.port());
    client.send(health);
    CHECK(status_of(client.read_response()) == 200);
    CHECK(client.read_to_end().empty());
    CHECK(server.counters().timeouts == 0);
}

TEST_CASE("who does not read the answer is left (CVE-2024-0760)") {
    Router router = example_router();
    router.add(Method::get, "/large", Access::open,
               immediately([](const HttpRequest&, const PathParameters&) {
                   HttpResponse response;
                   response.body = std::string(32 * 1024 * 1024, 'x');
                   return response;
               }));
    HttpLimits limits;
    limits.stall_time = milliseconds(100);
    RunningServer server(std::move(router), limits);
    RawClient client(server.port());
    client.send("GET /large HTTP/1.1\r\n" + host + "\r\n");
    REQUIRE(server.exchanges().wait_for(1).size() == 1);
    CHECK(server.counters().timeouts == 1);
    CHECK(becomes_alive(server.port()));
}

TEST_CASE("a large answer to a reading client is complete") {
    Router router;
    router.add(Method::get, "/large", Access::open,
               immediately([](const HttpRequest&, const PathParameters&) {
                   HttpResponse response;
                   response.body = std::string(8 * 1024 * 1024, 'x');
                   return response;
               }));
    RunningServer server(std::move(router));
    const std::string answer =
        exchange(server.port(), "GET /large HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    CHECK(body_of(answer).size() == 8 * 1024 * 1024);
}

TEST_CASE("connections at limit-1, limit and limit+1") {
    HttpLimits limits;
    limits.connections = 3;
    RunningServer server(example_router(), limits);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int at = 0; at < 3; ++at) {
        clients.push_back(std::make_unique<RawClient>(server.port()));
        clients.back()->send(health);
        CHECK(status_of(clients.back()->read_response()) == 200);
    }
    RawClient beyond(server.port());
    CHECK(status_of(beyond.read_to_end()) == 503);
    CHECK(server.counters().connections_refused == 1);
    CHECK(server.counters().connections_now == 3);
    // The others are served on, and a place that becomes free is given away.
    clients[1]->send("GET /healthz HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n");
    CHECK(status_of(clients[1]->read_to_end()) == 200);
    clients.erase(clients.begin() + 1);
    CHECK(becomes_alive(server.port()));
}

TEST_CASE("a stop finishes what is under way and nothing else") {
    KeptReplies replies;
    RunningServer server(later_router(replies));
    RawClient idle(server.port());
    idle.send(health);
    idle.read_response();
    RawClient busy(server.port());
    busy.send(ask_later);
    Reply reply = replies.wait();
    std::promise<void> stopped;
    auto has_stopped = stopped.get_future();
    server.run([&] { server.server().stop(patience, [&] { stopped.set_value(); }); });
    CHECK(idle.read_to_end().empty());
    CHECK_FALSE(RawClient(server.port()).connected());
    CHECK(has_stopped.wait_for(milliseconds(0)) == std::future_status::timeout);
    reply(json_response(200, Json{{"answer", 1}}));
    const std::string answer = busy.read_to_end();
    CHECK(status_of(answer) == 200);
    CHECK(has(answer, "Connection: close\r\n"));
    CHECK(has_stopped.wait_for(patience) == std::future_status::ready);
}

TEST_CASE("a stop does not wait longer than its grace") {
    KeptReplies replies;
    RunningServer server(later_router(replies));
    RawClient busy(server.port());
    busy.send(ask_later);
    const Reply reply = replies.wait();
    std::promise<void> stopped;
    auto has_stopped = stopped.get_future();
    server.run([&] { server.server().stop(milliseconds(50), [&] { stopped.set_value(); }); });
    CHECK(busy.read_to_end().empty());
    CHECK(has_stopped.wait_for(patience) == std::future_status::ready);
}

TEST_CASE("a stop without connections is told at once") {
    RunningServer server(example_router());
    std::promise<void> stopped;
    auto has_stopped = stopped.get_future();
    server.run([&] { server.server().stop(patience, [&] { stopped.set_value(); }); });
    CHECK(has_stopped.wait_for(patience) == std::future_status::ready);
}

TEST_CASE("only loopback addresses are listened on") {
    RunningServer server(example_router());
    server.run([&] {
        for (const char* text : {"0.0.0.0:0", "192.0.2.1:0", "[::]:0"}) {
            const auto bound = server.server().listen(*parse_http_address(text));
            REQUIRE_FALSE(bound.has_value());
            CHECK(bound.error().kind() == ErrorKind::refused);
        }
        const auto taken = server.server().listen(server.address());
        REQUIRE_FALSE(taken.has_value());
        CHECK(taken.error().kind() == ErrorKind::conflict);
    });
}

TEST_CASE("one server listens at several addresses, IPv6 too") {
    RunningServer server(example_router());
    const auto second =
        server.run([&] { return server.server().listen(*parse_http_address("127.0.0.2:0")); });
    REQUIRE(second.has_value());
    CHECK(HttpClient(*second, Secret(), patience)
              .request(Method::get, "/healthz", "")
              .value()
              .status == 200);
    const auto sixth =
        server.run([&] { return server.server().listen(*parse_http_address("[::1]:0")); });
    if (!sixth) {
        WARN("no IPv6 loopback here: " << sixth.error().message());
        return;
    }
    const auto answer = HttpClient(*sixth, Secret(), patience).request(Method::get, "/healthz", "");
    REQUIRE(answer.has_value());
    CHECK(answer->status == 200);
    CHECK(server.exchanges().wait_for(2).back().peer.starts_with("[::1]:"));
}

TEST_CASE("a UNIX socket takes any Host, has mode 0660 and goes with the server") {
    const TemporaryFolder folder;
    const HttpAddress address = *parse_http_address("unix:" + folder.path("admin.sock"));
    {
        RunningServer server(example_router());
        const mode_t before = ::umask(0077);
        const auto bound = server.run([&] { return server.server().listen(address); });
        ::umask(before);
        REQUIRE(bound.has_value());
        struct stat status{};
        REQUIRE(::lstat(address.unix_path.c_str(), &status) == 0);
        CHECK(S_ISSOCK(status.st_mode));
        CHECK((status.st_mode & 07777) == 0660);
        HttpClient client(address, token_secret(), patience);
        const auto answer = client.request(Method::get, "/admin/v1/zones/a.", "");
        REQUIRE(answer.has_value());
        CHECK(answer->status == 200);
        CHECK(server.exchanges().wait_for(1).back().peer ==
              "unix:uid=" + std::to_string(::getuid()));
    }
    CHECK_FALSE(std::filesystem::exists(address.unix_path));
}

TEST_CASE("a UNIX path is taken over only from a dead socket") {
    const TemporaryFolder folder;
    RunningServer server(example_router());
    const auto listen = [&](const HttpAddress& address) {
        return server.run([&] { return server.server().listen(address); });
    };
    SECTION("a file stays") {
        const std::string path = folder.path("file");
        std::ofstream(path) << "precious";
        const auto bound = listen(*parse_http_address("unix:" + path));
        REQUIRE_FALSE(bound.has_value());
        CHECK(bound.error().kind() == ErrorKind::conflict);
        CHECK(std::filesystem::file_size(path) == 8);
    }
    SECTION("a symbolic link stays") {
        const std::string path = folder.path("link");
        std::filesystem::create_symlink("/nowhere", path);
        const auto bound = listen(*parse_http_address("unix:" + path));
        REQUIRE_FALSE(bound.has_value());
        CHECK(bound.error().kind() == ErrorKind::conflict);
        CHECK(std::filesystem::is_symlink(path));
    }
    SECTION("a live socket stays") {
        const HttpAddress address = *parse_http_address("unix:" + folder.path("live"));
        RunningServer other(example_router());
        REQUIRE(other.run([&] { return other.server().listen(address); }).has_value());
        const auto bound = listen(address);
        REQUIRE_FALSE(bound.has_value());
        CHECK(bound.error().kind() == ErrorKind::conflict);
        CHECK(HttpClient(address, Secret(), patience)
                  .request(Method::get, "/healthz", "")
                  .value()
                  .status == 200);
    }
    SECTION("a dead one does not") {
        const HttpAddress address = *parse_http_address("unix:" + folder.path("dead"));
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        address.unix_path.copy(name.sun_path, sizeof name.sun_path - 1);
        const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
        REQUIRE(::bind(dead, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
        ::close(dead);
        CHECK(listen(address).has_value());
    }
    SECTION("a missing folder is an error") {
        CHECK_FALSE(listen(*parse_http_address("unix:" + folder.path("no/such"))).has_value());
    }
}

}  // namespace chorale::http::test
