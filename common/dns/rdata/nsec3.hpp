// NSEC3 (RFC 5155 3).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Nsec3 {
    std::uint8_t hash_algorithm = 0;
    std::uint8_t flags = 0;
    std::uint16_t iterations = 0;
    BytesView salt;
    BytesView next_hash;
    BytesView types;  // see type_bitmap.hpp

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("hash algorithm", hash_algorithm);
        visitor.number("flags", flags);
        visitor.number("iterations", iterations);
        visitor.short_hex("salt", salt);
        visitor.short_base32hex("next hash", next_hash);
        visitor.types("types", types);
    }
    const char* fault() const { return next_hash.empty() ? "empty hash" : nullptr; }
};

}  // namespace chorale::dns::rdata
