// A chunk: the body of a ready-to-send AXFR message (RFC 5936 2.2), shared
// unchanged between all serials of a zone in which its records are the same.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "common/dns/message.hpp"

namespace chorale::zone {

// Where chunks end. A boundary is drawn at an owner name whose hash says so, so
// that two transfers of nearly the same zone cut into mostly the same chunks.
// Pointers reach no further than the first 16 KiB of a message (RFC 1035 4.1.4),
// so that larger chunks would not be compressed as well.
inline constexpr std::size_t chunk_least_octets = 12 * 1024;
inline constexpr std::size_t chunk_soft_octets = 20 * 1024;
// A record must fit into a message with a question, OPT and TSIG around it.
inline constexpr std::size_t chunk_most_octets = 60 * 1024;
inline constexpr std::size_t record_most_octets = 64000;

class Chunk {
public:
    // `octets` begin with room for a header, so that compression pointers in the
    // records count from its first octet.
    Chunk(std::uint64_t id, std::uint32_t record_count, Bytes octets);

    // Checks every record of stored octets (names, RDATA, order, class IN, a type
    // of data). That they belong to the zone is not checked.
    static Result<std::shared_ptr<const Chunk>> from_stored(std::uint64_t id, Bytes octets);

    // Unique within a state directory; never used again for other content.
    std::uint64_t id() const { return id_; }
    std::uint32_t record_count() const { return record_count_; }
    // Room for the header and the records.
    BytesView octets() const { return octets_; }
    // The records, to be sent behind a header of 12 octets.
    BytesView body() const { return octets().subspan(dns::header_octets); }
    // In place: nothing lies before the first name that it could point to.
    dns::NameView first_owner() const;
    std::uint64_t content_hash() const { return content_hash_; }

private:
    std::uint64_t id_;
    std::uint64_t content_hash_;
    std::uint32_t record_count_;
    Bytes octets_;
};

using ChunkPointer = std::shared_ptr<const Chunk>;
using ChunkList = std::vector<ChunkPointer>;

// Whether the first record of `a` comes before that of `b` in the zone.
bool precedes(const Chunk& a, const Chunk& b);

// Where new chunks get their ids from; may be shared by threads.
class ChunkIds {
public:
    explicit ChunkIds(std::uint64_t next = 1) : next_(next) {}
    std::uint64_t take() { return next_.fetch_add(1, std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> next_;
};

// Reads the records of consecutive chunks of a list, in order.
class ChunkCursor {
public:
    explicit ChunkCursor(std::span<const ChunkPointer> chunks);

    // False at the end. The view is valid until the next call.
    bool next(dns::RecordView& record);

private:
    std::span<const ChunkPointer> chunks_;
    std::size_t index_ = 0;
    std::uint32_t left_ = 0;
    std::optional<dns::WireReader> reader_;
    Bytes owner_;
    Bytes rdata_;
};

// Cuts ordered records into chunks.
class ChunkWriter {
public:
    explicit ChunkWriter(ChunkIds& ids) : ids_(&ids) {}
    // writer_ refers to octets_.
    ChunkWriter(const ChunkWriter&) = delete;
    ChunkWriter& operator=(const ChunkWriter&) = delete;

    // Records come in zone order, without duplicates. `is_new_owner`: the owner
    // differs from that of the record before.
    void write(const dns::RecordView& record, bool is_new_owner);
    std::size_t open_octets() const { return octets_.size(); }
    // Ends the open chunk, if there is one.
    void finish_chunk();
    ChunkList take();

private:
    ChunkIds* ids_;
    ChunkList chunks_;
    Bytes octets_;
    std::optional<dns::RecordWriter> writer_;
    std::uint32_t record_count_ = 0;
};

}  // namespace chorale::zone
