// The bodies of the REST interface between agents (RFC 8259): the same facts as in
// the option, under their names. README.md states them, member by member.
#pragma once

#include "proto/rrset_payload.hpp"

namespace chorale::proto {

// Of `hello`, `heartbeat`, `state` and `election`, both ways. The message must pass
// check().
std::string encode_json(const PeerMessage& message);
// The operation is that of the path. Members that nobody defined are ignored.
// Errors: malformed; limit (deeper or larger than any body of ours).
Result<Decoded> decode_json(std::string_view text, Operation operation, Purpose purpose);

// Of GET zones/{zone}/contribution.
std::string encode_json(const Contribution& contribution);
Result<Contribution> decode_contribution(std::string_view text);

// Of PUT zones/{zone}/rrsets: a message with the member "rrsets".
std::string encode_json(const Instruction& instruction);
Result<DecodedInstruction> decode_instruction(std::string_view text);

}  // namespace chorale::proto
