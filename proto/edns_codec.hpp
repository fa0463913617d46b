// The Multi-Signer EDNS(0) option (draft-leon-distributed-multi-signer,
// "Multi-Signer EDNS(0) Option Format"), and the DNS messages that carry it.
#pragma once

#include "common/dns/message.hpp"
#include "proto/decoded.hpp"

namespace chorale::proto {

// The option's value: what follows OPTION-LENGTH. Facts in order of their types.
// The message must pass check().
Bytes encode_option(const PeerMessage& message, const CodePoints& code_points);

// The value of one option, without zone and `changed`, which the question says.
// Errors: malformed; not_found for an operation that nobody defined.
Result<Decoded> decode_option(BytesView value, Purpose purpose, const CodePoints& code_points);

// NOTIFY for a request: its question, its EDNS with the option, ID 0.
dns::Message make_notify(const PeerMessage& message, const CodePoints& code_points);
// Adds the option to a message that has been made otherwise (an answer, an UPDATE).
void add_option(dns::Message& target, const PeerMessage& message, const CodePoints& code_points);

// NOTIFY or UPDATE, request or answer, with exactly one option; of an UPDATE see
// also decode_instruction. Errors: as decode_option.
Result<Decoded> decode_message(const dns::Message& message, const CodePoints& code_points);

}  // namespace chorale::proto
