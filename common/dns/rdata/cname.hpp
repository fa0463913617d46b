// CNAME (RFC 1035 3.3.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Cname {
    NameView target;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("target", target);
    }
};

}  // namespace chorale::dns::rdata
