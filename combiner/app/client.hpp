// The verbs that ask a running combiner over its admin interface, and print the
// answer for people or as JSON. Where it listens is read from its configuration.
#pragma once

#include <optional>
#include <string>

namespace chorale::combiner {

enum class Verb {
    status,
    zones,
    zone,
    add,
    remove,
    refresh,
    freeze,
    thaw,
    overlay,
    clear,
    events,
    timers,
    transfers,
    audit,
};

struct ClientRequest {
    Verb verb = Verb::status;
    std::string zone;                  // of the verbs that need one; of events: optional
    std::string template_name;         // add
    std::string type;                  // clear
    bool is_forced = false;            // refresh
    std::optional<std::size_t> limit;  // events, timers, transfers, audit
    bool prints_json = false;
};

// Returns the exit code: 0 done, 1 the daemon says no, 2 wrong configuration, 3
// not reachable. Errors go to stderr, with what to do.
int run_client(const std::string& configuration_file, const ClientRequest& request);

}  // namespace chorale::combiner
