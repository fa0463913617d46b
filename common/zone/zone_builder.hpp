// Makes zones: from a whole transfer (ZoneBuilder) and from an older serial and
// a delta (apply_delta). What may not be in a zone is an error that names it.
#pragma once

#include "common/zone/zone_delta.hpp"

namespace chorale::zone {

// Bounds against hostile or broken primaries, per zone.
struct ZoneLimits {
    std::size_t records = 50'000'000;
    std::size_t octets = std::size_t{4} << 30;
    std::size_t records_per_rrset = 100;
    std::size_t types_per_name = 100;
};

// Groups ordered records by owner, checks each group (CNAME and DNAME alone in
// their RRset, CNAME alone at its name but for what signs it: RFC 1034 3.6.2, RFC
// 6672 2.4, RFC 4035 2.5; limits), orders it and cuts it into chunks. Of records
// that differ only in TTL or case of names, the first stays (RFC 2181 5).
class OwnerGroups {
public:
    OwnerGroups(ChunkIds& ids, const ZoneLimits& limits) : writer_(ids), limits_(&limits) {}
    // owner_ refers to owner_octets_.
    OwnerGroups(const OwnerGroups&) = delete;
    OwnerGroups& operator=(const OwnerGroups&) = delete;

    // Owners must not go backwards; within an owner any order is right.
    Result<void> add(const dns::RecordView& record);
    // Owner of the group that is open; empty when none is.
    const dns::NameView* owner() const { return group_.empty() ? nullptr : &owner_; }
    Result<void> finish_group();
    // Octets of the chunk that is open, the open group included.
    std::size_t open_octets() const { return writer_.open_octets() + group_.octets().size(); }
    // After finish_group().
    ChunkList take() { return writer_.take(); }

private:
    void order_group();

    ChunkWriter writer_;
    const ZoneLimits* limits_;
    // The open group, offsets_ in order unless is_unordered_.
    RecordList group_;
    std::vector<std::size_t> offsets_;
    bool is_unordered_ = false;
    Bytes owner_octets_;
    dns::NameView owner_;
};

// A whole zone, record by record, in any order; in zone order it is cheapest.
class ZoneBuilder {
public:
    // `head_types` at the apex go into the head of the snapshot, and so does SOA.
    // `ids` outlives it.
    ZoneBuilder(dns::Name apex, std::vector<dns::Type> head_types, ChunkIds& ids,
                const ZoneLimits& limits);
    ZoneBuilder(const ZoneBuilder&) = delete;
    ZoneBuilder& operator=(const ZoneBuilder&) = delete;

    // Errors: out of the zone, class not IN, metatype, RDATA missing, CNAME at the
    // apex, a second SOA, a limit. After an error the builder is of no use.
    Result<void> add(const dns::RecordView& record);
    // Sorts if it must: may take a second for a million records. Errors: no SOA,
    // and what OwnerGroups finds.
    Result<ZoneSnapshot> finish();

private:
    Result<void> add_to_head(const dns::RecordView& record);

    dns::Name apex_;
    std::vector<dns::Type> head_types_;
    ChunkIds* ids_;
    ZoneLimits limits_;
    OwnerGroups ordered_;
    // What came after a later owner.
    RecordList staged_;
    std::vector<dns::RRset> head_;
    bool has_soa_ = false;
    std::size_t records_ = 0;
    std::size_t octets_ = 0;
};

// `before` with the chunks of `after` that have the same content put in their
// place, so that both share them.
ZoneSnapshot share_chunks(const ZoneSnapshot& before, const ZoneSnapshot& after);

struct AppliedDelta {
    ZoneSnapshot zone;
    // What really changed: records as they were in the zone (TTL, case), without
    // additions that were there already and without what is removed and added
    // again as it was.
    ZoneDelta effective;
};

// Errors (malformed, limit): the delta does not start at this serial, removes what
// is not there, adds out of the zone, or makes a zone that ZoneBuilder would refuse.
Result<AppliedDelta> apply_delta(const ZoneSnapshot& zone, const ZoneDelta& delta,
                                 std::span<const dns::Type> head_types, ChunkIds& ids,
                                 const ZoneLimits& limits);

}  // namespace chorale::zone
