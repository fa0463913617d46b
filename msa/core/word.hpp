// What others said, read against our table: who moves, who does not, and what it means for
// what we are on.
#pragma once

#include "msa/core/ladder.hpp"

namespace chorale::msa {

// Where a rung stands on the way of a process; the number of its rungs if it is not on it.
std::size_t index_of(ProcessKind process, Rung rung);

// What was heard, read against our table.
struct Word {
    bool is_readable = false;
    ProcessKind process = ProcessKind::join;
    ProviderSet subjects, settled, parked;
    ProviderSet present;    // subjects that have a part already
    std::size_t index = 0;  // the earliest, if they have not met
    bool is_done = false, has_met = true;

    bool is_over() const { return subjects.empty(); }
    bool is_about(ProcessKind what, ProviderSet whom) const {
        return process == what && subjects == whom;
    }
    bool is_about(const Movement& movement) const {
        return is_about(movement.process, movement.subjects);
    }
    ProviderSet all() const { return subjects | settled | parked; }
    ProviderSet unmoved() const { return settled | parked; }
};

Word read_word(const Heard& heard);
// Who does not move by our own state: has arrived, waits for its turn.
ProviderSet settled(const ZoneState& state);
ProviderSet parked(const ZoneState& state);
// It can be read, is about the roster that we have, and not an older state.
bool agrees(const ZoneState& state, const Provider& peer, const Word& word);
// Those that say of themselves that they have a part, on the roster that we have.
ProviderSet members(const Policy& policy, const ZoneState& state);
// The sender has carried out what we are on.
bool is_beyond(const Movement& movement, const Word& word);
// On the first rung, done: others may be on the second, unless one who would know has
// gone away from it.
bool may_have_begun(const Policy& policy, const ZoneState& state);
// Who has met in what we are on, or have turned to.
ProviderSet having_met(const Policy& policy, const ZoneState& state);
// Those that were left behind together with us.
ProviderSet fellows(const Policy& policy, const ZoneState& state);
// How far the sender is, by its own word; no steps where it has not met the others or
// nothing moves: it may go back from there.
Progress progress_in(const Heard& said);

}  // namespace chorale::msa
