// MSIGNER (draft-leon-distributed-multi-signer, "The MSIGNER RRset"): a state and the
// identity of a multi-signer agent. Its examples once had the transport between the
// two; that word is accepted in text and dropped.
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Msigner {
    std::uint8_t state = 0;  // any other than these two is neither
    NameView identity;

    static constexpr std::uint8_t on = 1;
    static constexpr std::uint8_t off = 2;
    static constexpr Token states[] = {{on, "ON"}, {off, "OFF"}};
    static constexpr std::string_view transports[] = {"DNS", "API"};

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.token("state", state, states);
        visitor.obsolete(transports, false);
        visitor.name("identity", identity);
        visitor.obsolete(transports, true);
    }
};

}  // namespace chorale::dns::rdata
