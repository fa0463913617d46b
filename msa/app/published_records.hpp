// What is written into zones for agents to work: the records by which a provider's agent
// is found and known (RFC 7553, 9460, 2931, 6698), and the owner's MSIGNER RRset.
#pragma once

#include <vector>

#include "common/crypto/digest.hpp"
#include "common/dns/record.hpp"
#include "msa/app/identity.hpp"

namespace chorale::msa {

// An IPv4 or IPv6 address as RDATA of A or AAAA.
struct HostAddress {
    dns::Type type = dns::Type::A;
    Bytes rdata;

    // Errors (malformed): no address; one that no host can be reached at (unspecified,
    // multicast, broadcast, IPv4 within IPv6).
    static Result<HostAddress> from_text(std::string_view text);
    std::string to_text() const;
    // Loopback or of one link: peers refuse it unless they are configured to take it.
    bool is_local() const;

    friend bool operator==(const HostAddress&, const HostAddress&) = default;
};

struct Publication {
    Identity identity;
    std::uint16_t dns_port = 53;
    std::uint16_t api_port = 443;
    std::uint32_t ttl = 3600;            // seconds
    std::vector<HostAddress> addresses;  // of both hosts, at least one
    Bytes key_rdata;                     // of the SIG(0) key
    crypto::Sha256 tls_pin{};
};

// What the provider publishes in the zone that its identity lies in, which is signed.
std::vector<dns::Record> published_records(const Publication& publication);

// What a zone's owner writes at its apex; identities are unique. Each RR twice: as stock name
// servers read it (RFC 3597 5), and as a comment that people read.
std::string msigner_text(dns::NameView zone, std::uint32_t ttl, std::uint8_t state,
                         const std::vector<Identity>& identities);

}  // namespace chorale::msa
