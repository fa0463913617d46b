#include "common/zone/record_list.hpp"

#include <algorithm>
#include <cassert>

#include "common/dns/rdata.hpp"
#include "common/dns/wire.hpp"

namespace chorale::zone {
namespace {

// Owner length (1), owner, type (2), TTL (4), RDATA length (2), RDATA.
constexpr std::size_t fixed_octets = 9;

std::uint32_t number_at(BytesView octets, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | octets[at + i];
    return value;
}

}  // namespace

int compare_records(const dns::RecordView& a, const dns::RecordView& b) {
    if (!is_identical(a.owner, b.owner)) {
        const int order = compare_canonical(a.owner, b.owner);
        if (order != 0) return order;
    }
    if (a.type != b.type) return int(a.type) - int(b.type);
    return dns::compare_rdata(a.type, a.rdata, b.rdata);
}

bool is_identical(const dns::RecordView& a, const dns::RecordView& b) {
    return a.type == b.type && a.klass == b.klass && a.ttl == b.ttl &&
           is_identical(a.owner, b.owner) && equal(a.rdata, b.rdata);
}

Result<RecordList> RecordList::from_octets(Bytes octets) {
    RecordList list;
    list.octets_ = std::move(octets);
    const BytesView all = list.octets_;
    std::size_t at = 0;
    while (at < all.size()) {
        const std::size_t owner_octets = all[at];
        if (at + fixed_octets + owner_octets > all.size()) return malformed("record list is cut");
        const auto owner = dns::Name::from_wire(all.subspan(at + 1, owner_octets));
        if (!owner) return owner.error().in("record list");
        const std::size_t rest = at + 1 + owner_octets;
        const auto type = dns::Type(number_at(all, rest, 2));
        const std::size_t rdata_octets = number_at(all, rest + 6, 2);
        if (rest + 8 + rdata_octets > all.size()) return malformed("record list is cut");
        const auto checked = dns::check_rdata(type, all.subspan(rest + 8, rdata_octets));
        if (!checked) return checked.error().in("record list");
        at = rest + 8 + rdata_octets;
        ++list.count_;
    }
    return list;
}

std::size_t RecordList::add(const dns::RecordView& record) {
    const std::size_t offset = octets_.size();
    dns::WireWriter writer(octets_);
    writer.u8(static_cast<std::uint8_t>(record.owner.wire().size()));
    writer.name(record.owner);
    writer.u16(static_cast<std::uint16_t>(record.type));
    writer.u32(record.ttl);
    writer.u16(static_cast<std::uint16_t>(record.rdata.size()));
    writer.octets(record.rdata);
    ++count_;
    return offset;
}

dns::RecordView RecordList::at(std::size_t offset) const {
    const BytesView all = octets_;
    const std::size_t owner_octets = all[offset];
    const std::size_t rest = offset + 1 + owner_octets;
    dns::RecordView record;
    record.owner = dns::NameView::trust(all.subspan(offset + 1, owner_octets));
    record.type = dns::Type(number_at(all, rest, 2));
    record.ttl = number_at(all, rest + 2, 4);
    record.rdata = all.subspan(rest + 8, number_at(all, rest + 6, 2));
    return record;
}

std::size_t RecordList::end_of(std::size_t offset) const {
    const std::size_t rest = offset + 1 + octets_[offset];
    return rest + 8 + number_at(octets_, rest + 6, 2);
}

void RecordList::clear() {
    octets_.clear();
    count_ = 0;
}

std::vector<std::size_t> RecordList::sorted() const {
    // Most comparisons are settled by the first octets of the canonical key.
    struct Entry {
        std::uint64_t prefix;
        std::size_t offset;
    };
    std::vector<Entry> entries;
    entries.reserve(count_);
    // Labels that all owners share say nothing: they are left out of the prefix.
    Bytes first_key;
    std::size_t shared = 0;
    Bytes key;
    for_each([&](const dns::RecordView& record) {
        key.clear();
        append_canonical_key(record.owner, key);
        if (entries.empty()) {
            first_key = key;
            shared = key.size();
        }
        const std::size_t most = std::min(shared, key.size());
        std::size_t same = 0;
        while (same < most && key[same] == first_key[same]) ++same;
        shared = same;
        entries.push_back({0, 0});
    });
    std::size_t offset = 0;
    for (Entry& entry : entries) {
        key.clear();
        append_canonical_key(at(offset).owner, key);
        std::uint64_t prefix = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            prefix = prefix << 8 | (shared + i < key.size() ? key[shared + i] : 0);
        }
        entry = {prefix, offset};
        offset = end_of(offset);
    }
    std::ranges::sort(entries, [this](const Entry& a, const Entry& b) {
        if (a.prefix != b.prefix) return a.prefix < b.prefix;
        const int order = compare_records(at(a.offset), at(b.offset));
        return order != 0 ? order < 0 : a.offset < b.offset;
    });
    std::vector<std::size_t> offsets;
    offsets.reserve(entries.size());
    for (const Entry& entry : entries) offsets.push_back(entry.offset);
    return offsets;
}

}  // namespace chorale::zone
