// A (RFC 1035 3.4.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct A {
    BytesView address;  // 4 octets

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.address4("address", address);
    }
};

}  // namespace chorale::dns::rdata
