// The durable part of a state, as octets and back.
#include "msa/core/state_codec.hpp"

#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {
namespace {

ZoneState rich() {
    ZoneLab lab;
    lab.see();
    take_contribution(lab.policy, lab.state, 1,
                      {{key(9, 1), key(10, 0)}, {key(9, 1)}, {name("ns.b.")}});
    ZoneState state = lab.state;
    state.movement.epoch = 7;
    state.movement.process = ProcessKind::leave;
    state.movement.subjects = ProviderSet::of(1);
    state.movement.has_met = true;
    state.movement.index = 2;
    state.movement.ns.begin(std::chrono::seconds(5));
    state.providers[1].position = {ProcessKind::leave, Rung::STOPPED};
    state.providers[1].furthest = {7, 2};
    state.epoch_seen = 8;
    state.is_paused = state.has_part = state.is_managed = true;
    state.wanted.dnskey = state.injected = state.providers[1].keys;
    state.wanted.cds = state.providers[1].entry_keys;
    state.wanted.ns = state.providers[1].servers;
    state.wanted.csync = true;
    state.withdrawn = KeySet::of(0);
    state.removed = KeySet::of(1);
    state.election.term = 3;
    state.election.voted = 1;
    state.elapsed = std::chrono::hours(9);
    return state;
}

}  // namespace

TEST_CASE("A state comes back from its octets as it was") {
    const ZoneState state = rich();
    const Bytes octets = encode(state);
    const auto read = decode(octets);
    REQUIRE(read.has_value());
    CHECK(encode(*read) == octets);
    CHECK(read->zone == state.zone);
    CHECK(read->movement.subjects == state.movement.subjects);
    CHECK(read->movement.index == 2);
    CHECK(read->movement.ns.at() == state.movement.ns.at());
    CHECK_FALSE(read->movement.ds.is_set());
    CHECK(read->providers[1].position == state.providers[1].position);
    CHECK(read->providers[1].furthest == state.providers[1].furthest);
    CHECK(read->providers[1].contribution == state.providers[1].contribution);
    CHECK(read->keys.size() == state.keys.size());
    CHECK(read->wanted == state.wanted);
    CHECK(read->injected == state.injected);
    CHECK(read->withdrawn == state.withdrawn);
    CHECK(read->removed == state.removed);
    CHECK(read->roster == state.roster);
    CHECK(read->election.term == 3);
    CHECK(read->election.voted == state.election.voted);
    CHECK(read->is_paused);
    CHECK(read->elapsed == state.elapsed);
    // What is asked again after a start is not kept.
    CHECK_FALSE(read->has_zone);
    CHECK_FALSE(read->election.leader.has_value());
}

TEST_CASE("A new state comes back too") {
    const ZoneState state = start_zone(name("zone.example."), ZoneLab().policy);
    const auto read = decode(encode(state));
    REQUIRE(read.has_value());
    CHECK(encode(*read) == encode(state));
}

TEST_CASE("Octets that are cut, or too many, are refused") {
    Bytes octets = encode(rich());
    for (std::size_t size = 0; size < octets.size(); ++size)
        CHECK_FALSE(decode(BytesView(octets).first(size)).has_value());
    octets.push_back(0);
    CHECK_FALSE(decode(octets).has_value());
}

TEST_CASE("A flipped bit is refused, or leads to a state whose numbers refer to something") {
    const Bytes octets = encode(rich());
    std::size_t refused = 0;
    for (std::size_t at = 0; at < octets.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            Bytes changed = octets;
            changed[at] = static_cast<Byte>(changed[at] ^ 1U << bit);
            const auto read = decode(changed);
            refused += !read;
            if (!read) continue;
            CHECK(encode(*read) == changed);
            for (const Provider& provider : read->providers) {
                for (const std::size_t key : provider.keys) REQUIRE(key < read->keys.size());
                for (const std::size_t server : provider.servers)
                    REQUIRE(server < read->servers.size());
            }
            for (const std::size_t key : read->injected | read->wanted.dnskey)
                REQUIRE(key < read->keys.size());
            for (const std::size_t subject : read->movement.subjects)
                REQUIRE(subject < read->providers.size());
        }
    }
    CHECK(refused > octets.size());
}

TEST_CASE("Another version is refused by name") {
    Bytes octets = encode(rich());
    ++octets[3];
    const auto read = decode(octets);
    REQUIRE(read.has_error());
    CHECK(read.error().message() == "state of a zone: not of version 2");
}

}  // namespace chorale::msa::test
