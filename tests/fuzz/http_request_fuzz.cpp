// An HTTP/1.1 request reads the same in pieces of any size, and nothing is accepted
// that the rooms behind are promised never to see (RFC 9112 11). The first octet of
// the input chooses the size of the pieces.
#include <algorithm>
#include <string>

#include "common/http/gate.hpp"
#include "common/http/json.hpp"
#include "common/http/wire.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace chorale;
using State = http::RequestReader::State;

struct Reading {
    std::size_t used = 0;
    State state = State::head;
    unsigned refused_with = 0;
    http::HttpRequest request;
};

http::HttpLimits small_limits() {
    http::HttpLimits limits;
    limits.request_line = 200;
    limits.headers = 400;
    limits.header_count = 8;
    limits.body = 300;
    limits.path_segments = 6;
    limits.query_parameters = 4;
    return limits;
}

Reading read(std::string_view octets, std::size_t piece_size, const http::HttpLimits& limits) {
    http::RequestReader reader(limits);
    Reading reading;
    while (reading.used < octets.size()) {
        const std::string_view piece = octets.substr(reading.used, piece_size);
        const std::size_t taken = reader.consume(piece);
        require(taken <= piece.size(), "no more is used than was given");
        require(taken > 0, "every call goes on");
        reading.used += taken;
        if (reader.state() == State::complete || reader.state() == State::refused) break;
    }
    reading.state = reader.state();
    if (reading.state == State::refused) {
        reading.refused_with = reader.refusal().status;
        require(!reader.keeps_alive(), "a refused request ends its connection");
    } else if (reading.state == State::complete) {
        reading.request = std::move(reader.request());
    }
    return reading;
}

bool is_clean(std::string_view text) {
    return http::is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char octet) {
               return static_cast<unsigned char>(octet) < 0x20 || octet == 0x7F;
           });
}

void check_accepted(const http::HttpRequest& request, const http::HttpLimits& limits) {
    require(request.body.size() <= limits.body, "the body is within its limit");
    require(request.headers.size() <= limits.header_count, "the fields are within their limit");
    require(
        request.headers.count("content-length") + request.headers.count("transfer-encoding") <= 1,
        "one opinion about the length");
    require(request.headers.count("host") <= 1, "one opinion about the host");
    require(request.path.size() <= limits.path_segments, "the path is within its limit");
    for (const std::string& segment : request.path) {
        require(is_clean(segment), "a segment is clean text");
        require(segment != "." && segment != "..", "no dot segments");
    }
    for (const auto& [name, value] : request.query) {
        require(is_clean(name) && is_clean(value), "the query is clean text");
    }
    for (const auto& [name, value] : request.headers) {
        require(name.find_first_of("\r\n :") == std::string::npos, "a field name is a token");
        require(value.find_first_of(std::string("\r\n\0", 3)) == std::string::npos,
                "a field value is one line");
    }
    const Secret token(to_bytes(as_bytes("a token that no input has: 9d1f2c")));
    require(http::refuse_without_token(request, token).has_value(), "nobody guesses the token");
}

void check_json(std::string_view text) {
    const Result<Json> document = parse_json(text);
    if (!document) return;
    const Result<Json> again = parse_json(to_json_text(*document));
    require(again.has_value() && *again == *document, "JSON written reads the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    if (size == 0) return 0;
    static const http::HttpLimits limits = small_limits();
    const std::size_t piece_size = std::size_t{octets[0]} + 1;
    const std::string_view text = as_text(BytesView(octets + 1, size - 1));
    const Reading whole = read(text, text.size() + 1, limits);
    const Reading pieces = read(text, piece_size, limits);
    require(whole.used == pieces.used && whole.state == pieces.state &&
                whole.refused_with == pieces.refused_with &&
                whole.request.body == pieces.request.body &&
                whole.request.path == pieces.request.path,
            "a request reads the same in pieces");
    if (whole.state == State::refused) {
        require(whole.refused_with >= 400 && whole.refused_with < 600, "a refusal is an error");
    }
    if (whole.state == State::complete) check_accepted(whole.request, limits);
    check_json(text);
    return 0;
}
