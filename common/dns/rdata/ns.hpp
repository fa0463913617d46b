// NS (RFC 1035 3.3.11).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Ns {
    NameView server;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("server", server);
    }
};

}  // namespace chorale::dns::rdata
