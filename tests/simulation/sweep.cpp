#include "tests/simulation/sweep.hpp"

#include <atomic>
#include <thread>

namespace chorale::simulation {

Settings settings_for(std::uint64_t seed, const Choice& choice) {
    Settings settings = settings_of(seed);
    if (choice.providers) settings.providers = *choice.providers;
    if (choice.mode) settings.mode = *choice.mode;
    if (!choice.has_faults) settings.has_faults = false;
    settings.has_liar = choice.has_liar;
    settings.planted = choice.planted;
    settings.left_out = choice.left_out;
    return settings;
}

std::vector<Verdict> run_seeds(std::uint64_t first, std::uint64_t count, const Choice& choice,
                               unsigned jobs) {
    std::vector<Verdict> verdicts(count);
    std::atomic<std::uint64_t> next = 0;
    const auto work = [&] {
        for (std::uint64_t at = next.fetch_add(1); at < count; at = next.fetch_add(1))
            verdicts[at] = simulate(first + at, settings_for(first + at, choice));
    };
    std::vector<std::thread> threads;
    for (unsigned job = 1; job < jobs; ++job) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    return verdicts;
}

std::string invariant_of(const std::string& violation) {
    return violation.substr(0, violation.find_first_of(": "));
}

std::vector<bool> shrink(std::uint64_t seed, const Choice& choice, const Verdict& verdict) {
    Choice shorter = choice;
    shorter.left_out.resize(verdict.faults);
    const std::string wanted = invariant_of(verdict.violation);
    // What one fault needed may be needless once another one is gone.
    for (bool is_shorter = true; is_shorter;) {
        is_shorter = false;
        for (std::size_t fault = 0; fault < verdict.faults; ++fault) {
            if (shorter.left_out[fault]) continue;
            shorter.left_out[fault] = true;
            const Verdict without = simulate(seed, settings_for(seed, shorter));
            if (invariant_of(without.violation) == wanted)
                is_shorter = true;
            else
                shorter.left_out[fault] = false;
        }
    }
    return shorter.left_out;
}

std::string replay_command(std::uint64_t seed, const Choice& choice) {
    std::string command = "simulation --trace " + std::to_string(seed);
    if (choice.mode) command += " --mode " + std::string(to_text(*choice.mode));
    if (choice.providers) command += " --providers " + std::to_string(*choice.providers);
    if (!choice.has_faults) command += " --no-faults";
    if (choice.has_liar) command += " --liar";
    if (!choice.planted_name.empty()) command += " --planted " + choice.planted_name;
    std::string list;
    for (std::size_t fault = 0; fault < choice.left_out.size(); ++fault)
        if (choice.left_out[fault]) list += (list.empty() ? "" : ",") + std::to_string(fault);
    if (!list.empty()) command += " --leave-out " + list;
    return command;
}

const std::vector<PlantedFault>& planted_faults() {
    static const std::vector<PlantedFault> faults = [] {
        const auto without = [](msa::Term term) {
            Planted planted;
            planted.omitted_terms = std::uint32_t(1) << static_cast<unsigned>(term);
            return planted;
        };
        using msa::Term;
        std::vector<PlantedFault> list = {
            {"join_key", "a join does not wait for old DNSKEY RRsets", without(Term::join_key)},
            {"join_ds", "a join does not wait for old DS RRsets", without(Term::join_ds)},
            {"leave_parent_ns", "a leave does not wait for the parent's old NS RRset",
             without(Term::leave_parent_ns)},
            {"leave_ns", "a leave does not wait for the zone's old NS RRsets",
             without(Term::leave_ns)},
            {"leave_data", "a leave does not wait for data of who stopped",
             without(Term::leave_data)},
            {"leave_key", "a leave does not wait for DNSKEY RRsets of who stopped",
             without(Term::leave_key)},
            {"zsk_key", "a ZSK is used before old DNSKEY RRsets are gone", without(Term::zsk_key)},
            {"zsk_data", "a ZSK goes before what it signed is gone", without(Term::zsk_data)},
            {"ksk_key", "a KSK goes before old DNSKEY RRsets are gone", without(Term::ksk_key)},
            {"ksk_ds", "a KSK goes before old DS RRsets are gone", without(Term::ksk_ds)},
            {"csk_key", "a CSK is used before old DNSKEY RRsets are gone", without(Term::csk_key)},
            {"csk_data", "a CSK goes before what it signed is gone", without(Term::csk_data)},
        };
        Planted sending, own_ns, holds, votes;
        sending.counts_from_sending = true;
        own_ns.keeps_leaver_in_its_own_ns = true;
        holds.loses_holds = true;
        votes.loses_votes = true;
        list.push_back({"counts_from_sending",
                        "waits begin when something was asked for, not when "
                        "it was seen everywhere",
                        sending});
        list.push_back(
            {"keeps_leaver_in_its_own_ns", "who leaves stays in its own NS RRset", own_ns});
        list.push_back({"loses_holds", "waits are not on disk", holds});
        list.push_back({"loses_votes", "votes are not on disk", votes, "I11"});
        return list;
    }();
    return faults;
}

}  // namespace chorale::simulation
