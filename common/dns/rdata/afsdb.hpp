// AFSDB (RFC 1183 1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Afsdb {
    std::uint16_t subtype = 0;
    NameView server;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("subtype", subtype);
        visitor.name("server", server);
    }
};

}  // namespace chorale::dns::rdata
