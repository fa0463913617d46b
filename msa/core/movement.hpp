// Which movement the zone is in: meeting for it, climbing in it, turning round.
#pragma once

#include "msa/core/plan.hpp"

namespace chorale::msa {

// Moves as far as what was heard and seen permits. True if something durable changed.
bool move(const Policy& policy, ZoneState& state, std::vector<Action>& actions);

// Begins another movement in `epoch`. `arrived`: these have, by the word of all others.
void start_movement(const Policy& policy, ZoneState& state, const Plan& what, std::uint64_t epoch,
                    std::vector<Action>& actions, ProviderSet arrived = {});
// Its subjects stand where it is.
void take_positions(ZoneState& state);

// Peers that have this much more than we ever saw are wrong or lie.
inline constexpr std::uint64_t most_epochs_ahead = std::uint64_t(1) << 32;

// Everyone whose state could contradict ours was heard in this run.
bool has_heard_all(const Policy& policy, const ZoneState& state);

Progress progress_of(const Movement& movement);

// What we say of the zone to `to`.
Announcement announcement_to(const Policy& policy, const ZoneState& state, std::size_t to);

// One line about the state of the movement: "join of msa.example. on DS".
std::string describe(const ZoneState& state);

}  // namespace chorale::msa
