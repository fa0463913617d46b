// DNAME (RFC 6672 2.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Dname {
    NameView target;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("target", target);
    }
};

}  // namespace chorale::dns::rdata
