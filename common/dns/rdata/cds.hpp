// CDS (RFC 7344 3.1), and the request to delete the DS RRset (RFC 8078 4).
#pragma once

#include "common/dns/rdata/ds.hpp"

namespace chorale::dns::rdata {

struct Cds : Ds {
    bool is_delete() const {
        return key_tag == 0 && algorithm == 0 && digest_type == 0 && digest.size() == 1 &&
               digest[0] == 0;
    }
    const char* fault() const {
        if (algorithm != 0 && digest_type != 0) return Ds::fault();
        return is_delete() ? nullptr : "algorithm or digest type 0, but not \"0 0 0 00\"";
    }
};

}  // namespace chorale::dns::rdata
