// What is taken over from others: who came and went unheard, where those are that wait, and
// their whole state when ours is older. Only what our own survey bears out, since members
// may be wrong, or lie.
#pragma once

#include "msa/core/ladder.hpp"

namespace chorale::msa {

// Of those that wait for their turn all keep one position: out of the NS RRset where anybody
// has taken them out, and otherwise all that anybody still has.
void agree_on_parked(const Policy& policy, ZoneState& state);

// Whoever was away learns from all others alike who came in or went out meanwhile. True if
// somebody did.
bool take_in_members(const Policy& policy, ZoneState& state);

// All others whose word counts are together in a later epoch: while this provider's did not
// count, they went on without it.
bool is_left_behind(const Policy& policy, const ZoneState& state);

// Whoever has no part in the zone, or knows an older state of it, takes over what all
// members say alike; true if that is another state than ours. `agrees`: it is known
// what they say.
bool try_to_adopt(const Policy& policy, ZoneState& state, std::vector<Action>& actions,
                  bool& agrees);

// After an older state came back that nobody else can correct: goes on where the parent shows
// that we were.
void resume_from_parent(const Policy& policy, ZoneState& state);

}  // namespace chorale::msa
