// The command line: `run` and `check` for the daemon, and the verbs that talk to
// the admin interface of a running one (combiner/README.md).
#pragma once

namespace chorale::combiner {

// Exit codes: 0 done; 1 the daemon says no, or could not run; 2 wrong usage or
// configuration; 3 the daemon cannot be reached.
int run_command_line(int argument_count, char** arguments);

}  // namespace chorale::combiner
