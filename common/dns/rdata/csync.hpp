// CSYNC (RFC 7477 2.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Csync {
    std::uint32_t serial = 0;
    std::uint16_t flags = 0;
    BytesView types;  // see type_bitmap.hpp

    static constexpr std::uint16_t immediate = 1;
    static constexpr std::uint16_t soa_minimum = 2;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("serial", serial);
        visitor.number("flags", flags);
        visitor.types("types", types);
    }
};

}  // namespace chorale::dns::rdata
