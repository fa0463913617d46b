// Which sequences of one signer were seen (proto/README.md 2.9): a message that comes
// again is a replay, however often its sender was started anew.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/instant.hpp"
#include "proto/peer_message.hpp"

namespace chorale::msa {

// For so long a signature may be valid after it was first seen: it begins 300 s from
// now at most, and lasts 600 s (proto/README.md 3.6).
inline constexpr Duration longest_validity = std::chrono::seconds(900);
// Starts of a sender within that time. More: its messages are not taken, since to forget
// one would let its messages in again.
inline constexpr std::size_t most_boots = 8;

class ReplayMemory {
public:
    // True if it was not seen before; it is then. `now` of any steady clock.
    bool admit(const proto::Sequence& sequence, Duration now);

    std::size_t boots() const { return seen_.size(); }

private:
    struct Seen {
        std::uint64_t boot = 0;
        std::uint64_t counter = 0;  // the highest
        Duration last{};
    };
    std::vector<Seen> seen_;  // most_boots at most
};

}  // namespace chorale::msa
