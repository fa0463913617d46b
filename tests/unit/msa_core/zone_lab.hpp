// Facts of a zone of several providers, for tests of msa/core.
#pragma once

#include "common/crypto/dnskey.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/machine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer_gate.hpp"

namespace chorale::msa::test {

inline dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

// An ECDSA key that nobody has the private part of; `flag` 1: with the entry flag.
inline Bytes key(std::uint8_t number, std::uint8_t flag, std::uint8_t algorithm = 13) {
    Bytes rdata{1, flag, 3, algorithm};
    for (std::size_t octet = 0; octet < 64; ++octet)
        rdata.push_back(static_cast<Byte>(octet * 7 + number));
    return rdata;
}

inline Bytes msigner(Byte state, std::string_view identity) {
    Bytes rdata{state};
    append(rdata, name(identity).wire());
    return rdata;
}

// The zone at msa.a., with one KSK and one ZSK of its own.
struct ZoneLab {
    Policy policy;
    ZoneState state;
    Moment moment;
    SignedZone zone;

    ZoneLab() {
        policy.identity = name("msa.a.");
        policy.name_servers = {name("ns.a.")};
        state = start_zone(name("zone.example."), policy);
        moment.steady = std::chrono::seconds(100);
        zone.apex.dnskeys = {key(1, 1), key(2, 0)};
        zone.apex.dnskey_signers = {key(1, 1)};
        zone.apex.data_signers = {key(2, 0)};
        zone.apex.name_servers = {name("ns.a.")};
        zone.apex.dnskey_ttl = zone.apex.ns_ttl = 3600;
        zone.largest_ttl = 7200;
        zone.msigner = {msigner(1, "msa.a."), msigner(1, "msa.b.")};
    }

    Outcome feed(const Event& event) {
        moment.steady += std::chrono::seconds(1);
        return step(policy, state, event, moment);
    }
    Outcome see() { return feed(event::ZoneSeen{zone}); }
    bool observes(std::string_view part) const {
        for (const std::string& text : state.observations)
            if (text.find(part) != std::string::npos) return true;
        return false;
    }
};

// The first key that provider `at` of a lab of several contributes; it is its entry key.
inline Bytes entry_key_of(std::size_t at) { return key(static_cast<std::uint8_t>(1 + 10 * at), 1); }

// Providers msa.a., msa.b. and so on, all ON, with two keys and one name server each.
// Nobody has a part in the zone yet, and nothing was seen of it.
inline ZoneLab lab_of(std::size_t count) {
    ZoneLab lab;
    lab.zone.msigner.clear();
    const auto letter = [](std::size_t at) { return std::string(1, static_cast<char>('a' + at)); };
    for (std::size_t at = 0; at < count; ++at)
        lab.zone.msigner.push_back(msigner(1, "msa." + letter(at) + "."));
    lab.see();
    for (std::size_t at = 1; at < count; ++at) {
        const Bytes zone_key = key(static_cast<std::uint8_t>(2 + 10 * at), 0);
        take_contribution(
            lab.policy, lab.state, at,
            {{entry_key_of(at), zone_key}, {entry_key_of(at)}, {name("ns." + letter(at) + ".")}});
        lab.state.providers[at].peer = PeerState::operational;
        lab.state.providers[at].can_peer = true;
    }
    lab.state.has_surveyed = lab.state.has_part = true;
    return lab;
}

inline constexpr Position arrived{ProcessKind::join, Rung::IN};

// What is said of one provider.
struct Says {
    std::size_t of;
    Position position = arrived;
    RungStatus status = RungStatus::done;
};

// As if `from` had announced this, on our roster.
inline void say(ZoneLab& lab, std::size_t from, std::uint64_t epoch,
                const std::vector<Says>& words) {
    Announcement said;
    said.roster = lab.state.roster.hash;
    said.contribution = lab.state.providers[from].contribution;
    said.epoch = epoch;
    for (const Says& it : words)
        said.rungs.push_back({it.position.process, lab.state.providers[it.of].identity,
                              it.position.rung, it.status});
    lab.state.providers[from].heard = hear(lab.state, said);
}

}  // namespace chorale::msa::test
