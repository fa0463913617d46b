// Gives every file of the folders named on the command line to the fuzz target:
// the corpus as a regression test for builds without libFuzzer.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.hpp"

int main(int count, char** arguments) {
    // As libFuzzer does it: CTest can then tell a find (the canary's) from a crash.
    std::signal(SIGABRT, [](int) { std::_Exit(77); });
    std::size_t inputs = 0;
    for (int i = 1; i < count; ++i) {
        for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(file), {}};
            // On the heap and of the right size, so that a sanitizer sees an overrun.
            const chorale::Bytes octets = chorale::to_bytes(chorale::as_bytes(text));
            std::printf("%s\n", entry.path().filename().c_str());
            std::fflush(stdout);
            LLVMFuzzerTestOneInput(octets.data(), octets.size());
            ++inputs;
        }
    }
    if (inputs > 0) return 0;
    std::fputs("no input was found\n", stderr);
    return 1;
}
