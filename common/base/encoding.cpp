#include "common/base/encoding.hpp"

namespace chorale {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base32hex_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

std::string encode_bits(BytesView octets, std::string_view digits, unsigned width) {
    std::string text;
    text.reserve((octets.size() * 8 + width - 1) / width);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const Byte octet : octets) {
        pending = pending << 8 | octet;
        bits += 8;
        while (bits >= width) {
            bits -= width;
            text.push_back(digits[pending >> bits & ((1U << width) - 1)]);
        }
        pending &= (1U << bits) - 1;
    }
    if (bits > 0) text.push_back(digits[pending << (width - bits) & ((1U << width) - 1)]);
    return text;
}

// Digits to octets; a rest of unused bits must be zero and shorter than a digit.
Result<Bytes> decode_bits(std::string_view text, std::string_view digits, unsigned width,
                          const char* what) {
    Bytes octets;
    octets.reserve(text.size() * width / 8);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const char character : text) {
        const auto value = digits.find(character);
        if (value == std::string_view::npos) {
            return malformed(std::string("not a ") + what + " character: '" + character + '\'');
        }
        pending = pending << width | static_cast<std::uint32_t>(value);
        bits += width;
        if (bits >= 8) {
            bits -= 8;
            octets.push_back(static_cast<Byte>(pending >> bits));
            pending &= (1U << bits) - 1;
        }
    }
    if (bits >= width || pending != 0) {
        return malformed(std::string(what) + " text has a wrong length or stray bits at its end");
    }
    return octets;
}

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& character : result) {
        if (character >= 'a' && character <= 'z') character = static_cast<char>(character - 32);
    }
    return result;
}

}  // namespace

std::string to_hex(BytesView octets) { return encode_bits(octets, hex_digits, 4); }

std::string to_base64(BytesView octets) {
    std::string text = encode_bits(octets, base64_digits, 6);
    while (text.size() % 4 != 0) text.push_back('=');
    return text;
}

std::string to_base32hex(BytesView octets) { return encode_bits(octets, base32hex_digits, 5); }

Result<Bytes> from_hex(std::string_view text) {
    return decode_bits(upper(text), hex_digits, 4, "hexadecimal");
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return malformed("base64 text is not a multiple of four characters");
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode_bits(text, base64_digits, 6, "base64");
}

Result<Bytes> from_base32hex(std::string_view text) {
    return decode_bits(upper(text), base32hex_digits, 5, "base32hex");
}

}  // namespace chorale
