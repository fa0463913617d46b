// Which movement the zone is in: planning it, meeting for it, climbing in it, turning
// round, and coming back into it with an old disk.
#pragma once

#include "msa/core/ladder.hpp"

namespace chorale::msa {

// What is to be done next, as far as this provider sees; nothing: all have arrived, or
// `lacks` says why not.
struct Plan {
    ProcessKind process = ProcessKind::join;
    ProviderSet subjects;
    friend bool operator==(const Plan&, const Plan&) = default;
};
std::optional<Plan> plan(const Policy& policy, const ZoneState& state, std::string& lacks);

// Moves as far as what was heard and seen permits. True if something durable changed.
bool move(const Policy& policy, ZoneState& state, std::vector<Action>& actions);

// After an older state came back that nobody else can correct: goes on where the parent shows
// that we were.
void resume_from_parent(const Policy& policy, ZoneState& state);
// Others decide when it is this provider's turn: it has no part yet, or leaves.
bool is_passive(const Policy& policy, const ZoneState& state);

// Everyone whose state could contradict ours was heard in this run.
bool has_heard_all(const Policy& policy, const ZoneState& state);

Progress progress_of(const Movement& movement);
// How far the sender is, by its own word; no steps where it has not met the others or
// nothing moves: it may go back from there.
Progress progress_in(const Heard& said);

// What we say of the zone to `to`.
Announcement announcement_to(const Policy& policy, const ZoneState& state, std::size_t to);

// One line about the state of the movement: "join of msa.example. on DS".
std::string describe(const ZoneState& state);

}  // namespace chorale::msa
