// HINFO (RFC 1035 3.3.2, RFC 8482).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Hinfo {
    BytesView processor;
    BytesView system;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.string("processor", processor);
        visitor.string("system", system);
    }
};

}  // namespace chorale::dns::rdata
