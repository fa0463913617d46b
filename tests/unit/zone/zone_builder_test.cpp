#include "common/zone/zone_builder.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

std::vector<Record> sample() {
    RandomZones random(21);
    return random.zone(3000, 5).list();
}

NaiveZone naive_of(const std::vector<Record>& records) {
    NaiveZone naive;
    for (const Record& one : records) naive.insert(one);
    return naive;
}

TEST_CASE("A zone is the same in whatever order its records come", "[zone_builder]") {
    const std::vector<Record> in_order = sample();
    const NaiveZone expected = naive_of(in_order);
    ChunkIds ids;
    const ZoneSnapshot zone = built(in_order, ids);
    CHECK(difference(expected, zone) == "");
    REQUIRE(zone.body().size() >= 3);
    RandomZones random(22);
    const auto check = [&](const char* what, const std::vector<Record>& records) {
        CAPTURE(what);
        const ZoneSnapshot other = built(records, ids);
        CHECK(difference(expected, other) == "");
        // Content decides about boundaries, so even the chunks are the same.
        CHECK(share_chunks(zone, other).body() == zone.body());
    };
    std::vector<Record> records = in_order;
    std::ranges::reverse(records);
    check("backwards", records);
    for (int round = 0; round < 3; ++round) {
        random.shuffle(records);
        check("at random", records);
    }
    records = in_order;
    std::rotate(records.begin(), records.begin() + 1000, records.end());
    check("from the middle", records);
    records = in_order;
    for (std::size_t i = 0; i + 40 < records.size(); i += 40)
        std::swap(records[i], records[i + 39]);
    check("nearly in order", records);
    records = in_order;
    const auto last = records.end() - 1;
    std::rotate(records.begin(), last, records.end());
    check("the last one first", records);
    records = in_order;
    std::rotate(records.begin(), records.begin() + 1, records.end());
    check("the first one last", records);
}

TEST_CASE("RFC 2181 5: a duplicate is no record of its own, the first one stays",
          "[zone_builder]") {
    const std::vector<Record> once = {soa(1),
                                      refer("zone.example.", Type::NS, "Ns.zone.example.", 60),
                                      txt("A.zone.example.", "x", 60),
                                      refer("b.zone.example.", Type::NS, "Ns.zone.example.", 60)};
    const std::vector<Record> again = {refer("zone.example.", Type::NS, "ns.zone.example.", 60),
                                       txt("a.zone.example.", "x", 90),
                                       refer("B.zone.example.", Type::NS, "ns.zone.example.", 60)};
    const NaiveZone expected = naive_of(once);
    ChunkIds ids;
    std::vector<Record> records = once;
    for (int round = 0; round < 300; ++round) {
        records.insert(records.end(), again.begin(), again.end());
    }
    CHECK(difference(expected, built(records, ids)) == "");
    // In zone order, too.
    RecordList list;
    for (const Record& one : records) list.add(one.view());
    records.clear();
    for (const std::size_t offset : list.sorted()) records.push_back(to_record(list.at(offset)));
    CHECK(difference(expected, built(records, ids)) == "");
}

TEST_CASE("RFC 4343: owners that differ in case are one owner", "[zone_builder]") {
    ChunkIds ids;
    const ZoneSnapshot zone =
        built({soa(1), a("HOST.zone.example.", 1), txt("host.zone.example.", "x"),
               a("Host.Zone.Example.", 2), a("host.zone.example.", 1)},
              ids);
    CHECK(zone.record_count() == 4);
    const dns::RRset addresses = zone.find(name("hOsT.zone.example."), Type::A);
    CHECK(addresses.rdatas.size() == 2);
    const auto conflict = build({soa(1), refer("HOST.zone.example.", Type::CNAME, "x.example."),
                                 a("m.zone.example.", 1), a("host.zone.example.", 1)},
                                ids);
    CHECK_FALSE(conflict.has_value());
}

TEST_CASE("Records at the apex go into the head by their type alone", "[zone_builder]") {
    ChunkIds ids;
    const std::vector<Record> records = {
        soa(1),
        refer("zone.example.", Type::NS, "ns.zone.example."),
        record("Zone.Example.", Type::DNSKEY, {1, 0, 3, 15, 1, 2, 3, 4}),
        mx("zone.example.", 10, "mail.zone.example."),
        record("sub.zone.example.", Type::DNSKEY, {1, 0, 3, 15, 1, 2, 3, 4}),
        refer("sub.zone.example.", Type::NS, "ns.zone.example.")};
    const ZoneSnapshot zone = built(records, ids);
    CHECK(zone.head().size() == 3);
    std::uint32_t in_body = 0;
    for (const ChunkPointer& chunk : zone.body()) in_body += chunk->record_count();
    CHECK(in_body == 3);
    // SOA is always there, whatever types were asked for.
    ZoneBuilder builder(apex(), {}, ids, {});
    for (const Record& one : records) REQUIRE(builder.add(one.view()).has_value());
    const auto other = builder.finish();
    REQUIRE(other.has_value());
    CHECK(other->head().size() == 1);
    CHECK(other->record_count() == 6);
}

TEST_CASE("What no zone may hold is an error that names it", "[zone_builder]") {
    Record chaos = a("a.zone.example.", 1);
    chaos.klass = Class::CH;
    Record of_class_any = record("a.zone.example.", Type::A, {});
    of_class_any.klass = Class::ANY;
    const std::size_t room = record_most_octets - name("a.zone.example.").wire().size() - 10;
    const Record cname = refer("c.zone.example.", Type::CNAME, "x.example.");
    const Record dname = refer("d.zone.example.", Type::DNAME, "x.example.");
    struct Row {
        const char* what;
        std::vector<Record> records;
        const char* expected;  // in the message; "" when the zone is good
    };
    const Row rows[] = {
        {"out of zone", {a("a.other.example.", 1)}, "a.other.example. A: not in the zone"},
        {"above the zone", {a("example.", 1)}, "not in the zone"},
        {"a name that only ends alike", {a("azone.example.", 1)}, "not in the zone"},
        {"the root", {a(".", 1)}, "not in the zone"},
        {"class CH", {chaos}, "class is not IN"},
        {"class ANY", {of_class_any}, "class is not IN"},
        {"type 0", {record("a.zone.example.", Type(0), {1})}, "not a type of data"},
        {"OPT", {record("a.zone.example.", Type::OPT, {1})}, "not a type of data"},
        {"TSIG", {record("a.zone.example.", Type::TSIG, {1})}, "not a type of data"},
        {"type ANY", {record("a.zone.example.", Type::ANY, {1})}, "not a type of data"},
        {"A without RDATA", {record("a.zone.example.", Type::A, {})}, "no RDATA"},
        {"NS without RDATA", {record("a.zone.example.", Type::NS, {})}, "no RDATA"},
        {"NULL without RDATA", {record("a.zone.example.", Type::NULL_, {})}, ""},
        {"unknown type without RDATA", {record("a.zone.example.", Type(65280), {})}, ""},
        {"SOA below the apex", {soa(1, "a.zone.example.")}, "SOA below the apex"},
        {"a second SOA", {soa(2)}, "a second SOA"},
        {"the same SOA again", {soa(1)}, "a second SOA"},
        {"the largest record", {record("a.zone.example.", Type(65280), Bytes(room, 1))}, ""},
        {"larger than that",
         {record("a.zone.example.", Type(65280), Bytes(room + 1, 1))},
         "too large"},
        {"CNAME at the apex",
         {refer("zone.example.", Type::CNAME, "x.example.")},
         "zone.example. CNAME: CNAME and other data"},
        {"CNAME alone", {cname}, ""},
        {"the same CNAME twice", {cname, cname}, ""},
        {"two CNAMEs",
         {cname, refer("c.zone.example.", Type::CNAME, "y.example.")},
         "c.zone.example. CNAME: more than one record"},
        {"CNAME and A", {cname, a("c.zone.example.", 1)}, "CNAME and other data"},
        {"CNAME and TXT", {cname, txt("C.zone.example.", "x")}, "CNAME and other data"},
        {"RFC 4035 2.5: CNAME, NSEC and RRSIG",
         {cname, record("c.zone.example.", Type::NSEC, {1, 'd', 0, 0, 1, 0x04}),
          record("c.zone.example.", Type::RRSIG,
                 {0, 5, 15, 3, 0, 0, 0, 9, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 1})},
         ""},
        {"DNAME and A", {dname, a("d.zone.example.", 1)}, ""},
        {"two DNAMEs",
         {dname, refer("d.zone.example.", Type::DNAME, "y.example.")},
         "d.zone.example. DNAME: more than one record"},
        {"CNAME and DNAME",
         {dname, refer("d.zone.example.", Type::CNAME, "y.example.")},
         "CNAME and other data"},
    };
    ChunkIds ids;
    for (const Row& row : rows) {
        // In front of everything, and out of order.
        for (const bool is_staged : {false, true}) {
            CAPTURE(row.what, is_staged);
            std::vector<Record> records = {soa(1)};
            if (is_staged) records.push_back(a("z.zone.example.", 1));
            records.insert(records.end(), row.records.begin(), row.records.end());
            const std::string message = message_of(build(records, ids));
            CAPTURE(message);
            if (*row.expected == '\0') {
                CHECK(message == "");
            } else {
                CHECK(message.find(row.expected) != std::string::npos);
            }
        }
    }
    CHECK(message_of(build({a("a.zone.example.", 1)}, ids)) == "no SOA at the apex");
    CHECK(message_of(build({}, ids)) == "no SOA at the apex");
}

TEST_CASE("Limits hold at the limit and not one beyond", "[zone_builder]") {
    ChunkIds ids;
    const auto is_limited = [&](const std::vector<Record>& records, const ZoneLimits& limits) {
        const auto zone = build(records, ids, limits);
        if (!zone) CHECK(zone.error().kind() == ErrorKind::limit);
        return !zone.has_value();
    };
    const auto hosts = [](std::size_t count) {
        std::vector<Record> records = {soa(1)};
        for (std::size_t i = 1; i < count; ++i) {
            records.push_back(a("h" + std::to_string(i) + ".zone.example.", 1));
        }
        return records;
    };
    for (const std::size_t limit : {1U, 2U, 50U}) {
        ZoneLimits limits;
        limits.records = limit;
        if (limit > 1) CHECK_FALSE(is_limited(hosts(limit - 1), limits));
        CHECK_FALSE(is_limited(hosts(limit), limits));
        CHECK(is_limited(hosts(limit + 1), limits));
    }
    for (const char* owner : {"h.zone.example.", "zone.example."}) {
        for (const Type type : {Type::NS, Type::PTR}) {
            for (const int count : {9, 10, 11}) {
                CAPTURE(owner, to_text(type), count);
                ZoneLimits limits;
                limits.records_per_rrset = 10;
                std::vector<Record> records = {soa(1)};
                for (int i = 0; i < count; ++i) {
                    const std::string target = "t" + std::to_string(i) + ".example.";
                    // Duplicates do not count.
                    records.push_back(refer(owner, type, target));
                    records.push_back(refer(owner, type, target));
                }
                CHECK(is_limited(records, limits) == (count > 10));
            }
        }
    }
    for (const unsigned count : {4U, 5U, 6U}) {
        ZoneLimits limits;
        limits.types_per_name = 5;
        std::vector<Record> records = {soa(1)};
        for (unsigned i = 0; i < count; ++i) {
            records.push_back(record("h.zone.example.", Type(65000 + i), {1}));
            records.push_back(record("h.zone.example.", Type(65000 + i), {2}));
        }
        CHECK(is_limited(records, limits) == (count > 5));
    }
    std::size_t octets = 0;
    for (const Record& one : hosts(10)) octets += one.owner.wire().size() + 10 + one.rdata.size();
    for (const std::size_t limit : {octets - 1, octets, octets + 1}) {
        ZoneLimits limits;
        limits.octets = limit;
        CHECK(is_limited(hosts(10), limits) == (limit < octets));
    }
}

TEST_CASE("RRsets and owners larger than a chunk are built and come back", "[zone_builder]") {
    ZoneLimits limits;
    limits.records_per_rrset = 2000;
    std::vector<Record> records = {soa(1), a("a.zone.example.", 1), a("z.zone.example.", 1)};
    for (int i = 1000; i < 1400; ++i) {
        records.push_back(txt("big.zone.example.", std::to_string(i) + std::string(700, 'x')));
        records.push_back(record("big.zone.example.", Type(65281 - 1), Bytes(200, Byte(i % 251))));
    }
    records.push_back(a("big.zone.example.", 1));
    NaiveZone expected = naive_of(records);
    RandomZones random(23);
    ChunkIds ids;
    for (int round = 0; round < 4; ++round) {
        const auto zone = build(records, ids, limits);
        REQUIRE(zone.has_value());
        CHECK(difference(expected, *zone) == "");
        CHECK(zone->body().size() > 5);
        random.shuffle(records);
    }
}

TEST_CASE("RFC 2181 11: labels may hold any octet", "[zone_builder]") {
    std::vector<Record> records = {soa(1)};
    for (unsigned octet = 0; octet < 256; ++octet) {
        for (const Bytes& label :
             {Bytes{Byte(octet)}, Bytes{'x', Byte(octet)}, Bytes{Byte(octet), 0}}) {
            Bytes wire = {static_cast<Byte>(label.size())};
            append(wire, label);
            append(wire, apex().wire());
            Record one = a("zone.example.", octet);
            one.owner = *Name::from_wire(wire);
            records.push_back(one);
        }
    }
    const NaiveZone expected = naive_of(records);
    CHECK(expected.size() > 700);
    RandomZones random(24);
    random.shuffle(records);
    ChunkIds ids;
    const ZoneSnapshot zone = built(records, ids);
    CHECK(zone.record_count() == expected.size());
    const std::string text = difference(naive_of(records), zone);
    CHECK(text == "");
}

TEST_CASE("The root can be a zone", "[zone_builder]") {
    ChunkIds ids;
    ZoneBuilder builder(Name(), head_types, ids, {});
    REQUIRE(builder.add(soa(3, ".").view()).has_value());
    REQUIRE(builder.add(refer(".", Type::NS, "a.root.example.").view()).has_value());
    REQUIRE(builder.add(refer("example.", Type::NS, "a.example.").view()).has_value());
    REQUIRE(builder.add(a("a.example.", 1).view()).has_value());
    const auto zone = builder.finish();
    REQUIRE(zone.has_value());
    CHECK(zone->record_count() == 4);
    CHECK(zone->find(name("a.EXAMPLE."), Type::A).rdatas.size() == 1);
    CHECK(zone->find(Name(), Type::NS).rdatas.size() == 1);
}

}  // namespace
}  // namespace chorale::zone::test
