// Random zones through everything that this room does to zones. Every failure
// names the seed of its round.
#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

// A secondary: builds zones and applies deltas.
class Secondary : public TransferSink {
public:
    Secondary(std::optional<ZoneSnapshot> zone, ChunkIds& ids)
        : zone_(std::move(zone)), ids_(ids) {}

    Result<void> begin_zone(const RecordView& first) override {
        builder_.emplace(apex(), head_types, ids_, ZoneLimits{});
        return builder_->add(first);
    }
    Result<void> add(const RecordView& one) override { return builder_->add(one); }
    Result<void> add_delta(ZoneDelta delta) override {
        auto applied = apply_delta(*zone_, delta, head_types, ids_, {});
        if (!applied) return applied.error();
        zone_ = std::move(applied->zone);
        return success();
    }
    Result<ZoneSnapshot> finish() {
        if (builder_) return builder_->finish();
        return *zone_;
    }

private:
    std::optional<ZoneSnapshot> zone_;
    std::optional<ZoneBuilder> builder_;
    ChunkIds& ids_;
};

// What a secondary that has `before` (or nothing) makes of the messages; also
// checks that nothing but the last message completes the stream.
Result<ZoneSnapshot> transferred(const std::vector<Bytes>& messages,
                                 const std::optional<ZoneSnapshot>& before, ChunkIds& ids) {
    Secondary secondary(before, ids);
    std::optional<Serial> have;
    if (before) have = before->serial();
    XfrInterpreter interpreter(apex(), 7, have, {});
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto fed = interpreter.feed(messages[i], secondary);
        if (!fed) return fed.error();
        const bool is_complete = *fed == XfrInterpreter::Progress::complete;
        if (is_complete != (i + 1 == messages.size()))
            return malformed("complete too early or late");
    }
    return secondary.finish();
}

std::string difference_of(const NaiveZone& expected, const Result<ZoneSnapshot>& zone) {
    return zone ? difference(expected, *zone) : zone.error().message();
}

bool is_same_effect(const ZoneDelta& x, const ZoneDelta& y) {
    const auto sorted = [](const RecordList& list) {
        std::vector<std::tuple<NaiveZone::Key, std::uint32_t, Bytes, Bytes>> all;
        list.for_each([&](const RecordView& view) {
            all.emplace_back(NaiveZone::key_of(view), view.ttl, to_bytes(view.owner.wire()),
                             to_bytes(view.rdata));
        });
        std::ranges::sort(all);
        return all;
    };
    return sorted(x.removed) == sorted(y.removed) && sorted(x.added) == sorted(y.added) &&
           is_identical(x.from_soa.view(), y.from_soa.view()) &&
           is_identical(x.to_soa.view(), y.to_soa.view());
}

std::size_t size_of_round(RandomZones& random, int round) {
    if (round % 250 == 0) return 1000 + random.below(1001);
    if (round % 25 == 0) return random.below(400);
    return random.below(30);
}

TEST_CASE("For 5,000 random pairs of zones: delta, IXFR and AXFR lead from one to the other",
          "[property]") {
    ChunkIds ids;
    std::size_t multi_chunk = 0;
    for (int round = 0; round < 5000; ++round) {
        CAPTURE(round);
        RandomZones random(1000U + unsigned(round));
        const std::size_t size = size_of_round(random, round);
        const Serial from = random.one_in(10) ? 0xffffffff : Serial(random.below(1000));
        const Serial to = from + 1 + Serial(random.below(1000));
        const NaiveZone old_zone = random.zone(size, from);
        const NaiveZone new_zone = random.one_in(20)
                                       ? random.zone(size, to)
                                       : random.changed(old_zone, random.below(size / 4 + 5), to);
        const ZoneSnapshot before = built(old_zone.list(), ids);
        ZoneSnapshot after = built(new_zone.list(), ids);
        REQUIRE(difference(new_zone, after) == "");
        if (before.body().size() > 1) ++multi_chunk;
        if (random.one_in(2)) after = share_chunks(before, after);
        REQUIRE(difference(new_zone, after) == "");

        const auto delta = compute_delta(before, after, std::size_t{1} << 30);
        REQUIRE(delta.has_value());
        const auto applied = apply_delta(before, *delta, head_types, ids, {});
        REQUIRE(applied.has_value());
        REQUIRE(difference(new_zone, applied->zone) == "");
        REQUIRE(is_same_effect(applied->effective, *delta));

        const auto stored = delta_from_stored(to_stored(*delta));
        REQUIRE(stored.has_value());
        const std::vector<Bytes> ixfr = packed(IxfrPacker(*stored, query(Type::IXFR)));
        REQUIRE(difference_of(new_zone, transferred(ixfr, before, ids)) == "");

        const auto shared = std::make_shared<const ZoneSnapshot>(applied->zone);
        const std::vector<Bytes> axfr = packed(AxfrPacker(shared, query(Type::AXFR)));
        REQUIRE(difference_of(new_zone, transferred(axfr, std::nullopt, ids)) == "");
    }
    CHECK(multi_chunk > 15);
}

TEST_CASE("Random chains of deltas, condensed, have the effect of their steps", "[property]") {
    ChunkIds ids;
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        RandomZones random(100000U + unsigned(round));
        const std::size_t size = size_of_round(random, round);
        NaiveZone naive = random.zone(size, 1);
        const ZoneSnapshot first = built(naive.list(), ids);
        ZoneSnapshot zone = first;
        std::vector<ZoneDelta> deltas;
        const std::size_t steps = 1 + random.below(6);
        for (Serial serial = 2; serial < 2 + steps; ++serial) {
            // Now and then all the way back, where everything cancels out.
            NaiveZone next = random.one_in(5) ? to_naive(first)
                                              : random.changed(naive, random.below(12), serial);
            next.set_soa(soa(serial));
            const ZoneSnapshot target = share_chunks(zone, built(next.list(), ids));
            auto applied =
                apply_delta(zone, *compute_delta(zone, target, 1U << 30), head_types, ids, {});
            REQUIRE(applied.has_value());
            deltas.push_back(std::move(applied->effective));
            zone = std::move(applied->zone);
            naive = std::move(next);
        }
        REQUIRE(difference(naive, zone) == "");
        std::vector<const ZoneDelta*> chain;
        for (const ZoneDelta& delta : deltas) chain.push_back(&delta);
        const ZoneDelta condensed = condense(chain);
        const auto at_once = apply_delta(first, condensed, head_types, ids, {});
        REQUIRE(at_once.has_value());
        REQUIRE(difference(naive, at_once->zone) == "");
        // No more than the two ends differ.
        REQUIRE(is_same_effect(condensed, *compute_delta(first, zone, 1U << 30)));
    }
}

TEST_CASE("2,000 random deltas on a large zone do what a plain map does", "[property]") {
    ChunkIds ids;
    RandomZones random(7);
    NaiveZone naive = random.zone(8000, 1);
    ZoneSnapshot zone = built(naive.list(), ids);
    REQUIRE(zone.body().size() > 5);
    std::vector<Record> known = naive.list();
    std::size_t refused = 0;
    for (Serial serial = 1; serial <= 2000; ++serial) {
        CAPTURE(serial);
        ZoneDelta delta{soa(serial), soa(serial + 1), {}, {}};
        std::vector<Record> removed, added;
        for (std::size_t i = random.below(8); i > 0; --i) {
            Record one = known[random.below(known.size())];
            if (one.type == Type::SOA) continue;
            if (random.one_in(3)) one.ttl += 7;  // TTL and case do not matter
            removed.push_back(one);
        }
        for (std::size_t i = random.below(8); i > 0; --i) {
            added.push_back(random.one_in(3) ? known[random.below(known.size())]
                                             : random.any_record(8000));
            if (added.back().type == Type::SOA) added.pop_back();
        }
        if (!removed.empty() && random.one_in(2)) added.push_back(removed.front());
        bool is_refused = false;
        std::vector<Record> taken;
        for (const Record& one : removed) {
            const Record* there = naive.find(one.view());
            is_refused = is_refused || !there;
            if (!there) continue;
            taken.push_back(*there);
            naive.erase(one.view());
        }
        if (is_refused) {
            for (const Record& one : taken) naive.insert(one);
        } else {
            for (const Record& one : added) naive.insert(one);
        }
        naive.set_soa(soa(serial + 1));
        for (const Record& one : removed) delta.removed.add(one.view());
        for (const Record& one : added) delta.added.add(one.view());

        auto applied = apply_delta(zone, delta, head_types, ids, {});
        REQUIRE(applied.has_value() == !is_refused);
        if (is_refused) {
            ++refused;
            CHECK(applied.error().message().find("not there") != std::string::npos);
            // As if there had been no change but of the serial.
            const auto none =
                apply_delta(zone, {soa(serial), soa(serial + 1), {}, {}}, head_types, ids, {});
            REQUIRE(none.has_value());
            REQUIRE(none->zone.body() == zone.body());
            zone = none->zone;
            continue;
        }
        if (serial % 50 == 0) REQUIRE(difference(naive, applied->zone) == "");
        REQUIRE(applied->zone.record_count() == naive.size());
        if (serial % 4 == 0) {
            const auto exact = compute_delta(zone, applied->zone, 1U << 30);
            REQUIRE(exact.has_value());
            REQUIRE(is_same_effect(applied->effective, *exact));
        }
        zone = std::move(applied->zone);
        for (const Record& one : added) known.push_back(one);
    }
    CHECK(difference(naive, zone) == "");
    CHECK(refused > 200);
    CHECK(refused < 1800);
}

}  // namespace
}  // namespace chorale::zone::test
