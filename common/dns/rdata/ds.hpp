// DS (RFC 4034 5.1; digest lengths RFC 3658, 4509, 6605).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

// RFC 8624 3.3 lists the digest types; of others any length is possible.
inline bool is_digest_length(std::uint8_t digest_type, std::size_t octets) {
    switch (digest_type) {
        case 1: return octets == 20;
        case 2: return octets == 32;
        case 4: return octets == 48;
        default: return octets != 0;
    }
}

struct Ds {
    std::uint16_t key_tag = 0;
    std::uint8_t algorithm = 0;
    std::uint8_t digest_type = 0;
    BytesView digest;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("key tag", key_tag);
        visitor.algorithm("algorithm", algorithm);
        visitor.number("digest type", digest_type);
        visitor.hex("digest", digest);
    }
    const char* fault() const {
        return is_digest_length(digest_type, digest.size())
                   ? nullptr
                   : "digest does not have the length of its type";
    }
};

}  // namespace chorale::dns::rdata
