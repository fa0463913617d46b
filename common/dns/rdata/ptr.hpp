// PTR (RFC 1035 3.3.12).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Ptr {
    NameView target;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("target", target);
    }
};

}  // namespace chorale::dns::rdata
