#include "common/dns/rdata/visitors.hpp"

#include <arpa/inet.h>

#include <cassert>
#include <chrono>

#include "common/base/encoding.hpp"
#include "common/dns/rdata/service_parameters.hpp"
#include "common/dns/rdata/tokens.hpp"
#include "common/dns/rdata/type_bitmap.hpp"

namespace chorale::dns::rdata {
namespace {

// IANA "DNS Security Algorithm Numbers".
constexpr Token algorithms[] = {{1, "RSAMD5"},
                                {2, "DH"},
                                {3, "DSA"},
                                {5, "RSASHA1"},
                                {6, "DSA-NSEC3-SHA1"},
                                {7, "RSASHA1-NSEC3-SHA1"},
                                {8, "RSASHA256"},
                                {10, "RSASHA512"},
                                {12, "ECC-GOST"},
                                {13, "ECDSAP256SHA256"},
                                {14, "ECDSAP384SHA384"},
                                {15, "ED25519"},
                                {16, "ED448"},
                                {252, "INDIRECT"},
                                {253, "PRIVATEDNS"},
                                {254, "PRIVATEOID"}};

std::string digits(unsigned value, std::size_t width) {
    std::string text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
}

// RFC 4034 3.2: YYYYMMDDHHmmSS or seconds since 1970.
Result<std::uint32_t> parse_time(std::string_view text) {
    namespace chrono = std::chrono;
    if (text.size() != 14) return parse_decimal<std::uint32_t>(text);
    if (text.find_first_not_of("0123456789") != std::string_view::npos) {
        return malformed("expected YYYYMMDDHHmmSS, got \"" + std::string(text) + '"');
    }
    const auto part = [&](std::size_t at, std::size_t size) {
        unsigned value = 0;
        for (const char digit : text.substr(at, size)) {
            value = value * 10 + static_cast<unsigned>(digit - '0');
        }
        return value;
    };
    const chrono::year_month_day date{chrono::year(static_cast<int>(part(0, 4))),
                                      chrono::month(part(4, 2)), chrono::day(part(6, 2))};
    const unsigned hour = part(8, 2), minute = part(10, 2), second = part(12, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
        return malformed("no such time: \"" + std::string(text) + '"');
    }
    const auto at = chrono::sys_days(date) + chrono::hours(hour) + chrono::minutes(minute) +
                    chrono::seconds(second);
    const std::int64_t seconds = at.time_since_epoch().count();
    if (seconds < 0 || seconds > 0xffffffff) {
        return malformed("time not within 1970 to 2106: \"" + std::string(text) + '"');
    }
    return static_cast<std::uint32_t>(seconds);
}

}  // namespace

void FieldReader::take(const char* field, std::size_t count, BytesView& value) {
    if (fault_) return;
    if (left_.size() < count) return fail(field, "cut short");
    value = left_.first(count);
    left_ = left_.subspan(count);
}

void FieldReader::rest(BytesView& value) {
    if (fault_) return;
    value = left_;
    left_ = {};
}

void FieldReader::number(const char* field, std::uint8_t& value) {
    BytesView octets;
    take(field, 1, octets);
    if (!fault_) value = octets[0];
}

void FieldReader::number(const char* field, std::uint16_t& value) {
    BytesView octets;
    take(field, 2, octets);
    if (!fault_) value = static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

void FieldReader::number(const char* field, std::uint32_t& value) {
    BytesView octets;
    take(field, 4, octets);
    if (fault_) return;
    value = std::uint32_t(octets[0]) << 24 | std::uint32_t(octets[1]) << 16 |
            std::uint32_t(octets[2]) << 8 | octets[3];
}

void FieldReader::type(const char* field, Type& value) {
    std::uint16_t code = 0;
    number(field, code);
    if (!fault_) value = Type(code);
}

void FieldReader::name(const char* field, NameView& value) {
    const std::size_t size = name_octets(left_);
    if (!fault_ && size == 0) return fail(field, "cut short, too long or compressed");
    BytesView octets;
    take(field, size, octets);
    if (!fault_) value = NameView::trust(octets);
}

void FieldReader::string(const char* field, BytesView& value) {
    std::uint8_t length = 0;
    number(field, length);
    take(field, length, value);
}

void FieldReader::strings(const char* field, BytesView& value) {
    rest(value);
    if (fault_) return;
    if (value.empty()) return fail(field, "no string");
    std::size_t at = 0;
    while (at < value.size()) at += value[at] + 1U;
    if (at != value.size()) fail(field, "string cut short");
}

void FieldReader::types(const char* field, BytesView& value) {
    rest(value);
    if (fault_) return;
    if (const char* reason = type_bitmap_fault(value)) fail(field, reason);
}

void FieldReader::service_parameters(const char* field, BytesView& value) {
    rest(value);
    if (fault_) return;
    if (const char* reason = service_parameters_fault(value)) fail(field, reason);
}

const Fault& FieldReader::finish() {
    if (!left_.empty()) fail("RDATA", "octets after the last field");
    return fault_;
}

void FieldWriter::number(const char*, std::uint16_t value) {
    target_.push_back(static_cast<Byte>(value >> 8));
    target_.push_back(static_cast<Byte>(value));
}

void FieldWriter::number(const char* field, std::uint32_t value) {
    number(field, static_cast<std::uint16_t>(value >> 16));
    number(field, static_cast<std::uint16_t>(value));
}

void FieldWriter::string(const char*, BytesView value) {
    assert(value.size() <= 255);
    target_.push_back(static_cast<Byte>(value.size()));
    append(target_, value);
}

void FieldPrinter::add(std::string_view field) {
    if (field.empty()) return;
    if (!text_.empty()) text_.push_back(' ');
    text_ += field;
}

void FieldPrinter::token(const char* field, std::uint8_t value, std::span<const Token> tokens) {
    for (const Token& token : tokens) {
        if (token.value == value) return add(token.name);
    }
    number(field, value);
}

void FieldPrinter::time(const char*, std::uint32_t value) {
    namespace chrono = std::chrono;
    const chrono::sys_seconds at{chrono::seconds(value)};
    const chrono::sys_days day = chrono::floor<chrono::days>(at);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(at - day);
    add(digits(static_cast<unsigned>(int(date.year())), 4) + digits(unsigned(date.month()), 2) +
        digits(unsigned(date.day()), 2) + digits(unsigned(clock.hours().count()), 2) +
        digits(unsigned(clock.minutes().count()), 2) +
        digits(unsigned(clock.seconds().count()), 2));
}

void FieldPrinter::address4(const char*, BytesView value) {
    char text[INET_ADDRSTRLEN];
    add(inet_ntop(AF_INET, value.data(), text, sizeof text));
}

void FieldPrinter::address6(const char*, BytesView value) {
    char text[INET6_ADDRSTRLEN];
    add(inet_ntop(AF_INET6, value.data(), text, sizeof text));
}

void FieldPrinter::string(const char*, BytesView value) { add(quote(value)); }

void FieldPrinter::short_hex(const char*, BytesView value) {
    add(value.empty() ? "-" : to_hex(value));
}

void FieldPrinter::short_base32hex(const char*, BytesView value) { add(to_base32hex(value)); }

void FieldPrinter::strings(const char*, BytesView value) {
    while (!value.empty()) {
        add(quote(value.subspan(1, value[0])));
        value = value.subspan(value[0] + 1U);
    }
}

void FieldPrinter::hex(const char*, BytesView value) { add(to_hex(value)); }

void FieldPrinter::base64(const char*, BytesView value) { add(to_base64(value)); }

void FieldPrinter::types(const char*, BytesView value) {
    for (const Type type : types_in_bitmap(value)) add(to_text(type));
}

void FieldPrinter::service_parameters(const char*, BytesView value) {
    add(service_parameters_to_text(value));
}

void FieldParser::fail(const char* field, const std::string& reason) {
    if (outcome_) outcome_ = malformed(std::string(field) + ": " + reason);
}

std::string_view FieldParser::next(const char* field) {
    if (!outcome_) return {};
    if (tokens_.empty()) {
        fail(field, "missing");
        return {};
    }
    const std::string_view token = tokens_.front();
    tokens_ = tokens_.subspan(1);
    return token;
}

std::string FieldParser::rest() {
    std::string text;
    for (const std::string& token : tokens_) text += token;
    tokens_ = {};
    return text;
}

void FieldParser::put(std::uint32_t value, unsigned octets) {
    while (octets-- > 0) target_.push_back(static_cast<Byte>(value >> (8 * octets)));
}

void FieldParser::put(const char* field, const Result<Bytes>& octets) {
    if (!outcome_) return;
    if (!octets) return fail(field, octets.error().message());
    append(target_, *octets);
}

void FieldParser::put_with_length(const char* field, const Result<Bytes>& octets) {
    if (!outcome_) return;
    if (octets && octets->size() > 255) return fail(field, "more than 255 octets");
    if (octets) put(static_cast<std::uint32_t>(octets->size()), 1);
    put(field, octets);
}

void FieldParser::integer(const char* field, unsigned octets) {
    const std::string_view token = next(field);
    if (!outcome_) return;
    const auto value = parse_decimal<std::uint32_t>(token, 0xffffffffU >> (32 - 8 * octets));
    if (!value) return fail(field, value.error().message());
    put(*value, octets);
}

void FieldParser::integer_or_token(const char* field, std::span<const Token> tokens) {
    if (outcome_ && !tokens_.empty()) {
        for (const Token& token : tokens) {
            if (!is_same_word(token.name, tokens_.front())) continue;
            tokens_ = tokens_.subspan(1);
            return put(token.value, 1);
        }
    }
    integer(field, 1);
}

void FieldParser::algorithm(const char* field, std::uint8_t&) {
    integer_or_token(field, algorithms);
}

void FieldParser::token(const char* field, std::uint8_t&, std::span<const Token> tokens) {
    integer_or_token(field, tokens);
}

void FieldParser::seconds(const char* field, std::uint32_t&) {
    const std::string_view token = next(field);
    if (!outcome_) return;
    const auto value = parse_seconds(token);
    if (!value) return fail(field, value.error().message());
    put(*value, 4);
}

void FieldParser::time(const char* field, std::uint32_t&) {
    const std::string_view token = next(field);
    if (!outcome_) return;
    const auto value = parse_time(token);
    if (!value) return fail(field, value.error().message());
    put(*value, 4);
}

void FieldParser::type(const char* field, Type&) {
    const std::string_view token = next(field);
    if (!outcome_) return;
    const auto value = type_from_text(token);
    if (!value) return fail(field, value.error().message());
    put(std::uint16_t(*value), 2);
}

void FieldParser::name(const char* field, NameView&) {
    const std::string_view token = next(field);
    if (!outcome_) return;
    const auto value = Name::from_text(token, origin_);
    if (!value) return fail(field, value.error().message());
    append(target_, value->wire());
}

void FieldParser::address4(const char* field, BytesView&) {
    const std::string token(next(field));
    if (!outcome_) return;
    Byte address[4];
    if (token.find('\0') != std::string::npos || inet_pton(AF_INET, token.c_str(), address) != 1) {
        return fail(field, '"' + token + "\" is no IPv4 address");
    }
    append(target_, address);
}

void FieldParser::address6(const char* field, BytesView&) {
    const std::string token(next(field));
    if (!outcome_) return;
    Byte address[16];
    if (token.find('\0') != std::string::npos || inet_pton(AF_INET6, token.c_str(), address) != 1) {
        return fail(field, '"' + token + "\" is no IPv6 address");
    }
    append(target_, address);
}

void FieldParser::string(const char* field, BytesView&) {
    const std::string_view token = next(field);
    if (outcome_) put_with_length(field, decode_string(token));
}

void FieldParser::short_hex(const char* field, BytesView&) {
    const std::string_view token = next(field);
    if (outcome_) put_with_length(field, token == "-" ? Bytes() : from_hex(token));
}

void FieldParser::short_base32hex(const char* field, BytesView&) {
    const std::string_view token = next(field);
    if (outcome_) put_with_length(field, from_base32hex(token));
}

void FieldParser::strings(const char* field, BytesView& value) {
    do {
        string(field, value);
    } while (outcome_ && !tokens_.empty());
}

void FieldParser::text(const char* field, BytesView&) {
    const std::string_view token = next(field);
    if (outcome_) put(field, decode_string(token));
}

void FieldParser::hex(const char* field, BytesView&) { put(field, from_hex(rest())); }

void FieldParser::base64(const char* field, BytesView&) { put(field, from_base64(rest())); }

void FieldParser::types(const char* field, BytesView&) {
    std::vector<Type> types;
    for (const std::string& token : tokens_) {
        const auto type = type_from_text(token);
        if (!type) return fail(field, type.error().message());
        types.push_back(*type);
    }
    tokens_ = {};
    put(field, type_bitmap(std::move(types)));
}

void FieldParser::service_parameters(const char* field, BytesView&) {
    put(field, service_parameters_from_text(tokens_));
    tokens_ = {};
}

void FieldParser::obsolete(std::span<const std::string_view> words, bool at_end) {
    if (tokens_.empty() || (tokens_.size() == 1) != at_end) return;
    for (const std::string_view word : words) {
        if (is_same_word(word, tokens_.front())) {
            tokens_ = tokens_.subspan(1);
            return;
        }
    }
}

Result<void> FieldParser::finish() {
    if (outcome_ && !tokens_.empty()) {
        outcome_ = malformed("text after the last field: \"" + tokens_.front() + '"');
    }
    return outcome_;
}

}  // namespace chorale::dns::rdata
