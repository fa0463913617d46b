#include "common/http/router.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <memory>

#include "common/http/problem.hpp"

namespace chorale::http {

namespace asio = boost::asio;

namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string> split(std::string_view pattern) {
    assert(pattern.starts_with('/'));
    std::vector<std::string> segments;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        segments.emplace_back(pattern.substr(0, end));
        assert(!is_parameter(segments.back()) || segments.back().ends_with('}'));
        pattern.remove_prefix(end);
    }
    return segments;
}

bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const std::string& x, const std::string& y) {
                          return x == y || (is_parameter(x) && is_parameter(y));
                      });
}

bool matches(const std::vector<std::string>& shape, const std::vector<std::string>& path) {
    return std::equal(shape.begin(), shape.end(), path.begin(), path.end(),
                      [](const std::string& wanted, const std::string& given) {
                          return is_parameter(wanted) ? !given.empty() : wanted == given;
                      });
}

// Of two shapes that match the same path: the one whose first difference is literal.
bool is_more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    for (std::size_t at = 0; at < a.size(); ++at) {
        if (is_parameter(a[at]) != is_parameter(b[at])) return is_parameter(b[at]);
    }
    return false;
}

}  // namespace

const std::string& PathParameters::get(std::string_view name) const {
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [&](const auto& value) { return value.first == name; });
    assert(found != values_.end());
    return found->second;
}

void Router::add(Method method, std::string pattern, Access access, Handler handler) {
    assert(method != Method::other && method != Method::head && handler);
    std::vector<std::string> shape = split(pattern);
    for (std::size_t at = 0; at < routes_.size(); ++at) {
        assert(routes_[at].method != method || !same_shape(shapes_[at], shape));
    }
    routes_.push_back({method, std::move(pattern), access, std::move(handler)});
    shapes_.push_back(std::move(shape));
}

Router::Match Router::find(Method method, const std::vector<std::string>& path) const {
    const Method wanted = method == Method::head ? Method::get : method;
    Match match;
    const std::vector<std::string>* best = nullptr;
    std::vector<Method> allowed;
    for (std::size_t at = 0; at < routes_.size(); ++at) {
        const std::vector<std::string>& shape = shapes_[at];
        if (!matches(shape, path)) continue;
        const Method offered = routes_[at].method;
        if (std::find(allowed.begin(), allowed.end(), offered) == allowed.end()) {
            allowed.push_back(offered);
            if (offered == Method::get) allowed.push_back(Method::head);
        }
        if (offered == wanted && (best == nullptr || is_more_literal(shape, *best))) {
            best = &shape;
            match.route = &routes_[at];
        }
    }
    if (best == nullptr) {
        for (const Method each : allowed) {
            if (!match.allowed.empty()) match.allowed += ", ";
            match.allowed += to_text(each);
        }
        return match;
    }
    for (std::size_t at = 0; at < path.size(); ++at) {
        const std::string& segment = (*best)[at];
        if (is_parameter(segment)) {
            match.parameters.add(segment.substr(1, segment.size() - 2), path[at]);
        }
    }
    return match;
}

namespace {

using Start = std::function<void(HttpRequest, PathParameters, Reply)>;

asio::awaitable<HttpResponse> give(HttpResponse response) { co_return response; }

// Lives in the waiting coroutine and is touched on its executor only.
struct Awaited {
    explicit Awaited(asio::any_io_executor runs_on)
        : executor(std::move(runs_on)), arrival(executor, asio::steady_timer::time_point::max()) {}

    asio::any_io_executor executor;
    asio::steady_timer arrival;
    std::optional<HttpResponse> response;
};

// What a Reply shares among its copies. Knows the waiting side weakly, so that an
// answer after the server's end goes nowhere.
class OneAnswer {
public:
    explicit OneAnswer(std::shared_ptr<Awaited> awaited)
        : executor_(awaited->executor), awaited_(awaited) {}
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;
    ~OneAnswer() { give_once(problem(500, "the request was dropped without an answer")); }

    void give_once(HttpResponse response) {
        if (given_.exchange(true)) return;
        std::shared_ptr<Awaited> awaited = awaited_.lock();
        if (!awaited) return;
        asio::post(executor_,
                   [awaited = std::move(awaited), answer = std::move(response)]() mutable {
                       awaited->response = std::move(answer);
                       awaited->arrival.cancel();
                   });
    }

private:
    asio::any_io_executor executor_;
    std::weak_ptr<Awaited> awaited_;
    std::atomic<bool> given_ = false;
};

Reply reply_to(const std::shared_ptr<Awaited>& awaited) {
    auto answer = std::make_shared<OneAnswer>(awaited);
    return [answer](HttpResponse response) { answer->give_once(std::move(response)); };
}

// The server bounds the wait (HttpLimits::handler_time) and calls it off.
asio::awaitable<HttpResponse> wait_for_reply(Start start, HttpRequest request,
                                             PathParameters parameters) {
    asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto awaited = std::make_shared<Awaited>(executor);
    start(std::move(request), std::move(parameters), reply_to(awaited));
    boost::system::error_code woken;
    if (!awaited->response) {
        auto arrival =
            awaited->arrival.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        co_await std::move(arrival);
    }
    if (!awaited->response) awaited->response = problem(503, "called off");
    co_return std::move(*awaited->response);
}

}  // namespace

Handler immediately(std::function<HttpResponse(const HttpRequest&, const PathParameters&)> answer) {
    return [answer = std::move(answer)](HttpRequest request, PathParameters parameters) {
        return give(answer(request, parameters));
    };
}

Handler later(Start start) {
    return [start = std::move(start)](HttpRequest request, PathParameters parameters) {
        return wait_for_reply(start, std::move(request), std::move(parameters));
    };
}

}  // namespace chorale::http
