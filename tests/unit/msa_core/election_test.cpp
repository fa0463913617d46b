// How long somebody leads, and what a follower does of what it is told.
#include "msa/core/election.hpp"

#include "proto/digests.hpp"
#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {
namespace {

// `leader` leads in term 4 for one more second, of providers that have all arrived.
ZoneLab led_by(std::size_t leader, std::size_t count) {
    ZoneLab lab = lab_of(count);
    for (Provider& provider : lab.state.providers) provider.position = arrived;
    Election& election = lab.state.election;
    election.term = 4;
    election.leader = static_cast<std::uint8_t>(leader);
    election.lease_end = lab.state.elapsed + std::chrono::seconds(1);
    return lab;
}

KeySet set_of(std::initializer_list<std::size_t> members) {
    KeySet set;
    for (const std::size_t at : members) set.add(at);
    return set;
}

}  // namespace

TEST_CASE("A lease is prolonged when a majority has followed since it was last prolonged") {
    ZoneLab lab = led_by(0, 5);
    const auto prolongs = [&](std::size_t from) {
        lab.state.elapsed += Duration(1);
        Announcement said;
        said.term = 4;
        said.leader = name("msa.a.");
        take_leader(lab.policy, lab.state, from, said);
        return lab.state.election.lease_end == lab.state.elapsed + 10 * lab.policy.interval;
    };
    CHECK_FALSE(prolongs(1));
    CHECK_FALSE(prolongs(1));
    CHECK(prolongs(2));
    CHECK_FALSE(prolongs(2));
    CHECK_FALSE(prolongs(2));
    CHECK(prolongs(4));
}

TEST_CASE("An instruction prolongs the follower's lease if it is the leader's and of this term") {
    struct Row {
        const char* from;
        std::uint64_t term;
        bool is_taken;
    };
    for (const Row& row : {Row{"msa.b.", 4, true}, Row{"msa.b.", 3, false}, Row{"msa.b.", 5, false},
                           Row{"msa.c.", 4, false}, Row{"msa.a.", 4, false}}) {
        CAPTURE(row.from, row.term);
        ZoneLab lab = led_by(1, 3);
        const Elapsed before = lab.state.election.lease_end;
        lab.feed(event::Instructed{PeerGate::admit(name(row.from)), row.term, 0, {}, {}, {}, {}});
        CHECK(lab.state.instruction.has_value() == row.is_taken);
        CHECK(lab.state.election.lease_end ==
              (row.is_taken ? lab.state.elapsed + 10 * lab.policy.interval : before));
    }
}

TEST_CASE("Who has just started calls no election before it has reached a majority") {
    for (std::size_t reached = 0; reached <= 4; ++reached) {
        CAPTURE(reached);
        // The sixth is to join.
        ZoneLab lab = led_by(1, 6);
        lab.policy.can_peer = false;
        lab.state.election.leader.reset();
        lab.state.providers[5].position = Position{};
        std::vector<dns::Name> all;
        for (std::size_t at = 0; at < 5; ++at) {
            all.push_back(lab.state.providers[at].identity);
            if (at > reached) lab.state.providers[at].peer = PeerState::known;
        }
        // It would be its turn.
        while (proto::election_order(lab.state.zone, lab.state.epoch_seen, all).front() !=
               all.front())
            ++lab.state.epoch_seen;
        std::vector<Action> actions;
        CHECK(elect(lab.policy, lab.state, 0, actions) == (reached >= 2));
        CHECK(actions.empty() == (reached < 2));
        lab.state.elapsed += lab.policy.interval;
        elect(lab.policy, lab.state, 0, actions);
        CHECK_FALSE(actions.empty());
    }
}

TEST_CASE("A follower drops no CDS while one that is to come is not agreed yet") {
    struct Row {
        KeySet now, own, said, then, then_of_cds;
    };
    const std::array rows = {
        Row{set_of({0}), set_of({1}), set_of({}), set_of({}), set_of({0})},
        Row{set_of({0}), set_of({1}), set_of({2}), set_of({}), set_of({0})},
        Row{set_of({0}), set_of({1, 2}), set_of({1}), set_of({1}), set_of({0, 1})},
        Row{set_of({0}), set_of({1}), set_of({1}), set_of({1}), set_of({1})},
        Row{set_of({0}), set_of({1}), set_of({1, 2}), set_of({1}), set_of({1})},
        Row{set_of({0}), set_of({}), set_of({}), set_of({}), set_of({})},
        Row{set_of({0}), set_of({0}), set_of({}), set_of({0}), set_of({0})},
        Row{set_of({0}), set_of({}), set_of({0}), set_of({0}), set_of({0})},
        Row{set_of({0, 1}), set_of({1}), set_of({1, 2}), set_of({1}), set_of({1})},
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
        CAPTURE(row);
        ZoneLab lab = led_by(1, 3);
        const auto& [now, own, said, then, then_of_cds] = rows[row];
        // Keys of others, in whose place the numbers of a row stand.
        std::vector<std::size_t> keys;
        for (const std::size_t at : lab.state.providers[1].keys | lab.state.providers[2].keys)
            keys.push_back(at);
        const auto translate = [&](KeySet set) {
            KeySet translated;
            for (const std::size_t at : set) translated.add(keys[at]);
            return translated;
        };
        const auto servers = [](KeySet set) { return ServerSet::from_bits(set.bits()); };
        const auto intended = [&](KeySet set) {
            return Intended{translate(set), {}, servers(set), false};
        };
        lab.state.wanted = intended(now);
        lab.state.instruction = Instruction{4, 0, Rung::IN, intended(said)};
        CHECK(permitted(lab.policy, lab.state, intended(own)) == intended(then));
        // Of CDS alike, where all DNSKEYs are agreed on.
        const auto as_cds = [&](KeySet set) {
            return Intended{translate(set_of({0, 1, 2})), translate(set), {}, false};
        };
        lab.state.wanted = as_cds(now);
        lab.state.instruction->intended = as_cds(said);
        CHECK(permitted(lab.policy, lab.state, as_cds(own)) == as_cds(then_of_cds));
    }
}

}  // namespace chorale::msa::test
