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

}  // namespace chorale::msa::test
