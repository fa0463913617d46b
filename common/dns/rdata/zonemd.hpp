// ZONEMD (RFC 8976 2.2).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Zonemd {
    std::uint32_t serial = 0;
    std::uint8_t scheme = 0;
    std::uint8_t algorithm = 0;
    BytesView digest;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("serial", serial);
        visitor.number("scheme", scheme);
        visitor.number("hash algorithm", algorithm);
        visitor.hex("digest", digest);
    }
    const char* fault() const {
        if (digest.size() < 12) return "digest shorter than 12 octets";  // RFC 8976 2.2.4
        const bool fits =
            (algorithm != 1 || digest.size() == 48) && (algorithm != 2 || digest.size() == 64);
        return fits ? nullptr : "digest does not have the length of its algorithm";
    }
};

}  // namespace chorale::dns::rdata
