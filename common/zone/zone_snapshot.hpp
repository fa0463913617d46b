// A zone at one serial, immutable: a small head of apex RRsets and a body of
// shared chunks. Copying one costs pointers.
#pragma once

#include <memory>

#include "common/zone/chunk.hpp"
#include "common/zone/serial.hpp"

namespace chorale::zone {

class ZoneSnapshot {
public:
    ZoneSnapshot() = default;
    // `head`: RRsets at the apex, SOA among them; `body`: all other records.
    ZoneSnapshot(dns::Name apex, std::vector<dns::RRset> head,
                 std::shared_ptr<const ChunkList> body);

    const dns::Name& apex() const { return apex_; }
    // SOA first, then by type.
    const std::vector<dns::RRset>& head() const { return head_; }
    const ChunkList& body() const { return *body_; }
    const std::shared_ptr<const ChunkList>& shared_body() const { return body_; }

    const dns::RRset& soa() const { return head_.front(); }
    Serial serial() const;
    // Of head and body, SOA counted once.
    std::size_t record_count() const;
    // Octets that the records take in memory and, nearly, on the wire.
    std::size_t octets() const;

    // The RRset at a name; empty if there is none.
    dns::RRset find(dns::NameView owner, dns::Type type) const;
    std::vector<dns::RRset> find_all(dns::NameView owner) const;
    const dns::RRset* find_in_head(dns::Type type) const;

    // Visits every record: head first, body in zone order.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const dns::RRset& rrset : head_) {
            for (const Bytes& rdata : rrset.rdatas) {
                visit(dns::RecordView{rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata});
            }
        }
        ChunkCursor cursor(*body_);
        dns::RecordView record;
        while (cursor.next(record)) visit(record);
    }

private:
    dns::Name apex_;
    std::vector<dns::RRset> head_;
    std::shared_ptr<const ChunkList> body_ = std::make_shared<const ChunkList>();
};

// First chunk that may hold records of `owner`; they go on in later ones.
std::size_t first_chunk_for(const ChunkList& chunks, dns::NameView owner);

// Puts RDATA into an RRset in canonical order; false if it was there already.
bool insert_rdata(dns::RRset& rrset, BytesView rdata);

}  // namespace chorale::zone
