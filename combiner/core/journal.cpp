#include "combiner/core/journal.hpp"

namespace chorale::combiner {

std::size_t Journal::append(std::shared_ptr<const zone::ZoneDelta> delta) {
    std::size_t forgotten = 0;
    if (!deltas_.empty() && deltas_.back()->to() != delta->from()) forgotten = cut();
    octets_ += delta->octets();
    deltas_.push_back(std::move(delta));
    while (!deltas_.empty() && octets_ > most_octets_) {
        octets_ -= deltas_.front()->octets();
        deltas_.pop_front();
        ++forgotten;
    }
    return forgotten;
}

std::size_t Journal::cut() {
    const std::size_t forgotten = deltas_.size();
    deltas_.clear();
    octets_ = 0;
    return forgotten;
}

std::optional<zone::ZoneDelta> Journal::since(zone::Serial serial) const {
    for (std::size_t i = deltas_.size(); i-- > 0;) {
        if (deltas_[i]->from() != serial) continue;
        std::vector<const zone::ZoneDelta*> chain;
        for (std::size_t k = i; k < deltas_.size(); ++k) chain.push_back(deltas_[k].get());
        return zone::condense(chain);
    }
    return std::nullopt;
}

}  // namespace chorale::combiner
