#include "combiner/core/controlled.hpp"

#include <algorithm>

namespace chorale::combiner {

bool is_controlled(dns::Type type) {
    return std::ranges::find(controlled_types, type) != controlled_types.end();
}

bool is_kept_from_owner(dns::NameView owner, dns::Type type, dns::NameView apex) {
    switch (type) {
        case dns::Type::RRSIG:
        case dns::Type::NSEC:
        case dns::Type::NSEC3:
        case dns::Type::NSEC3PARAM: return false;
        case dns::Type::DNSKEY:
        case dns::Type::CDS:
        case dns::Type::CDNSKEY:
        case dns::Type::CSYNC:
        case dns::Type::ZONEMD: return !(owner == apex);
        default: return true;
    }
}

zone::ZoneDelta keep_from_owner(const zone::ZoneDelta& delta, dns::NameView apex,
                                DroppedCounts& dropped) {
    zone::ZoneDelta kept{delta.from_soa, delta.to_soa, {}, {}};
    delta.removed.for_each([&](const dns::RecordView& record) {
        if (is_kept_from_owner(record.owner, record.type, apex)) {
            kept.removed.add(record);
        } else if (dropped[record.type] > 0) {
            --dropped[record.type];
        }
    });
    delta.added.for_each([&](const dns::RecordView& record) {
        if (is_kept_from_owner(record.owner, record.type, apex)) {
            kept.added.add(record);
        } else {
            ++dropped[record.type];
        }
    });
    std::erase_if(dropped, [](const auto& entry) { return entry.second == 0; });
    return kept;
}

}  // namespace chorale::combiner
