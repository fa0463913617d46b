// SOA (RFC 1035 3.3.13, RFC 2308 4).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Soa {
    NameView primary;
    NameView mailbox;
    std::uint32_t serial = 0;   // RFC 1982
    std::uint32_t refresh = 0;  // these in seconds
    std::uint32_t retry = 0;
    std::uint32_t expire = 0;
    std::uint32_t minimum = 0;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("primary", primary);
        visitor.name("mailbox", mailbox);
        visitor.number("serial", serial);
        visitor.seconds("refresh", refresh);
        visitor.seconds("retry", retry);
        visitor.seconds("expire", expire);
        visitor.seconds("minimum", minimum);
    }
};

}  // namespace chorale::dns::rdata
