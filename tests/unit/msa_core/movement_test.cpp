// What is taken over of others' states, planned, and turned to.
#include "msa/core/movement.hpp"

#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {
namespace {

using enum ProcessKind;

// Came back from an old disk, of four that have arrived; the last is OFF, so that its word
// does not count. The parent has a DS RRset.
ZoneLab restored() {
    ZoneLab lab = lab_of(4);
    for (Provider& provider : lab.state.providers) provider.position = arrived;
    lab.state.providers[3].wanted = Wanted::off;
    lab.state.is_recovering = true;
    lab.state.parent.is_known = lab.state.parent.is_whole = lab.state.parent.has_ds = true;
    return lab;
}

// Whether it takes over what the other two say alike: that all have arrived, but for `at`.
bool takes_over(ZoneLab& lab, std::size_t at, Position said) {
    std::vector<Says> words;
    for (std::size_t of = 0; of < 4; ++of)
        if (of != at) words.push_back({of});
    if (said == arrived)
        words.push_back({at});
    else if (said.has_keys())
        words.push_back({at, said, RungStatus::blocked});
    for (std::size_t from = 1; from <= 2; ++from) say(lab, from, 9, words);
    std::vector<Action> actions;
    move(lab.policy, lab.state, actions);
    return !lab.state.is_recovering;
}

}  // namespace

TEST_CASE("Nobody is taken over into NS but by the parent, or by its own word and the DS RRset") {
    enum class Parent { secure, insecure, named, has_its_ds };
    using enum Parent;
    struct Row {
        Parent parent;
        Position own_word;
        bool is_taken;
    };
    for (const Row& row : {
             Row{secure, {}, false},
             Row{named, {}, true},
             Row{has_its_ds, {}, false},
             Row{insecure, {}, false},
             Row{secure, arrived, false},
             Row{has_its_ds, arrived, true},
             Row{has_its_ds, {join, Rung::NS}, true},
             Row{has_its_ds, {join, Rung::DS}, false},
             Row{has_its_ds, {setup, Rung::KEYS}, false},
             Row{insecure, {setup, Rung::KEYS}, true},
             Row{insecure, {join, Rung::KEYS}, false},
         }) {
        CAPTURE(int(row.parent), int(row.own_word.process), int(row.own_word.rung));
        ZoneLab lab = restored();
        Provider& last = lab.state.providers[3];
        last.position = {join, Rung::DS};
        if (row.own_word.has_keys()) say(lab, 3, 9, {{3, row.own_word, RungStatus::working}});
        if (row.parent == insecure) lab.state.parent.has_ds = false;
        if (row.parent == named) lab.state.parent.ns_some = last.servers;
        if (row.parent == has_its_ds) lab.state.parent.ds_every = last.entry_keys;
        CHECK(takes_over(lab, 3, arrived) == row.is_taken);
    }
}

TEST_CASE("Nobody takes itself over into NS but where another than itself names it") {
    enum class Named { nowhere, by_parent, by_another, by_itself, insecure };
    using enum Named;
    for (const auto& [named, is_taken] :
         {std::pair(nowhere, false), std::pair(by_itself, false), std::pair(by_parent, true),
          std::pair(by_another, true), std::pair(insecure, true)}) {
        CAPTURE(int(named));
        ZoneLab lab = restored();
        Provider& self = lab.state.providers[0];
        self.position = {join, Rung::DS};
        if (named == by_parent) lab.state.parent.ns_some = self.servers;
        if (named == by_another) lab.state.providers[2].view.ns_some = self.servers;
        if (named == by_itself) self.view.ns_some = self.servers;
        if (named == insecure) lab.state.parent.has_ds = false;
        CHECK(takes_over(lab, 0, arrived) == is_taken);
    }
}

TEST_CASE("Neither CDS nor keys of one that caches may reach are taken over away") {
    struct Row {
        std::size_t at;
        Position ours, theirs;
        bool is_less;
    };
    for (const Row& row : {
             Row{3, arrived, arrived, false},
             Row{3, arrived, {leave, Rung::STOPPED}, false},
             Row{3, arrived, {}, true},
             Row{3, arrived, {join, Rung::KEYS}, true},
             Row{3, {leave, Rung::STOPPED}, {leave, Rung::KEYS}, true},
             Row{3, {leave, Rung::KEYS}, {}, true},
             Row{3, {join, Rung::KEYS}, {}, true},
             Row{3, {}, {join, Rung::KEYS}, false},
             Row{0, arrived, {join, Rung::DS}, false},
             Row{0, arrived, {join, Rung::KEYS}, true},
         }) {
        for (const bool was_reached : {false, true}) {
            CAPTURE(row.at, int(row.ours.rung), int(row.theirs.rung), was_reached);
            ZoneLab lab = restored();
            lab.state.providers[row.at].position = row.ours;
            lab.state.providers[row.at].was_reached = was_reached;
            CHECK(takes_over(lab, row.at, row.theirs) == !(row.is_less && was_reached));
        }
    }
    // Who has no part itself publishes nothing that could be missed.
    ZoneLab lab = restored();
    lab.state.providers[0].position = Position{};
    lab.state.providers[3].was_reached = true;
    lab.state.parent.ns_some = lab.state.providers[0].servers;
    CHECK(takes_over(lab, 3, {}));
}

TEST_CASE("No set-up begins anew where the parent has a DS RRset, or somebody went on to it") {
    enum class Seen { nothing, ds, heard_on_keys, heard_on_ds, done_on_ns };
    using enum Seen;
    for (const Seen what : {nothing, ds, heard_on_keys, heard_on_ds, done_on_ns}) {
        CAPTURE(int(what));
        // Who would leave a zone that is not secured is left over; the others would begin.
        ZoneLab lab = lab_of(3);
        Provider& last = lab.state.providers[2];
        last.wanted = Wanted::off;
        last.position = {setup, Rung::KEYS};
        lab.state.parent.is_known = lab.state.parent.is_whole = true;
        lab.state.parent.has_ds = what == ds;
        const Rung heard = what == heard_on_ds ? Rung::DS : Rung::KEYS;
        if (what == heard_on_ds || what == heard_on_keys)
            say(lab, 2, 9, {{2, {setup, heard}, RungStatus::working}});
        if (what == done_on_ns) {
            Movement& movement = lab.state.movement;
            movement.process = setup;
            movement.subjects = ProviderSet::of(2);
            movement.has_met = movement.was_done = true;
            movement.index = 2;
        }
        std::string lacks;
        const auto next = plan(lab.policy, lab.state, lacks);
        REQUIRE(next);
        CHECK(next->process == setup);
        CHECK(next->subjects.size() == (what == nothing || what == heard_on_keys ? 3 : 1));
    }
}

TEST_CASE("Who came in or went unheard is taken from all others' alike word") {
    enum class Word { alike, other };
    using enum Word;
    struct Row {
        Wanted wanted;
        bool is_ours, is_theirs;
        Word word;
        bool was_reached;
        bool is_in;
        bool is_named = true;  // by the parent
    };
    for (const Row& row : {
             Row{Wanted::on, false, true, alike, false, true},
             Row{Wanted::on, false, true, alike, false, false, false},
             Row{Wanted::on, false, true, other, false, false},
             Row{Wanted::on, true, false, alike, false, true},
             Row{Wanted::off, false, true, alike, true, true},
             Row{Wanted::off, false, true, alike, false, false},
             Row{Wanted::off, true, false, alike, true, true},
             Row{Wanted::off, true, false, alike, false, false},
             Row{Wanted::off, true, false, other, false, true},
         }) {
        CAPTURE(int(row.wanted), row.is_ours, row.is_theirs, int(row.word), row.was_reached,
                row.is_named);
        // The third is spoken of while the fourth is to join.
        ZoneLab lab = lab_of(4);
        auto& providers = lab.state.providers;
        providers[0].position = providers[1].position = arrived;
        if (row.is_ours) providers[2].position = arrived;
        providers[2].wanted = row.wanted;
        lab.state.parent.is_known = lab.state.parent.has_ds = true;
        if (row.is_named) lab.state.parent.ns_some = providers[2].servers;
        providers[2].was_reached = row.was_reached;
        lab.state.movement.epoch = 5;
        lab.state.movement.subjects = ProviderSet::of(3);
        const auto speak = [&](std::size_t from, bool names_it) {
            std::vector<Says> words = {{0}, {1}, {3, {join, Rung::OUT}, RungStatus::meeting}};
            if (names_it) words.push_back({2});
            say(lab, from, 5, words);
        };
        speak(1, row.is_theirs == (row.word == alike));
        if (row.wanted == Wanted::on) speak(2, row.is_theirs);
        speak(3, row.is_theirs);
        std::vector<Action> actions;
        move(lab.policy, lab.state, actions);
        REQUIRE(lab.state.movement.subjects == ProviderSet::of(3));
        CHECK(providers[2].position == (row.is_in ? arrived : Position{}));
    }
}

TEST_CASE("Who turns back from a rung of a leave that is done waits for those on the next") {
    struct Row {
        Rung rung;
        bool is_done;
        int start, floor;
    };
    for (const Row& row : {
             Row{Rung::IN, false, 4, 2},
             Row{Rung::IN, true, 4, 2},
             Row{Rung::NS_GONE, false, 2, 1},
             Row{Rung::NS_GONE, true, 2, 2},
             Row{Rung::STOPPED, false, 2, 1},
             Row{Rung::STOPPED, true, 2, 1},
             Row{Rung::KEYS, false, 1, 0},
             Row{Rung::KEYS, true, 1, 0},
             Row{Rung::OUT, false, 0, 0},
             Row{Rung::OUT, true, 0, 0},
         }) {
        CAPTURE(int(row.rung), row.is_done);
        ZoneLab lab = lab_of(3);
        for (Provider& provider : lab.state.providers) provider.position = arrived;
        Provider& last = lab.state.providers[2];
        last.position = {leave, row.rung};
        Movement& movement = lab.state.movement;
        movement.process = leave;
        movement.subjects = ProviderSet::of(2);
        while (position_at(movement).rung != row.rung) ++movement.index;
        movement.has_met = true;
        movement.was_done = row.is_done;
        std::vector<Action> actions;
        move(lab.policy, lab.state, actions);
        REQUIRE(movement.process == join);
        REQUIRE(movement.subjects == ProviderSet::of(2));
        CHECK(int(last.start) == row.start);
        CHECK(int(movement.floor) == row.floor);
    }
}

TEST_CASE("A report of a rung that there is not, or a second one of a provider, voids the word") {
    struct Row {
        Says extra;
        bool is_taken;
    };
    for (const Row& row : {
             Row{{3, {join, Rung::KEYS}, RungStatus::blocked}, true},
             Row{{3, {join, Rung::STOPPED}, RungStatus::blocked}, false},
             Row{{3, {leave, Rung::NS}, RungStatus::blocked}, false},
             Row{{3, {join, Rung::NS_GONE}, RungStatus::meeting}, false},
             Row{{2, {join, Rung::KEYS}, RungStatus::blocked}, false},
             Row{{2, arrived, RungStatus::done}, false},
         }) {
        CAPTURE(row.extra.of, int(row.extra.position.process), int(row.extra.position.rung));
        ZoneLab lab = restored();
        lab.state.providers[3].position = Position{};
        for (std::size_t from = 1; from <= 2; ++from) say(lab, from, 9, {{0}, {1}, {2}, row.extra});
        std::vector<Action> actions;
        move(lab.policy, lab.state, actions);
        CHECK(lab.state.is_recovering != row.is_taken);
    }
}

TEST_CASE("Nobody's word takes CDS or keys of a provider that waits and can be asked") {
    struct Row {
        Position ours;
        bool is_reached;
        Position said, then;
    };
    const Position in_ds{join, Rung::DS}, in_keys{join, Rung::KEYS}, in_ns{join, Rung::NS};
    for (const Row& row : {
             Row{arrived, true, in_ns, in_ns},
             Row{arrived, true, in_ds, in_ds},
             Row{arrived, true, in_keys, in_ds},
             Row{in_ns, true, in_keys, in_ds},
             Row{in_ds, true, in_keys, in_ds},
             Row{arrived, true, {setup, Rung::KEYS}, in_ds},
             Row{arrived, false, in_keys, in_keys},
         }) {
        CAPTURE(int(row.ours.rung), row.is_reached, int(row.said.process), int(row.said.rung));
        ZoneLab lab = lab_of(4);
        for (Provider& provider : lab.state.providers) provider.position = arrived;
        Provider& waiting = lab.state.providers[2];
        waiting.position = row.ours;
        waiting.was_reached = row.is_reached;
        // All are to meet for the fourth one.
        lab.state.providers[3].position = Position{};
        lab.state.providers[3].was_reached = false;
        Movement& movement = lab.state.movement;
        movement.epoch = 9;
        movement.process = join;
        movement.subjects = ProviderSet::of(3);
        for (std::size_t from = 1; from <= 3; ++from)
            say(lab, from, 9,
                {{0},
                 {1},
                 {2, row.said, RungStatus::blocked},
                 {3, {join, Rung::OUT}, RungStatus::meeting}});
        std::vector<Action> actions;
        move(lab.policy, lab.state, actions);
        CHECK(waiting.position == row.then);
    }
}

}  // namespace chorale::msa::test
