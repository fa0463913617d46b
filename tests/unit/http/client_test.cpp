#include "common/http/client.hpp"

#include "common/http/target.hpp"
#include "tests/unit/http/running_server.hpp"

namespace chorale::http::test {

namespace {

using std::chrono::milliseconds;

// Accepts one connection, says `answer` after the head of the request, and closes.
class CannedServer {
public:
    explicit CannedServer(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
        address_ = HttpAddress{"127.0.0.1", ntohs(at.sin_port), ""};
        thread_ = std::thread([this, said = std::move(answer)] { serve(said); });
    }
    ~CannedServer() {
        thread_.join();
        ::close(listener_);
    }
    const HttpAddress& address() const { return address_; }

private:
    void serve(const std::string& answer) const {
        const int client = ::accept(listener_, nullptr, nullptr);
        std::string request;
        char octets[4096];
        while (request.find("\r\n\r\n") == std::string::npos) {
            const ssize_t count = ::recv(client, octets, sizeof octets, 0);
            if (count <= 0) break;
            request.append(octets, static_cast<std::size_t>(count));
        }
        ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::shutdown(client, SHUT_WR);
        while (::recv(client, octets, sizeof octets, 0) > 0) continue;
        ::close(client);
    }

    int listener_;
    HttpAddress address_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("the client asks, with token and body") {
    RunningServer server(example_router());
    HttpClient client(server.address(), token_secret(), patience);
    const auto zone =
        client.request(Method::get, "/admin/v1/zones/" + encode_path_segment("a/b.") + "?x=1", "");
    REQUIRE(zone.has_value());
    CHECK(zone->status == 200);
    CHECK(zone->content_type == "application/json");
    CHECK(zone->body == R"({"query":{"x":"1"},"zone":"a/b."})");
    const auto created = client.request(Method::post, "/admin/v1/zones", R"({"name":"a."})");
    REQUIRE(created.has_value());
    CHECK(created->status == 201);
    CHECK(parse_json(created->body).value()["octets"] == 13);
    const auto removed = client.request(Method::delete_, "/admin/v1/zones/a.", "");
    REQUIRE(removed.has_value());
    CHECK(removed->status == 204);
    const auto head = client.request(Method::head, "/healthz", "");
    REQUIRE(head.has_value());
    CHECK(head->status == 200);
    CHECK(head->body.empty());
}

TEST_CASE("a refusal is an answer, not an error") {
    HttpLimits limits;
    limits.linger_time = patience;
    RunningServer server(example_router(), limits);
    HttpClient stranger(server.address(), Secret(), patience);
    const auto answer = stranger.request(Method::get, "/admin/v1/zones/a.", "");
    REQUIRE(answer.has_value());
    CHECK(answer->status == 401);
    CHECK(answer->content_type == "application/problem+json");
    CHECK(answer->headers.find("WWW-Authenticate"));
    HttpClient client(server.address(), token_secret(), patience);
    const auto large = client.request(Method::post, "/open", std::string(1024 * 1024 + 1, ' '));
    REQUIRE(large.has_value());
    CHECK(large->status == 413);
}

TEST_CASE("nobody there is a network error") {
    HttpAddress free_port;
    {
        RunningServer server(example_router());
        free_port = server.address();
    }
    const auto tcp = HttpClient(free_port, Secret(), patience).request(Method::get, "/healthz", "");
    REQUIRE_FALSE(tcp.has_value());
    CHECK(tcp.error().kind() == ErrorKind::network);
    const auto path = parse_http_address("unix:/tmp/no-such-folder/no.sock").value();
    const auto local = HttpClient(path, Secret(), patience).request(Method::get, "/healthz", "");
    REQUIRE_FALSE(local.has_value());
    CHECK(local.error().kind() == ErrorKind::network);
}

TEST_CASE("the deadline is for everything") {
    Router router;
    auto kept = std::make_shared<std::vector<Reply>>();
    router.add(Method::get, "/never", Access::open,
               later([kept](HttpRequest, PathParameters, Reply reply) {
                   kept->push_back(std::move(reply));
               }));
    RunningServer server(std::move(router));
    const auto answer = HttpClient(server.address(), Secret(), milliseconds(100))
                            .request(Method::get, "/never", "");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().kind() == ErrorKind::timeout);
}

TEST_CASE("an answer that is no HTTP is malformed") {
    const struct {
        std::string answer;
        ErrorKind kind;
    } cases[] = {
        {"", ErrorKind::malformed},
        {"SSH-2.0-OpenSSH_9.2\r\n", ErrorKind::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", ErrorKind::malformed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", ErrorKind::limit},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", ErrorKind::limit},
    };
    for (const auto& each : cases) {
        INFO(each.answer.substr(0, 60));
        CannedServer server(each.answer);
        const auto answer =
            HttpClient(server.address(), Secret(), patience).request(Method::get, "/", "");
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().kind() == each.kind);
    }
}

TEST_CASE("a target that would break the request line is refused") {
    HttpClient client(*parse_http_address("127.0.0.1:1"), Secret(), patience);
    for (const char* target : {"", "healthz", "/a b", "/a\r\nX: y", "/\x7f", "/\xC3\xA4"}) {
        const auto answer = client.request(Method::get, target, "");
        REQUIRE_FALSE(answer.has_value());
        CHECK(answer.error().kind() == ErrorKind::malformed);
    }
}

}  // namespace chorale::http::test
