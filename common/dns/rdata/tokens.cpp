#include "common/dns/rdata/tokens.hpp"

#include <limits>

namespace chorale::dns::rdata {
namespace {

bool is_digit(char character) { return character >= '0' && character <= '9'; }

char lower(char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + 32) : character;
}

}  // namespace

Result<Bytes> decode_string(std::string_view token) {
    const auto shown = [&] { return ": " + std::string(token.substr(0, 80)); };
    std::string_view text = token;
    if (text.starts_with('"')) {
        if (text.size() < 2 || !text.ends_with('"')) return malformed("open quote" + shown());
        text = text.substr(1, text.size() - 2);
    }
    Bytes octets;
    octets.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') return malformed("quote within a string" + shown());
        if (text[i] != '\\') {
            octets.push_back(static_cast<Byte>(text[i]));
            continue;
        }
        if (++i == text.size()) return malformed("escape without a character" + shown());
        if (!is_digit(text[i])) {
            octets.push_back(static_cast<Byte>(text[i]));
            continue;
        }
        if (i + 2 >= text.size() || !is_digit(text[i + 1]) || !is_digit(text[i + 2])) {
            return malformed("escape needs three digits" + shown());
        }
        const int value = (text[i] - '0') * 100 + (text[i + 1] - '0') * 10 + (text[i + 2] - '0');
        if (value > 255) return malformed("escape above 255" + shown());
        octets.push_back(static_cast<Byte>(value));
        i += 2;
    }
    return octets;
}

std::string quote(BytesView octets) {
    std::string text = "\"";
    for (const Byte octet : octets) {
        if (octet < 0x20 || octet >= 0x7f) {
            text.push_back('\\');
            text.push_back(static_cast<char>('0' + octet / 100));
            text.push_back(static_cast<char>('0' + octet / 10 % 10));
            text.push_back(static_cast<char>('0' + octet % 10));
            continue;
        }
        if (octet == '"' || octet == '\\') text.push_back('\\');
        text.push_back(static_cast<char>(octet));
    }
    text.push_back('"');
    return text;
}

Result<std::uint32_t> parse_seconds(std::string_view text) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    std::uint64_t total = 0;
    std::uint64_t number = 0;
    bool has_digits = false;
    bool has_unit = false;
    for (const char character : text) {
        if (is_digit(character)) {
            number = number * 10 + static_cast<std::uint64_t>(character - '0');
            has_digits = true;
            if (number > most) break;
            continue;
        }
        std::uint64_t unit = 0;
        switch (lower(character)) {
            case 'w': unit = 604800; break;
            case 'd': unit = 86400; break;
            case 'h': unit = 3600; break;
            case 'm': unit = 60; break;
            case 's': unit = 1; break;
            default: break;
        }
        if (unit == 0 || !has_digits)
            return malformed('"' + std::string(text) + "\" is no duration");
        total += number * unit;
        number = 0;
        has_digits = false;
        has_unit = true;
        if (total > most) break;
    }
    if (!has_digits && !has_unit) return malformed('"' + std::string(text) + "\" is no duration");
    total += number;
    if (total > most) return malformed("duration above 4294967295 seconds");
    return static_cast<std::uint32_t>(total);
}

bool is_same_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

}  // namespace chorale::dns::rdata
