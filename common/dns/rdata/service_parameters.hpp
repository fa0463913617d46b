// SvcParams of SVCB and HTTPS (RFC 9460 2.1, 2.2, 7 and 8; RFC 9461 5, RFC 9540 4).
#pragma once

#include <span>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale::dns::rdata {

// Why the octets are no SvcParams, or nullptr: keys ascending and unique, values of
// known keys of their shape, mandatory keys present (RFC 9460 2.2, 7, 8).
const char* service_parameters_fault(BytesView parameters);

// "key=value" with a space between, without leading space.
std::string service_parameters_to_text(BytesView parameters);

// One token a parameter, in any order. Errors: malformed, names the key.
Result<Bytes> service_parameters_from_text(std::span<const std::string> tokens);

}  // namespace chorale::dns::rdata
