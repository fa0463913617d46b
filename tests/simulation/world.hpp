// Providers, their signers and name servers, a parent, an owner and a network that fails,
// all in virtual time and from one seed; in the middle the real machines of msa/core.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "msa/core/machine.hpp"
#include "tests/simulation/caches.hpp"

namespace chorale::simulation {

// SplitMix64 (Steele, Lea, Flood 2014): the same on every machine and compiler.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    // Of [low, high].
    Seconds between(Seconds low, Seconds high);
    bool chance(double probability);

private:
    std::uint64_t state_;
};

// What is taken out of the machines, to see that it is missed.
struct Planted {
    std::uint32_t omitted_terms = 0;
    bool counts_from_sending = false;
    bool keeps_leaver_in_its_own_ns = false;
    bool loses_holds = false;
    bool loses_votes = false;
};

struct Settings {
    std::size_t providers = 3;
    enum class Mode { peer, leader_follower, mixed } mode = Mode::peer;
    bool has_faults = true;
    bool has_rolls = true;
    bool has_liar = false;
    bool is_insecure = false;  // the parent has no DS when it begins
    Planted planted;
    bool is_traced = false;
    bool is_detailed = false;  // with what the machines think
    // Faults with these numbers, in the order in which they are drawn, are left out: so a
    // failing run gets shorter.
    std::vector<bool> left_out;
};
const char* to_text(Settings::Mode mode);
// Drawn from the seed.
Settings settings_of(std::uint64_t seed);

struct Verdict {
    std::string violation;  // empty: none
    bool has_arrived = false;
    std::string unarrived;  // what is still waited for
    double multiple = 0;    // time from the last fault to the end, in sums of waits
    std::uint64_t trace_hash = 0;
    std::size_t steps = 0, movements = 0;
    std::size_t faults = 0;  // drawn
    std::vector<std::string> trace;
};

Verdict simulate(std::uint64_t seed, const Settings& settings);

}  // namespace chorale::simulation
