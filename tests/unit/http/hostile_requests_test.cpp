#include "tests/unit/http/hostile_requests.hpp"

#include <algorithm>
#include <set>

#include "common/http/wire.hpp"
#include "tests/unit/http/running_server.hpp"

namespace chorale::http::test {

namespace {

const std::string host = "Host: 127.0.0.1\r\n";
const std::string bearer = "Authorization: Bearer " + std::string(token) + "\r\n";
const std::string json_type = "Content-Type: application/json\r\n";
const std::string close = "Connection: close\r\n";
const std::string end = "\r\n";

std::string get(const std::string& target, const std::string& fields) {
    return "GET " + target + " HTTP/1.1\r\n" + fields + close + end;
}

std::string post(const std::string& fields, const std::string& body) {
    return "POST /open HTTP/1.1\r\n" + host + json_type + fields + close + end + body;
}

std::string chunked(const std::string& body) {
    return post("Transfer-Encoding: chunked\r\n", body);
}

std::string octets(std::size_t count, char octet) { return std::string(count, octet); }

// A target that makes the request line `length` octets long.
std::string line_of(std::size_t length) {
    const std::string around = "GET /healthz? HTTP/1.1";
    return "/healthz?" + octets(length - around.size(), 'a');
}

// Field lines of `total` octets together, besides Host and Connection.
std::string fields_of(std::size_t total) {
    std::string fields = host;
    total -= host.size() + close.size();
    while (total > 0) {
        const std::size_t line = total > 2000 ? 1000 : total;
        fields += "X: " + octets(line - 5, 'x') + "\r\n";
        total -= line;
    }
    return fields;
}

std::string field_count(std::size_t count) {
    std::string fields = host;  // and Connection
    for (std::size_t at = 2; at < count; ++at) fields += "X-" + std::to_string(at) + ": y\r\n";
    return fields;
}

std::string nul() { return std::string(1, '\0'); }

void add_request_lines(std::vector<HostileRequest>& cases) {
    const std::string rest = " HTTP/1.1\r\n" + host + close + end;
    cases.insert(
        cases.end(),
        {
            {"no request at all", "", 0},
            {"only an empty line", "\r\n", 0},
            {"two empty lines", "\r\n\r\n", 400},
            {"one empty line first (RFC 9112 2.2)", "\r\n" + get("/healthz", host), 200},
            {"HTTP/0.9", "GET /healthz\r\n", 400},
            {"HTTP/0.9 with a version", "GET /healthz HTTP/0.9\r\n\r\n", 505},
            {"HTTP/1.2", "GET /healthz HTTP/1.2\r\n" + host + end, 505},
            {"HTTP/2.0", "GET /healthz HTTP/2.0\r\n" + host + end, 505},
            {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
            {"HTTP/11", "GET /healthz HTTP/11\r\n" + host + end, 400},
            {"HTTP/1.1.1", "GET /healthz HTTP/1.1.1\r\n" + host + end, 400},
            {"HTTP/1.10", "GET /healthz HTTP/1.10\r\n" + host + end, 400},
            {"http in lower case", "GET /healthz http/1.1\r\n" + host + end, 400},
            {"HTTPS/1.1", "GET /healthz HTTPS/1.1\r\n" + host + end, 400},
            {"no version", "GET /healthz \r\n" + host + end, 400},
            {"space after version", "GET /healthz HTTP/1.1 \r\n" + host + end, 400},
            {"two spaces before target", "GET  /healthz HTTP/1.1\r\n" + host + end, 400},
            {"two spaces after target", "GET /healthz  HTTP/1.1\r\n" + host + end, 400},
            {"space before method", " GET /healthz HTTP/1.1\r\n" + host + end, 400},
            {"tab instead of space", "GET\t/healthz HTTP/1.1\r\n" + host + end, 400},
            {"space in target", "GET /heal thz HTTP/1.1\r\n" + host + end, 400},
            {"no target", "GET HTTP/1.1\r\n" + host + end, 400},
            {"no method", "/healthz HTTP/1.1\r\n" + host + end, 400},
            {"method is no token", "GE(T /healthz HTTP/1.1\r\n" + host + end, 400},
            {"unknown method", "BREW /healthz HTTP/1.1\r\n" + host + end, 501},
            {"lower case method", "get /healthz HTTP/1.1\r\n" + host + end, 501},
            {"TRACE", "TRACE /healthz HTTP/1.1\r\n" + host + end, 501},
            {"CONNECT", "CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + host + end, 501},
            {"method of 8,000 octets", octets(8000, 'G') + " /" + rest, 501},
            {"TLS to a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
             400},
            {"NUL first", nul() + "GET /healthz" + rest, 400},
            {"octets of no meaning", octets(100, '\xFF'), 400},
            {"an SSH banner", "SSH-2.0-OpenSSH_9.2\r\n", 400},
            {"a mail", "EHLO mail.example.\r\nMAIL FROM:<a@example.>\r\n", 400},
            {"no end of line, ever", octets(9000, 'A'), 414},
            {"request line one below the limit", get(line_of(8191), host), 200},
            {"request line at the limit", get(line_of(8192), host), 200},
            {"request line one beyond the limit", get(line_of(8193), host), 414},
            {"LF without CR ends the request line", "GET /healthz HTTP/1.1\n" + host + end, 400},
            {"CR without LF in the request line", "GET /healthz HTTP/1.1\rX" + host + end, 400},
            {"CR CR LF", "GET /healthz HTTP/1.1\r\r\n" + host + end, 400},
        });
}

void add_targets(std::vector<HostileRequest>& cases) {
    const std::string zone = "/admin/v1/zones/";
    const std::string fields = host + bearer;
    cases.insert(
        cases.end(),
        {
            {"dot segment", get("/./healthz", fields), 400},
            {"dot-dot segment", get("/admin/../healthz", fields), 400},
            {"dot-dot at the end", get("/admin/v1/zones/..", fields), 400},
            {"encoded dot-dot", get("/admin/%2e%2E/healthz", fields), 400},
            {"half-encoded dot-dot", get("/admin/.%2e/healthz", fields), 400},
            {"many dot-dots", get("/../../../../etc/passwd", fields), 400},
            {"encoded slash does not separate", get("/admin%2Fv1%2Fzones%2Fexample.", fields), 404},
            {"encoded slash is data (RFC 2317)", get(zone + "0%2F25.2.0.192.in-addr.arpa.", fields),
             200},
            {"encoded twice stays encoded once", get(zone + "%252e%252e", fields), 200},
            {"encoded NUL", get(zone + "a%00b", fields), 400},
            {"encoded CR LF", get(zone + "a%0d%0aX:%20y", fields), 400},
            {"encoded DEL", get(zone + "a%7f", fields), 400},
            {"encoded octets that are not UTF-8", get(zone + "%ff%fe", fields), 400},
            {"overlong UTF-8 of a slash", get(zone + "%c0%af", fields), 400},
            {"UTF-8 of a surrogate", get(zone + "%ed%a0%80", fields), 400},
            {"UTF-8", get(zone + "%c3%a4", fields), 200},
            {"percent without digits", get(zone + "%", fields), 400},
            {"percent with one digit", get(zone + "%4", fields), 400},
            {"percent with other letters", get(zone + "%zz", fields), 400},
            {"IIS percent-u", get(zone + "%u002e", fields), 400},
            {"backslash", get("/admin\\v1\\zones", fields), 400},
            {"raw octet beyond ASCII", get(zone + "\xC3\xA4", fields), 400},
            {"raw NUL", get(zone + nul(), fields), 400},
            {"raw quotation mark", get(zone + "\"", fields), 400},
            {"raw angle bracket", get(zone + "<script>", fields), 400},
            {"raw brace", get("/admin/v1/zones/{zone}", fields), 400},
            {"fragment", get("/healthz#top", fields), 400},
            {"empty segment", get("//healthz", fields), 404},
            {"empty parameter", get(zone, fields), 404},
            {"trailing slash", get("/healthz/", fields), 404},
            {"other case", get("/HEALTHZ", fields), 404},
            {"unknown path", get("/", fields), 404},
            {"path parameters in the old style", get("/healthz;jsessionid=1", fields), 404},
            {"relative target", get("healthz", fields), 400},
            {"asterisk", get("*", fields), 400},
            {"asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\n" + host + end, 400},
            {"authority as target", get("127.0.0.1:80", fields), 400},
            {"too many segments",
             get("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"
                 "/a/a/a/a",
                 fields),
             414},
            {"query name twice", get(zone + "a?x=1&x=2", fields), 400},
            {"query name empty", get(zone + "a?=1", fields), 400},
            {"encoded NUL in query", get(zone + "a?x=%00", fields), 400},
            {"query with bad encoding", get(zone + "a?x=%g0", fields), 400},
            {"query without value", get(zone + "a?x", fields), 200},
            {"absolute-form (RFC 9112 3.2.2)", get("http://127.0.0.1/healthz", host), 200},
            {"absolute-form, https", get("https://127.0.0.1/healthz", host), 200},
            {"absolute-form without path", get("http://127.0.0.1", host), 404},
            {"absolute-form, other host than Host", get("http://10.0.0.1/healthz", host), 400},
            {"absolute-form with a name",
             get("http://evil.example/healthz", "Host: evil.example\r\n"), 421},
            {"absolute-form with user", get("http://admin@127.0.0.1/healthz", host), 400},
            {"absolute-form, empty host", get("http:///healthz", host), 400},
            {"absolute-form, ftp", get("ftp://127.0.0.1/healthz", host), 400},
            {"absolute-form, file", get("file:///etc/passwd", host), 400},
            {"absolute-form, dot segments", get("http://127.0.0.1/../healthz", host), 400},
        });
}

void add_fields(std::vector<HostileRequest>& cases) {
    const auto with = [](const std::string& fields) { return get("/healthz", host + fields); };
    cases.insert(
        cases.end(),
        {
            {"folded field (RFC 9112 5.2)", with("X: a\r\n b\r\n"), 400},
            {"folded field with tab", with("X: a\r\n\tb\r\n"), 400},
            {"space before the first field", "GET /healthz HTTP/1.1\r\n X: y\r\n" + host + end,
             400},
            {"space before colon", with("X : y\r\n"), 400},
            {"tab before colon", with("X\t: y\r\n"), 400},
            {"no colon", with("just text\r\n"), 400},
            {"empty name", with(": y\r\n"), 400},
            {"name that is no token", with("X(y): z\r\n"), 400},
            {"name beyond ASCII", with("X\xC3\xA4: z\r\n"), 400},
            {"NUL in name", with("X" + nul() + ": z\r\n"), 400},
            {"NUL in value", with("X: a" + nul() + "b\r\n"), 400},
            {"escape in value", with("X: \x1b[31m\r\n"), 400},
            {"DEL in value", with("X: \x7f\r\n"), 400},
            {"obs-text in value is opaque", with("X: \xC3\xA4\r\n"), 200},
            {"empty value", with("X:\r\n"), 200},
            {"LF without CR after a field", with("X: a\n"), 400},
            {"CR without LF in a value", with("X: a\rb\r\n"), 400},
            {"LF LF ends the head", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\n\n", 400},
            {"64 fields", get("/healthz", field_count(64)), 200},
            {"63 fields", get("/healthz", field_count(63)), 200},
            {"65 fields", get("/healthz", field_count(65)), 431},
            {"fields one octet below the limit", get("/healthz", fields_of(16383)), 200},
            {"fields at the limit", get("/healthz", fields_of(16384)), 200},
            {"fields one octet beyond the limit", get("/healthz", fields_of(16385)), 431},
            {"field name without end", "GET /healthz HTTP/1.1\r\n" + octets(20000, 'n'), 431},
            {"field value without end", "GET /healthz HTTP/1.1\r\nX: " + octets(20000, 'v'), 431},
            {"head without end", "GET /healthz HTTP/1.1\r\n" + host, 0},
            {"Connection that is no list", with("Connection: \x22\r\n"), 400},
            {"unknown expectation", with("Expect: 200-ok\r\n"), 417},
            {"two expectations", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 400},
            {"HTTP/2 upgrade is not taken", with("Upgrade: h2c\r\nHTTP2-Settings: AAA\r\n"), 200},
        });
}

void add_hosts(std::vector<HostileRequest>& cases) {
    const auto asks = [](const std::string& value) {
        return get("/healthz", "Host: " + value + "\r\n");
    };
    const auto posts = [](const std::string& origin, const std::string& at) {
        return "POST /open HTTP/1.1\r\nHost: " + at + "\r\nOrigin: " + origin +
               "\r\nContent-Length: 0\r\n" + close + end;
    };
    cases.insert(
        cases.end(),
        {
            {"no Host", get("/healthz", ""), 400},
            {"no Host in HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 421},
            {"two Hosts", get("/healthz", host + host), 400},
            {"empty Host", asks(""), 421},
            {"Host: name (DNS rebinding)", asks("evil.example"), 421},
            {"Host: name that looks like an address", asks("127.0.0.1.evil.example"), 400},
            {"Host: localhost as a label", asks("localhost.evil.example"), 421},
            {"Host: short address", asks("127.1"), 421},
            {"Host: hexadecimal address", asks("0x7f000001"), 421},
            {"Host: number", asks("2130706433"), 421},
            {"Host with user", asks("admin@127.0.0.1"), 400},
            {"Host with path", asks("127.0.0.1/healthz"), 400},
            {"Host with bad port", asks("127.0.0.1:80a"), 400},
            {"Host with port beyond 65535", asks("127.0.0.1:65536"), 400},
            {"Host as a list", asks("127.0.0.1, 127.0.0.1"), 400},
            {"Host with a space", asks("127.0.0.1 x"), 400},
            {"Host: bare IPv6", asks("::1"), 400},
            {"Host: IPv6", asks("[::1]:8301"), 200},
            {"Host: IPv6 with junk", asks("[::1]x"), 400},
            {"Host: localhost", asks("LocalHost:8301"), 200},
            {"Host: address with port", asks("127.0.0.1:8301"), 200},
            {"Origin elsewhere", posts("http://evil.example", "127.0.0.1"), 403},
            {"Origin null", posts("null", "127.0.0.1"), 403},
            {"Origin empty", posts("", "127.0.0.1"), 403},
            {"Origin with other port", posts("http://127.0.0.1:1", "127.0.0.1:2"), 403},
            {"Origin localhost for an address", posts("http://localhost", "127.0.0.1"), 403},
            {"Origin with path", posts("http://127.0.0.1/x", "127.0.0.1"), 403},
            {"Origin of another scheme", posts("file://127.0.0.1", "127.0.0.1"), 403},
            {"Origin twice", posts("http://127.0.0.1\r\nOrigin: http://127.0.0.1", "127.0.0.1"),
             400},
            {"Origin the same", posts("http://127.0.0.1:8301", "127.0.0.1:8301"), 201},
            {"Origin the same by the implied port", posts("http://127.0.0.1", "127.0.0.1:80"), 201},
            {"Origin of a reader", get("/healthz", host + "Origin: http://evil.example\r\n"), 403},
        });
}

void add_tokens(std::vector<HostileRequest>& cases) {
    const std::string right(token);
    const auto asks = [](const std::string& value) {
        return get("/admin/v1/zones/a.", host + "Authorization: " + value + "\r\n");
    };
    cases.insert(
        cases.end(),
        {
            {"no token", get("/admin/v1/zones/a.", host), 401},
            {"right token", asks("Bearer " + right), 200},
            {"scheme without case (RFC 9110 11.1)", asks("bearer " + right), 200},
            {"wrong token", asks("Bearer wrong"), 401},
            {"beginning of the token", asks("Bearer " + right.substr(0, 10)), 401},
            {"token and more", asks("Bearer " + right + "x"), 401},
            {"token of the same length", asks("Bearer " + right.substr(0, right.size() - 1) + "X"),
             401},
            {"token in other case", asks("Bearer CORRECT-HORSE-BATTERY-STAPLE"), 401},
            {"empty token", asks("Bearer "), 401},
            {"no scheme", asks(right), 401},
            {"Basic", asks("Basic YWRtaW46YWRtaW4="), 401},
            {"two tokens", get("/admin/v1/zones/a.", host + bearer + bearer), 400},
            {"token in the query", get("/admin/v1/zones/a.?access_token=" + right, host), 401},
            {"method that the path does not take",
             "PUT /admin/v1/zones/a. HTTP/1.1\r\n" + host + bearer + "Content-Length: 0\r\n" + end,
             405},
            {"method override is not known",
             get("/admin/v1/zones/a.", host + bearer + "X-HTTP-Method-Override: DELETE\r\n"), 200},
            {"OPTIONS (no cross-origin permission)",
             "OPTIONS /open HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\n" + close + end,
             405},
        });
}

void add_lengths(std::vector<HostileRequest>& cases) {
    const auto length = [](const std::string& value, const std::string& body) {
        return post("Content-Length: " + value + "\r\n", body);
    };
    const std::string get_with_body =
        "GET /healthz HTTP/1.1\r\n" + host + "Content-Length: 5\r\n" + end + "12345";
    cases.insert(
        cases.end(),
        {
            {"length and coding (CVE-2019-18277)",
             post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
            {"coding and length",
             post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400},
            {"two lengths, different", post("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "),
             400},
            {"two lengths, equal", post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
            {"list of lengths", length("2, 2", "{}"), 400},
            {"negative length", length("-1", "{}"), 400},
            {"length with plus", length("+2", "{}"), 400},
            {"hexadecimal length", length("0x2", "{}"), 400},
            {"length with fraction", length("2.0", "{}"), 400},
            {"empty length", length("", "{}"), 400},
            {"length with letters", length("2a", "{}"), 400},
            {"length beyond 64 bits", length("18446744073709551617", "{}"), 400},
            {"length of 64 bits", length("18446744073709551615", "{}"), 413},
            {"length beyond the limit", length("1048577", "{}"), 413},
            {"length with leading zeros", length("0002", "{}"), 201},
            {"body one octet below the limit", length("1048575", octets(1048575, ' ')), 201},
            {"body at the limit", length("1048576", octets(1048576, ' ')), 201},
            {"body one octet beyond the limit", length("1048577", octets(1048577, ' ')), 413},
            {"body shorter than its length", length("10", "{}"), 0},
            {"GET with a body", get_with_body, 400},
            {"GET with a chunked body",
             "GET /healthz HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n" + end +
                 "0\r\n\r\n",
             400},
            {"body without a type",
             "POST /open HTTP/1.1\r\n" + host + "Content-Length: 2\r\n" + close + end + "{}", 415},
            {"body of a form (CSRF)",
             "POST /open HTTP/1.1\r\n" + host +
                 "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n" + end +
                 "a=b",
             415},
            {"body of text (CSRF)",
             "POST /open HTTP/1.1\r\n" + host +
                 "Content-Type: text/plain\r\nContent-Length: 2\r\n" + end + "{}",
             415},
            {"type with parameter",
             "POST /open HTTP/1.1\r\n" + host +
                 "Content-Type: Application/JSON ; charset=utf-8\r\nContent-Length: 2\r\n" + close +
                 end + "{}",
             201},
            {"two types",
             "POST /open HTTP/1.1\r\n" + host + json_type + json_type + "Content-Length: 2\r\n" +
                 end + "{}",
             400},
            {"coding in HTTP/1.0 (RFC 9112 6.1)",
             "POST /open HTTP/1.0\r\n" + host + json_type + "Transfer-Encoding: chunked\r\n" + end +
                 "0\r\n\r\n",
             400},
        });
}

void add_chunks(std::vector<HostileRequest>& cases) {
    const auto coding = [](const std::string& value) {
        return post("Transfer-Encoding: " + value + "\r\n", "2\r\n{}\r\n0\r\n\r\n");
    };
    std::string singles;
    for (int at = 0; at < 5000; ++at) singles += "1\r\n \r\n";
    cases.insert(
        cases.end(),
        {
            {"chunked", chunked("2\r\n{}\r\n0\r\n\r\n"), 201},
            {"no chunk but the last", chunked("0\r\n\r\n"), 201},
            {"5,000 chunks of one octet", chunked(singles + "0\r\n\r\n"), 201},
            {"coding without case", coding("Chunked"), 201},
            {"identity", coding("identity"), 501},
            {"gzip, chunked", coding("gzip, chunked"), 501},
            {"chunked, chunked", coding("chunked, chunked"), 501},
            {"chunked with parameter", coding("chunked;q=1"), 501},
            {"xchunked", coding("xchunked"), 501},
            {"empty coding", coding(""), 501},
            {"vertical tab before chunked",
             coding("\x0b"
                    "chunked"),
             400},
            {"two codings", coding("chunked\r\nTransfer-Encoding: chunked"), 400},
            {"identity beside chunked", coding("chunked\r\nTransfer-Encoding: identity"), 400},
            {"chunk extension", chunked("2;a=b\r\n{}\r\n0\r\n\r\n"), 400},
            {"extension of the last chunk", chunked("2\r\n{}\r\n0;a\r\n\r\n"), 400},
            {"trailer", chunked("2\r\n{}\r\n0\r\nX: y\r\n\r\n"), 400},
            {"trailer that would authorise", chunked("0\r\n" + bearer + "\r\n"), 400},
            {"no size", chunked("\r\n{}\r\n0\r\n\r\n"), 400},
            {"size that is no number", chunked("x\r\n{}\r\n0\r\n\r\n"), 400},
            {"size with prefix", chunked("0x2\r\n{}\r\n0\r\n\r\n"), 400},
            {"negative size", chunked("-2\r\n{}\r\n0\r\n\r\n"), 400},
            {"size with plus", chunked("+2\r\n{}\r\n0\r\n\r\n"), 400},
            {"space before size", chunked(" 2\r\n{}\r\n0\r\n\r\n"), 400},
            {"space after size", chunked("2 \r\n{}\r\n0\r\n\r\n"), 400},
            {"size beyond 64 bits", chunked("10000000000000000\r\n{}\r\n0\r\n\r\n"), 413},
            {"size of 64 bits", chunked("ffffffffffffffff\r\n{}"), 413},
            {"size beyond the limit", chunked("100001\r\n{}"), 413},
            {"sizes beyond the limit together",
             chunked("80000\r\n" + octets(0x80000, ' ') + "\r\n80001\r\n"), 413},
            {"chunks at the limit together",
             chunked("80000\r\n" + octets(0x80000, ' ') + "\r\n80000\r\n" + octets(0x80000, ' ') +
                     "\r\n0\r\n\r\n"),
             201},
            {"size of 16 digits", chunked("0000000000000002\r\n{}\r\n0\r\n\r\n"), 201},
            {"size of 17 digits", chunked("00000000000000002\r\n{}\r\n0\r\n\r\n"), 400},
            {"size smaller than the chunk", chunked("1\r\n{}\r\n0\r\n\r\n"), 400},
            {"size larger than the chunk", chunked("3\r\n{}\r\n0\r\n\r\n"), 400},
            {"LF without CR after the size", chunked("2\n{}\r\n0\r\n\r\n"), 400},
            {"LF without CR after the chunk", chunked("2\r\n{}\n0\r\n\r\n"), 400},
            {"CR without LF after the size", chunked("2\r{}\r\n0\r\n\r\n"), 400},
            {"size with 200 zeros first", chunked(octets(200, '0') + "2\r\n{}\r\n0\r\n\r\n"), 400},
            {"size line without end", chunked(octets(5000, '0')), 400},
            {"trailers without end", chunked("0\r\n" + octets(5000, 'a')), 400},
            {"last chunk missing", chunked("2\r\n{}\r\n"), 0},
            {"last empty line missing", chunked("2\r\n{}\r\n0\r\n"), 0},
        });
}

}  // namespace

std::vector<HostileRequest> hostile_requests() {
    std::vector<HostileRequest> cases;
    add_request_lines(cases);
    add_targets(cases);
    add_fields(cases);
    add_hosts(cases);
    add_tokens(cases);
    add_lengths(cases);
    add_chunks(cases);
    return cases;
}

TEST_CASE("hostile requests get the right answer and the server lives on (RFC 9112 11)") {
    RunningServer server(example_router());
    std::set<std::string> names;
    for (const HostileRequest& request : hostile_requests()) {
        INFO(request.name);
        CHECK(names.insert(request.name).second);
        const std::string answer = exchange(server.port(), request.octets);
        INFO(answer.substr(0, 600));
        CHECK(status_of(answer) == request.status);
        if (request.status >= 400) {
            CHECK(answer.find("Content-Type: application/problem+json\r\n") != std::string::npos);
            const auto document = parse_json(body_of(answer));
            REQUIRE(document.has_value());
            CHECK(document->value("status", 0) == request.status);
        }
        // Exactly one answer: nothing of the request was taken for another one.
        CHECK(answer.find("HTTP/1.1 ", 1) == std::string::npos);
        REQUIRE(is_alive(server.port()));
    }
    CHECK(names.size() >= 200);
}

namespace {

// What a reader makes of the octets when they come in pieces of `size`.
std::string read_in_pieces(const std::string& octets, std::size_t size) {
    const HttpLimits limits;
    RequestReader reader(limits);
    std::string_view rest = octets;
    std::size_t used = 0;
    while (!rest.empty() && reader.state() < RequestReader::State::complete) {
        std::string_view piece = rest.substr(0, size);
        while (!piece.empty() && reader.state() < RequestReader::State::complete) {
            const std::size_t taken = reader.consume(piece);
            piece.remove_prefix(taken);
            rest.remove_prefix(taken);
            used += taken;
        }
    }
    std::string told = std::to_string(static_cast<int>(reader.state()));
    if (reader.state() == RequestReader::State::refused) {
        return told + ' ' + std::to_string(reader.refusal().status) + ' ' + reader.refusal().detail;
    }
    return told + ' ' + std::to_string(used) + ' ' + reader.request().target + ' ' +
           reader.request().body;
}

}  // namespace

TEST_CASE("a request reads the same in pieces of any size (RFC 9112 2.2)") {
    for (const HostileRequest& request : hostile_requests()) {
        INFO(request.name);
        const std::string whole = read_in_pieces(request.octets, request.octets.size() + 1);
        CHECK(read_in_pieces(request.octets, 7) == whole);
        CHECK(read_in_pieces(request.octets, 1) == whole);
    }
}

}  // namespace chorale::http::test
