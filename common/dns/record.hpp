// Resource records and RRsets as values. RDATA is uncompressed wire octets, the
// names in it with the case that they came with; unknown types are opaque.
#pragma once

#include <vector>

#include "common/dns/name.hpp"
#include "common/dns/type.hpp"

namespace chorale::dns {

// A record borrowed from a message, a chunk or a buffer.
struct RecordView {
    NameView owner;
    Type type = Type::A;
    Class klass = Class::IN;
    std::uint32_t ttl = 0;  // seconds
    BytesView rdata;        // uncompressed
};

struct Record {
    Name owner;
    Type type = Type::A;
    Class klass = Class::IN;
    std::uint32_t ttl = 0;
    Bytes rdata;

    RecordView view() const { return {owner, type, klass, ttl, rdata}; }
};

inline Record to_record(const RecordView& view) {
    return {Name(view.owner), view.type, view.klass, view.ttl, to_bytes(view.rdata)};
}

// One owner, one type, class IN; RDATA in canonical order without duplicates.
struct RRset {
    Name owner;
    Type type = Type::A;
    std::uint32_t ttl = 0;
    std::vector<Bytes> rdatas;

    bool empty() const { return rdatas.empty(); }
};

}  // namespace chorale::dns
