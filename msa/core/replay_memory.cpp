#include "msa/core/replay_memory.hpp"

#include <algorithm>

namespace chorale::msa {

bool ReplayMemory::admit(const proto::Sequence& sequence, Duration now) {
    std::erase_if(seen_, [now](const Seen& it) { return now - it.last > longest_validity; });
    for (Seen& it : seen_) {
        if (it.boot != sequence.boot) continue;
        if (sequence.counter <= it.counter) return false;
        it.counter = sequence.counter;
        it.last = now;
        return true;
    }
    if (seen_.size() == most_boots) return false;
    seen_.push_back({sequence.boot, sequence.counter, now});
    return true;
}

}  // namespace chorale::msa
