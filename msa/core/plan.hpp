// What is to be done next: who joins or leaves, and in which order.
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

// Others decide when it is this provider's turn: it has no part yet, or leaves.
bool is_passive(const Policy& policy, const ZoneState& state);

// A set-up names a provider before it has a DS: not where there is one without it.
bool may_be_set_up(const ZoneState& state, std::size_t at);

}  // namespace chorale::msa
