// Must fail: shows that a property that does not hold ends the run and CTest with it.
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t size) {
    chorale::require(size == 0, "the canary has no input");
    return 0;
}
