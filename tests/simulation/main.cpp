// The command `simulation`. See README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "tests/simulation/scenario.hpp"
#include "tests/simulation/sweep.hpp"

namespace {

using namespace chorale::simulation;

constexpr std::uint64_t golden_seeds = 100;
constexpr std::size_t most_shown = 10;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
}
unsigned long long wide(std::uint64_t value) { return value; }

void print_trace(std::uint64_t seed, const Choice& choice, bool is_detailed) {
    Settings settings = settings_for(seed, choice);
    settings.is_traced = true;
    settings.is_detailed = is_detailed;
    const Verdict verdict = simulate(seed, settings);
    for (const std::string& line : verdict.trace) std::printf("%s\n", line.c_str());
    std::printf("seed %llu: %s, trace hash %016llx\n", wide(seed),
                !verdict.violation.empty() ? verdict.violation.c_str()
                : verdict.has_arrived      ? "arrived"
                                           : ("not at its end: " + verdict.unarrived).c_str(),
                wide(verdict.trace_hash));
}

// The first violation, as short as it gets.
void explain(std::uint64_t seed, Choice choice, const Verdict& verdict, bool is_detailed) {
    choice.left_out = shrink(seed, choice, verdict);
    const auto left_out = std::count(choice.left_out.begin(), choice.left_out.end(), true);
    std::printf("\nseed %llu with %zu of its %zu faults:\n", wide(seed),
                verdict.faults - static_cast<std::size_t>(left_out), verdict.faults);
    print_trace(seed, choice, is_detailed);
    std::printf("again: %s\n", replay_command(seed, choice).c_str());
}

struct Sweep {
    std::uint64_t first = 1, seeds = 1000;
    unsigned jobs = 1;
    bool is_detailed = false, may_be_stuck = false;
};

int sweep(const Sweep& what, const Choice& choice) {
    const auto begin = Clock::now();
    std::size_t violated = 0, stuck = 0, steps = 0, arrivals = 0;
    double slowest = 0;
    std::uint64_t slowest_seed = 0, first_violated = 0;
    std::optional<Verdict> worst;
    // In blocks, so that a million seeds need no memory.
    constexpr std::uint64_t block = 10'000;
    for (std::uint64_t done = 0; done < what.seeds; done += block) {
        const std::uint64_t from = what.first + done;
        const auto verdicts =
            run_seeds(from, std::min(block, what.seeds - done), choice, what.jobs);
        for (std::size_t at = 0; at < verdicts.size(); ++at) {
            const Verdict& verdict = verdicts[at];
            const std::uint64_t seed = from + at;
            steps += verdict.steps;
            arrivals += verdict.movements;
            if (!verdict.violation.empty()) {
                if (++violated <= most_shown)
                    std::printf("seed %llu: %s\n", wide(seed), verdict.violation.c_str());
                if (!worst) worst = verdict, first_violated = seed;
            } else if (!verdict.has_arrived) {
                if (++stuck <= most_shown)
                    std::printf("seed %llu: not at its end: %s\n", wide(seed),
                                verdict.unarrived.c_str());
            } else if (verdict.multiple > slowest) {
                slowest = verdict.multiple;
                slowest_seed = seed;
            }
        }
        std::fflush(stdout);
    }
    std::printf(
        "%llu seeds: %zu violations, %zu without an end, %zu steps, %zu arrivals, slowest %.2f of "
        "its waits (seed %llu), %.1f s\n",
        wide(what.seeds), violated, stuck, steps, arrivals, slowest, wide(slowest_seed),
        seconds_since(begin));
    if (worst) explain(first_violated, choice, *worst, what.is_detailed);
    return violated == 0 && (stuck == 0 || what.may_be_stuck) ? 0 : 1;
}

// The first seed that breaks an invariant because of the fault: without it, it does not.
std::optional<std::uint64_t> find_planted(const PlantedFault& fault, const Sweep& what,
                                          const Choice& choice, Verdict& found) {
    Choice planted = choice;
    planted.planted = fault.planted;
    const std::uint64_t end = what.first + what.seeds;
    // In blocks, since most are found soon.
    constexpr std::uint64_t block = 64;
    for (std::uint64_t from = what.first; from < end; from += block) {
        const std::uint64_t count = std::min(block, end - from);
        const auto verdicts = run_seeds(from, count, planted, what.jobs);
        for (std::size_t at = 0; at < verdicts.size(); ++at) {
            const std::string& violation = verdicts[at].violation;
            if (violation.empty() || !violation.starts_with(fault.invariant)) continue;
            const std::uint64_t seed = from + at;
            if (!simulate(seed, settings_for(seed, choice)).violation.empty()) continue;
            found = verdicts[at];
            return seed;
        }
    }
    return std::nullopt;
}

int look_for_planted(const std::string& name, const Sweep& what, const Choice& choice) {
    bool all_found = true;
    std::printf("%-28s %7s  %s\n", "fault", "seeds", "found by");
    for (const PlantedFault& fault : planted_faults()) {
        if (name != "all" && name != fault.name) continue;
        Verdict verdict;
        const auto seed = find_planted(fault, what, choice, verdict);
        all_found &= seed.has_value();
        if (seed)
            std::printf("%-28s %7llu  %s\n", fault.name, wide(*seed - what.first + 1),
                        verdict.violation.c_str());
        else
            std::printf("%-28s %7s  NOT FOUND in %llu seeds: %s\n", fault.name, "-",
                        wide(what.seeds), fault.what);
        std::fflush(stdout);
    }
    return all_found ? 0 : 1;
}

// Hashes of whole runs: the same with every compiler, and every time.
int compare_hashes(const std::string& path, bool is_rewritten, const Sweep& what) {
    std::string text;
    const auto once = run_seeds(1, golden_seeds, Choice{}, what.jobs);
    const auto twice = run_seeds(1, golden_seeds, Choice{}, 1);
    for (std::uint64_t at = 0; at < golden_seeds; ++at) {
        if (once[at].trace_hash != twice[at].trace_hash) {
            std::printf("seed %llu: two runs differ\n", wide(at + 1));
            return 1;
        }
        char line[64];
        std::snprintf(line, sizeof line, "%llu %016llx\n", wide(at + 1), wide(once[at].trace_hash));
        text += line;
    }
    if (is_rewritten) {
        std::ofstream file(path);
        file << text << std::flush;
        if (file) return 0;
        std::printf("%s: cannot be written\n", path.c_str());
        return 1;
    }
    std::ifstream file(path);
    if (!file) {
        std::printf("%s: cannot be read\n", path.c_str());
        return 1;
    }
    const std::string golden{std::istreambuf_iterator<char>(file), {}};
    if (golden == text) return 0;
    std::printf("%s: other hashes; if the change of behaviour is meant: --rewrite\n%s",
                path.c_str(), text.c_str());
    return 1;
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::printf("%s: cannot be read\n", path.c_str());
        return std::nullopt;
    }
    return std::string{std::istreambuf_iterator<char>(file), {}};
}

bool play_file(const std::string& path, bool is_rewritten, Coverage& coverage) {
    const auto text = read_file(path);
    if (!text) return false;
    const Scenario scenario = parse_scenario(path, *text);
    if (!scenario.error.empty()) {
        std::printf("%s\n", scenario.error.c_str());
        return false;
    }
    const Performance found = perform(scenario, coverage);
    if (!found.error.empty()) {
        for (const std::string& line : found.trace) std::printf("  %s\n", line.c_str());
        std::printf("%s\n", found.error.c_str());
        return false;
    }
    if (is_rewritten) {
        std::ofstream file(path, std::ios::binary);
        file << scenario.script;
        for (const std::string& line : found.trace) file << line << '\n';
        file << std::flush;
        if (!file) std::printf("%s: cannot be written\n", path.c_str());
        return bool(file);
    }
    const std::string difference_text = difference(scenario.expected, found.trace);
    if (difference_text.empty()) return true;
    std::printf(
        "%s: another trace than expected; if the change of behaviour is meant: --rewrite\n%s",
        path.c_str(), difference_text.c_str());
    return false;
}

int play_files(const std::vector<std::string>& paths, bool is_rewritten, bool must_cover) {
    Coverage coverage;
    std::size_t failed = 0;
    for (const std::string& path : paths) failed += !play_file(path, is_rewritten, coverage);
    std::printf("%zu scenarios, %zu not as expected\n", paths.size(), failed);
    if (!must_cover) return failed == 0 ? 0 : 1;
    const auto missing = coverage.missing();
    for (const std::string& what : missing) std::printf("in no scenario: %s\n", what.c_str());
    std::printf("%zu of %zu rungs and transitions occur\n", Coverage::all().size() - missing.size(),
                Coverage::all().size());
    return failed == 0 && missing.empty() ? 0 : 1;
}

// What random runs go through, and how often.
int show_coverage(const Sweep& what, const Choice& choice) {
    Coverage coverage;
    for (std::uint64_t at = 0; at < what.seeds; ++at) {
        Settings settings = settings_for(what.first + at, choice);
        settings.on_step = [&](const Stepped& stepped) { coverage.see(stepped); };
        simulate(what.first + at, settings);
    }
    for (const auto& [seen, count] : coverage.seen())
        std::printf("%10zu  %s\n", count, seen.c_str());
    for (const std::string& missing : coverage.missing())
        std::printf("%10s  %s\n", "-", missing.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "Runs the machines of msa/core among name servers, signers, a parent and a failing "
        "network, in virtual time, each run drawn from one seed, and checks the invariants after "
        "every event."};
    Sweep what;
    Choice choice;
    std::string mode = "drawn", planted, sought, golden;
    std::optional<std::uint64_t> traced;
    std::vector<std::size_t> left_out;
    std::vector<std::string> scenarios;
    bool no_faults = false, is_rewritten = false, has_coverage = false;
    app.add_option("--seeds", what.seeds, "how many seeds to run")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--first", what.first, "the first of them")->capture_default_str();
    app.add_option("--jobs", what.jobs, "threads; changes nothing but the time")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--mode", mode, "how the providers decide")
        ->check(CLI::IsMember({"drawn", "peer", "leader-follower", "mixed"}))
        ->capture_default_str();
    app.add_option("--providers", choice.providers, "how many; otherwise drawn")
        ->check(CLI::Range(2, 5));
    app.add_flag("--no-faults", no_faults, "nothing fails, only the owner and the signers act");
    app.add_flag("--liar", choice.has_liar, "one provider lies; arrival is not asked for");
    const auto check_fault = [](const std::string& name, bool may_be_all) {
        if (may_be_all && name == "all") return std::string();
        std::string names = may_be_all ? "all" : "";
        for (const PlantedFault& fault : planted_faults()) {
            if (name == fault.name) return std::string();
            names += (names.empty() ? "" : ", ") + std::string(fault.name);
        }
        return "none of " + names;
    };
    app.add_option("--planted", planted, "a fault to put into the machines")
        ->check([=](const std::string& name) { return check_fault(name, false); });
    app.add_option("--find", sought, "a fault, or all: runs seeds with it until one shows it")
        ->check([=](const std::string& name) { return check_fault(name, true); });
    app.add_option("--leave-out", left_out, "faults of the seed, by number, that do not happen")
        ->delimiter(',')
        ->check(CLI::Range(0, 1000));
    app.add_option("--trace", traced, "shows the run of this seed");
    app.add_flag("--detail", what.is_detailed, "with what the machines think");
    app.add_option("--hashes", golden, "compares the trace hashes of 100 seeds with this file");
    app.add_option("--scenario", scenarios, "plays these files and compares their traces");
    app.add_flag("--coverage", has_coverage,
                 "what the runs go through; of scenarios: fails if something occurs in none");
    app.add_flag("--rewrite", is_rewritten, "writes hashes or traces instead");
    CLI11_PARSE(app, argc, argv);

    choice.has_faults = !no_faults;
    what.may_be_stuck = choice.has_liar;
    if (mode == "peer") choice.mode = Settings::Mode::peer;
    if (mode == "leader-follower") choice.mode = Settings::Mode::leader_follower;
    if (mode == "mixed") choice.mode = Settings::Mode::mixed;
    for (const std::size_t fault : left_out) {
        if (fault >= choice.left_out.size()) choice.left_out.resize(fault + 1);
        choice.left_out[fault] = true;
    }
    if (!golden.empty()) return compare_hashes(golden, is_rewritten, what);
    if (!scenarios.empty()) return play_files(scenarios, is_rewritten, has_coverage);
    if (has_coverage) return show_coverage(what, choice);
    if (!sought.empty()) return look_for_planted(sought, what, choice);
    for (const PlantedFault& fault : planted_faults())
        if (planted == fault.name) choice.planted = fault.planted, choice.planted_name = planted;
    if (traced) {
        print_trace(*traced, choice, what.is_detailed);
        return 0;
    }
    return sweep(what, choice);
}
