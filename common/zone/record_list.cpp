#include "common/zone/record_list.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

#include "common/dns/rdata.hpp"

namespace chorale::zone {
namespace {

// Owner length (1), owner, type (2), TTL (4), RDATA length (2), RDATA.
constexpr std::size_t fixed_octets = 9;

std::size_t two_octets(const Byte* at) { return std::size_t(at[0]) << 8 | at[1]; }

std::uint32_t four_octets(const Byte* at) {
    return static_cast<std::uint32_t>(two_octets(at) << 16 | two_octets(at + 2));
}

}  // namespace

int compare_records(const dns::RecordView& a, const dns::RecordView& b) {
    if (!is_identical(a.owner, b.owner)) {
        const int order = compare_canonical(a.owner, b.owner);
        if (order != 0) return order;
    }
    return compare_within_owner(a, b);
}

int compare_within_owner(const dns::RecordView& a, const dns::RecordView& b) {
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
        const auto type = dns::Type(two_octets(&all[rest]));
        const std::size_t rdata_octets = two_octets(&all[rest + 6]);
        if (rest + 8 + rdata_octets > all.size()) return malformed("record list is cut");
        const auto checked = dns::check_rdata(type, all.subspan(rest + 8, rdata_octets));
        if (!checked) return checked.error().in("record list");
        at = rest + 8 + rdata_octets;
        ++list.count_;
    }
    return list;
}

std::size_t RecordList::add(const dns::RecordView& record) {
    const BytesView owner = record.owner.wire();
    assert(owner.size() <= dns::max_name_octets && record.rdata.size() <= 0xffff);
    const std::size_t offset = octets_.size();
    octets_.resize(offset + fixed_octets + owner.size() + record.rdata.size());
    Byte* at = octets_.data() + offset;
    *at++ = static_cast<Byte>(owner.size());
    at = std::copy(owner.begin(), owner.end(), at);
    const auto put = [&at](std::size_t value, int octets) {
        while (octets-- > 0) *at++ = static_cast<Byte>(value >> 8 * octets);
    };
    put(std::uint16_t(record.type), 2);
    put(record.ttl, 4);
    put(record.rdata.size(), 2);
    std::copy(record.rdata.begin(), record.rdata.end(), at);
    ++count_;
    return offset;
}

dns::RecordView RecordList::at(std::size_t offset) const {
    const Byte* const start = &octets_[offset];
    const std::size_t owner_octets = *start;
    const Byte* const rest = start + 1 + owner_octets;
    dns::RecordView record;
    record.owner = dns::NameView::trust({start + 1, owner_octets});
    record.type = dns::Type(two_octets(rest));
    record.ttl = four_octets(rest + 2);
    record.rdata = {rest + 8, two_octets(rest + 6)};
    return record;
}

std::size_t RecordList::end_of(std::size_t offset) const {
    const std::size_t rest = offset + 1 + octets_[offset];
    return rest + 8 + two_octets(&octets_[rest + 6]);
}

void RecordList::clear() {
    octets_.clear();
    count_ = 0;
}

namespace {

// Where a record is, and 16 octets of the canonical key of its owner.
struct SortEntry {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::size_t offset = 0;
};
constexpr std::size_t part_octets = 16;
// Fewer records than this are compared as they are.
constexpr std::size_t few = 4;

std::uint64_t eight_octets(const Byte* octets) {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | octets[i];
    return value;
}

// Sorts by owner a part of the key at a time, so that each name is taken apart once
// or twice rather than at every comparison.
class RecordSort {
public:
    explicit RecordSort(const RecordList& list) : list_(list) {}

    // The keys of all entries are the same before `depth`.
    void sort(std::span<SortEntry> entries, std::size_t depth) {
        if (entries.size() <= few) {
            std::ranges::sort(entries, [this](const SortEntry& a, const SortEntry& b) {
                return is_before(a, b, compare_records(record(a), record(b)));
            });
            return;
        }
        const auto part = [](const SortEntry& a) { return std::pair(a.high, a.low); };
        bool is_ordered = true;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            read_part(entries[i], depth);
            is_ordered = is_ordered && (i == 0 || part(entries[i - 1]) <= part(entries[i]));
        }
        if (!is_ordered) std::ranges::sort(entries, {}, part);
        for (std::size_t begin = 0; begin < entries.size();) {
            std::size_t end = begin + 1;
            while (end < entries.size() && part(entries[end]) == part(entries[begin])) ++end;
            if (end - begin > 1) sort_same(entries.subspan(begin, end - begin), depth);
            begin = end;
        }
    }

private:
    void sort_same(std::span<SortEntry> entries, std::size_t depth) {
        // No label is empty, so two octets 0 are the end of the key.
        const bool has_ended = (entries.front().low & 0xffff) == 0;
        if (!has_ended) return sort(entries, depth + part_octets);
        std::ranges::sort(entries, [this](const SortEntry& a, const SortEntry& b) {
            return is_before(a, b, compare_within_owner(record(a), record(b)));
        });
    }

    void read_part(SortEntry& entry, std::size_t depth) {
        key_.clear();
        append_canonical_key(record(entry).owner, key_);
        key_.resize(std::max(key_.size(), depth) + part_octets);
        entry.high = eight_octets(&key_[depth]);
        entry.low = eight_octets(&key_[depth + 8]);
    }

    dns::RecordView record(const SortEntry& entry) const { return list_.at(entry.offset); }

    static bool is_before(const SortEntry& a, const SortEntry& b, int order) {
        return order != 0 ? order < 0 : a.offset < b.offset;
    }

    const RecordList& list_;
    Bytes key_;
};

}  // namespace

std::vector<std::size_t> RecordList::sorted() const {
    std::vector<SortEntry> entries;
    entries.reserve(count_);
    // What all owners end with, as a rule the apex, is at the beginning of all keys.
    dns::NameView shared;
    for (std::size_t offset = 0; offset < octets_.size(); offset = end_of(offset)) {
        const dns::NameView owner = at(offset).owner;
        if (offset == 0) shared = owner;
        while (!owner.is_at_or_below(shared)) shared = shared.parent();
        entries.push_back({0, 0, offset});
    }
    Bytes shared_key;
    append_canonical_key(shared, shared_key);
    RecordSort(*this).sort(entries, shared_key.size());
    std::vector<std::size_t> offsets;
    offsets.reserve(entries.size());
    for (const SortEntry& entry : entries) offsets.push_back(entry.offset);
    return offsets;
}

}  // namespace chorale::zone
