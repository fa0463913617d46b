#include "common/zone/zone_snapshot.hpp"

#include <algorithm>
#include <cassert>

#include "common/dns/rdata.hpp"

namespace chorale::zone {

ZoneSnapshot::ZoneSnapshot(dns::Name apex, std::vector<dns::RRset> head,
                           std::shared_ptr<const ChunkList> body)
    : apex_(std::move(apex)), head_(std::move(head)), body_(std::move(body)) {
    std::erase_if(head_, [](const dns::RRset& rrset) { return rrset.empty(); });
    std::ranges::sort(head_, [](const dns::RRset& a, const dns::RRset& b) {
        const bool a_is_soa = a.type == dns::Type::SOA, b_is_soa = b.type == dns::Type::SOA;
        if (a_is_soa != b_is_soa) return a_is_soa;
        return a.type < b.type;
    });
    assert(!head_.empty() && head_.front().type == dns::Type::SOA);
}

Serial ZoneSnapshot::serial() const { return dns::soa_serial(soa().rdatas.front()); }

std::size_t ZoneSnapshot::record_count() const {
    std::size_t count = 0;
    for (const dns::RRset& rrset : head_) count += rrset.rdatas.size();
    for (const ChunkPointer& chunk : *body_) count += chunk->record_count();
    return count;
}

std::size_t ZoneSnapshot::octets() const {
    std::size_t count = 0;
    for (const dns::RRset& rrset : head_) {
        for (const Bytes& rdata : rrset.rdatas)
            count += rrset.owner.wire().size() + 10 + rdata.size();
    }
    for (const ChunkPointer& chunk : *body_) count += chunk->body().size();
    return count;
}

const dns::RRset* ZoneSnapshot::find_in_head(dns::Type type) const {
    const auto found = std::ranges::find(head_, type, &dns::RRset::type);
    return found == head_.end() ? nullptr : &*found;
}

dns::RRset ZoneSnapshot::find(dns::NameView owner, dns::Type type) const {
    const dns::RRset* in_head = owner == apex_ ? find_in_head(type) : nullptr;
    if (in_head) return *in_head;
    for (dns::RRset& rrset : find_all(owner)) {
        if (rrset.type == type) return std::move(rrset);
    }
    return {};
}

std::vector<dns::RRset> ZoneSnapshot::find_all(dns::NameView owner) const {
    std::vector<dns::RRset> found;
    if (owner == apex_) found = head_;
    const std::span<const ChunkPointer> chunks = *body_;
    ChunkCursor cursor(chunks.subspan(first_chunk_for(*body_, owner)));
    dns::RecordView record;
    while (cursor.next(record)) {
        const int order = compare_canonical(record.owner, owner);
        if (order > 0) break;
        if (order < 0) continue;
        if (found.empty() || found.back().type != record.type) {
            found.push_back({dns::Name(record.owner), record.type, record.ttl, {}});
        }
        found.back().rdatas.push_back(to_bytes(record.rdata));
    }
    return found;
}

std::size_t first_chunk_for(const ChunkList& chunks, dns::NameView owner) {
    const auto later = std::ranges::partition_point(chunks, [&](const ChunkPointer& chunk) {
        return compare_canonical(chunk->first_owner(), owner) < 0;
    });
    const auto index = static_cast<std::size_t>(later - chunks.begin());
    return index == 0 ? 0 : index - 1;
}

bool insert_rdata(dns::RRset& rrset, BytesView rdata) {
    const auto place = std::ranges::partition_point(rrset.rdatas, [&](const Bytes& present) {
        return dns::compare_rdata(rrset.type, present, rdata) < 0;
    });
    if (place != rrset.rdatas.end() && dns::compare_rdata(rrset.type, *place, rdata) == 0) {
        return false;
    }
    rrset.rdatas.insert(place, to_bytes(rdata));
    return true;
}

}  // namespace chorale::zone
