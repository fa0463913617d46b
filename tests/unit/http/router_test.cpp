#include "common/http/router.hpp"

#include "tests/support/catch.hpp"

namespace chorale::http::test {

namespace {

Handler nothing() {
    return immediately([](const HttpRequest&, const PathParameters&) { return HttpResponse(); });
}

Router zones_router() {
    Router router;
    router.add(Method::get, "/healthz", Access::open, nothing());
    router.add(Method::get, "/zones", Access::token, nothing());
    router.add(Method::post, "/zones", Access::token, nothing());
    router.add(Method::get, "/zones/{zone}", Access::token, nothing());
    router.add(Method::delete_, "/zones/{zone}", Access::token, nothing());
    router.add(Method::get, "/zones/special", Access::open, nothing());
    router.add(Method::delete_, "/zones/{zone}/overlay/{type}", Access::token, nothing());
    return router;
}

using Path = std::vector<std::string>;

}  // namespace

TEST_CASE("a route is found by method and segments") {
    const Router router = zones_router();
    const struct {
        Method method;
        Path path;
        std::string pattern;
        std::string allowed;
    } cases[] = {
        {Method::get, {"healthz"}, "/healthz", ""},
        {Method::head, {"healthz"}, "/healthz", ""},
        {Method::post, {"healthz"}, "", "GET, HEAD"},
        {Method::get, {"zones"}, "/zones", ""},
        {Method::post, {"zones"}, "/zones", ""},
        {Method::put, {"zones"}, "", "GET, HEAD, POST"},
        {Method::get, {"zones", "a."}, "/zones/{zone}", ""},
        {Method::delete_, {"zones", "a."}, "/zones/{zone}", ""},
        {Method::patch, {"zones", "a."}, "", "GET, HEAD, DELETE"},
        {Method::get, {"zones", "special"}, "/zones/special", ""},
        {Method::delete_, {"zones", "special"}, "/zones/{zone}", ""},
        {Method::get, {"zones", ""}, "", ""},
        {Method::get, {"zones", "a.", ""}, "", ""},
        {Method::delete_, {"zones", "a.", "overlay", "DS"}, "/zones/{zone}/overlay/{type}", ""},
        {Method::get, {"zones", "a.", "overlay", "DS"}, "", "DELETE"},
        {Method::get, {"zones", "a.", "other", "DS"}, "", ""},
        {Method::get, {}, "", ""},
        {Method::get, {""}, "", ""},
        {Method::get, {"zones/a."}, "", ""},
        {Method::get, {"zones", "{zone}"}, "/zones/{zone}", ""},
        {Method::other, {"zones"}, "", "GET, HEAD, POST"},
    };
    for (const auto& each : cases) {
        std::string text;
        for (const std::string& segment : each.path) text += '/' + segment;
        INFO(to_text(each.method) << ' ' << text);
        const Router::Match match = router.find(each.method, each.path);
        CHECK((match.route == nullptr ? "" : match.route->pattern) == each.pattern);
        CHECK(match.allowed == each.allowed);
    }
}

TEST_CASE("parameters are whole segments, slashes in them included (RFC 2317)") {
    const Router router = zones_router();
    const Path path{"zones", "0/25.2.0.192.in-addr.arpa.", "overlay", "DS"};
    const Router::Match match = router.find(Method::delete_, path);
    REQUIRE(match.route != nullptr);
    CHECK(match.parameters.get("zone") == "0/25.2.0.192.in-addr.arpa.");
    CHECK(match.parameters.get("type") == "DS");
}

TEST_CASE("the table can be listed for the contract") {
    const Router router = zones_router();
    REQUIRE(router.routes().size() == 7);
    CHECK(router.routes()[0].pattern == "/healthz");
    CHECK(router.routes()[0].access == Access::open);
    CHECK(router.routes()[6].method == Method::delete_);
    CHECK(router.routes()[6].access == Access::token);
}

}  // namespace chorale::http::test
