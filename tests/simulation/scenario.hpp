// Scripts for the simulated world, in readable files: what is there, what happens and when,
// and below a line of dashes all that it leads to. README.md has the language.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/coverage.hpp"
#include "tests/simulation/world.hpp"

namespace chorale::simulation {

struct Word {
    std::string text;
    bool is_quoted = false;
};

// One line below the settings. Only `words` of a step without a condition act.
struct ScriptLine {
    std::size_t number = 0;
    enum class Wait : std::uint8_t { none, at, after, until } wait = Wait::none;
    Seconds time = 0;             // of at and after; of until: how long at most
    std::vector<Word> condition;  // of until
    std::vector<Word> action;     // may be empty
};

struct Scenario {
    std::string path;
    std::string script;                 // the text above the dashes, and these
    std::vector<std::string> expected;  // below
    Stage stage;
    std::vector<ScriptLine> lines;
    std::string error;  // "path:line: what was expected"; empty: none
};

// Of a file's text.
Scenario parse_scenario(const std::string& path, const std::string& text);

struct Performance {
    std::vector<std::string> trace;
    std::string error;  // as above: what did not happen
};
// Adds to `coverage` what occurs in the trace.
Performance perform(const Scenario& scenario, Coverage& coverage);

// The lines that differ, as people read them; empty: none.
std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& found);

}  // namespace chorale::simulation
