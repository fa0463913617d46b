// SVCB and HTTPS (RFC 9460).
#pragma once

#include "common/dns/rdata/visitors.hpp"

namespace chorale::dns::rdata {

struct Svcb {
    std::uint16_t priority = 0;  // 0 is AliasMode
    NameView target;
    BytesView parameters;  // see service_parameters.hpp

    template <class Visitor>
    void fields(Visitor& visitor) {
        visitor.number("priority", priority);
        visitor.name("target", target);
        visitor.service_parameters("parameters", parameters);
    }
    const char* fault() const {
        // RFC 9460 2.4.2; they could only be ignored.
        return priority == 0 && !parameters.empty() ? "parameters in AliasMode" : nullptr;
    }
};

}  // namespace chorale::dns::rdata
