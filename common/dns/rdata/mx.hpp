// MX (RFC 1035 3.3.9).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Mx {
    std::uint16_t preference = 0;
    NameView exchange;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("preference", preference);
        visitor.name("exchange", exchange);
    }
};

}  // namespace chorale::dns::rdata
