#include "common/http/wire.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <ctime>
#include <optional>

#include "common/base/encoding.hpp"
#include "common/http/target.hpp"

namespace chorale::http {

namespace beast_http = boost::beast::http;
using BeastText = boost::beast::string_view;

namespace {

// Of a chunk size; more than fits 64 bits is leading zeros or an attack.
constexpr std::size_t chunk_size_digits = 16;

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

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
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
// would forgive; then the library splits it into fields. Bodies are framed here as
// well: the library's chunk parser takes extensions and trailers, and stumbles over
// its own assertion when the last chunk comes octet by octet.
struct RequestReader::Parser {
    explicit Parser(const HttpLimits& bounds) : limits(bounds) {
        beast.skip(true);  // the body is ours
        beast.header_limit(static_cast<std::uint32_t>(limits.request_line + limits.headers + 64));
    }

    std::size_t consume_head(std::string_view octets);
    std::size_t consume_known_length(std::string_view octets);
    std::size_t consume_chunks(std::string_view octets);

    // These give false to stop: refused, or the head or body is complete.
    bool scan(char octet);
    bool end_line();
    bool check_request_line();
    void parse_head();
    void take_head();
    bool take_field(std::string name, std::string value);
    bool begin_body();
    bool resolve_target();
    bool resolve_host();
    std::size_t consume_chunk_data(std::string_view octets);
    bool frame_chunk(char octet);
    bool add_size_digit(char octet);
    bool refuse(unsigned status, std::string_view detail);

    const HttpLimits& limits;
    beast_http::request_parser<beast_http::empty_body> beast;
    State state = State::head;
    HttpRequest request;
    Refusal refusal;
    bool expects_continue = false;

    // The head.
    std::string head;  // octets scanned so far, bounded by the limits
    bool has_begun = false;
    bool after_cr = false;
    bool in_request_line = true;
    bool skipped_empty_line = false;
    std::size_t line_octets = 0;    // of the present line, without CRLF
    std::size_t header_octets = 0;  // of the field lines before it, with CRLF
    std::size_t header_count = 0;

    // The body: what the next octet must be.
    enum class Chunk { size, size_lf, data, data_cr, data_lf, last_cr, last_lf };
    bool is_chunked = false;
    Chunk chunk = Chunk::size;
    std::size_t size_digits = 0;
    std::uint64_t rest = 0;  // octets still to come, of the body or of the present chunk
};

RequestReader::RequestReader(const HttpLimits& limits)
    : parser_(std::make_unique<Parser>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

std::size_t RequestReader::consume(std::string_view octets) {
    if (parser_->state == State::head) return parser_->consume_head(octets);
    if (parser_->state != State::body) return 0;
    return parser_->is_chunked ? parser_->consume_chunks(octets)
                               : parser_->consume_known_length(octets);
}

RequestReader::State RequestReader::state() const { return parser_->state; }
bool RequestReader::has_begun() const { return parser_->has_begun; }
HttpRequest& RequestReader::request() { return parser_->request; }
std::size_t RequestReader::body_received() const { return parser_->request.body.size(); }
bool RequestReader::keeps_alive() const {
    return parser_->state != State::refused && parser_->beast.keep_alive();
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
        return refuse(505, "this version of HTTP is not spoken");
    }
    return true;
}

void RequestReader::Parser::parse_head() {
    boost::system::error_code failure;
    beast.put(boost::asio::buffer(head), failure);
    head = {};
    if (failure) {
        refuse(400, "malformed request: " + failure.message());
        return;
    }
    assert(beast.is_header_done());
    take_head();
}

void RequestReader::Parser::take_head() {
    const auto& message = beast.get();
    request.method = method_from_text(as_view(message.method_string()));
    request.target = to_string(message.target());
    for (const auto& field : message.base()) {
        if (!take_field(to_lower_case(to_string(field.name_string())), to_string(field.value()))) {
            return;
        }
    }
    if (!begin_body()) return;
    // The target of a method that is not known may have any form; it gets 501.
    if (request.method != Method::other && !(resolve_target() && resolve_host())) return;
    state = is_chunked || rest > 0 ? State::body : State::complete;
}

bool RequestReader::Parser::take_field(std::string name, std::string value) {
    if (must_be_single(name) && request.headers.count(name) > 0) {
        return refuse(400, "a header field is given twice that must be single");
    }
    request.headers.add(std::move(name), std::move(value));
    return true;
}

// RFC 9112 6: how long the body is, in one way only.
bool RequestReader::Parser::begin_body() {
    const bool is_version_1_1 = beast.get().version() == 11;
    const auto length = request.headers.find("content-length");
    const auto coding = request.headers.find("transfer-encoding");
    if (length && coding) return refuse(400, "Content-Length beside Transfer-Encoding");
    if (coding) {
        if (!is_version_1_1) return refuse(400, "Transfer-Encoding in HTTP/1.0");  // RFC 9112 6.1
        if (!equal_without_case(*coding, "chunked")) {
            return refuse(501, "no transfer coding but chunked is known");
        }
        is_chunked = true;
    }
    if (length) {
        const auto octets = parse_decimal<std::uint64_t>(*length);
        if (!octets) return refuse(400, "Content-Length is not one number");
        if (*octets > limits.body) return refuse(413, "body too large");
        rest = *octets;
    }
    const bool asks_only = request.method == Method::get || request.method == Method::head;
    if (asks_only && (is_chunked || rest > 0)) {
        return refuse(400, "a GET or HEAD request with a body");  // RFC 9110 9.3.1: means nothing
    }
    if (const auto expectation = request.headers.find("expect")) {
        if (!equal_without_case(*expectation, "100-continue")) {
            return refuse(417, "no expectation but 100-continue is known");
        }
        expects_continue = is_version_1_1;
    }
    return true;
}

bool RequestReader::Parser::resolve_target() {
    auto target = parse_target(request.target, limits);
    if (!target) {
        const bool is_limit = target.error().kind() == ErrorKind::limit;
        return refuse(is_limit ? 414 : 400, target.error().message());
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    request.host = std::move(target->authority);
    return true;
}

// RFC 9112 3.2: exactly one proper Host in HTTP/1.1. Beside an absolute-form target
// it would have to be ignored (3.2.2); a different one is refused instead.
bool RequestReader::Parser::resolve_host() {
    const auto host = request.headers.find("host");
    if (!host) return beast.get().version() == 11 ? refuse(400, "no Host") : true;
    if (!host->empty() && !parse_authority(*host)) return refuse(400, "Host is not a host");
    if (request.host.empty()) request.host = *host;
    if (equal_without_case(request.host, *host)) return true;
    return refuse(400, "Host differs from the request target");
}

// Room is made for what has come, never for a length that is only claimed.
std::size_t RequestReader::Parser::consume_known_length(std::string_view octets) {
    const std::string_view taken = octets.substr(0, std::min<std::uint64_t>(rest, octets.size()));
    request.body += taken;
    rest -= taken.size();
    if (rest == 0) state = State::complete;
    return taken.size();
}

std::size_t RequestReader::Parser::consume_chunks(std::string_view octets) {
    std::size_t used = 0;
    while (used < octets.size()) {
        if (chunk == Chunk::data) {
            used += consume_chunk_data(octets.substr(used));
        } else if (!frame_chunk(octets[used++])) {
            break;
        }
    }
    return used;
}

std::size_t RequestReader::Parser::consume_chunk_data(std::string_view octets) {
    const std::string_view taken = octets.substr(0, std::min<std::uint64_t>(rest, octets.size()));
    request.body += taken;
    rest -= taken.size();
    if (rest == 0) chunk = Chunk::data_cr;
    return taken.size();
}

// RFC 9112 7.1 without extensions and trailers: nobody needs them here, and what
// is done with them differs between implementations.
bool RequestReader::Parser::frame_chunk(char octet) {
    switch (chunk) {
        case Chunk::size:
            if (octet != '\r') return add_size_digit(octet);
            if (size_digits == 0) return refuse(400, "chunk without size");
            chunk = Chunk::size_lf;
            return true;
        case Chunk::size_lf:
            if (octet != '\n') break;
            chunk = rest > 0 ? Chunk::data : Chunk::last_cr;
            return true;
        case Chunk::data: break;  // not framing
        case Chunk::data_cr:
            if (octet != '\r') break;
            chunk = Chunk::data_lf;
            return true;
        case Chunk::data_lf:
            if (octet != '\n') break;
            chunk = Chunk::size;
            size_digits = 0;
            return true;
        case Chunk::last_cr:
            if (octet != '\r') return refuse(400, "trailers are not accepted");
            chunk = Chunk::last_lf;
            return true;
        case Chunk::last_lf:
            if (octet != '\n') break;
            state = State::complete;
            return false;
    }
    return refuse(400, "bad chunk");
}

bool RequestReader::Parser::add_size_digit(char octet) {
    const int value = hex_value(octet);
    if (value < 0) return refuse(400, "chunk size is not a number, or has an extension");
    if (++size_digits > chunk_size_digits) return refuse(400, "chunk size too long");
    rest = rest * 16 + static_cast<std::uint64_t>(value);
    if (rest > limits.body - request.body.size()) return refuse(413, "body too large");
    return true;
}

bool RequestReader::Parser::refuse(unsigned status, std::string_view detail) {
    refusal = {status, std::string(detail), {}};
    state = State::refused;
    return false;
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
