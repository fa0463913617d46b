// NAPTR (RFC 3403 4.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Naptr {
    std::uint16_t order = 0;
    std::uint16_t preference = 0;
    BytesView flags;
    BytesView services;
    BytesView expression;
    NameView replacement;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("order", order);
        visitor.number("preference", preference);
        visitor.string("flags", flags);
        visitor.string("services", services);
        visitor.string("expression", expression);
        visitor.name("replacement", replacement);
    }
};

}  // namespace chorale::dns::rdata
