// Leader/follower mode: who leads, for how long, and what a follower does of what it is
// told: an element changes only where its own view and the leader's word agree.
#pragma once

#include "msa/core/ladder.hpp"

namespace chorale::msa {

// The members that vote.
ProviderSet electorate(const Policy& policy, const ZoneState& state);

bool leads(const Policy& policy, const ZoneState& state);
// The leader, if its lease has not ended.
std::optional<std::size_t> leader_in_charge(const Policy& policy, const ZoneState& state);

bool take_vote_request(const Policy& policy, ZoneState& state, std::size_t from, std::uint64_t term,
                       std::vector<Action>& actions);
bool take_vote(const Policy& policy, ZoneState& state, std::size_t from, std::uint64_t term,
               bool is_granted, std::vector<Action>& actions);
// What a peer says of the term and of its leader.
bool take_leader(const Policy& policy, ZoneState& state, std::size_t from,
                 const Announcement& announcement);
// An instruction of this term: false if it is not the leader's. It prolongs the lease, as
// intervals differ from one provider to another.
bool take_leader_word(const Policy& policy, ZoneState& state, std::size_t from, std::uint64_t term);
// Calls an election if one is due.
bool elect(const Policy& policy, ZoneState& state, std::uint32_t random,
           std::vector<Action>& actions);

// What the combiner is to hold when `target` is what we would have it hold.
Intended permitted(const Policy& policy, const ZoneState& state, const Intended& target);

}  // namespace chorale::msa
