// Which handler answers which request: one table of routes, which is also what
// the contract test compares with the OpenAPI document.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"

namespace chorale::http {

// The values of the {names} of a pattern; never empty text.
class PathParameters {
public:
    void add(std::string name, std::string value) {
        values_.emplace_back(std::move(name), std::move(value));
    }
    // Asking for a name that the pattern does not have is our own mistake.
    const std::string& get(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

// A handler runs on the server's executor and may answer much later: a change
// is answered with 2xx only after it has been committed. It takes values, since
// it may outlive the connection. A capturing lambda must not be the coroutine
// itself; it calls one: [this](auto request, auto parameters) { return show(...); }.
using Handler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest, PathParameters)>;

// A handler that knows its answer at once.
Handler immediately(std::function<HttpResponse(const HttpRequest&, const PathParameters&)> answer);

// Gives the answer of a request, once, from any thread; later calls do nothing.
// Dropping every copy unused answers 500.
using Reply = std::function<void(HttpResponse)>;
// A handler whose answer comes from elsewhere, such as the engine after a commit.
Handler later(std::function<void(HttpRequest, PathParameters, Reply)> start);

enum class Access {
    open,   // for everybody who reaches the listener
    token,  // bearer token required
};

struct Route {
    Method method;
    std::string pattern;  // "/admin/v1/zones/{zone}/refresh"; {x} is one whole segment
    Access access;
    Handler handler;
};

class Router {
public:
    // Literal segments win over parameters where both match. A pattern that is no
    // path, or the same method and shape twice, is our own mistake (assertion).
    void add(Method method, std::string pattern, Access access, Handler handler);

    // In order of addition: the list to compare with a contract.
    const std::vector<Route>& routes() const { return routes_; }

    struct Match {
        const Route* route = nullptr;  // null: see allowed
        PathParameters parameters;
        std::string allowed;  // for Allow if only the method is wrong; empty: no such path
    };
    // HEAD is answered by the GET route. Segments are decoded ones, so that an
    // encoded slash is data of its segment and never separates.
    Match find(Method method, const std::vector<std::string>& path) const;

private:
    std::vector<Route> routes_;
    std::vector<std::vector<std::string>> shapes_;  // the segments of each pattern
};

}  // namespace chorale::http
