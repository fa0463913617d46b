// DNSKEY (RFC 4034 2.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Dnskey {
    std::uint16_t flags = 0;
    std::uint8_t protocol = 0;
    std::uint8_t algorithm = 0;
    BytesView key;

    static constexpr std::uint16_t zone_key = 0x0100;
    static constexpr std::uint16_t revoked = 0x0080;  // RFC 5011 3
    static constexpr std::uint16_t secure_entry_point = 0x0001;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("flags", flags);
        visitor.number("protocol", protocol);
        visitor.algorithm("algorithm", algorithm);
        visitor.base64("key", key);
    }
    const char* fault() const {
        if (protocol != 3) return "protocol is not 3";
        return key.empty() ? "empty key" : nullptr;
    }
};

}  // namespace chorale::dns::rdata
