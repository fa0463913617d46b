// The difference between two serials of a zone, as IXFR carries it (RFC 1995 4).
#pragma once

#include <optional>

#include "common/zone/record_list.hpp"
#include "common/zone/zone_snapshot.hpp"

namespace chorale::zone {

struct ZoneDelta {
    dns::Record from_soa;  // the zone's SOA before ...
    dns::Record to_soa;    // ... and after
    RecordList removed;    // without SOA; TTL as it was
    RecordList added;      // without SOA

    Serial from() const;
    Serial to() const;
    std::size_t octets() const { return removed.octets().size() + added.octets().size(); }
};

// What turns `before` into `after`; chunks that both share cost nothing. Nothing
// when it would be larger than `most_octets`.
std::optional<ZoneDelta> compute_delta(const ZoneSnapshot& before, const ZoneSnapshot& after,
                                       std::size_t most_octets);

// What differs in the head alone (SOA aside), appended to a delta.
void add_head_difference(const ZoneSnapshot& before, const ZoneSnapshot& after, ZoneDelta& delta);

// One delta with the effect of a chain (each from() is the to() before it):
// records removed and added again cancel out. `chain` is not empty.
ZoneDelta condense(std::span<const ZoneDelta* const> chain);

// Stored form: version octet, both SOA records, both lists.
Bytes to_stored(const ZoneDelta& delta);
Result<ZoneDelta> delta_from_stored(BytesView octets);

}  // namespace chorale::zone
