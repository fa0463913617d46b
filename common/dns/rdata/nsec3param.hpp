// NSEC3PARAM (RFC 5155 4).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Nsec3param {
    std::uint8_t hash_algorithm = 0;
    std::uint8_t flags = 0;
    std::uint16_t iterations = 0;
    BytesView salt;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("hash algorithm", hash_algorithm);
        visitor.number("flags", flags);
        visitor.number("iterations", iterations);
        visitor.short_hex("salt", salt);
    }
};

}  // namespace chorale::dns::rdata
