// An HttpServer on its own thread, and raw clients for it: tests write octets and
// see octets. Every wait is bounded by `patience`.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/http/json.hpp"
#include "common/http/problem.hpp"
#include "common/http/server.hpp"
#include "tests/support/catch.hpp"

namespace chorale::http::test {

inline constexpr std::chrono::milliseconds patience{20'000};
inline constexpr std::string_view token = "correct-horse-battery-staple";

inline Secret token_secret() { return Secret(to_bytes(as_bytes(token))); }

// Collects what a server reports, and lets a test wait for it.
class Exchanges {
public:
    void add(const HttpExchange& exchange) {
        const std::lock_guard lock(mutex_);
        seen_.push_back(exchange);
        changed_.notify_all();
    }
    // The exchanges, once there are at least `count`.
    std::vector<HttpExchange> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return seen_.size() >= count; });
        return seen_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<HttpExchange> seen_;
};

class RunningServer {
public:
    explicit RunningServer(Router router, HttpLimits limits = {})
        : work_(boost::asio::make_work_guard(context_)) {
        HttpServerSettings settings;
        settings.limits = limits;
        settings.token = token_secret();
        settings.observe = [seen = exchanges_](const HttpExchange& exchange) {
            seen->add(exchange);
        };
        server_ = std::make_unique<HttpServer>(context_.get_executor(), std::move(router),
                                               std::move(settings));
        address_ = server_->listen(*parse_http_address("127.0.0.1:0")).value();
        thread_ = std::thread([this] { context_.run(); });
    }
    ~RunningServer() {
        run([this] { server_.reset(); });
        work_.reset();
        context_.stop();
        thread_.join();
    }

    // Runs `task` on the server's thread and waits for it.
    template <class Task>
    std::invoke_result_t<Task> run(Task task) {
        std::packaged_task<decltype(task())()> packaged(std::move(task));
        auto done = packaged.get_future();
        boost::asio::post(context_, [&packaged] { packaged(); });
        return done.get();
    }

    HttpServer& server() { return *server_; }  // inside run() only
    const HttpAddress& address() const { return address_; }
    std::uint16_t port() const { return address_.port; }
    Exchanges& exchanges() { return *exchanges_; }
    HttpServerCounters counters() {
        return run([this] { return server_->counters(); });
    }

private:
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::shared_ptr<Exchanges> exchanges_ = std::make_shared<Exchanges>();
    std::unique_ptr<HttpServer> server_;
    HttpAddress address_;
    std::thread thread_;
};

// A blocking TCP client that knows nothing of HTTP.
class RawClient {
public:
    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    }
    ~RawClient() { ::close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool connected() const { return connected_; }

    // False if the server has closed meanwhile.
    bool send(std::string_view octets) {
        while (!octets.empty()) {
            const ssize_t sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            octets.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_sending() { ::shutdown(socket_, SHUT_WR); }

    // Whether there is something to read, or the end of the stream, within `time`.
    bool is_readable(std::chrono::milliseconds time) {
        pollfd ready{socket_, POLLIN, 0};
        return ::poll(&ready, 1, static_cast<int>(time.count())) > 0;
    }
    // Everything up to the end of the stream.
    std::string read_to_end() {
        std::string all;
        while (read_some(all)) continue;
        return all;
    }
    // Up to `mark` (included), keeping what follows for later.
    std::string read_until(std::string_view mark) {
        while (kept_.find(mark) == std::string::npos) {
            if (!read_some(kept_)) return std::exchange(kept_, {});
        }
        return take(kept_.find(mark) + mark.size());
    }
    // One response with Content-Length.
    std::string read_response() {
        std::string head = read_until("\r\n\r\n");
        const std::size_t at = head.find("Content-Length: ");
        const std::size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
        while (kept_.size() < length) {
            if (!read_some(kept_)) break;
        }
        return head + take(std::min(length, kept_.size()));
    }

private:
    bool read_some(std::string& into) {
        if (!is_readable(patience)) {
            into += "<no end in time>";
            return false;
        }
        char octets[16 * 1024];
        const ssize_t count = ::recv(socket_, octets, sizeof octets, 0);
        if (count <= 0) return false;
        into.append(octets, static_cast<std::size_t>(count));
        return true;
    }
    std::string take(std::size_t count) {
        std::string front = kept_.substr(0, count);
        kept_.erase(0, count);
        return front;
    }

    int socket_;
    bool connected_ = false;
    std::string kept_;
};

// Sends `octets` on a connection of its own, ends sending, and gives all that comes back.
inline std::string exchange(std::uint16_t port, std::string_view octets) {
    RawClient client(port);
    client.send(octets);
    client.end_sending();
    return client.read_to_end();
}

// 0 if there is no status line.
inline int status_of(std::string_view response) {
    if (!response.starts_with("HTTP/1.1 ") || response.size() < 12) return 0;
    return std::stoi(std::string(response.substr(9, 3)));
}

inline std::string body_of(const std::string& response) {
    const std::size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : response.substr(end + 4);
}

inline bool is_alive(std::uint16_t port) {
    return status_of(exchange(port,
                              "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Connection: close\r\n\r\n")) == 200;
}

// The same where limits are so short that a busy machine may miss them at first.
inline bool becomes_alive(std::uint16_t port) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
        if (is_alive(port)) return true;
    }
    return false;
}

// What the tests of the server ask for.
inline Router example_router() {
    Router router;
    router.add(Method::get, "/healthz", Access::open,
               immediately([](const HttpRequest&, const PathParameters&) {
                   return json_response(200, Json{{"status", "ok"}});
               }));
    router.add(Method::get, "/admin/v1/zones/{zone}", Access::token,
               immediately([](const HttpRequest& request, const PathParameters& parameters) {
                   Json document{{"zone", parameters.get("zone")}, {"query", Json::object()}};
                   for (const auto& [name, value] : request.query) document["query"][name] = value;
                   return json_response(200, document);
               }));
    router.add(Method::delete_, "/admin/v1/zones/{zone}", Access::token,
               immediately([](const HttpRequest&, const PathParameters&) {
                   HttpResponse response;
                   response.status = 204;
                   return response;
               }));
    const Handler echo = immediately([](const HttpRequest& request, const PathParameters&) {
        return json_response(
            201, Json{{"octets", request.body.size()}, {"begins", request.body.substr(0, 64)}});
    });
    router.add(Method::post, "/admin/v1/zones", Access::token, echo);
    router.add(Method::post, "/open", Access::open, echo);
    return router;
}

}  // namespace chorale::http::test
