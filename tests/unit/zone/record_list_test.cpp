#include "common/zone/record_list.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

TEST_CASE("A record list gives back what was put in, octet for octet", "[record_list]") {
    const std::string label(63, 'x');
    const std::string longest =
        label + '.' + label + '.' + label + '.' + std::string(61, 'y') + '.';
    const std::vector<Record> records = {
        a("a.zone.example.", 1),
        txt("WWW.Zone.Example.", "text"),
        record("\\000\\255\\..zone.example.", Type(65280), {}),
        record(".", Type::NULL_, Bytes(65535, 0xab), 0xffffffff),
        refer(longest, Type::NS, longest, 0),
    };
    RecordList list;
    CHECK(list.empty());
    std::vector<std::size_t> offsets;
    for (const Record& one : records) offsets.push_back(list.add(one.view()));
    CHECK(list.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        CAPTURE(i);
        CHECK(is_identical(list.at(offsets[i]), records[i].view()));
    }
    const auto again = RecordList::from_octets(to_bytes(list.octets()));
    REQUIRE(again.has_value());
    CHECK(again->size() == records.size());
    std::size_t i = 0;
    again->for_each(
        [&](const RecordView& view) { CHECK(is_identical(view, records[i++].view())); });
    list.clear();
    CHECK(list.empty());
    CHECK(list.octets().empty());
}

TEST_CASE("RFC 4034 6.1, 6.3: records sort by owner, type and RDATA", "[record_list]") {
    const std::vector<Record> in_order = {
        a("zone.example.", 9),
        a("\\000.zone.example.", 1),
        a("\\001.zone.example.", 1),
        a("*.zone.example.", 1),
        a("a.zone.example.", 1),
        a("a.zone.example.", 2),
        refer("a.zone.example.", Type::NS, "A.example."),
        refer("a.zone.example.", Type::NS, "b.example."),
        refer("a.zone.example.", Type::NS, "C.example."),
        txt("A.zone.example.", "x"),
        a("\\000.a.zone.example.", 1),
        a("b.a.zone.example.", 1),
        a("aa.zone.example.", 1),
        a("z.aa.zone.example.", 1),
        a("B.zone.example.", 1),
        a("\\200.zone.example.", 1),
        a("\\255.zone.example.", 1),
    };
    for (std::size_t i = 0; i < in_order.size(); ++i) {
        for (std::size_t j = 0; j < in_order.size(); ++j) {
            CAPTURE(i, j);
            const int order = compare_records(in_order[i].view(), in_order[j].view());
            CHECK((i < j ? order < 0 : i > j ? order > 0 : order == 0));
        }
    }
    RandomZones random(1);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::size_t> places(in_order.size());
        for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
        random.shuffle(places);
        RecordList list;
        for (const std::size_t place : places) list.add(in_order[place].view());
        std::size_t expected = 0;
        for (const std::size_t offset : list.sorted()) {
            CHECK(is_identical(list.at(offset), in_order[expected++].view()));
        }
    }
}

TEST_CASE("Records that differ only in TTL and case sort in order of addition", "[record_list]") {
    RecordList list;
    for (std::uint32_t ttl = 0; ttl < 40; ++ttl) {
        list.add(a(ttl % 2 ? "a.zone.example." : "A.zone.example.", 1, ttl).view());
    }
    std::uint32_t expected = 0;
    for (const std::size_t offset : list.sorted()) CHECK(list.at(offset).ttl == expected++);
}

TEST_CASE("Sorting agrees with a naive order on random records", "[record_list]") {
    RandomZones random(2);
    for (int round = 0; round < 100; ++round) {
        RecordList list;
        std::map<NaiveZone::Key, int> expected;
        for (std::size_t i = random.below(200); i > 0; --i) {
            const Record one = random.any_record(80);
            list.add(one.view());
            ++expected[NaiveZone::key_of(one.view())];
        }
        std::vector<NaiveZone::Key> keys;
        for (const auto& [key, count] : expected) keys.insert(keys.end(), std::size_t(count), key);
        std::size_t i = 0;
        bool is_same = true;
        for (const std::size_t offset : list.sorted()) {
            is_same = is_same && NaiveZone::key_of(list.at(offset)) == keys[i++];
        }
        CHECK(is_same);
        CHECK(i == keys.size());
    }
}

TEST_CASE("Stored record lists: every cut is an error or a shorter list", "[record_list]") {
    RecordList list;
    std::vector<std::size_t> ends = {0};
    for (const Record& one : {a("a.zone.example.", 1), txt("b.zone.example.", "some text"),
                              refer("c.zone.example.", Type::CNAME, "d.zone.example.")}) {
        list.add(one.view());
        ends.push_back(list.octets().size());
    }
    for (std::size_t cut = 0; cut <= list.octets().size(); ++cut) {
        CAPTURE(cut);
        const auto read = RecordList::from_octets(to_bytes(list.octets().first(cut)));
        const auto end = std::ranges::find(ends, cut);
        CHECK(read.has_value() == (end != ends.end()));
        if (read && end != ends.end()) CHECK(read->size() == std::size_t(end - ends.begin()));
    }
}

TEST_CASE("Stored record lists: lies are errors", "[record_list]") {
    struct Row {
        const char* what;
        Bytes octets;
    };
    const Row rows[] = {
        {"no owner", {0, 0, 1, 0, 0, 0, 0, 0, 0}},
        {"owner without end", {2, 1, 'a', 0, 1, 0, 0, 0, 0, 0, 0}},
        {"owner with octets after its end", {2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
        {"owner with a pointer", {2, 0xc0, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
        {"RDATA longer than the list", {1, 0, 0xff, 0, 0, 0, 0, 0, 0, 2, 1}},
        {"A with three octets", {1, 0, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3}},
        {"A without RDATA", {1, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
        {"NS with a compressed name", {1, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0xc0, 0}},
        {"SOA without serial", {1, 0, 0, 6, 0, 0, 0, 0, 0, 2, 0, 0}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        CHECK_FALSE(RecordList::from_octets(row.octets).has_value());
    }
    CHECK(RecordList::from_octets({}).has_value());
    CHECK(RecordList::from_octets({1, 0, 0xff, 0, 0, 0, 0, 0, 0, 0}).has_value());
}

TEST_CASE("Stored record lists: any octet changed is read within its bounds", "[record_list]") {
    RecordList list;
    list.add(a("a.zone.example.", 1).view());
    list.add(mx("b.zone.example.", 1, "mail.zone.example.").view());
    list.add(txt("c.zone.example.", "text").view());
    for (std::size_t at = 0; at < list.octets().size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            Bytes octets = to_bytes(list.octets());
            octets[at] = static_cast<Byte>(value);
            const auto read = RecordList::from_octets(octets);
            if (!read) continue;
            std::size_t count = 0;
            read->for_each([&](const RecordView& view) {
                if (dns::check_rdata(view.type, view.rdata)) ++count;
            });
            REQUIRE(count == read->size());
            REQUIRE(read->sorted().size() == count);
        }
    }
}

}  // namespace
}  // namespace chorale::zone::test
