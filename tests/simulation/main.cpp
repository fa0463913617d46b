// simulation [--first N] [--seeds N] [--trace SEED] [--faults off] [--liar] ...
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/world.hpp"

using namespace chorale::simulation;

int main(int argc, char** argv) {
    std::uint64_t first = 1, count = 1000;
    bool is_traced = false, no_faults = false, has_liar = false, stop = false;
    for (int at = 1; at < argc; ++at) {
        const std::string word = argv[at];
        const auto value = [&] {
            return at + 1 < argc ? std::strtoull(argv[++at], nullptr, 10) : 0;
        };
        if (word == "--first")
            first = value();
        else if (word == "--seeds")
            count = value();
        else if (word == "--trace")
            first = value(), count = 1, is_traced = true;
        else if (word == "--no-faults")
            no_faults = true;
        else if (word == "--liar")
            has_liar = true;
        else if (word == "--stop")
            stop = true;
    }
    std::size_t violated = 0, stuck = 0, steps = 0, movements = 0;
    double slowest = 0;
    std::uint64_t slowest_seed = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Settings settings = settings_of(seed);
        settings.is_traced = is_traced;
        if (no_faults) settings.has_faults = false;
        settings.has_liar = has_liar;
        const Verdict verdict = simulate(seed, settings);
        steps += verdict.steps;
        movements += verdict.movements;
        for (const std::string& line : verdict.trace) std::printf("%s\n", line.c_str());
        if (!verdict.violation.empty()) {
            ++violated;
            if (violated < 15)
                std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                            verdict.violation.c_str());
        } else if (!verdict.has_arrived) {
            ++stuck;
            if (stuck < 15)
                std::printf("seed %llu: not at its end: %s\n",
                            static_cast<unsigned long long>(seed), verdict.unarrived.c_str());
        } else if (verdict.multiple > slowest) {
            slowest = verdict.multiple;
            slowest_seed = seed;
        }
        if (stop && (violated || stuck)) break;
    }
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf(
        "%llu seeds: %zu violations, %zu without an end, %zu steps, %zu arrivals, slowest %.2f of "
        "its waits (seed %llu), %.1f s\n",
        static_cast<unsigned long long>(count), violated, stuck, steps, movements, slowest,
        static_cast<unsigned long long>(slowest_seed), took);
    return violated + stuck == 0 ? 0 : 1;
}
