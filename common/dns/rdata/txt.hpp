// TXT (RFC 1035 3.3.14) and SPF (RFC 7208 3.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Txt {
    BytesView strings;  // with their length octets

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.strings("strings", strings);
    }
};

}  // namespace chorale::dns::rdata
