// CDNSKEY (RFC 7344 3.2), and the request to delete the DS RRset (RFC 8078 4).
#pragma once

#include "common/dns/rdata/dnskey.hpp"

namespace chorale::dns::rdata {

struct Cdnskey : Dnskey {
    bool is_delete() const {
        return flags == 0 && protocol == 3 && algorithm == 0 && key.size() == 1 && key[0] == 0;
    }
    const char* fault() const {
        if (algorithm != 0) return Dnskey::fault();
        return is_delete() ? nullptr : "algorithm 0, but not \"0 3 0 AA==\"";
    }
};

}  // namespace chorale::dns::rdata
