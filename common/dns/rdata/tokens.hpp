// The smallest pieces of presentation form (RFC 1035 5.1): strings with quotes and
// escapes, and durations.
#pragma once

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale::dns::rdata {

// The octets that a token stands for: outer quotes removed, \DDD and \X resolved.
Result<Bytes> decode_string(std::string_view token);

// In quotes, with \DDD for what is not printable ASCII.
std::string quote(BytesView octets);

// "3600", or with units as in "1h30m" (w d h m s, any case); at most 2^32 - 1.
Result<std::uint32_t> parse_seconds(std::string_view text);

// Whether ASCII letters apart from their case are the same.
bool is_same_word(std::string_view a, std::string_view b);

}  // namespace chorale::dns::rdata
