// Hex, Base64 and Base32hex (RFC 4648), and decimal numbers, both ways.
#pragma once

#include <charconv>
#include <concepts>
#include <limits>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale {

std::string to_hex(BytesView octets);        // upper case, as in DS records
std::string to_base64(BytesView octets);     // with padding
std::string to_base32hex(BytesView octets);  // upper case, without padding (RFC 5155)

// Any case; an odd number of digits or another character is malformed.
Result<Bytes> from_hex(std::string_view text);
// Strict: full groups with padding, no white space, zero trailing bits.
Result<Bytes> from_base64(std::string_view text);
Result<Bytes> from_base32hex(std::string_view text);

// A decimal number without sign, spaces or other decoration, from 0 to `most`.
template <std::unsigned_integral Number>
Result<Number> parse_decimal(std::string_view text,
                             Number most = std::numeric_limits<Number>::max()) {
    Number value = 0;
    const char* end = text.data() + text.size();
    const auto [at, failure] = std::from_chars(text.data(), end, value);
    if (text.empty() || failure != std::errc() || at != end || value > most) {
        return malformed("expected a number from 0 to " + std::to_string(most) + ", got \"" +
                         std::string(text) + '"');
    }
    return value;
}

}  // namespace chorale
