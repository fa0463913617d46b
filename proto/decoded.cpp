#include "proto/decoded.hpp"

#include <algorithm>

namespace chorale::proto {
namespace {

std::uint8_t mirror(std::uint8_t octet) {
    std::uint8_t mirrored = 0;
    for (int bit = 0; bit < 8; ++bit) {
        if (octet & 1 << bit) mirrored = static_cast<std::uint8_t>(mirrored | 0x80 >> bit);
    }
    return mirrored;
}

}  // namespace

std::string_view to_text(Note note) {
    switch (note) {
        case Note::mirrored_bits: return "mirrored bits";
        case Note::missing_baseline: return "missing baseline";
        case Note::reserved_octet: return "reserved octet";
        case Note::unknown_fact: return "unknown fact";
        case Note::unknown_value: return "unknown value";
    }
    return "?";
}

void Decoded::note(Note what) {
    const auto at = std::lower_bound(notes.begin(), notes.end(), what);
    if (at == notes.end() || *at != what) notes.insert(at, what);
}

template <class Bit>
Capabilities<Bit> read_capabilities(std::uint8_t octet, Decoded& noted) {
    constexpr std::uint8_t baseline = Capabilities<Bit>::baseline;
    if ((octet & baseline) == 0 && (octet & 0x80) != 0) {
        noted.note(Note::mirrored_bits);
        return Capabilities<Bit>(mirror(octet));
    }
    if ((octet & baseline) == 0) noted.note(Note::missing_baseline);
    return Capabilities<Bit>(octet);
}

template Transports read_capabilities(std::uint8_t, Decoded&);
template Synchronizations read_capabilities(std::uint8_t, Decoded&);

dns::Rcode rcode_of(const Error& error) {
    return error.kind() == ErrorKind::not_found ? dns::Rcode::NOTIMP : dns::Rcode::FORMERR;
}

}  // namespace chorale::proto
