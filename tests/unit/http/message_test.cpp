#include "common/http/message.hpp"

#include <sys/un.h>

#include "common/http/address.hpp"
#include "common/http/json.hpp"
#include "common/http/problem.hpp"
#include "common/http/target.hpp"
#include "common/http/wire.hpp"
#include "tests/support/catch.hpp"

namespace chorale::http::test {

TEST_CASE("a JSON answer says that it is one") {
    const HttpResponse response = json_response(201, Json{{"a", "\r\n"}});
    CHECK(response.status == 201);
    CHECK(response.content_type == "application/json");
    CHECK(response.body == R"({"a":"\r\n"})");
}

TEST_CASE("methods have names, in capitals (RFC 9110 9.1)") {
    for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                                Method::delete_, Method::options}) {
        CHECK(method_from_text(to_text(method)) == method);
    }
    CHECK(method_from_text("get") == Method::other);
    CHECK(method_from_text("") == Method::other);
    CHECK_FALSE(is_mutating(Method::get));
    CHECK_FALSE(is_mutating(Method::head));
    CHECK_FALSE(is_mutating(Method::options));
    CHECK(is_mutating(Method::post));
    CHECK(is_mutating(Method::delete_));
    CHECK(is_mutating(Method::other));
}

TEST_CASE("header names are compared without case (RFC 9110 5.1)") {
    HeaderFields fields;
    fields.add("Accept", "a");
    fields.add("accept", "b");
    CHECK(fields.find("ACCEPT") == "a");
    CHECK(fields.count("accepT") == 2);
    CHECK_FALSE(fields.find("Accep"));
    CHECK_FALSE(equal_without_case("a", "ab"));
    CHECK_FALSE(equal_without_case("@", "`"));
}

TEST_CASE("UTF-8 is what RFC 3629 says") {
    for (const char* text : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                             "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        CHECK(is_valid_utf8(text));
    }
    for (const char* text :
         {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0",
          "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF8\x88\x80\x80", "\xFE", "\xFF", "a\xE2\x82"}) {
        CHECK_FALSE(is_valid_utf8(text));
    }
}

TEST_CASE("a target is split and decoded once (RFC 3986)") {
    const HttpLimits limits;
    const auto target = parse_target("/a%2Fb/%2525/c?x=%26+%2B&y=&z&w=a=b", limits);
    REQUIRE(target.has_value());
    CHECK(target->path == std::vector<std::string>{"a/b", "%25", "c"});
    using Query = std::vector<std::pair<std::string, std::string>>;
    CHECK(target->query == Query{{"x", "& +"}, {"y", ""}, {"z", ""}, {"w", "a=b"}});
    CHECK(parse_target("/", limits)->path == std::vector<std::string>{""});
    CHECK(parse_target("http://[::1]:80/a", limits)->authority == "[::1]:80");
    CHECK(parse_target("http://[::1]:80/a", limits)->path == std::vector<std::string>{"a"});
    CHECK(parse_target("/?", limits)->query.empty());
}

TEST_CASE("targets hold their bounds at limit-1, limit and limit+1") {
    HttpLimits limits;
    limits.path_segments = 3;
    limits.query_parameters = 3;
    CHECK(parse_target("/a/b", limits).has_value());
    CHECK(parse_target("/a/b/c", limits).has_value());
    CHECK(parse_target("/a/b/c/d", limits).error().kind() == ErrorKind::limit);
    CHECK(parse_target("/?a&b", limits).has_value());
    CHECK(parse_target("/?a&b&c", limits).has_value());
    CHECK_FALSE(parse_target("/?a&b&c&d", limits).has_value());
}

TEST_CASE("an encoded segment comes back as it was") {
    const HttpLimits limits;
    for (const std::string& text :
         {std::string("example."), std::string("0/25.2.0.192.in-addr.arpa."),
          std::string("a b%2F?#&=+\\\"<>{}|^`[]@:;,$!'()*~-_"), std::string("\xC3\xA4.")}) {
        INFO(text);
        const auto target = parse_target("/zones/" + encode_path_segment(text), limits);
        REQUIRE(target.has_value());
        CHECK(target->path == std::vector<std::string>{"zones", text});
    }
    CHECK(encode_path_segment("a/ä") == "a%2F%C3%A4");
}

TEST_CASE("listening addresses are read and written") {
    for (const char* text : {"127.0.0.1:8301", "[::1]:0", "192.0.2.1:65535", "unix:/run/a.sock"}) {
        const auto address = parse_http_address(text);
        REQUIRE(address.has_value());
        CHECK(to_text(*address) == text);
    }
    const std::string longest = "unix:/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'a');
    CHECK(parse_http_address(longest).has_value());
    CHECK_FALSE(parse_http_address(longest + 'a').has_value());
    for (const char* text :
         {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x",
          "localhost:80", "::1:80", "[::1]", "[127.0.0.1]:80", "[]:80", "unix:", "unix:relative",
          "unix", "127.1:80", "http://127.0.0.1:80"}) {
        INFO(text);
        CHECK_FALSE(parse_http_address(text).has_value());
    }
    CHECK(parse_http_address("127.3.2.1:1")->is_loopback());
    CHECK(parse_http_address("[::1]:1")->is_loopback());
    CHECK(parse_http_address("unix:/a")->is_loopback());
    CHECK_FALSE(parse_http_address("0.0.0.0:1")->is_loopback());
    CHECK_FALSE(parse_http_address("[::]:1")->is_loopback());
    CHECK_FALSE(parse_http_address("192.0.2.1:1")->is_loopback());
}

TEST_CASE("errors become problem documents (RFC 9457)") {
    const struct {
        ErrorKind kind;
        unsigned status;
        const char* title;
    } cases[] = {
        {ErrorKind::malformed, 400, "Bad Request"},
        {ErrorKind::limit, 400, "Bad Request"},
        {ErrorKind::refused, 403, "Forbidden"},
        {ErrorKind::not_found, 404, "Not Found"},
        {ErrorKind::conflict, 409, "Conflict"},
        {ErrorKind::unauthorized, 401, "Unauthorized"},
        {ErrorKind::timeout, 503, "Service Unavailable"},
        {ErrorKind::network, 503, "Service Unavailable"},
        {ErrorKind::cancelled, 503, "Service Unavailable"},
        {ErrorKind::storage, 500, "Internal Server Error"},
        {ErrorKind::unspecified, 500, "Internal Server Error"},
    };
    for (const auto& each : cases) {
        const HttpResponse response = problem(Error(each.kind, "why"));
        CHECK(response.status == each.status);
        CHECK(response.content_type == "application/problem+json");
        CHECK(response.body == "{\"detail\":\"why\",\"status\":" + std::to_string(each.status) +
                                   ",\"title\":\"" + each.title + "\",\"type\":\"about:blank\"}");
    }
    CHECK(problem(400, "\xFF").body.find("\xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("the date is an IMF-fixdate (RFC 9110 5.6.7)") {
    HttpResponse response;
    const std::string head = write_head(response, {true, from_unix_milliseconds(784'111'777'000)});
    CHECK(head.find("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n") != std::string::npos);
}

TEST_CASE("an answer is read in pieces, interim ones passed over (RFC 9110 15.2)") {
    const struct {
        std::string octets;
        bool ends;  // by the end of the connection
        std::string body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, "ab"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, "ab"},
        {"HTTP/1.1 200 OK\r\n\r\nab", true, "ab"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false,
         "ab"},
        {"HTTP/1.1 204 No Content\r\n\r\n", false, ""},
    };
    for (const auto& each : cases) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{3}, each.octets.size()}) {
            INFO(each.octets << " in pieces of " << size);
            ResponseReader reader(100, false);
            bool complete = false;
            for (std::size_t at = 0; at < each.octets.size(); at += size) {
                const auto consumed = reader.consume(each.octets.substr(at, size));
                REQUIRE(consumed.has_value());
                complete = *consumed;
            }
            if (each.ends) {
                const auto finished = reader.finish();
                REQUIRE(finished.has_value());
                complete = *finished;
            }
            REQUIRE(complete);
            CHECK(reader.take().body == each.body);
        }
    }
}

TEST_CASE("an answer that is cut, too large or no HTTP is an error") {
    const auto read = [](const std::string& octets) -> Result<bool> {
        ResponseReader reader(100, false);
        const auto consumed = reader.consume(octets);
        if (!consumed || *consumed) return consumed;
        return reader.finish();
    };
    const auto body_of = [](std::size_t octets) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(octets) + "\r\n\r\n" +
               std::string(octets, 'x');
    };
    CHECK(read(body_of(99)).value());
    CHECK(read(body_of(100)).value());
    CHECK(read(body_of(101)).error().kind() == ErrorKind::limit);
    for (const char* octets :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "SSH-2.0-x\r\n\r\n",
          "HTTP/2 200\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n"}) {
        INFO(octets);
        const auto result = read(octets);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().kind() == ErrorKind::malformed);
    }
}

}  // namespace chorale::http::test
