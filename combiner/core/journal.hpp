// The deltas by which a combined zone came to its present serial, for IXFR
// (RFC 1995): a chain, bounded in octets, the oldest forgotten first.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/zone/zone_delta.hpp"

namespace chorale::combiner {

class Journal {
public:
    explicit Journal(std::size_t most_octets) : most_octets_(most_octets) {}

    // The delta continues the chain, or begins a new one if it does not fit to
    // it. Returns how many of the oldest deltas were forgotten.
    std::size_t append(std::shared_ptr<const zone::ZoneDelta> delta);
    // A change whose delta is not known (or too large): nothing before it helps.
    std::size_t cut();
    void set_most_octets(std::size_t most_octets) { most_octets_ = most_octets; }

    // One delta from this serial to the present; nothing if the chain does not
    // reach so far back.
    std::optional<zone::ZoneDelta> since(zone::Serial serial) const;
    std::size_t size() const { return deltas_.size(); }
    std::size_t octets() const { return octets_; }

private:
    std::size_t most_octets_;
    std::size_t octets_ = 0;
    std::deque<std::shared_ptr<const zone::ZoneDelta>> deltas_;
};

}  // namespace chorale::combiner
