#include "common/zone/zone_snapshot.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

// What find() must give, by looking at everything.
dns::RRset naive_find(const NaiveZone& zone, dns::NameView owner, Type type) {
    dns::RRset found;
    for (const auto& [key, one] : zone.records()) {
        if (!(one.owner == owner) || one.type != type) continue;
        if (found.empty()) found = {one.owner, type, one.ttl, {}};
        found.rdatas.push_back(one.rdata);
    }
    return found;
}

bool are_same(const dns::RRset& left, const dns::RRset& right) {
    if (left.empty() && right.empty()) return true;
    return left.owner == right.owner && left.type == right.type && left.ttl == right.ttl &&
           left.rdatas == right.rdatas;
}

TEST_CASE("RRsets are found in head and body, as a naive search finds them", "[zone_snapshot]") {
    RandomZones random(11);
    ChunkIds ids;
    for (const std::size_t size : {0U, 1U, 2U, 10U, 100U, 1500U, 5000U}) {
        const NaiveZone naive = random.zone(size, 1);
        const ZoneSnapshot zone = built(naive.list(), ids);
        REQUIRE(difference(naive, zone).empty());
        std::vector<Record> wanted = naive.list();
        random.shuffle(wanted);
        if (wanted.size() > 150) wanted.resize(150);
        for (int i = 0; i < 30; ++i) wanted.push_back(random.any_record(size + 10));
        wanted.push_back(a("zone.example.", 1));
        wanted.push_back(a("a.other.example.", 1));  // before and after all of the zone
        wanted.push_back(a("zzz.", 1));
        for (const Record& one : wanted) {
            CAPTURE(size, one.owner.to_text(), to_text(one.type));
            CHECK(are_same(zone.find(one.owner, one.type), naive_find(naive, one.owner, one.type)));
            std::set<Type> types;
            for (const auto& [key, other] : naive.records()) {
                if (other.owner == one.owner) types.insert(other.type);
            }
            const std::vector<dns::RRset> all = zone.find_all(one.owner);
            CHECK(all.size() == types.size());
            for (const dns::RRset& rrset : all) {
                CHECK(types.contains(rrset.type));
                CHECK(are_same(rrset, naive_find(naive, one.owner, rrset.type)));
            }
        }
    }
}

TEST_CASE("An RRset that goes on over several chunks is found whole", "[zone_snapshot]") {
    ChunkIds ids;
    std::vector<Record> records = {soa(1), a("a.zone.example.", 1), a("c.zone.example.", 1)};
    for (int i = 1000; i < 1300; ++i) {
        records.push_back(txt("b.zone.example.", std::to_string(i) + std::string(800, 'x')));
    }
    records.push_back(a("b.zone.example.", 1));
    ZoneLimits limits;
    limits.records_per_rrset = 1000;
    const auto zone = build(records, ids, limits);
    REQUIRE(zone.has_value());
    REQUIRE(zone->body().size() >= 4);
    CHECK(zone->find(name("B.ZONE.example."), Type::TXT).rdatas.size() == 300);
    CHECK(zone->find_all(name("b.zone.example.")).size() == 2);
    CHECK(zone->find(name("a.zone.example."), Type::A).rdatas.size() == 1);
    CHECK(zone->find(name("c.zone.example."), Type::A).rdatas.size() == 1);
    CHECK(zone->find(name("bb.zone.example."), Type::A).empty());
}

TEST_CASE("The head has SOA first, then its RRsets by type", "[zone_snapshot]") {
    ChunkIds ids;
    const ZoneSnapshot zone = built({refer("zone.example.", Type::NS, "ns2.zone.example."),
                                     refer("ZONE.example.", Type::NS, "ns1.zone.example."),
                                     record("zone.example.", Type::CDS, Bytes(36, 1)), soa(77),
                                     txt("zone.example.", "not in the head"),
                                     refer("sub.zone.example.", Type::NS, "ns.sub.zone.example.")},
                                    ids);
    REQUIRE(zone.head().size() == 3);
    CHECK(zone.head()[0].type == Type::SOA);
    CHECK(zone.head()[1].type == Type::NS);
    CHECK(zone.head()[2].type == Type::CDS);
    CHECK(zone.serial() == 77);
    CHECK(zone.record_count() == 6);
    CHECK(zone.find_in_head(Type::NS)->rdatas.size() == 2);
    CHECK(zone.find_in_head(Type::TXT) == nullptr);
    CHECK(zone.find_in_head(Type::DNSKEY) == nullptr);
    CHECK(zone.find(apex(), Type::TXT).rdatas.size() == 1);
    CHECK(zone.find_all(apex()).size() == 4);
}

TEST_CASE("RFC 4034 6.3: RDATA goes into an RRset in order and once", "[zone_snapshot]") {
    dns::RRset rrset{apex(), Type::NS, 60, {}};
    const auto target = [](std::string_view text) { return to_bytes(name(text).wire()); };
    CHECK(insert_rdata(rrset, target("b.example.")));
    CHECK(insert_rdata(rrset, target("c.example.")));
    CHECK(insert_rdata(rrset, target("A.example.")));
    CHECK_FALSE(insert_rdata(rrset, target("a.Example.")));
    CHECK_FALSE(insert_rdata(rrset, target("C.EXAMPLE.")));
    REQUIRE(rrset.rdatas.size() == 3);
    CHECK(rrset.rdatas[0] == target("A.example."));
    CHECK(rrset.rdatas[2] == target("c.example."));
}

}  // namespace
}  // namespace chorale::zone::test
