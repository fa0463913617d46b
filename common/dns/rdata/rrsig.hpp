// RRSIG (RFC 4034 3.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Rrsig {
    Type covered = Type(0);
    std::uint8_t algorithm = 0;
    std::uint8_t labels = 0;
    std::uint32_t original_ttl = 0;
    std::uint32_t expiration = 0;  // seconds since 1970 modulo 2^32
    std::uint32_t inception = 0;
    std::uint16_t key_tag = 0;
    NameView signer;
    BytesView signature;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.type("type covered", covered);
        visitor.algorithm("algorithm", algorithm);
        visitor.number("labels", labels);
        visitor.number("original TTL", original_ttl);
        visitor.time("expiration", expiration);
        visitor.time("inception", inception);
        visitor.number("key tag", key_tag);
        visitor.name("signer", signer);
        visitor.base64("signature", signature);
    }
    const char* fault() const { return signature.empty() ? "empty signature" : nullptr; }
};

}  // namespace chorale::dns::rdata
