// The rungs of a movement, what each asks for, and how long to stay: from what was
// seen at every server, in whatever order the events came.
#pragma once

#include <span>

#include "msa/core/machine.hpp"

namespace chorale::msa {

std::span<const Rung> path_of(ProcessKind process);

// The provider is to go: OFF, or gone from the roster where that counts as OFF.
bool is_leaving(const Policy& policy, const Provider& provider);
// No server of it has answered for as long as makes a peer interrupted.
bool is_silent(const Policy& policy, const ZoneState& state, const Provider& provider);
// It has keys in the zone, or they are just being taken out, or it had some when it began
// to secure the zone with others.
bool has_part(const ZoneState& state, std::size_t at);
// Those whose word counts: a leaver's only where nobody stays.
ProviderSet voices(const Policy& policy, const ZoneState& state);
// Those whose word every rung waits for.
ProviderSet required(const Policy& policy, const ZoneState& state);
// Those whose servers somebody may reach, or soon will.
ProviderSet reachable(const ZoneState& state);
// Leavers of whom no server answers.
ProviderSet silent_leavers(const Policy& policy, const ZoneState& state);

// What the combiner of provider `at` shall hold where everyone has come to now.
Intended intended_for(const Policy& policy, const ZoneState& state, std::size_t at);

// What of `wanted` is published: not the CDS that the parent follows, if it is to go then.
Intended published(const Policy& policy, const ZoneState& state);

// Looks at what the last survey showed and notes since when each is true. True if
// something durable changed.
bool look(const Policy& policy, ZoneState& state);

struct Judgement {
    bool is_done = false;             // this rung's own condition holds
    std::optional<Elapsed> hold_end;  // the next rung not before
    std::string lacks;                // what is not there, for people
};
// Of the rung on which the movement is.
Judgement judge(const Policy& policy, const ZoneState& state);

Position position_at(const Movement& movement);

// The largest of the TTLs that caches of any provider may go by.
Duration largest_key_ttl(const ZoneState& state);
Duration largest_ns_ttl(const ZoneState& state);
Duration largest_data_ttl(const ZoneState& state);
// What is added to each wait.
Duration margin(const Policy& policy);
// A part of a wait, unless the policy leaves it out.
Duration term(const Policy& policy, Term which, Duration wait);

// The key is an entry key that signs data too.
bool is_combined(const ZoneState& state, std::size_t key);
// The provider's chain of trust does not need this entry key: another one of its own
// signs wherever a cache may have its DNSKEY RRset from, and the parent names it.
bool may_retract(const Policy& policy, const ZoneState& state, const Provider& provider,
                 std::size_t key);

}  // namespace chorale::msa
