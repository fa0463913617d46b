#include "common/zone/zone_delta.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

ZoneDelta delta_of(Serial from, Serial to, const std::vector<Record>& removed,
                   const std::vector<Record>& added) {
    ZoneDelta delta{soa(from), soa(to), {}, {}};
    for (const Record& one : removed) delta.removed.add(one.view());
    for (const Record& one : added) delta.added.add(one.view());
    return delta;
}

std::vector<std::string> texts(const RecordList& list) {
    std::vector<std::string> all;
    list.for_each([&](const RecordView& view) {
        all.push_back(view.owner.to_text() + ' ' + std::to_string(view.ttl) + ' ' +
                      to_text(view.type) + ' ' + dns::rdata_to_text(view.type, view.rdata));
    });
    std::ranges::sort(all);
    return all;
}

using Texts = std::vector<std::string>;

TEST_CASE("RFC 1995 4: a delta holds what differs, TTL and case of names included",
          "[zone_delta]") {
    ChunkIds ids;
    const ZoneSnapshot before = built(
        {soa(1), refer("zone.example.", Type::NS, "ns1.zone.example."), a("a.zone.example.", 1),
         a("b.zone.example.", 1), a("c.zone.example.", 1), txt("same.zone.example.", "x"),
         refer("d.zone.example.", Type::NS, "ns.zone.example.")},
        ids);
    const ZoneSnapshot after = built(
        {soa(2), refer("zone.example.", Type::NS, "ns2.zone.example."), a("a.zone.example.", 1, 60),
         a("B.zone.example.", 1), a("c.zone.example.", 2), txt("same.zone.example.", "x"),
         refer("d.zone.example.", Type::NS, "NS.zone.example."), a("new.zone.example.", 9)},
        ids);
    const auto delta = compute_delta(before, after, 100000);
    REQUIRE(delta.has_value());
    CHECK(delta->from() == 1);
    CHECK(delta->to() == 2);
    CHECK(texts(delta->removed) ==
          Texts{"a.zone.example. 3600 A 0.0.0.1", "b.zone.example. 3600 A 0.0.0.1",
                "c.zone.example. 3600 A 0.0.0.1", "d.zone.example. 3600 NS ns.zone.example.",
                "zone.example. 3600 NS ns1.zone.example."});
    CHECK(texts(delta->added) ==
          Texts{"B.zone.example. 3600 A 0.0.0.1", "a.zone.example. 60 A 0.0.0.1",
                "c.zone.example. 3600 A 0.0.0.2", "d.zone.example. 3600 NS NS.zone.example.",
                "new.zone.example. 3600 A 0.0.0.9", "zone.example. 3600 NS ns2.zone.example."});
    CHECK_FALSE(compute_delta(before, after, delta->octets() - 1).has_value());
    CHECK(compute_delta(before, after, delta->octets()).has_value());
}

TEST_CASE("A delta of the head alone is bounded as well", "[zone_delta]") {
    ChunkIds ids;
    const ZoneSnapshot before = built({soa(1)}, ids);
    const ZoneSnapshot after =
        built({soa(2), refer("zone.example.", Type::NS, "ns2.zone.example.")}, ids);
    CHECK_FALSE(compute_delta(before, after, 10).has_value());
    CHECK(compute_delta(before, after, 1000).has_value());
}

TEST_CASE("A head RRset with another TTL is removed and added whole", "[zone_delta]") {
    ChunkIds ids;
    const ZoneSnapshot before = built({soa(1), refer("zone.example.", Type::NS, "a.example.", 60),
                                       refer("zone.example.", Type::NS, "b.example.", 60)},
                                      ids);
    const ZoneSnapshot after = built({soa(2), refer("zone.example.", Type::NS, "a.example.", 90),
                                      refer("zone.example.", Type::NS, "b.example.", 90)},
                                     ids);
    ZoneDelta delta{soa(1), soa(2), {}, {}};
    add_head_difference(before, after, delta);
    CHECK(texts(delta.removed) ==
          Texts{"zone.example. 60 NS a.example.", "zone.example. 60 NS b.example."});
    CHECK(texts(delta.added) ==
          Texts{"zone.example. 90 NS a.example.", "zone.example. 90 NS b.example."});
}

TEST_CASE("Condensing: what was undone does not appear", "[zone_delta]") {
    const Record x = a("x.zone.example.", 1), y = a("y.zone.example.", 1);
    const Record x_later = a("x.zone.example.", 1, 60), x_upper = a("X.zone.example.", 1);
    struct Row {
        const char* what;
        std::vector<ZoneDelta> chain;
        Texts removed, added;
    };
    const std::string x_text = "x.zone.example. 3600 A 0.0.0.1";
    const std::string y_text = "y.zone.example. 3600 A 0.0.0.1";
    const Row rows[] = {
        {"one alone", {delta_of(1, 2, {x}, {y})}, {x_text}, {y_text}},
        {"added, removed", {delta_of(1, 2, {}, {x}), delta_of(2, 3, {x}, {})}, {}, {}},
        {"removed, added", {delta_of(1, 2, {x}, {}), delta_of(2, 3, {}, {x})}, {}, {}},
        {"removed, added, removed",
         {delta_of(1, 2, {x}, {}), delta_of(2, 3, {}, {x}), delta_of(3, 4, {x}, {})},
         {x_text},
         {}},
        {"another TTL, and back",
         {delta_of(1, 2, {x}, {x_later}), delta_of(2, 3, {x_later}, {x})},
         {},
         {}},
        {"another TTL, then gone",
         {delta_of(1, 2, {x}, {x_later}), delta_of(2, 3, {x_later}, {})},
         {x_text},
         {}},
        {"another case stays a change",
         {delta_of(1, 2, {x}, {}), delta_of(2, 3, {}, {x_upper})},
         {x_text},
         {"X.zone.example. 3600 A 0.0.0.1"}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        std::vector<const ZoneDelta*> chain;
        for (const ZoneDelta& delta : row.chain) chain.push_back(&delta);
        const ZoneDelta condensed = condense(chain);
        CHECK(condensed.from() == row.chain.front().from());
        CHECK(condensed.to() == row.chain.back().to());
        CHECK(texts(condensed.removed) == row.removed);
        CHECK(texts(condensed.added) == row.added);
    }
}

TEST_CASE("A stored delta comes back; cut or changed it is an error or a delta", "[zone_delta]") {
    const ZoneDelta delta =
        delta_of(0xffffffff, 1, {a("x.zone.example.", 1), txt("X.zone.example.", "text")},
                 {mx("m.zone.example.", 5, "mail.zone.example.")});
    const Bytes stored = to_stored(delta);
    const auto again = delta_from_stored(stored);
    REQUIRE(again.has_value());
    CHECK(again->from() == 0xffffffff);
    CHECK(again->to() == 1);
    CHECK(is_identical(again->from_soa.view(), delta.from_soa.view()));
    CHECK(is_identical(again->to_soa.view(), delta.to_soa.view()));
    CHECK(equal(again->removed.octets(), delta.removed.octets()));
    CHECK(equal(again->added.octets(), delta.added.octets()));
    CHECK(to_stored(*again) == stored);

    for (std::size_t cut = 0; cut < stored.size(); ++cut) {
        CAPTURE(cut);
        CHECK_FALSE(delta_from_stored(BytesView(stored).first(cut)).has_value());
    }
    Bytes longer = stored;
    longer.push_back(0);
    CHECK_FALSE(delta_from_stored(longer).has_value());
    for (std::size_t at = 0; at < stored.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            Bytes changed = stored;
            changed[at] = static_cast<Byte>(value);
            const auto read = delta_from_stored(changed);
            // The forms are one to one: what is accepted is written the same again.
            if (read) REQUIRE(to_stored(*read) == changed);
        }
    }
}

TEST_CASE("A stored delta needs two SOA records in their place", "[zone_delta]") {
    const auto with_soas = [](const std::vector<Record>& soas) {
        RecordList list;
        for (const Record& one : soas) list.add(one.view());
        Bytes octets;
        dns::WireWriter writer(octets);
        writer.u8(1);
        writer.u32(static_cast<std::uint32_t>(list.octets().size()));
        writer.octets(list.octets());
        writer.u32(0);
        writer.u32(0);
        return octets;
    };
    CHECK(delta_from_stored(with_soas({soa(1), soa(2)})).has_value());
    CHECK_FALSE(delta_from_stored(with_soas({})).has_value());
    CHECK_FALSE(delta_from_stored(with_soas({soa(1)})).has_value());
    CHECK_FALSE(delta_from_stored(with_soas({soa(1), soa(2), soa(3)})).has_value());
    CHECK_FALSE(delta_from_stored(with_soas({soa(1), a("zone.example.", 1)})).has_value());
    CHECK_FALSE(delta_from_stored(with_soas({a("zone.example.", 1), soa(1)})).has_value());
}

}  // namespace
}  // namespace chorale::zone::test
