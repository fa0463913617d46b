// TLSA (RFC 6698 2.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Tlsa {
    std::uint8_t usage = 0;
    std::uint8_t selector = 0;
    std::uint8_t matching = 0;
    BytesView association;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("usage", usage);
        visitor.number("selector", selector);
        visitor.number("matching type", matching);
        visitor.hex("association", association);
    }
    const char* fault() const { return association.empty() ? "empty association" : nullptr; }
};

}  // namespace chorale::dns::rdata
