#include "common/http/wire.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <ctime>
#include <optional>

#include "common/http/target.hpp"

namespace chorale::http {

namespace beast_http = boost::beast::http;
using BeastText = boost::beast::string_view;

namespace {

// "FFFFFFFFFFFFFFFF" and CRLF before and after are 20 octets; what is longer
// carries extensions or trailers, which are refused anyway.
constexpr std::size_t chunk_line_limit = 128;

std::string to_string(BeastText text) { return {text.data(), text.size()}; }
std::string_view as_view(BeastText text) { return {text.data(), text.size()}; }

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char octet) { return octet >= '0' && octet <= '9'; });
}

std::string to_lower_case(std::string text) {
    for (char& letter : text) {
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
    }
    return text;
}

// Fields that steer framing or authority: two of them are two opinions.
bool must_be_single(std::string_view name) {
    constexpr std::string_view names[] = {"host",          "content-length", "transfer-encoding",
                                          "authorization", "content-type",   "origin",
                                          "expect"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

// Our own scan of the octets of the head comes first and refuses what the library
// would forgive; then the library splits it and frames the body.
struct RequestReader::Parser final : beast_http::basic_parser<true> {
    explicit Parser(const HttpLimits& bounds) : limits(bounds) {
        body_limit(limits.body);
        header_limit(static_cast<std::uint32_t>(limits.request_line + limits.headers + 64));
    }

    std::size_t consume_head(std::string_view octets);
    std::size_t consume_body(std::string_view octets);

    // False: refused, or the head is complete.
    bool scan(char octet);
    bool end_line();
    bool check_request_line();
    void parse_head();
    void check_head();
    void resolve_host();
    bool refuse(unsigned status, std::string_view detail);
    void refuse(const boost::system::error_code& failure);

    void on_request_impl(beast_http::verb, BeastText method, BeastText target, int version,
                         boost::beast::error_code&) override {
        request.method = method_from_text(as_view(method));
        request.target = to_string(target);
        is_version_1_1 = version == 11;
    }
    void on_response_impl(int, BeastText, int, boost::beast::error_code&) override {}
    void on_field_impl(beast_http::field, BeastText name, BeastText value,
                       boost::beast::error_code& failure) override {
        if (!take_field(to_lower_case(to_string(name)), to_string(value))) {
            failure = beast_http::make_error_code(beast_http::error::bad_field);
        }
    }
    bool take_field(std::string name, std::string value);
    void on_header_impl(boost::beast::error_code&) override {}
    // No room is made for a length that is only claimed.
    void on_body_init_impl(const boost::optional<std::uint64_t>&,
                           boost::beast::error_code&) override {}
    std::size_t on_body_impl(BeastText octets, boost::beast::error_code&) override {
        request.body.append(octets.data(), octets.size());
        return octets.size();
    }
    void on_chunk_header_impl(std::uint64_t, BeastText extensions,
                              boost::beast::error_code& failure) override {
        if (extensions.empty()) return;
        refuse(400, "chunk extensions are not accepted");
        failure = beast_http::make_error_code(beast_http::error::bad_chunk_extension);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastText octets,
                                   boost::beast::error_code&) override {
        request.body.append(octets.data(), octets.size());
        return octets.size();
    }
    void on_finish_impl(boost::beast::error_code&) override {}

    const HttpLimits& limits;
    State state = State::head;
    HttpRequest request;
    Refusal refusal;

    std::string head;  // octets scanned so far, bounded by the limits
    bool has_begun = false;
    bool after_cr = false;
    bool in_request_line = true;
    bool skipped_empty_line = false;
    std::size_t line_octets = 0;    // of the present line, without CRLF
    std::size_t header_octets = 0;  // of the field lines before it, with CRLF
    std::size_t header_count = 0;

    std::string pending;  // the beginning of a chunk header
    bool is_version_1_1 = true;
    bool expects_continue = false;
};

RequestReader::RequestReader(const HttpLimits& limits)
    : parser_(std::make_unique<Parser>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

std::size_t RequestReader::consume(std::string_view octets) {
    if (parser_->state == State::head) return parser_->consume_head(octets);
    if (parser_->state == State::body) return parser_->consume_body(octets);
    return 0;
}

RequestReader::State RequestReader::state() const { return parser_->state; }
bool RequestReader::has_begun() const { return parser_->has_begun; }
HttpRequest& RequestReader::request() { return parser_->request; }
std::size_t RequestReader::body_received() const { return parser_->request.body.size(); }
bool RequestReader::keeps_alive() const {
    return parser_->state != State::refused && parser_->keep_alive();
}
bool RequestReader::expects_continue() const { return parser_->expects_continue; }
const Refusal& RequestReader::refusal() const { return parser_->refusal; }

std::size_t RequestReader::Parser::consume_head(std::string_view octets) {
    for (std::size_t at = 0; at < octets.size(); ++at) {
        head += octets[at];
        if (scan(octets[at])) continue;
        if (state == State::head) parse_head();
        return at + 1;
    }
    return octets.size();
}

bool RequestReader::Parser::scan(char octet) {
    if (octet == '\n') {
        if (!after_cr) return refuse(400, "a line ends without CR");
        after_cr = false;
        return end_line();
    }
    if (after_cr) return refuse(400, "CR without LF");
    if (octet == '\r') {
        after_cr = true;
        return true;
    }
    has_begun = true;
    ++line_octets;
    const auto value = static_cast<unsigned char>(octet);
    if ((value < 0x20 && octet != '\t') || value == 0x7F) {
        return refuse(400, "control character in the head");
    }
    if (in_request_line) {
        if (value >= 0x80 || octet == '\t') {
            return refuse(400, "an octet that no request line may have");
        }
        if (line_octets > limits.request_line) return refuse(414, "request line too long");
        return true;
    }
    // RFC 9112 5.2: a server must reject or unfold; unfolding is what smuggling is made of.
    if (line_octets == 1 && (octet == ' ' || octet == '\t')) {
        return refuse(400, "folded header field");
    }
    if (header_octets + line_octets + 2 > limits.headers) {
        return refuse(431, "header fields too large");
    }
    return true;
}

bool RequestReader::Parser::end_line() {
    const bool is_empty = line_octets == 0;
    if (in_request_line) {
        if (is_empty) {
            // RFC 9112 2.2: one empty line before a request is forgiven.
            if (skipped_empty_line) return refuse(400, "empty lines before the request line");
            skipped_empty_line = true;
            head.clear();
            return true;
        }
        if (!check_request_line()) return false;
        in_request_line = false;
    } else {
        if (is_empty) return false;  // end of the head
        header_octets += line_octets + 2;
        if (++header_count > limits.header_count) return refuse(431, "too many header fields");
    }
    line_octets = 0;
    return true;
}

// Here and not in the library, to tell 400 from 505; also meets the preface of
// HTTP/2, which is not spoken.
bool RequestReader::Parser::check_request_line() {
    const std::string_view line = std::string_view(head).substr(0, line_octets);
    const std::size_t space = line.rfind(' ');
    const std::string_view version =
        space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    const bool is_version = version.size() == 8 && version.starts_with("HTTP/") &&
                            is_digits(version.substr(5, 1)) && version[6] == '.' &&
                            is_digits(version.substr(7, 1));
    if (!is_version) return refuse(400, "request line without a proper version");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken");
    }
    return true;
}

void RequestReader::Parser::parse_head() {
    boost::system::error_code failure;
    put(boost::asio::buffer(head), failure);
    head = {};
    if (failure) {
        refuse(failure);
    } else {
        assert(is_header_done());
        check_head();
    }
    if (state != State::refused) state = is_done() ? State::complete : State::body;
}

bool RequestReader::Parser::take_field(std::string name, std::string value) {
    if (is_header_done()) return refuse(400, "trailers are not accepted");
    if (must_be_single(name) && request.headers.count(name) > 0) {
        return refuse(400, "a header field is given twice that must be single");
    }
    if (name == "content-length" && !is_digits(value)) {
        return refuse(400, "Content-Length is not one number");
    }
    if (name == "transfer-encoding") {
        if (!is_version_1_1) return refuse(400, "Transfer-Encoding in HTTP/1.0");  // RFC 9112 6.1
        if (!equal_without_case(value, "chunked")) {
            return refuse(501, "no transfer coding but chunked is known");
        }
    }
    request.headers.add(std::move(name), std::move(value));
    return true;
}

void RequestReader::Parser::check_head() {
    const bool has_length = request.headers.count("content-length") > 0;
    const bool has_coding = request.headers.count("transfer-encoding") > 0;
    if (has_length && has_coding) {
        refuse(400, "Content-Length beside Transfer-Encoding");  // RFC 9112 6.3
        return;
    }
    if (!is_done() && (request.method == Method::get || request.method == Method::head)) {
        refuse(400, "a GET or HEAD request with a body");  // RFC 9110 9.3.1: means nothing
        return;
    }
    if (const auto expectation = request.headers.find("expect")) {
        if (!equal_without_case(*expectation, "100-continue")) {
            refuse(417, "no expectation but 100-continue is known");
            return;
        }
        expects_continue = is_version_1_1;
    }
    if (request.method == Method::other) return;  // its target may have any form; gets 501
    auto target = chorale::http::parse_target(request.target, limits);
    if (!target) {
        refuse(target.error().kind() == ErrorKind::limit ? 414 : 400, target.error().message());
        return;
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.host = std::move(target->authority);
    resolve_host();
}

// RFC 9112 3.2: exactly one proper Host in HTTP/1.1. Beside an absolute-form target
// it would have to be ignored (3.2.2); a different one is refused instead.
void RequestReader::Parser::resolve_host() {
    const auto host = request.headers.find("host");
    if (!host) {
        if (is_version_1_1) refuse(400, "no Host");
        return;
    }
    if (!host->empty() && !parse_authority(*host)) {
        refuse(400, "Host is not a host");
        return;
    }
    if (request.host.empty()) {
        request.host = *host;
    } else if (!equal_without_case(request.host, *host)) {
        refuse(400, "Host differs from the request target");
    }
}

// The library takes whole chunk headers only, so that the beginning of one is kept.
std::size_t RequestReader::Parser::consume_body(std::string_view octets) {
    std::size_t used = 0;
    while (state == State::body && used < octets.size()) {
        const std::size_t held = pending.size();
        std::string_view view = octets.substr(used);
        if (held > 0) {
            pending.append(view.substr(0, chunk_line_limit - held));
            view = pending;
        }
        boost::system::error_code failure;
        const std::size_t taken = put(boost::asio::buffer(view.data(), view.size()), failure);
        if (failure == beast_http::error::need_more) {
            assert(taken == 0);
            used += view.size() - held;
            if (held == 0) pending = view.substr(0, chunk_line_limit);
            if (pending.size() >= chunk_line_limit) {
                refuse(400, "chunk header or trailers too long");
            }
        } else if (failure) {
            refuse(failure);
        } else {
            assert(taken >= held);
            used += taken - held;
            pending.clear();
            if (is_done()) state = State::complete;
        }
    }
    return used;
}

bool RequestReader::Parser::refuse(unsigned status, std::string_view detail) {
    if (state != State::refused) refusal = {status, std::string(detail), {}};
    state = State::refused;
    return false;
}

void RequestReader::Parser::refuse(const boost::system::error_code& failure) {
    if (failure == beast_http::error::body_limit) {
        refuse(413, "body too large");
    } else if (failure == beast_http::error::bad_transfer_encoding ||
               failure == beast_http::error::bad_content_length) {
        refuse(400, "conflicting or unreadable length of the body");
    } else if (failure == beast_http::error::bad_chunk ||
               failure == beast_http::error::bad_chunk_extension ||
               failure == beast_http::error::bad_line_ending) {
        refuse(400, "bad chunk");
    } else {
        refuse(400, "malformed request");
    }
}

std::string_view reason_phrase(unsigned status) {
    return as_view(beast_http::obsolete_reason(static_cast<beast_http::status>(status)));
}

namespace {

// IMF-fixdate (RFC 9110 5.6.7).
std::string to_http_date(Instant now) {
    const auto seconds = static_cast<std::time_t>(to_unix_seconds(now));
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t length =
        std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, length};
}

// A value that came from the world must not end its line (response splitting).
void write_field(std::string& head, std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    for (const char octet : value) {
        const auto code = static_cast<unsigned char>(octet);
        head += code < 0x20 || code == 0x7F ? ' ' : octet;
    }
    head += "\r\n";
}

}  // namespace

std::string write_head(const HttpResponse& response, const ResponseFraming& framing) {
    assert(response.status >= 100 && response.status <= 599);
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head += reason_phrase(response.status);
    head += "\r\n";
    write_field(head, "Date", to_http_date(framing.now));
    if (!response.content_type.empty()) write_field(head, "Content-Type", response.content_type);
    if (response.status != 204 && response.status != 304) {  // RFC 9110 8.6
        write_field(head, "Content-Length", std::to_string(response.body.size()));
    }
    write_field(head, "Cache-Control", "no-store");
    write_field(head, "X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) write_field(head, name, value);
    write_field(head, "Connection", framing.keeps_alive ? "keep-alive" : "close");
    head += "\r\n";
    return head;
}

std::string write_request(const HttpRequest& request) {
    std::string text(to_text(request.method));
    text += ' ';
    text += request.target;
    text += " HTTP/1.1\r\n";
    write_field(text, "Host", request.host);
    for (const auto& [name, value] : request.headers) write_field(text, name, value);
    if (!request.body.empty() || is_mutating(request.method)) {
        write_field(text, "Content-Length", std::to_string(request.body.size()));
    }
    write_field(text, "Connection", "close");
    text += "\r\n";
    text += request.body;
    return text;
}

struct ResponseReader::Parser {
    Parser(std::size_t limit, bool head_only) : body_limit(limit), answers_head(head_only) {
        start();
    }

    void start() {
        beast.emplace();
        beast->eager(true);
        beast->skip(answers_head);
        beast->header_limit(64 * 1024);
        beast->body_limit(body_limit);
    }

    // Interim responses (RFC 9110 15.2) are passed over.
    bool is_complete() {
        if (!beast->is_done()) return false;
        if (beast->get().result_int() / 100 != 1) return true;
        start();
        return false;
    }

    std::size_t body_limit;
    bool answers_head;
    std::optional<beast_http::response_parser<beast_http::string_body>> beast;
    std::string pending;
};

namespace {

Error response_error(const boost::system::error_code& failure) {
    if (failure == beast_http::error::body_limit || failure == beast_http::error::header_limit) {
        return {ErrorKind::limit, "the answer is too large"};
    }
    return malformed("not an HTTP/1.1 answer: " + failure.message());
}

}  // namespace

ResponseReader::ResponseReader(std::size_t limit, bool answers_head)
    : parser_(std::make_unique<Parser>(limit, answers_head)) {}
ResponseReader::~ResponseReader() = default;

Result<bool> ResponseReader::consume(std::string_view octets) {
    parser_->pending += octets;
    while (!parser_->pending.empty()) {
        boost::system::error_code failure;
        const std::size_t taken =
            parser_->beast->put(boost::asio::buffer(parser_->pending), failure);
        parser_->pending.erase(0, taken);
        if (failure && failure != beast_http::error::need_more) return response_error(failure);
        if (parser_->is_complete()) return true;
        if (failure || taken == 0) break;
    }
    return false;
}

Result<bool> ResponseReader::finish() {
    boost::system::error_code failure =
        beast_http::make_error_code(beast_http::error::end_of_stream);
    if (parser_->beast->got_some()) parser_->beast->put_eof(failure);
    if (failure) return response_error(failure);
    return parser_->is_complete();
}

HttpResponse ResponseReader::take() {
    auto message = parser_->beast->release();
    HttpResponse response;
    response.status = message.result_int();
    for (const auto& field : message.base()) {
        if (field.name() == beast_http::field::content_type) {
            response.content_type = to_string(field.value());
        } else {
            response.headers.add(to_string(field.name_string()), to_string(field.value()));
        }
    }
    response.body = std::move(message.body());
    return response;
}

}  // namespace chorale::http
