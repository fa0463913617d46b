// URI (RFC 7553 4.5).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Uri {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    BytesView target;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("priority", priority);
        visitor.number("weight", weight);
        visitor.text("target", target);
    }
    const char* fault() const { return target.empty() ? "empty target" : nullptr; }
};

}  // namespace chorale::dns::rdata
