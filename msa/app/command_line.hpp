// The command line of the agent. Its verbs so far need no running agent: keys, and
// what is to be written into zones (msa/README.md).
#pragma once

namespace chorale::msa {

// Exit codes: 0 done; 1 it could not be done; 2 wrong usage.
int run_command_line(int argument_count, char** arguments);

}  // namespace chorale::msa
