// Many seeds at once; what breaks is made short; planted faults are looked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace chorale::simulation {

// What the command line says instead of what the seed would draw.
struct Choice {
    std::optional<std::size_t> providers;
    std::optional<Settings::Mode> mode;
    bool has_faults = true;
    bool has_liar = false;
    Planted planted;
    std::string planted_name;  // empty: none
    std::vector<bool> left_out;
};
Settings settings_for(std::uint64_t seed, const Choice& choice);

// The verdicts of `count` seeds from `first` on, in their order, however many threads.
std::vector<Verdict> run_seeds(std::uint64_t first, std::uint64_t count, const Choice& choice,
                               unsigned jobs);

// "I2" of "I2 data: ...".
std::string invariant_of(const std::string& violation);

// The faults that the violation of this seed does not need, left out.
std::vector<bool> shrink(std::uint64_t seed, const Choice& choice, const Verdict& verdict);

// The command that shows this run again.
std::string replay_command(std::uint64_t seed, const Choice& choice);

struct PlantedFault {
    const char* name;
    const char* what;
    Planted planted;
    // What it breaks, at the least; empty: any of them.
    const char* invariant = "";
};
const std::vector<PlantedFault>& planted_faults();

}  // namespace chorale::simulation
