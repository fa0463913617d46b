#include "common/zone/chunk.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "common/dns/rdata.hpp"
#include "common/zone/record_list.hpp"

namespace chorale::zone {
namespace {

// On average 64 owners after the least size.
bool is_boundary(dns::NameView owner) { return (hash_ignoring_case(owner) >> 7 & 0x3f) == 0; }

bool read_record(dns::WireReader& reader, Bytes& owner, Bytes& rdata, dns::RecordView& record) {
    owner.clear();
    rdata.clear();
    record.owner = reader.name(owner);
    record.type = dns::Type(reader.u16());
    record.klass = dns::Class(reader.u16());
    record.ttl = reader.u32();
    const std::size_t length = reader.u16();
    if (reader.failed() || !dns::read_rdata(reader, record.type, length, rdata)) return false;
    record.rdata = rdata;
    return true;
}

}  // namespace

Chunk::Chunk(std::uint64_t id, std::uint32_t record_count, Bytes octets)
    : id_(id), record_count_(record_count), octets_(std::move(octets)) {
    octets_.shrink_to_fit();
    content_hash_ = std::hash<std::string_view>()(as_text(octets_));
}

Result<ChunkPointer> Chunk::from_stored(std::uint64_t id, Bytes octets) {
    if (octets.size() <= dns::header_octets || octets.size() > dns::max_message_octets) {
        return malformed("stored chunk has an impossible size");
    }
    const auto header_end = octets.begin() + dns::header_octets;
    if (std::any_of(octets.begin(), header_end, [](Byte octet) { return octet != 0; })) {
        return malformed("stored chunk has something in the room for its header");
    }
    // On the wire a header stands there, so no name may point into it: these
    // octets are no name, whatever follows.
    std::fill(octets.begin(), header_end, Byte{0xff});
    dns::WireReader reader(octets);
    reader.seek(dns::header_octets);
    std::uint32_t count = 0;
    // The record just read and the one before, by turns.
    Bytes owners[2], rdatas[2];
    dns::RecordView record, previous;
    while (!reader.at_end()) {
        if (!read_record(reader, owners[count % 2], rdatas[count % 2], record) ||
            record.klass != dns::Class::IN || dns::is_meta_type(record.type)) {
            return malformed("stored chunk cannot be read after " + std::to_string(count) +
                             " records");
        }
        if (count > 0 && compare_records(previous, record) >= 0) {
            return malformed("stored chunk is out of order at " + record.owner.to_text());
        }
        previous = record;
        ++count;
    }
    std::fill(octets.begin(), header_end, Byte{0});
    return std::make_shared<const Chunk>(id, count, std::move(octets));
}

dns::NameView Chunk::first_owner() const {
    const BytesView records = body();
    std::size_t at = 0;
    while (records[at] != 0) at += records[at] + 1U;
    return dns::NameView::trust(records.first(at + 1));
}

bool precedes(const Chunk& a, const Chunk& b) {
    const auto first = [](const Chunk& chunk, Bytes& owner, Bytes& rdata) {
        dns::WireReader reader(chunk.octets());
        reader.seek(dns::header_octets);
        dns::RecordView record;
        read_record(reader, owner, rdata, record);
        return record;
    };
    Bytes owners[2], rdatas[2];
    return compare_records(first(a, owners[0], rdatas[0]), first(b, owners[1], rdatas[1])) < 0;
}

ChunkCursor::ChunkCursor(std::span<const ChunkPointer> chunks) : chunks_(chunks) {}

bool ChunkCursor::next(dns::RecordView& record) {
    while (left_ == 0) {
        if (index_ == chunks_.size()) return false;
        const Chunk& chunk = *chunks_[index_++];
        reader_.emplace(chunk.octets());
        reader_->seek(dns::header_octets);
        left_ = chunk.record_count();
    }
    --left_;
    const bool is_whole = read_record(*reader_, owner_, rdata_, record);
    assert(is_whole);  // chunks are made by ChunkWriter or checked by from_stored
    return is_whole;
}

void ChunkWriter::write(const dns::RecordView& record, bool is_new_owner) {
    const std::size_t most = record.owner.wire().size() + 10 + record.rdata.size();
    if (!octets_.empty()) {
        const bool is_wanted = is_new_owner && octets_.size() >= chunk_least_octets &&
                               (octets_.size() >= chunk_soft_octets || is_boundary(record.owner));
        if (is_wanted || octets_.size() + most > chunk_most_octets) finish_chunk();
    }
    if (octets_.empty()) {
        octets_.resize(dns::header_octets);
        writer_.emplace(octets_);
    }
    writer_->record(record);
    ++record_count_;
}

void ChunkWriter::finish_chunk() {
    if (octets_.empty()) return;
    chunks_.push_back(std::make_shared<const Chunk>(ids_->take(), record_count_, Bytes(octets_)));
    octets_.clear();
    writer_.reset();
    record_count_ = 0;
}

ChunkList ChunkWriter::take() {
    finish_chunk();
    return std::move(chunks_);
}

}  // namespace chorale::zone
