// What is taken of facts that others bring, and how much of it at most.
#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {

TEST_CASE("Keys that sign the zone are own keys; foreign ones in the DNSKEY RRset are not") {
    ZoneLab lab;
    lab.see();
    Contribution theirs{{key(9, 1), key(10, 0)}, {key(9, 1)}, {name("ns.b.")}};
    CHECK(take_contribution(lab.policy, lab.state, 1, theirs));
    CHECK_FALSE(take_contribution(lab.policy, lab.state, 1, theirs));
    lab.zone.apex.dnskeys = {key(1, 1), key(2, 0), key(9, 1), key(10, 0)};
    lab.see();
    CHECK(own_keys(lab.state) == find_keys(lab.state, {key(1, 1), key(2, 0)}));
    CHECK(own_entry_keys(lab.state) == find_keys(lab.state, {key(1, 1)}));
    // Whoever claims a key that signs our zone does not get it.
    theirs.keys.push_back(key(2, 0));
    take_contribution(lab.policy, lab.state, 1, theirs);
    CHECK(own_keys(lab.state).includes(find_keys(lab.state, {key(2, 0)})));
}

TEST_CASE("An entry key that is no key of its provider does not count") {
    ZoneLab lab;
    lab.see();
    take_contribution(lab.policy, lab.state, 1, {{key(9, 1)}, {key(9, 1), key(11, 1)}, {}});
    CHECK(lab.state.providers[1].entry_keys == find_keys(lab.state, {key(9, 1)}));
}

TEST_CASE("A provider contributes 12 keys and 12 name servers at most, or nothing new is taken") {
    ZoneLab lab;
    lab.see();
    Contribution theirs;
    for (std::uint8_t at = 0; at < most_keys_of_provider; ++at)
        theirs.keys.push_back(key(static_cast<std::uint8_t>(50 + at), 0));
    for (std::size_t at = 0; at < most_servers_of_provider; ++at)
        theirs.name_servers.push_back(name("ns" + std::to_string(at) + ".b."));
    CHECK(take_contribution(lab.policy, lab.state, 1, theirs));
    const KeySet keys = lab.state.providers[1].keys;
    CHECK(keys.size() == most_keys_of_provider);
    CHECK(lab.state.providers[1].servers.size() == most_servers_of_provider);
    Contribution more = theirs;
    more.keys.push_back(key(99, 0));
    CHECK_FALSE(take_contribution(lab.policy, lab.state, 1, more));
    CHECK(lab.observes("more keys or name servers"));
    more = theirs;
    more.name_servers.push_back(name("ns99.b."));
    CHECK_FALSE(take_contribution(lab.policy, lab.state, 1, more));
    CHECK(lab.state.providers[1].keys == keys);
}

TEST_CASE("A name server belongs to one member only, and an own one to this one always") {
    ZoneLab lab = lab_of(3);
    const auto names_of = [&](std::size_t at) { return lab.state.providers[at].servers; };
    const auto contribute = [&](std::size_t at, const char* server) {
        take_contribution(lab.policy, lab.state, at, {{}, {}, {name(server), name("ns2.c.")}});
    };
    for (const char* others : {"ns.a.", "ns.b."}) {
        lab.state.observations.clear();
        contribute(2, others);
        CHECK(names_of(2) == find_servers(lab.state, {name("ns2.c.")}));
        CHECK(lab.observes(std::string("msa.c. contributes ") + others + ", a name server of msa." +
                           others[3] + "."));
    }
    lab.state.observations.clear();
    contribute(2, "ns2.c.");
    CHECK(lab.state.observations.empty());
    take_contribution(lab.policy, lab.state, 0, {{}, {}, {name("ns.b.")}});
    CHECK(names_of(0) == find_servers(lab.state, {name("ns.b.")}));
    CHECK(!names_of(1).meets(names_of(0)));
    CHECK(lab.state.observations.empty());
}

TEST_CASE("A zone has 64 keys at most, and says so when one has no room") {
    ZoneLab lab;
    for (char letter = 'c'; letter <= 'h'; ++letter)
        lab.zone.msigner.push_back(msigner(1, std::string("msa.") + letter + "."));
    lab.see();
    REQUIRE(lab.state.providers.size() == 8);
    for (std::size_t at = 1; at < 8; ++at) {
        Contribution theirs;
        for (std::size_t number = 0; number < most_keys_of_provider; ++number)
            theirs.keys.push_back(key(static_cast<std::uint8_t>(3 + 12 * at + number), 0));
        take_contribution(lab.policy, lab.state, at, theirs);
    }
    CHECK(lab.state.keys.size() == most_members);
    CHECK(lab.observes("no room"));
    for (const Provider& provider : lab.state.providers)
        for (const std::size_t at : provider.keys) CHECK_FALSE(lab.state.keys[at].is_free());
}

TEST_CASE("A zone has 16 providers at most; others are left out and named") {
    ZoneLab lab;
    lab.zone.msigner.clear();
    for (int at = 0; at < 20; ++at)
        lab.zone.msigner.push_back(msigner(1, "msa" + std::to_string(at) + "."));
    lab.see();
    CHECK(lab.state.providers.size() == most_providers);
    CHECK(lab.observes("more providers than 16"));
}

TEST_CASE("ON, OFF, both, and neither are what the roster makes of a provider") {
    ZoneLab lab;
    lab.zone.msigner = {msigner(1, "msa.a."), msigner(2, "msa.b."), msigner(1, "msa.c."),
                        msigner(2, "msa.c.")};
    lab.see();
    const auto wanted = [&](std::string_view identity) {
        return lab.state.providers[*find_provider(lab.state, name(identity))].wanted;
    };
    CHECK(wanted("msa.a.") == Wanted::on);
    CHECK(wanted("msa.b.") == Wanted::off);
    CHECK(wanted("msa.c.") == Wanted::conflict);
    lab.zone.msigner = {msigner(1, "msa.a.")};
    lab.see();
    CHECK(wanted("msa.b.") == Wanted::absent);
}

TEST_CASE("A mark is never before its moment, and never is kept apart") {
    using std::chrono::milliseconds;
    CHECK(Mark(milliseconds(0)).elapsed() == milliseconds(0));
    CHECK(Mark(milliseconds(1)).elapsed() == milliseconds(1000));
    CHECK(Mark(milliseconds(1000)).elapsed() == milliseconds(1000));
    CHECK_FALSE(Mark().is_set());
    CHECK(Mark().elapsed() == never);
    CHECK(Mark(never) == Mark());
    // Beyond 136 years it stands still, and stays a moment.
    CHECK(Mark(std::chrono::hours(24 * 366 * 300)).is_set());
}

TEST_CASE("A wait that began within a second is not shorter for it") {
    Since since;
    CHECK(since.look(Truth::yes, std::chrono::milliseconds(1500)));
    CHECK_FALSE(since.look(Truth::yes, std::chrono::milliseconds(9000)));
    CHECK_FALSE(since.lasted(std::chrono::seconds(10), std::chrono::milliseconds(11'999)));
    CHECK(since.lasted(std::chrono::seconds(10), std::chrono::milliseconds(12'000)));
    CHECK(since.look(Truth::no, std::chrono::milliseconds(12'000)));
    CHECK_FALSE(since.is_set());
}

TEST_CASE("A stranger in an announcement is known once the roster names him") {
    ZoneLab lab;
    lab.see();
    Announcement said;
    said.rungs = {{ProcessKind::join, name("msa.B."), Rung::IN, RungStatus::done},
                  {ProcessKind::setup, name("msa.c."), Rung::NS_GONE, RungStatus::meeting}};
    lab.feed(event::Heard{PeerGate::admit(name("msa.b.")), said});
    const auto rungs = [&] { return lab.state.providers[1].heard->rungs(); };
    REQUIRE(rungs().size() == 2);
    CHECK(rungs()[0].provider() == std::size_t(1));
    CHECK_FALSE(rungs()[1].provider().has_value());
    CHECK(rungs()[1].process == ProcessKind::setup);
    CHECK(rungs()[1].rung == Rung::NS_GONE);
    CHECK(rungs()[1].status == RungStatus::meeting);
    lab.zone.msigner.push_back(msigner(1, "msa.c."));
    lab.see();
    REQUIRE(lab.state.providers.size() == 3);
    CHECK(rungs()[1].provider() == std::size_t(2));
}

TEST_CASE("A DS names its key by each digest type, however often it is shown") {
    for (const std::uint8_t type : {std::uint8_t(2), std::uint8_t(4)}) {
        ZoneLab lab;
        lab.see();
        ParentAnswer parent;
        parent.answered = true;
        parent.ds = {crypto::make_ds(lab.state.zone, key(1, 1), type)};
        ParentAnswer other = parent;
        other.ds.push_back(crypto::make_ds(lab.state.zone, key(7, 1), type));
        lab.feed(event::Surveyed{{{}, {parent, parent}}});
        CHECK(lab.state.parent.ds_every == find_keys(lab.state, {key(1, 1)}));
        CHECK_FALSE(lab.state.parent.has_foreign_ds);
        lab.feed(event::Surveyed{{{}, {parent, other, other}}});
        CHECK(lab.state.parent.ds_every == find_keys(lab.state, {key(1, 1)}));
        CHECK(lab.state.parent.has_foreign_ds);
    }
}

TEST_CASE("A fingerprint tells words apart, but not by their serial") {
    Announcement word;
    word.rungs = {{ProcessKind::join, name("msa.a."), Rung::IN, RungStatus::done}};
    const auto print = [](const Announcement& it) {
        return fingerprint(fingerprint_but_for_echo(it), it.echo);
    };
    const std::uint64_t before = print(word);
    Announcement later = word;
    later.serial = 7;
    CHECK(print(later) == before);
    const auto is_other = [&](auto change) {
        Announcement other = word;
        change(other);
        return print(other) != before;
    };
    CHECK(is_other([](Announcement& it) { it.roster[31] = 1; }));
    CHECK(is_other([](Announcement& it) { it.contribution[0] = 1; }));
    CHECK(is_other([](Announcement& it) { it.epoch = 1; }));
    CHECK(is_other([](Announcement& it) { it.rungs.clear(); }));
    CHECK(is_other([](Announcement& it) { it.rungs[0].rung = Rung::NS; }));
    CHECK(is_other([](Announcement& it) { it.rungs[0].process = ProcessKind::setup; }));
    CHECK(is_other([](Announcement& it) { it.rungs[0].status = RungStatus::blocked; }));
    CHECK(is_other([](Announcement& it) { it.rungs[0].subject = name("msa.b."); }));
    CHECK(is_other([](Announcement& it) { it.hold_end = Instant(std::chrono::seconds(60)); }));
    CHECK(is_other([](Announcement& it) { it.dnskey_ttl = 1; }));
    CHECK(is_other([](Announcement& it) { it.ns_ttl = 1; }));
    CHECK(is_other([](Announcement& it) { it.largest_ttl = 1; }));
    CHECK(is_other([](Announcement& it) { it.is_recovering = true; }));
    CHECK(is_other([](Announcement& it) { it.echo.epoch = 1; }));
    CHECK(is_other([](Announcement& it) { it.echo.steps = 1; }));
    CHECK(is_other([](Announcement& it) { it.term = 1; }));
    CHECK(is_other([](Announcement& it) { it.leader = name("msa.a."); }));
}

}  // namespace chorale::msa::test
