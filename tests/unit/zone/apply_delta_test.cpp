#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

ZoneDelta delta_of(const std::vector<Record>& removed, const std::vector<Record>& added,
                   Serial from = 1, Serial to = 2) {
    ZoneDelta delta{soa(from), soa(to), {}, {}};
    for (const Record& one : removed) delta.removed.add(one.view());
    for (const Record& one : added) delta.added.add(one.view());
    return delta;
}

std::string message_of_applied(const ZoneSnapshot& zone, const ZoneDelta& delta,
                               const ZoneLimits& limits = {}) {
    ChunkIds ids(1000000);
    const auto applied = apply_delta(zone, delta, head_types, ids, limits);
    return applied ? std::string() : applied.error().message();
}

const std::vector<Record> base = {soa(1),
                                  refer("zone.example.", Type::NS, "ns.zone.example."),
                                  txt("zone.example.", "apex"),
                                  a("a.zone.example.", 1),
                                  a("a.zone.example.", 2),
                                  refer("c.zone.example.", Type::CNAME, "a.zone.example."),
                                  txt("t.zone.example.", "x")};

TEST_CASE("RFC 1995: a delta that does not fit the zone is an error that names why",
          "[apply_delta]") {
    ChunkIds ids;
    const ZoneSnapshot zone = built(base, ids);
    Record chaos = a("n.zone.example.", 1);
    const Record absent = a("a.zone.example.", 3), nowhere = a("zz.zone.example.", 1);
    ZoneDelta foreign = delta_of({}, {});
    foreign.to_soa = soa(2, "other.example.");
    struct Row {
        const char* what;
        ZoneDelta delta;
        const char* expected;  // "" when it is good
    };
    const Row rows[] = {
        {"nothing but a serial", delta_of({}, {}), ""},
        {"another serial", delta_of({}, {}, 3, 4), "starts at serial 3, the zone is at 1"},
        {"SOA of another zone", foreign, "another record than the zone's SOA"},
        {"removes an absent record", delta_of({absent}, {}), "a.zone.example. A: removes a record"},
        {"removes at an absent owner", delta_of({nowhere}, {}), "zz.zone.example. A: removes"},
        {"removes before all others", delta_of({a("zone.example.", 1)}, {}), "removes a record"},
        {"removes one twice", delta_of({a("a.zone.example.", 1), a("a.zone.example.", 1)}, {}),
         "removes a record"},
        {"removes in the head what is not there",
         delta_of({refer("zone.example.", Type::NS, "ns9.zone.example.")}, {}),
         "zone.example. NS: removes a record"},
        {"removes in an RRset of the head that is not there",
         delta_of({record("zone.example.", Type::CDS, Bytes(36, 1))}, {}),
         "zone.example. CDS: removes a record"},
        {"removes what it adds", delta_of({absent}, {absent}), "removes a record"},
        {"removes whatever the TTL and case", delta_of({a("A.zone.example.", 1, 5)}, {}), ""},
        {"adds what is there", delta_of({}, {a("A.zone.example.", 1, 5)}), ""},
        {"adds one twice", delta_of({}, {nowhere, nowhere}), ""},
        {"adds out of the zone", delta_of({}, {a("a.other.example.", 1)}), "not in the zone"},
        {"removes out of the zone", delta_of({a("a.other.example.", 1)}, {}), "not in the zone"},
        {"adds a metatype", delta_of({}, {record("a.zone.example.", Type::OPT, {1})}),
         "not a type of data"},
        {"adds an A without RDATA", delta_of({}, {record("a.zone.example.", Type::A, {})}),
         "no RDATA"},
        {"adds an SOA", delta_of({}, {soa(2)}), "among the changes"},
        {"removes the SOA", delta_of({soa(1)}, {}), "among the changes"},
        {"adds beside a CNAME", delta_of({}, {a("C.zone.example.", 1)}), "CNAME and other data"},
        {"adds a second CNAME", delta_of({}, {refer("c.zone.example.", Type::CNAME, "x.example.")}),
         "more than one record"},
        {"adds a CNAME beside others",
         delta_of({}, {refer("t.zone.example.", Type::CNAME, "x.example.")}),
         "CNAME and other data"},
        {"adds a CNAME at the apex",
         delta_of({}, {refer("zone.example.", Type::CNAME, "x.example.")}), "CNAME and other data"},
        {"puts a CNAME in the place of others",
         delta_of({txt("t.zone.example.", "x")},
                  {refer("t.zone.example.", Type::CNAME, "x.example.")}),
         ""},
        {"puts a CNAME in the place of a CNAME",
         delta_of({refer("c.zone.example.", Type::CNAME, "a.zone.example.")},
                  {refer("c.zone.example.", Type::CNAME, "x.example.")}),
         ""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const std::string message = message_of_applied(zone, row.delta);
        CAPTURE(message);
        if (*row.expected == '\0') {
            CHECK(message == "");
        } else {
            CHECK(message.find(row.expected) != std::string::npos);
        }
    }
}

TEST_CASE("The effective delta is what changed, no more", "[apply_delta]") {
    ChunkIds ids;
    const ZoneSnapshot zone = built(base, ids);
    const Record there = a("A.zone.example.", 1, 5), fresh = a("n.zone.example.", 1);
    const auto applied = apply_delta(
        zone,
        delta_of({txt("T.zone.example.", "x", 1),                            // other TTL and case
                  a("a.zone.example.", 2),                                   // and added again
                  refer("zone.example.", Type::NS, "NS.zone.example.", 9)},  // and added again
                 {there, fresh, fresh, a("a.zone.example.", 2),
                  refer("zone.example.", Type::NS, "ns.zone.example.")}),
        head_types, ids, {});
    REQUIRE(applied.has_value());
    const ZoneDelta& effective = applied->effective;
    REQUIRE(effective.removed.size() == 1);
    CHECK(is_identical(effective.removed.at(0), txt("t.zone.example.", "x").view()));
    REQUIRE(effective.added.size() == 1);
    CHECK(is_identical(effective.added.at(0), fresh.view()));
    CHECK(is_identical(effective.from_soa.view(), soa(1).view()));
    CHECK(is_identical(effective.to_soa.view(), soa(2).view()));
    CHECK(applied->zone.serial() == 2);
    CHECK(applied->zone.record_count() == zone.record_count());
    CHECK(zone.serial() == 1);
}

TEST_CASE("Limits of a zone hold for deltas: at the limit, not beyond", "[apply_delta]") {
    ChunkIds ids;
    const ZoneSnapshot zone = built(base, ids);
    const ZoneDelta one_more = delta_of({}, {a("n.zone.example.", 1)});
    const ZoneDelta exchange = delta_of({txt("t.zone.example.", "x")}, {a("n.zone.example.", 1)});
    ZoneLimits limits;
    limits.records = 7;
    CHECK(message_of_applied(zone, one_more, limits) == "more records than allowed");
    CHECK(message_of_applied(zone, exchange, limits) == "");
    limits.records = 8;
    CHECK(message_of_applied(zone, one_more, limits) == "");
    limits = {};
    limits.octets = zone.octets() + 8;
    CHECK(message_of_applied(zone, one_more, limits) == "more octets than allowed");
    CHECK(message_of_applied(zone, exchange, limits) == "");
    limits = {};
    limits.records_per_rrset = 2;
    CHECK(message_of_applied(zone, delta_of({}, {a("a.zone.example.", 3)}), limits) ==
          "a.zone.example. A: more than 2 records in one RRset");
    CHECK(message_of_applied(zone, delta_of({a("a.zone.example.", 1)}, {a("a.zone.example.", 3)}),
                             limits) == "");
    limits.records_per_rrset = 1;
    CHECK(message_of_applied(zone,
                             delta_of({}, {refer("zone.example.", Type::NS, "ns2.zone.example.")}),
                             limits) == "zone.example. NS: more than 1 records in one RRset");
    CHECK(message_of_applied(zone,
                             delta_of({refer("zone.example.", Type::NS, "ns.zone.example.")},
                                      {refer("zone.example.", Type::NS, "ns2.zone.example.")}),
                             limits) == "");
    limits = {};
    limits.types_per_name = 1;
    CHECK(message_of_applied(zone, delta_of({}, {txt("a.zone.example.", "x")}), limits) ==
          "a.zone.example.: more than 1 types at one name");
}

TEST_CASE("A delta touches only the chunks that it must", "[apply_delta]") {
    RandomZones random(31);
    ChunkIds ids;
    const NaiveZone naive = random.zone(9000, 1);
    const ZoneSnapshot zone = built(naive.list(), ids);
    REQUIRE(zone.body().size() > 6);
    for (const Record& one : {a("a.zone.example.", 9), a("n500.zone.example.", 9),
                              a("zzz.zone.example.", 9), a("0.zone.example.", 9)}) {
        ChunkIds fresh_ids(1000000);
        const auto applied = apply_delta(zone, delta_of({}, {one}), head_types, fresh_ids, {});
        REQUIRE(applied.has_value());
        std::size_t kept = 0;
        for (const ChunkPointer& chunk : applied->zone.body()) {
            if (std::ranges::find(zone.body(), chunk) != zone.body().end()) ++kept;
        }
        CHECK(kept + 1 >= zone.body().size());
        CHECK(applied->zone.body().size() <= zone.body().size() + 1);
    }
    // The head alone: the body is the same, pointer for pointer.
    ChunkIds fresh_ids(1000000);
    const auto applied =
        apply_delta(zone, delta_of({}, {refer("zone.example.", Type::NS, "new.zone.example.")}),
                    head_types, fresh_ids, {});
    REQUIRE(applied.has_value());
    CHECK(applied->zone.body() == zone.body());
}

TEST_CASE("Chunks neither vanish into crumbs nor grow without bound", "[apply_delta]") {
    // Always at the same place; then away again, one by one.
    ChunkIds ids;
    std::vector<Record> records = {soa(1)};
    for (int i = 0; i < 3000; ++i) {
        records.push_back(a("h" + std::to_string(10000 + i) + ".zone.example.", 1));
    }
    ZoneSnapshot zone = built(records, ids);
    std::vector<Record> added;
    Serial serial = 1;
    for (int i = 0; i < 2000; ++i) {
        added.push_back(a("h11000-" + std::to_string(i) + ".zone.example.", 1));
        auto applied = apply_delta(zone, delta_of({}, {added.back()}, serial, serial + 1),
                                   head_types, ids, {});
        REQUIRE(applied.has_value());
        zone = std::move(applied->zone);
        ++serial;
    }
    const auto check_sizes = [&] {
        for (std::size_t i = 0; i < zone.body().size(); ++i) {
            CHECK(zone.body()[i]->octets().size() <= chunk_most_octets);
            if (i + 1 < zone.body().size()) {
                CHECK(zone.body()[i]->octets().size() >= chunk_least_octets / 4);
            }
        }
    };
    check_sizes();
    for (std::size_t i = 1; i < records.size(); ++i) {
        auto applied =
            apply_delta(zone, delta_of({records[i]}, {}, serial, serial + 1), head_types, ids, {});
        REQUIRE(applied.has_value());
        zone = std::move(applied->zone);
        ++serial;
    }
    check_sizes();
    NaiveZone expected;
    expected.set_soa(soa(serial));
    for (const Record& one : added) expected.insert(one);
    CHECK(difference(expected, zone) == "");
}

TEST_CASE("An owner that spans chunks changes as a whole", "[apply_delta]") {
    ZoneLimits limits;
    limits.records_per_rrset = 400;
    std::vector<Record> records = {soa(1), a("a.zone.example.", 1), a("m.zone.example.", 1),
                                   a("z.zone.example.", 1)};
    const auto large = [](int i) {
        return txt("m.zone.example.", std::to_string(i) + std::string(700, 'x'));
    };
    for (int i = 1000; i < 1200; ++i) records.push_back(large(i * 2));
    ChunkIds ids;
    const auto zone = build(records, ids, limits);
    REQUIRE(zone.has_value());
    REQUIRE(zone->body().size() >= 3);
    NaiveZone naive;
    for (const Record& one : records) naive.insert(one);

    std::vector<std::pair<std::vector<Record>, std::vector<Record>>> changes;
    for (const int i : {1000, 1001, 1050, 1085, 1086, 1100, 1160, 1180, 1199}) {
        changes.push_back({{large(i * 2)}, {}});
        changes.push_back({{}, {large(i * 2 + 1)}});
        changes.push_back({{large(i * 2)}, {large(i * 2 + 1)}});
    }
    changes.push_back({{a("m.zone.example.", 1)}, {}});
    changes.push_back({{a("z.zone.example.", 1)}, {a("y.zone.example.", 1)}});
    std::vector<Record> all;
    for (int i = 1000; i < 1200; ++i) all.push_back(large(i * 2));
    changes.push_back({all, {}});
    all.push_back(a("m.zone.example.", 1));
    changes.push_back({all, {refer("m.zone.example.", Type::CNAME, "x.example.")}});
    for (const auto& [removed, added] : changes) {
        const auto applied = apply_delta(*zone, delta_of(removed, added), head_types, ids, limits);
        INFO((applied ? std::string() : applied.error().message()));
        REQUIRE(applied.has_value());
        NaiveZone expected = naive;
        for (const Record& one : removed) REQUIRE(expected.erase(one.view()));
        for (const Record& one : added) REQUIRE(expected.insert(one));
        expected.set_soa(soa(2));
        CHECK(difference(expected, applied->zone) == "");
    }
    // The rules of an owner hold over all its chunks.
    CHECK(message_of_applied(
              *zone, delta_of({}, {refer("m.zone.example.", Type::CNAME, "x.example.")}), limits)
              .find("CNAME and other data") != std::string::npos);
    limits.records_per_rrset = 200;
    CHECK(message_of_applied(*zone, delta_of({}, {large(1)}), limits).find("more than 200") !=
          std::string::npos);
    CHECK(message_of_applied(*zone, delta_of({}, {large(9999)}), limits).find("more than 200") !=
          std::string::npos);
}

}  // namespace
}  // namespace chorale::zone::test
