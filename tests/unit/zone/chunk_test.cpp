#include "common/zone/chunk.hpp"

#include "common/zone/record_list.hpp"
#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

ChunkList written(const std::vector<Record>& records) {
    ChunkIds ids;
    ChunkWriter writer(ids);
    for (std::size_t i = 0; i < records.size(); ++i) {
        writer.write(records[i].view(), i == 0 || !(records[i].owner == records[i - 1].owner));
    }
    return writer.take();
}

std::vector<Record> read(const ChunkList& chunks) {
    std::vector<Record> records;
    ChunkCursor cursor(chunks);
    RecordView view;
    while (cursor.next(view)) records.push_back(to_record(view));
    return records;
}

std::vector<Record> numbered(std::size_t count) {
    NaiveZone naive;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string owner = "host" + std::to_string(i) + ".zone.example.";
        naive.insert(a(owner, static_cast<std::uint32_t>(i)));
        if (i % 4 == 0) naive.insert(mx(owner, 10, "mail.zone.example."));
        if (i % 9 == 0) naive.insert(txt(owner, "v=" + std::to_string(i)));
    }
    return naive.list();
}

bool are_same(const std::vector<Record>& left, const std::vector<Record>& right) {
    return std::ranges::equal(left, right, [](const Record& x, const Record& y) {
        return is_identical(x.view(), y.view());
    });
}

TEST_CASE("RFC 5936 2.2: a chunk behind a header is a message", "[chunk]") {
    const std::vector<Record> records = numbered(3000);
    std::vector<Record> seen;
    for (const ChunkPointer& chunk : written(records)) {
        Bytes message;
        dns::WireWriter writer(message);
        dns::Header header;
        header.id = 4711;
        header.is_response = true;
        header.answer_count = static_cast<std::uint16_t>(chunk->record_count());
        header.write(writer);
        append(message, chunk->body());
        REQUIRE(message.size() <= chunk_most_octets);
        dns::RecordReader reader(message);
        RecordView view;
        while (reader.next(view)) seen.push_back(to_record(view));
        REQUIRE_FALSE(reader.failed());
    }
    CHECK(are_same(seen, records));
}

TEST_CASE("Chunks have ids of their own and keep to their bounds", "[chunk]") {
    const ChunkList chunks = written(numbered(20000));
    REQUIRE(chunks.size() > 5);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        CHECK(chunks[i]->id() == i + 1);
        CHECK(chunks[i]->octets().size() <= chunk_soft_octets + 1000);
        if (i + 1 < chunks.size()) CHECK(chunks[i]->octets().size() >= chunk_least_octets);
    }
    CHECK(are_same(read(chunks), numbered(20000)));
}

TEST_CASE("Owners stay together up to the most that a message can hold", "[chunk]") {
    std::vector<Record> records = {a("a.zone.example.", 1)};
    for (int i = 100; i < 400; ++i) {
        records.push_back(txt("b.zone.example.", std::string(500, 'x') + std::to_string(i)));
    }
    records.push_back(a("c.zone.example.", 1));
    std::ranges::sort(records, [](const Record& x, const Record& y) {
        return compare_records(x.view(), y.view()) < 0;
    });
    const ChunkList chunks = written(records);
    REQUIRE(chunks.size() == 4);
    for (const ChunkPointer& chunk : chunks) CHECK(chunk->octets().size() <= chunk_most_octets);
    CHECK(chunks[0]->octets().size() > chunk_most_octets - 600);
    CHECK(chunks[1]->first_owner() == name("b.zone.example."));
    CHECK(chunks[3]->first_owner() == name("c.zone.example."));
    CHECK(are_same(read(chunks), records));
}

TEST_CASE("A record of the largest size has a chunk of its own", "[chunk]") {
    const std::size_t room = record_most_octets - name("b.zone.example.").wire().size() - 10;
    const std::vector<Record> records = {a("a.zone.example.", 1),
                                         record("b.zone.example.", Type(65280), Bytes(room, 7)),
                                         a("c.zone.example.", 1)};
    const ChunkList chunks = written(records);
    REQUIRE(chunks.size() == 3);
    CHECK(are_same(read(chunks), records));
    CHECK(chunks[1]->octets().size() + 300 < dns::max_message_octets);
    const auto stored = Chunk::from_stored(9, to_bytes(chunks[1]->octets()));
    REQUIRE(stored.has_value());
    CHECK((*stored)->record_count() == 1);
}

TEST_CASE("A stored chunk comes back as it was", "[chunk]") {
    for (const ChunkPointer& chunk : written(numbered(2000))) {
        const auto stored = Chunk::from_stored(chunk->id(), to_bytes(chunk->octets()));
        REQUIRE(stored.has_value());
        CHECK((*stored)->id() == chunk->id());
        CHECK((*stored)->record_count() == chunk->record_count());
        CHECK((*stored)->content_hash() == chunk->content_hash());
        CHECK(equal((*stored)->octets(), chunk->octets()));
        CHECK((*stored)->first_owner() == chunk->first_owner());
    }
}

// A chunk that was accepted must be safe to read, to send and to search.
void check_accepted(const ChunkPointer& chunk) {
    const ChunkList chunks = {chunk};
    Bytes message = to_bytes(chunk->octets());
    // Whatever header the chunk is sent behind, its records are the same.
    std::fill_n(message.begin(), 2, Byte{0x5a});
    message[2] = 0x84;
    message[6] = static_cast<Byte>(chunk->record_count() >> 8);
    message[7] = static_cast<Byte>(chunk->record_count());
    dns::RecordReader reader(message);
    ChunkCursor cursor(chunks);
    RecordView view, sent;
    Record previous;
    std::uint32_t count = 0;
    while (cursor.next(view)) {
        REQUIRE(reader.next(sent));
        REQUIRE(is_identical(view.owner, sent.owner));
        REQUIRE(equal(view.rdata, sent.rdata));
        if (count == 0) REQUIRE(is_identical(chunk->first_owner(), view.owner));
        if (count > 0) REQUIRE(compare_records(previous.view(), view) < 0);
        previous = to_record(view);
        ++count;
    }
    REQUIRE(count == chunk->record_count());
    REQUIRE_FALSE(reader.next(sent));
    REQUIRE_FALSE(reader.failed());
}

TEST_CASE("A stored chunk with any octet changed is an error or a chunk", "[chunk]") {
    const ChunkList chunks = written({
        a("a.zone.example.", 1),
        mx("b.zone.example.", 1, "mail.zone.example."),
        refer("c.zone.example.", Type::NS, "ns.zone.example."),
        txt("c.zone.example.", "text"),
        record("d.zone.example.", Type(65280), {1, 2, 3}),
    });
    REQUIRE(chunks.size() == 1);
    const Bytes good = to_bytes(chunks[0]->octets());
    std::size_t accepted = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            if (good[at] == value) continue;
            Bytes octets = good;
            octets[at] = static_cast<Byte>(value);
            const auto stored = Chunk::from_stored(1, octets);
            if (!stored) continue;
            CAPTURE(at, value);
            check_accepted(*stored);
            ++accepted;
        }
    }
    CHECK(accepted > 1000);  // TTLs, addresses and text may have any value
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        Bytes octets = good;
        octets.resize(cut);
        const auto stored = Chunk::from_stored(1, octets);
        if (stored) check_accepted(*stored);
    }
}

TEST_CASE("Stored chunks: what is no chunk of a zone is an error", "[chunk]") {
    const auto raw = [](const std::vector<Record>& records) {
        Bytes octets(dns::header_octets);
        dns::RecordWriter writer(octets);
        for (const Record& one : records) writer.record(one.view());
        return octets;
    };
    Record chaos = a("a.zone.example.", 1);
    chaos.klass = Class::CH;
    const Record first = a("a.zone.example.", 1), second = a("b.zone.example.", 1);
    Bytes pointer_into_header = raw({});
    append(pointer_into_header, Bytes{0xc0, 0, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    Bytes pointer_beside_header = raw({});
    append(pointer_beside_header, Bytes{1, 'a', 0xc0, 11, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    Bytes header_not_empty = raw({first});
    header_not_empty[3] = 1;
    Bytes too_large = raw({first});
    too_large.resize(dns::max_message_octets + 1);
    struct Row {
        const char* what;
        Bytes octets;
    };
    const Row rows[] = {
        {"nothing", {}},
        {"room for a header only", raw({})},
        {"class CH", raw({chaos})},
        {"a metatype", raw({record("a.zone.example.", Type::TSIG, {1})})},
        {"out of order", raw({second, first})},
        {"twice the same", raw({first, first})},
        {"twice the same in another case", raw({first, a("A.zone.example.", 1)})},
        {"a name that points into the header", pointer_into_header},
        {"a label that points into the header", pointer_beside_header},
        {"octets in the room for the header", header_not_empty},
        {"larger than a message", too_large},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK_FALSE(Chunk::from_stored(1, row.octets).has_value());
    }
    CHECK(Chunk::from_stored(1, raw({first, second})).has_value());
}

TEST_CASE("Chunk boundaries depend on content: one change moves few of them", "[chunk]") {
    const std::vector<Record> base = numbered(37000);  // 50,000 records
    REQUIRE(base.size() > 50000);
    const ChunkList before = written(base);
    REQUIRE(before.size() > 30);
    RandomZones random(3);
    for (int round = 0; round < 12; ++round) {
        std::vector<Record> changed = base;
        const std::size_t place = round == 0   ? 0
                                  : round == 1 ? base.size() - 1
                                               : random.below(base.size());
        const auto at = changed.begin() + static_cast<std::ptrdiff_t>(place);
        if (round % 3 == 0) {
            changed.erase(at);
        } else if (round % 3 == 1) {
            at->ttl += 1;
        } else {
            changed.insert(at + 1, a("0." + at->owner.to_text(), 1));
            std::ranges::sort(changed, [](const Record& x, const Record& y) {
                return compare_records(x.view(), y.view()) < 0;
            });
        }
        ChunkIds ids(1000);
        ChunkWriter writer(ids);
        for (std::size_t i = 0; i < changed.size(); ++i) {
            writer.write(changed[i].view(), i == 0 || !(changed[i].owner == changed[i - 1].owner));
        }
        const auto body = [](ChunkList chunks) {
            return std::make_shared<const ChunkList>(std::move(chunks));
        };
        dns::RRset apex_soa{apex(), Type::SOA, 1, {soa(1).rdata}};
        const ZoneSnapshot old_zone(apex(), {apex_soa}, body(before));
        const ZoneSnapshot new_zone(apex(), {apex_soa}, body(writer.take()));
        const ZoneSnapshot shared = share_chunks(old_zone, new_zone);
        std::size_t fresh = 0;
        for (const ChunkPointer& chunk : shared.body()) {
            if (chunk->id() >= 1000) ++fresh;
        }
        CAPTURE(round, place, before.size());
        CHECK(fresh >= 1);
        CHECK(fresh <= 6);
        CHECK(are_same(read(shared.body()), changed));
    }
}

TEST_CASE("Sharing chunks of an equal zone gives the very same chunks", "[chunk]") {
    ChunkIds ids;
    std::vector<Record> records = numbered(5000);
    records.push_back(soa(1));
    const ZoneSnapshot first = built(records, ids), second = built(records, ids);
    const ZoneSnapshot shared = share_chunks(first, second);
    CHECK(shared.body() == first.body());
    CHECK(second.body() != first.body());
    const auto delta = compute_delta(first, shared, 0);
    REQUIRE(delta.has_value());
    CHECK(delta->octets() == 0);
}

}  // namespace
}  // namespace chorale::zone::test
