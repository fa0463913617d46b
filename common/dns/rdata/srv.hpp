// SRV (RFC 2782).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Srv {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    NameView target;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("priority", priority);
        visitor.number("weight", weight);
        visitor.number("port", port);
        visitor.name("target", target);
    }
};

}  // namespace chorale::dns::rdata
