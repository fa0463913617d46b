// RP (RFC 1183 2.2).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Rp {
    NameView mailbox;
    NameView text;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.name("mailbox", mailbox);
        visitor.name("text", text);
    }
};

}  // namespace chorale::dns::rdata
