// The durable part of a zone's state as octets, versioned, and back.
#pragma once

#include "common/base/result.hpp"
#include "msa/core/zone_state.hpp"

namespace chorale::msa {

Bytes encode(const ZoneState& state);

// Errors (malformed): another version, or octets that encode() never wrote.
Result<ZoneState> decode(BytesView octets);

}  // namespace chorale::msa
