// Makes the messages of outgoing transfers (RFC 5936 2.2, RFC 1995 4). Bodies of
// AXFR messages are the chunks themselves; nothing is encoded but what is at the
// apex.
#pragma once

#include "common/zone/zone_delta.hpp"

namespace chorale::zone {

// One message: `head` begins with the header; `body`, kept alive by `chunk`,
// follows on the wire. A TSIG record may be appended after counting it in head.
struct TransferMessage {
    Bytes head;
    BytesView body;
    ChunkPointer chunk;
};

// What the messages of one answer have in common.
struct TransferQuery {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    dns::Question question;
    bool has_edns = false;
    // Octets that the sender adds to each message (TSIG).
    std::size_t reserved = 0;
};

// The whole zone.
class AxfrPacker {
public:
    AxfrPacker(std::shared_ptr<const ZoneSnapshot> zone, TransferQuery query);

    // False after the last message.
    bool next(TransferMessage& message);

private:
    TransferMessage pack_head();
    TransferMessage pack_chunk(const ChunkPointer& chunk) const;
    TransferMessage pack_end() const;

    std::shared_ptr<const ZoneSnapshot> zone_;
    TransferQuery query_;
    // Apex records, SOA first, and how many of them are packed.
    RecordList head_;
    std::vector<std::size_t> head_offsets_;
    std::size_t next_head_ = 0;
    std::size_t next_chunk_ = 0;
    bool is_first_ = true;
    bool is_complete_ = false;
};

// One delta; several are condensed before (condense()).
class IxfrPacker {
public:
    IxfrPacker(ZoneDelta delta, TransferQuery query);

    bool next(TransferMessage& message);

private:
    TransferQuery query_;
    RecordList records_;
    std::vector<std::size_t> offsets_;
    std::size_t next_ = 0;
    bool is_first_ = true;
};

// A single SOA: up to date, or does not fit into UDP (RFC 1995 2 and 4).
TransferMessage pack_single_soa(const ZoneSnapshot& zone, const TransferQuery& query);

}  // namespace chorale::zone
