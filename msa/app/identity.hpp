// The identity of an agent, which is a domain name, and the names at which its provider
// publishes how to reach it (draft-leon-distributed-multi-signer, "Locating Remote
// Multi-Signer Agents").
#pragma once

#include "common/dns/name.hpp"

namespace chorale::msa {

class Identity {
public:
    // Errors (malformed): no domain name; the root; a label of other than letters,
    // digits, hyphens and underscores; so long that the names below have no room.
    static Result<Identity> from_text(std::string_view text);

    const dns::Name& name() const { return name_; }
    // Of the agent itself: names of hosts, which stand in URIs.
    dns::Name dns_host() const { return below("dns"); }
    dns::Name api_host() const { return below("api"); }
    // "dns://dns.msa.example:53/" for the host dns.msa.example.
    static std::string to_uri(std::string_view scheme, dns::NameView host, std::uint16_t port);

    // The name with `labels` before it, which it has room for.
    dns::Name below(const std::string& labels) const;

private:
    explicit Identity(dns::Name name) : name_(std::move(name)) {}
    dns::Name name_;
};

// Without the final dot, as URIs and certificates have it.
std::string to_host_text(dns::NameView name);

}  // namespace chorale::msa
