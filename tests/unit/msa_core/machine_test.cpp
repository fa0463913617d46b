// Single promises of the machine's header; the simulation plays whole movements.
#include "common/dns/rdata.hpp"
#include "msa/core/election.hpp"
#include "tests/unit/msa_core/zone_lab.hpp"

namespace chorale::msa::test {
namespace {

ZoneLab both() {
    ZoneLab lab;
    lab.see();
    take_contribution(lab.policy, lab.state, 1,
                      {{key(9, 1), key(10, 0)}, {key(9, 1)}, {name("NS.b."), name("ns.a0.")}});
    return lab;
}

template <class Kind>
std::size_t count(const Outcome& outcome) {
    std::size_t found = 0;
    for (const Action& action : outcome.actions) found += std::holds_alternative<Kind>(action);
    return found;
}

bool waits_for(const ZoneLab& lab, std::string_view part) {
    for (const Wait& wait : waits(lab.policy, lab.state))
        if (wait.text.find(part) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("RRsets for the combiner are whole, sorted, and of the policy's TTLs") {
    ZoneLab lab = both();
    lab.policy.ns_ttl = 1, lab.policy.dnskey_ttl = 2, lab.policy.cds_ttl = 3;
    Intended intended;
    intended.dnskey = lab.state.providers[1].keys;
    intended.cds = find_keys(lab.state, {key(1, 1), key(9, 1)});
    intended.ns = lab.state.providers[0].servers | lab.state.providers[1].servers;
    intended.csync = true;
    const auto rrsets = render(lab.policy, lab.state, intended);
    const std::array types = {dns::Type::NS, dns::Type::DNSKEY, dns::Type::CDS, dns::Type::CDNSKEY,
                              dns::Type::CSYNC};
    const std::array<std::uint32_t, 5> ttls = {1, 2, 3, 3, 3};
    const std::array<std::size_t, 5> sizes = {3, 2, 2, 2, 1};
    for (std::size_t at = 0; at < 5; ++at) {
        CHECK(rrsets[at].owner == lab.state.zone);
        CHECK(rrsets[at].type == types[at]);
        CHECK(rrsets[at].ttl == ttls[at]);
        REQUIRE(rrsets[at].rdatas.size() == sizes[at]);
        for (std::size_t next = 1; next < rrsets[at].rdatas.size(); ++next)
            CHECK(dns::compare_rdata(types[at], rrsets[at].rdatas[next - 1],
                                     rrsets[at].rdatas[next]) < 0);
    }
    // Own keys are added by the own signer.
    CHECK(std::find(rrsets[1].rdatas.begin(), rrsets[1].rdatas.end(), key(1, 1)) ==
          rrsets[1].rdatas.end());
    for (const Bytes& cds : rrsets[2].rdatas) {
        CHECK(cds[3] == 2);
        CHECK((crypto::ds_matches(lab.state.zone, key(1, 1), cds) ||
               crypto::ds_matches(lab.state.zone, key(9, 1), cds)));
    }
    // RFC 7477 2.1: serial 0, flags immediate, and the bitmap A NS AAAA.
    CHECK(rrsets[4].rdatas.front() == Bytes{0, 0, 0, 0, 0, 1, 0, 4, 0x60, 0, 0, 0x08});
    for (const dns::RRset& rrset : render(lab.policy, lab.state, Intended{}))
        CHECK(rrset.rdatas.empty());
}

TEST_CASE("What removing a key at once breaks is said before it is done") {
    ZoneLab lab = both();
    CHECK(emergency_statement(lab.policy, lab.state, key(77, 0)) == "no such key");
    // The largest TTL of data is 7200 s, to which 300 s are added.
    const std::string zone_key = emergency_statement(lab.policy, lab.state, key(2, 0));
    CHECK(zone_key.find("up to 7500 s") != std::string::npos);
    CHECK(zone_key.find("bogus") == std::string::npos);
    const std::string entry_key = emergency_statement(lab.policy, lab.state, key(1, 1));
    CHECK(entry_key.find("bogus for up to 3900 s") != std::string::npos);
    const Outcome outcome = lab.feed(event::RemovedAtOnce{key(2, 0)});
    CHECK(outcome.must_commit);
    CHECK(count<action::Report>(outcome) == 1);
    CHECK(lab.state.removed == find_keys(lab.state, {key(2, 0)}));
    CHECK_FALSE(lab.feed(event::RemovedAtOnce{key(78, 0)}).must_commit);
}

TEST_CASE("A key that is removed at once goes, though all is paused and nobody was heard") {
    ZoneLab lab = both();
    const auto foreign = find_key(lab.state, key(9, 1));
    REQUIRE(foreign);
    lab.state.wanted.dnskey = lab.state.wanted.cds = KeySet::of(*foreign);
    lab.state.is_managed = true;
    lab.feed(event::Paused{true});
    const Outcome outcome = lab.feed(event::RemovedAtOnce{key(9, 1)});
    CHECK(outcome.must_commit);
    REQUIRE(count<action::Push>(outcome) == 1);
    for (const Action& action : outcome.actions) {
        if (const auto* push = std::get_if<action::Push>(&action)) {
            CHECK(push->intended.dnskey.empty());
            CHECK(push->intended.cds.empty());
        }
    }
}

TEST_CASE("Signatures that expire within the longest wait are an alarm") {
    ZoneLab lab;
    lab.moment.wall = Instant(std::chrono::hours(24 * 365));
    const auto alarms = [&] {
        lab.see();
        for (const Wait& wait : waits(lab.policy, lab.state))
            if (wait.text.find("first expires") != std::string::npos) return true;
        return false;
    };
    // 7200 s of the largest TTL and 300 s are waited at most.
    lab.zone.earliest_expiry = lab.moment.wall + std::chrono::seconds(7501);
    CHECK_FALSE(alarms());
    lab.zone.earliest_expiry = lab.moment.wall + std::chrono::seconds(7499);
    CHECK(alarms());
}

TEST_CASE("Who has left takes what is foreign out of the zone, also when a push was lost") {
    ZoneLab lab = both();
    lab.zone.apex.dnskeys.push_back(key(9, 1));
    lab.zone.msigner = {msigner(2, "msa.a."), msigner(1, "msa.b.")};
    lab.state.injected = find_keys(lab.state, {key(9, 1)});
    lab.state.has_left = lab.state.has_part = lab.state.is_caught_up = true;
    lab.state.has_surveyed = true;
    CHECK(count<action::Push>(lab.see()) == 1);
    lab.moment.steady += 2 * lab.policy.interval;
    CHECK(count<action::Push>(lab.feed(event::Woken{})) == 1);
    lab.zone.apex.dnskeys.pop_back();
    lab.moment.steady += 2 * lab.policy.interval;
    CHECK(count<action::Push>(lab.see()) == 0);
}

TEST_CASE("An entry key that is withdrawn is not contributed, unless it is the last") {
    ZoneLab lab;
    lab.zone.apex.dnskeys.push_back(key(3, 1));
    lab.zone.apex.dnskey_signers.push_back(key(3, 1));
    lab.see();
    const auto entry = [&] { return contribution_of(lab.policy, lab.state).entry_keys.size(); };
    REQUIRE(entry() == 2);
    CHECK(lab.feed(event::Withdrawn{key(1, 1), true}).must_commit);
    CHECK(entry() == 1);
    lab.feed(event::Withdrawn{key(3, 1), true});
    CHECK(entry() == 2);
    lab.feed(event::Withdrawn{key(3, 1), false});
    CHECK(contribution_of(lab.policy, lab.state).entry_keys == std::vector<Bytes>{key(3, 1)});
}

TEST_CASE("What is waited for is said, and a pause is durable") {
    ZoneLab lab;
    CHECK(waits_for(lab, "the signed zone"));
    CHECK(waits_for(lab, "answers of the name servers"));
    lab.see();
    CHECK_FALSE(waits_for(lab, "the signed zone"));
    CHECK(lab.feed(event::Paused{true}).must_commit);
    CHECK(waits_for(lab, "paused"));
    lab.feed(event::Paused{false});
    CHECK_FALSE(waits_for(lab, "paused"));
}

TEST_CASE("Without an MSIGNER RRset nothing is pushed, and it is said what lacks") {
    ZoneLab lab;
    lab.zone.msigner.clear();
    const Outcome seen = lab.see();
    const Outcome surveyed = lab.feed(event::Surveyed{});
    CHECK(count<action::Push>(seen) + count<action::Push>(surveyed) == 0);
    CHECK(waits_for(lab, "MSIGNER"));
}

TEST_CASE("Who vanished from the roster is held, or leaves, as the policy says") {
    for (const auto missing : {Policy::Missing::hold, Policy::Missing::leave}) {
        ZoneLab lab = both();
        lab.policy.on_missing = missing;
        lab.zone.msigner = {msigner(1, "msa.a.")};
        lab.see();
        CHECK(is_leaving(lab.policy, lab.state.providers[1]) ==
              (missing == Policy::Missing::leave));
    }
}

TEST_CASE("One vote a term, durable before it is given") {
    ZoneLab lab;
    lab.zone.msigner.push_back(msigner(1, "msa.c."));
    lab.see();
    const auto ask = [&](std::string_view who, std::uint64_t term) {
        const Outcome outcome = lab.feed(event::VoteAsked{PeerGate::admit(name(who)), term});
        for (const Action& action : outcome.actions)
            if (const auto* vote = std::get_if<action::GiveVote>(&action)) {
                CHECK(vote->to == name(who));
                return std::pair(vote->is_granted, outcome.must_commit);
            }
        FAIL("no answer");
        return std::pair(false, false);
    };
    CHECK(ask("msa.b.", 5) == std::pair(true, true));
    CHECK_FALSE(ask("msa.c.", 5).first);
    CHECK(ask("msa.b.", 5).first);
    CHECK_FALSE(ask("msa.c.", 4).first);
    CHECK(ask("msa.c.", 6) == std::pair(true, true));
    CHECK(lab.state.election.term == 6);
    CHECK_FALSE(ask("msa.b.", ~std::uint64_t(0)).first);
    CHECK(lab.state.election.term == 6);
}

TEST_CASE("Of two providers both votes elect, and a lease ends after 10 intervals") {
    ZoneLab lab = both();
    for (Provider& provider : lab.state.providers) {
        provider.position = {ProcessKind::join, Rung::IN};
        provider.peer = PeerState::operational;
    }
    lab.state.has_part = true;
    Election& election = lab.state.election;
    election.term = 4;
    election.voted = 0;
    election.votes = ProviderSet::of(0);
    CHECK_FALSE(leads(lab.policy, lab.state));
    std::vector<Action> actions;
    take_vote(lab.policy, lab.state, 1, 4, false, actions);
    CHECK_FALSE(leads(lab.policy, lab.state));
    take_vote(lab.policy, lab.state, 1, 4, true, actions);
    CHECK(leads(lab.policy, lab.state));
    lab.state.elapsed += 10 * lab.policy.interval - Duration(1);
    CHECK(leads(lab.policy, lab.state));
    lab.state.elapsed += Duration(1);
    CHECK_FALSE(leads(lab.policy, lab.state));
}

TEST_CASE("A signer is told nothing that caches do not bear") {
    ZoneLab lab = both();
    const Advice advised = advice(lab.policy, lab.state);
    CHECK(advised.may_sign.empty());
    CHECK(advised.may_withdraw.empty());
    CHECK(advised.may_stop_signing.empty());
    CHECK(advised.may_remove.empty());
    CHECK_FALSE(advised.may_stop);
}

namespace {

// As if all servers of both providers and of the parent gave out the lab's zone.
Survey survey_of(const ZoneLab& lab, const std::vector<dns::Name>& servers, std::vector<Bytes> ds) {
    Survey survey;
    const auto apex = std::make_shared<const Apex>(lab.zone.apex);
    for (const char* identity : {"msa.a.", "msa.b."})
        survey.providers.push_back({name(identity), {{servers.front(), apex}}});
    ParentAnswer parent;
    parent.answered = true;
    parent.name_servers = servers;
    parent.ds = std::move(ds);
    parent.ds_ttl = parent.ns_ttl = 3600;
    survey.parent = {parent};
    return survey;
}

}  // namespace

TEST_CASE("A name server that was withdrawn may be switched off, and is known until a day after") {
    ZoneLab lab;
    lab.see();
    lab.feed(event::Surveyed{survey_of(lab, {name("ns.a.")}, {})});
    lab.policy.name_servers = {name("ns2.a.")};
    lab.zone.apex.name_servers = {name("ns2.a.")};
    lab.see();
    const auto look = [&](Duration later) {
        lab.moment.steady += later;
        lab.feed(event::Surveyed{survey_of(lab, {name("ns2.a.")}, {})});
        const auto at = find_server(lab.state, name("ns.a."));
        return at && advice(lab.policy, lab.state).may_switch_off.contains(*at);
    };
    CHECK_FALSE(look({}));
    CHECK_FALSE(look(std::chrono::minutes(60)));
    CHECK(look(std::chrono::minutes(6)));
    CHECK_FALSE(find_server(lab.state, name("ns2.a.")) == find_server(lab.state, name("ns.a.")));
    look(std::chrono::hours(24));
    CHECK_FALSE(find_server(lab.state, name("ns.a.")));
}

TEST_CASE("An algorithm may stop signing data once no cached DS RRset asks for it") {
    ZoneLab lab;
    const Bytes old_entry = key(1, 1), old_zone = key(2, 0);
    const Bytes new_entry = key(3, 1, 15), new_zone = key(4, 0, 15);
    lab.zone.apex.dnskeys = {old_entry, old_zone, new_entry, new_zone};
    lab.zone.apex.dnskey_signers = {old_entry, new_entry};
    lab.zone.apex.data_signers = {old_zone, new_zone};
    lab.see();
    const Bytes old_ds = crypto::make_ds(lab.state.zone, old_entry, 2);
    const Bytes new_ds = crypto::make_ds(lab.state.zone, new_entry, 2);
    const auto look = [&](Duration later, std::vector<Bytes> ds) {
        lab.moment.steady += later;
        lab.feed(event::Surveyed{survey_of(lab, {name("ns.a.")}, std::move(ds))});
        return advice(lab.policy, lab.state).may_stop_signing;
    };
    CHECK(look({}, {old_ds, new_ds}).empty());
    CHECK(look(std::chrono::hours(5), {old_ds, new_ds}).empty());
    CHECK(look({}, {new_ds}).empty());
    CHECK(look(std::chrono::minutes(66), {new_ds}).empty());
    // Until then a CDS RRset could bring it back.
    lab.feed(event::Withdrawn{old_entry});
    CHECK(look({}, {new_ds}) == KeySet::of(*find_key(lab.state, old_zone)));
}

TEST_CASE("Who is OFF may not stop while a name that it withdrew is delegated to") {
    ZoneLab lab = both();
    lab.feed(event::Surveyed{survey_of(lab, {name("ns.a.")}, {})});
    lab.policy.name_servers = {name("ns2.a.")};
    lab.zone.apex.name_servers = {name("ns.b.")};
    lab.zone.msigner = {msigner(2, "msa.a."), msigner(1, "msa.b.")};
    lab.see();
    const auto may_stop = [&](Duration later, const char* delegated_to) {
        lab.moment.steady += later;
        lab.feed(event::Surveyed{survey_of(lab, {name(delegated_to)}, {})});
        return advice(lab.policy, lab.state).may_stop;
    };
    CHECK_FALSE(may_stop({}, "ns.a."));
    CHECK_FALSE(may_stop(std::chrono::hours(2), "ns.a."));
    CHECK_FALSE(may_stop({}, "ns.b."));
    CHECK_FALSE(may_stop({}, "ns.nobody."));
    CHECK_FALSE(may_stop(std::chrono::hours(2), "ns.nobody."));
    CHECK(may_stop(std::chrono::hours(2), "ns.b."));
}

TEST_CASE("Who leaves may not stop while one of its servers is named by what itself saw") {
    enum class Where { nowhere, cached, parent, other, of_another };
    struct Row {
        Rung rung;
        Where named;
        bool may_stop;
    };
    for (const Row& row : {
             Row{Rung::NS_GONE, Where::nowhere, false},
             Row{Rung::STOPPED, Where::nowhere, true},
             Row{Rung::STOPPED, Where::of_another, true},
             Row{Rung::STOPPED, Where::cached, false},
             Row{Rung::STOPPED, Where::parent, false},
             Row{Rung::STOPPED, Where::other, false},
             Row{Rung::KEYS, Where::nowhere, true},
             Row{Rung::KEYS, Where::of_another, true},
             Row{Rung::KEYS, Where::cached, false},
             Row{Rung::KEYS, Where::parent, false},
             Row{Rung::KEYS, Where::other, false},
         }) {
        CAPTURE(int(row.rung), int(row.named));
        ZoneLab lab = lab_of(2);
        Provider& self = lab.state.providers[0];
        Provider& other = lab.state.providers[1];
        self.wanted = Wanted::off;
        self.position = {ProcessKind::leave, row.rung};
        lab.state.is_caught_up = true;
        if (row.named == Where::cached) lab.state.servers[self.servers.first()].was_named = true;
        if (row.named == Where::parent) lab.state.parent.ns_some = self.servers;
        if (row.named == Where::other) other.view.ns_some = self.servers;
        if (row.named == Where::of_another) {
            lab.state.servers[other.servers.first()].was_named = true;
            lab.state.parent.ns_some = other.view.ns_some = other.servers;
        }
        CHECK(advice(lab.policy, lab.state).may_stop == row.may_stop);
    }
}

TEST_CASE("Who goes on from an old disk takes no epoch that somebody else is in") {
    ZoneLab lab = both();
    lab.feed(event::Surveyed{survey_of(lab, {name("ns.a.")}, {})});
    lab.state.is_recovering = lab.state.has_part = lab.state.is_paused = true;
    lab.state.movement.epoch = 3;
    lab.state.movement.subjects = ProviderSet::of(0);
    lab.state.movement.has_met = true;
    Announcement said;
    said.roster = lab.state.roster.hash;
    said.epoch = 9;
    said.echo.epoch = 7;
    lab.feed(event::Heard{PeerGate::admit(name("msa.b.")), said});
    CHECK_FALSE(lab.state.is_recovering);
    CHECK(lab.state.movement.epoch > 9);
}

}  // namespace chorale::msa::test
