// What is noted of what was seen, and how long what an older state lacks is kept.
#include "msa/core/ladder.hpp"

#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {

TEST_CASE("Keys of another that an older state has no part of stay until nothing is cached") {
    for (const bool has_cds : {false, true}) {
        CAPTURE(has_cds);
        ZoneLab lab = lab_of(2);
        ZoneState& state = lab.state;
        Provider& self = state.providers[0];
        Provider& other = state.providers[1];
        const KeySet orphan = find_keys(state, {entry_key_of(1)});
        self.position = {ProcessKind::join, has_cds ? Rung::DS : Rung::KEYS};
        self.announced_entry = self.entry_keys;
        state.is_managed = true;
        state.has_zone = state.is_caught_up = false;
        say(lab, 1, 0, {});
        lab.zone.apex.dnskeys.push_back(entry_key_of(1));
        lab.zone.apex.cdnskey = {entry_key_of(1)};
        lab.see();
        REQUIRE(state.is_caught_up);
        const auto is_kept = [&] {
            const Intended intended = intended_for(lab.policy, state, 0);
            CHECK((intended.cds & orphan) == (has_cds ? intended.dnskey : KeySet()));
            return intended.dnskey == orphan;
        };
        CHECK(is_kept());
        // 7200 s of the largest TTL and 300 s, from a mark that is rounded up.
        state.elapsed += std::chrono::seconds(7499);
        look(lab.policy, state);
        CHECK(is_kept());
        state.elapsed += std::chrono::seconds(2);
        // Nor while somebody may still ask the other.
        Server& server = state.servers[other.servers.first()];
        server.was_named = true;
        look(lab.policy, state);
        CHECK(is_kept());
        server.was_named = other.was_reached = false;
        look(lab.policy, state);
        CHECK_FALSE(is_kept());
    }
}

TEST_CASE("A server is gone anew after somebody may have named it unseen") {
    struct Row {
        const char* what;
        void (*meanwhile)(ZoneLab& lab);
        bool is_anew;
    };
    const auto rows = {
        Row{"nothing", [](ZoneLab&) {}, false},
        Row{"it has come into the NS RRset here",
            [](ZoneLab& lab) { lab.state.providers[2].position = {ProcessKind::join, Rung::NS}; },
            true},
        Row{"it is on the rung before, and not done",
            [](ZoneLab& lab) {
                lab.state.movement.subjects = ProviderSet::of(2);
                lab.state.movement.has_met = true;
                lab.state.movement.index = 2;
            },
            false},
        Row{"it is on the rung before, and done, so that others may be on the next",
            [](ZoneLab& lab) {
                lab.state.movement.subjects = ProviderSet::of(2);
                lab.state.movement.has_met = lab.state.movement.was_done = true;
                lab.state.movement.index = 2;
            },
            true},
        Row{"another has it in the NS RRset",
            [](ZoneLab& lab) {
                say(lab, 1, 5, {{2, {ProcessKind::join, Rung::NS}, RungStatus::working}});
            },
            true},
        Row{"another only means to meet where that would be so",
            [](ZoneLab& lab) {
                say(lab, 1, 5, {{2, {ProcessKind::join, Rung::NS}, RungStatus::meeting}});
            },
            false},
        Row{"another has it before the NS RRset",
            [](ZoneLab& lab) {
                say(lab, 1, 5, {{2, {ProcessKind::join, Rung::DS}, RungStatus::working}});
            },
            false},
        Row{"one that nobody can reach has it in the NS RRset",
            [](ZoneLab& lab) {
                lab.state.providers[1].position = Position{};
                say(lab, 1, 5, {{2, {ProcessKind::join, Rung::NS}, RungStatus::working}});
            },
            false},
        Row{"one that does not answer has it in the NS RRset",
            [](ZoneLab& lab) {
                lab.state.providers[1].silent.begin(lab.state.elapsed - std::chrono::hours(1));
                say(lab, 1, 5, {{2, {ProcessKind::join, Rung::NS}, RungStatus::working}});
            },
            false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        ZoneLab lab = lab_of(3);
        ZoneState& state = lab.state;
        state.elapsed = std::chrono::hours(2);
        state.providers[0].position = state.providers[1].position = arrived;
        const Server& server = state.servers[state.providers[2].servers.first()];
        const auto look_with = [&](bool is_seen) {
            for (Provider& provider : state.providers)
                provider.view.is_known = provider.view.is_whole = is_seen;
            state.parent.is_known = state.parent.is_whole = is_seen;
            state.elapsed += std::chrono::minutes(1);
            look(lab.policy, state);
        };
        look_with(true);
        const Elapsed before = server.gone.at();
        REQUIRE(server.gone.is_set());
        row.meanwhile(lab);
        look_with(false);
        CHECK(server.gone.is_set() != row.is_anew);
        // Nor does it begin while that goes on.
        look_with(true);
        CHECK(server.gone.is_set() != row.is_anew);
        if (!row.is_anew) CHECK(server.gone.at() == before);
        state.providers[2].position = Position{};
        state.movement = Movement{};
        state.providers[1].heard.reset();
        look_with(true);
        CHECK(server.gone.at() == (row.is_anew ? state.elapsed : before));
    }
}

}  // namespace chorale::msa::test
