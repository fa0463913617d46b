// Digests that all agents of a zone must compute alike, octet for octet: of the
// roster they act on, of what they contribute, and the order of an election.
#pragma once

#include <vector>

#include "common/base/bytes.hpp"
#include "common/crypto/digest.hpp"
#include "common/dns/name.hpp"

namespace chorale::proto {

// One MSIGNER record.
struct RosterEntry {
    std::uint8_t state = 0;
    dns::Name identity;
};

// SHA-256 over the records with state ON (1) or OFF (2), others left out, each once,
// in canonical order of identities and then by state. A record is its state (1
// octet) and its identity, uncompressed and in lower case.
crypto::Sha256 roster_hash(std::vector<RosterEntry> entries);

// SHA-256 over three SHA-256 in a row: of the own keys (DNSKEY RDATA), of the entry
// keys among them, and of the name servers (uncompressed, in lower case). Each is over
// its octet strings, each once, in canonical order (RFC 4034 6.3), each after its
// length in two octets.
crypto::Sha256 contribution_hash(std::vector<Bytes> keys, std::vector<Bytes> entry_keys,
                                 const std::vector<dns::Name>& name_servers);

// SHA-256 over zone, epoch (8 octets) and identity, names uncompressed and in lower
// case: the candidate with the lowest digest comes first.
crypto::Sha256 election_digest(dns::NameView zone, std::uint64_t epoch, dns::NameView identity);
std::vector<dns::Name> election_order(dns::NameView zone, std::uint64_t epoch,
                                      std::vector<dns::Name> candidates);

}  // namespace chorale::proto
