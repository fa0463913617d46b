// Which rungs and which transitions of each process a run went through, and which there are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace chorale::simulation {

class Coverage {
public:
    void see(const Stepped& stepped);
    void see(const std::string& what) { ++seen_[what]; }
    void add(const Coverage& other);

    const std::map<std::string, std::size_t>& seen() const { return seen_; }
    std::vector<std::string> missing() const;

    // All that there is, from the tables of the machines: rungs, what they announce of
    // them, from where to where a movement goes, elections, events and actions.
    static const std::vector<std::string>& all();

private:
    std::map<std::string, std::size_t> seen_;
};

}  // namespace chorale::simulation
