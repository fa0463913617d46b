// AAAA (RFC 3596 2.2).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Aaaa {
    BytesView address;  // 16 octets

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.address6("address", address);
    }
};

}  // namespace chorale::dns::rdata
