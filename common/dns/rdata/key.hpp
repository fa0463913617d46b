// KEY (RFC 2535 3, RFC 3445): public keys of SIG(0).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Key {
    std::uint16_t flags = 0;
    std::uint8_t protocol = 0;
    std::uint8_t algorithm = 0;
    BytesView key;

    // RFC 2535 3.1.2: both upper bits set say that there is no key.
    bool is_no_key() const { return (flags & 0xc000) == 0xc000; }

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("flags", flags);
        visitor.number("protocol", protocol);
        visitor.algorithm("algorithm", algorithm);
        visitor.base64("key", key);
    }
    const char* fault() const { return key.empty() && !is_no_key() ? "empty key" : nullptr; }
};

}  // namespace chorale::dns::rdata
