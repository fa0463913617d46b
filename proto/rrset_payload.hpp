// RRsets as agents exchange them: what each contributes to a zone (QUERY or GET),
// and what a leader tells a follower to hold (UPDATE or PUT). RFC 8901 model 2, RFC
// 2136; README.md states the forms.
#pragma once

#include <map>

#include "common/dns/message.hpp"
#include "proto/decoded.hpp"

namespace chorale::proto {

inline constexpr std::size_t most_records = 100;                       // of an RRset
inline constexpr std::uint32_t longest_ttl = 0x7fffffff;               // RFC 2181 8
inline constexpr std::size_t most_json_octets = std::size_t{1} << 20;  // of a body

// Each type that belongs into the payload, its RRset at the zone's apex; empty: none.
using RRsets = std::map<dns::Type, dns::RRset>;

// What one agent contributes to a zone: all contributed_types.
struct Contribution {
    dns::Name zone;
    dns::Name identity;
    std::optional<std::uint64_t> epoch;
    RRsets rrsets;
};

// The exact RRsets at the apex of a follower's combiner: all controlled_types. The
// message has passed check() as an instruction.
struct Instruction {
    PeerMessage message;
    RRsets rrsets;
};

// Errors (malformed): a type too many or missing, another owner, too many records, a
// TTL beyond its bound, RDATA that no record of its type has, a key that cannot be
// one of its algorithm, the same record twice, records out of canonical order.
Result<void> check_rrsets(const RRsets& rrsets, dns::NameView zone,
                          std::span<const dns::Type> types);

// {zone}.{identity}, at which an agent answers for its contribution. Error (limit):
// longer than a name may be; the REST interface still works then.
Result<dns::Name> contribution_name(dns::NameView zone, dns::NameView identity);
// The zone of such a name; none if it is not at or below `identity`.
std::optional<dns::Name> zone_of_contribution(dns::NameView name, dns::NameView identity);

// A question for one RRset of a contribution, with ID 0 and EDNS.
dns::Message make_contribution_query(const dns::Name& contribution_name, dns::Type type);
// The authoritative answer to it, with the RRset or without data.
dns::Message make_contribution_answer(const dns::Message& query, const dns::RRset& rrset);
// The RRset at the zone's apex, from an answer to the question for `contribution_name`
// and `type`. Errors: refused (another RCODE than NOERROR); malformed.
Result<dns::RRset> read_contribution_answer(const dns::Message& answer,
                                            const dns::Name& contribution_name,
                                            const dns::Name& zone, dns::Type type);

// UPDATE with ID 0: for each controlled type in order "delete the RRset", then its
// records, and the option.
dns::Message make_instruction(const Instruction& instruction, const CodePoints& code_points);

struct DecodedInstruction {
    Instruction instruction;
    std::vector<Note> notes;
};
// Errors: as decode_message, and malformed for an UPDATE of any other form.
Result<DecodedInstruction> decode_instruction(const dns::Message& update,
                                              const CodePoints& code_points);

}  // namespace chorale::proto
