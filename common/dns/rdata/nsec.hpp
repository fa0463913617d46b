// NSEC (RFC 4034 4.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Nsec {
    NameView next;
    BytesView types;  // see type_bitmap.hpp

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("next", next);
        visitor.types("types", types);
    }
};

}  // namespace chorale::dns::rdata
