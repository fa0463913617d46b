// SIG (RFC 2535 4.1), of which SIG(0) is the one with type covered 0 (RFC 2931 3).
#pragma once

#include "common/dns/rdata/rrsig.hpp"

namespace chorale::dns::rdata {

struct Sig : Rrsig {};

}  // namespace chorale::dns::rdata
