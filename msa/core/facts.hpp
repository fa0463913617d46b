// What the world shows to the machine of a zone: the own signed zone, what every
// name server of every provider and of the parent answers, what a peer contributes.
// RDATA is canonical wire octets; every fact was validated or authenticated before
// it became one of these (README.md, invariant I12).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/instant.hpp"
#include "common/dns/record.hpp"

namespace chorale::msa {

// The apex of a signed zone, as one transfer or one server shows it.
struct Apex {
    std::vector<Bytes> dnskeys;
    std::vector<Bytes>
        dnskey_signers;  // of `dnskeys`: those with a valid RRSIG over the DNSKEY RRset
    std::vector<Bytes>
        data_signers;  // of `dnskeys`: those that sign other data (of a server: its SOA)
    std::vector<Bytes> cds, cdnskey;
    std::vector<dns::Name> name_servers;
    bool has_csync = false;
    std::uint32_t dnskey_ttl = 0, ns_ttl = 0;  // seconds
};

// The zone as this provider's own signer gives it out.
struct SignedZone {
    Apex apex;
    std::vector<Bytes> msigner;     // RDATA of the MSIGNER RRset; empty: there is none
    std::uint32_t largest_ttl = 0;  // seconds, of any RRset or negative answer
    std::uint32_t serial = 0;
    std::optional<Instant> earliest_expiry;  // of any RRSIG
};

// One server of one provider; no answer: no validated one within the time.
struct ServerAnswer {
    dns::Name server;
    std::shared_ptr<const Apex> apex;  // null: no answer
};

struct ParentAnswer {
    bool answered = false;
    std::vector<Bytes> ds;
    std::vector<dns::Name> name_servers;
    std::uint32_t ds_ttl = 0, ns_ttl = 0;  // seconds
};

// One round of questions to every server of every provider and of the parent.
struct Survey {
    struct Of {
        dns::Name identity;
        std::vector<ServerAnswer> servers;  // empty: nobody could be asked
    };
    std::vector<Of> providers;
    std::vector<ParentAnswer> parent;
};

// What a provider brings: its own keys, which of them belong into the DS RRset, and
// its name servers. `{zone}.{identity}` DNSKEY, CDNSKEY and NS .
struct Contribution {
    std::vector<Bytes> keys;        // DNSKEY RDATA
    std::vector<Bytes> entry_keys;  // a subset of them
    std::vector<dns::Name> name_servers;
};

}  // namespace chorale::msa
