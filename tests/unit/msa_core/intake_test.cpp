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

}  // namespace chorale::msa::test
