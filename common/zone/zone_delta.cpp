#include "common/zone/zone_delta.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "common/dns/rdata.hpp"

namespace chorale::zone {
namespace {

constexpr std::uint8_t stored_version = 1;

dns::Record soa_record(const ZoneSnapshot& zone) {
    const dns::RRset& soa = zone.soa();
    return {zone.apex(), dns::Type::SOA, dns::Class::IN, soa.ttl, soa.rdatas.front()};
}

// Two ordered streams of records, merged: what only one of them has.
class Comparison {
public:
    Comparison(ZoneDelta& delta, std::size_t most_octets)
        : delta_(delta), most_octets_(most_octets) {}

    bool compare(std::span<const ChunkPointer> before, std::span<const ChunkPointer> after) {
        ChunkCursor old_cursor(before), new_cursor(after);
        dns::RecordView old_record, new_record;
        bool has_old = old_cursor.next(old_record), has_new = new_cursor.next(new_record);
        while (has_old || has_new) {
            const int order = !has_old   ? 1
                              : !has_new ? -1
                                         : compare_records(old_record, new_record);
            if (order == 0 && !is_identical(old_record, new_record)) {
                delta_.removed.add(old_record);
                delta_.added.add(new_record);
            } else if (order < 0) {
                delta_.removed.add(old_record);
            } else if (order > 0) {
                delta_.added.add(new_record);
            }
            if (delta_.octets() > most_octets_) return false;
            if (order <= 0) has_old = old_cursor.next(old_record);
            if (order >= 0) has_new = new_cursor.next(new_record);
        }
        return true;
    }

private:
    ZoneDelta& delta_;
    std::size_t most_octets_;
};

}  // namespace

Serial ZoneDelta::from() const { return dns::soa_serial(from_soa.rdata); }
Serial ZoneDelta::to() const { return dns::soa_serial(to_soa.rdata); }

std::optional<ZoneDelta> compute_delta(const ZoneSnapshot& before, const ZoneSnapshot& after,
                                       std::size_t most_octets) {
    ZoneDelta delta{soa_record(before), soa_record(after), {}, {}};
    add_head_difference(before, after, delta);
    if (delta.octets() > most_octets) return std::nullopt;
    Comparison comparison(delta, most_octets);
    const ChunkList& old_chunks = before.body();
    const ChunkList& new_chunks = after.body();
    std::unordered_set<const Chunk*> kept;
    for (const ChunkPointer& chunk : new_chunks) kept.insert(chunk.get());
    std::unordered_set<const Chunk*> had;
    for (const ChunkPointer& chunk : old_chunks) had.insert(chunk.get());
    // Shared chunks come in the same order in both lists; only the stretches
    // between them are read.
    std::size_t i = 0, j = 0;
    while (i < old_chunks.size() || j < new_chunks.size()) {
        const std::size_t old_start = i, new_start = j;
        while (i < old_chunks.size() && !kept.contains(old_chunks[i].get())) ++i;
        while (j < new_chunks.size() && !had.contains(new_chunks[j].get())) ++j;
        const std::span<const ChunkPointer> old_all = old_chunks, new_all = new_chunks;
        if (!comparison.compare(old_all.subspan(old_start, i - old_start),
                                new_all.subspan(new_start, j - new_start))) {
            return std::nullopt;
        }
        if (i < old_chunks.size()) ++i;
        if (j < new_chunks.size()) ++j;
    }
    return delta;
}

void add_head_difference(const ZoneSnapshot& before, const ZoneSnapshot& after, ZoneDelta& delta) {
    const auto add_missing = [](const ZoneSnapshot& in, const ZoneSnapshot& from,
                                RecordList& list) {
        for (const dns::RRset& rrset : in.head()) {
            if (rrset.type == dns::Type::SOA) continue;
            const dns::RRset* other = from.find_in_head(rrset.type);
            for (const Bytes& rdata : rrset.rdatas) {
                const bool is_there =
                    other && other->ttl == rrset.ttl &&
                    std::ranges::find(other->rdatas, rdata) != other->rdatas.end();
                if (!is_there) {
                    list.add({rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata});
                }
            }
        }
    };
    add_missing(before, after, delta.removed);
    add_missing(after, before, delta.added);
}

ZoneDelta condense(std::span<const ZoneDelta* const> chain) {
    // Net effect of each record, told apart by everything but its class.
    struct Less {
        bool operator()(const dns::RecordView& a, const dns::RecordView& b) const {
            const int order = compare_records(a, b);
            if (order != 0) return order < 0;
            if (a.ttl != b.ttl) return a.ttl < b.ttl;
            const int case_order = compare(a.owner.wire(), b.owner.wire());
            return case_order != 0 ? case_order < 0 : compare(a.rdata, b.rdata) < 0;
        }
    };
    std::map<dns::RecordView, int, Less> net;
    for (const ZoneDelta* delta : chain) {
        delta->removed.for_each([&](const dns::RecordView& record) { --net[record]; });
        delta->added.for_each([&](const dns::RecordView& record) { ++net[record]; });
    }
    ZoneDelta result{chain.front()->from_soa, chain.back()->to_soa, {}, {}};
    for (const auto& [record, count] : net) {
        if (count < 0) result.removed.add(record);
        if (count > 0) result.added.add(record);
    }
    return result;
}

Bytes to_stored(const ZoneDelta& delta) {
    RecordList soas;
    soas.add(delta.from_soa.view());
    soas.add(delta.to_soa.view());
    Bytes octets;
    dns::WireWriter writer(octets);
    writer.u8(stored_version);
    for (const RecordList* list : {&std::as_const(soas), &delta.removed, &delta.added}) {
        writer.u32(static_cast<std::uint32_t>(list->octets().size()));
        writer.octets(list->octets());
    }
    return octets;
}

Result<ZoneDelta> delta_from_stored(BytesView octets) {
    dns::WireReader reader(octets);
    if (reader.u8() != stored_version) return malformed("stored delta has an unknown version");
    RecordList lists[3];
    for (RecordList& list : lists) {
        const std::size_t length = reader.u32();
        const BytesView packed = reader.octets(length);
        if (reader.failed()) return malformed("stored delta is cut");
        auto read = RecordList::from_octets(to_bytes(packed));
        if (!read) return read.error().in("stored delta");
        list = std::move(*read);
    }
    std::vector<dns::Record> soas;
    lists[0].for_each([&](const dns::RecordView& record) { soas.push_back(to_record(record)); });
    if (!reader.at_end() || soas.size() != 2 || soas[0].type != dns::Type::SOA ||
        soas[1].type != dns::Type::SOA) {
        return malformed("stored delta has no two SOA records");
    }
    return ZoneDelta{std::move(soas[0]), std::move(soas[1]), std::move(lists[1]),
                     std::move(lists[2])};
}

}  // namespace chorale::zone
