// SSHFP (RFC 4255 3.1).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Sshfp {
    std::uint8_t algorithm = 0;
    std::uint8_t fingerprint_type = 0;
    BytesView fingerprint;

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("algorithm", algorithm);
        visitor.number("fingerprint type", fingerprint_type);
        visitor.hex("fingerprint", fingerprint);
    }
    const char* fault() const { return fingerprint.empty() ? "empty fingerprint" : nullptr; }
};

}  // namespace chorale::dns::rdata
