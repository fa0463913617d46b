// What every fuzz target includes: its entry point, and how it says that a
// property does not hold.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "common/base/bytes.hpp"

// Defined by each target; gives 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

namespace chorale {

// A false `holds` is a find: the input is kept and the run ends.
inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
}

}  // namespace chorale
