// Serial number arithmetic (RFC 1982) on SOA serials.
#pragma once

#include <cstdint>

namespace chorale::zone {

using Serial = std::uint32_t;

// a > b in the sense of RFC 1982 3.2. Serials 2^31 apart are not comparable: false both ways.
constexpr bool is_newer(Serial a, Serial b) {
    return a != b && static_cast<Serial>(a - b) < 0x80000000U;
}

constexpr bool are_comparable(Serial a, Serial b) {
    return static_cast<Serial>(a - b) != 0x80000000U;
}

}  // namespace chorale::zone
