// The identity of a peer whose message was authenticated (SIG(0), or TLS with its TLSA).
#pragma once

#include <utility>

#include "common/dns/name.hpp"

namespace chorale::msa {

// Only the gate that verified can make one: the type is the proof.
class VerifiedPeer {
public:
    const dns::Name& identity() const { return identity_; }

private:
    friend class PeerGate;
    explicit VerifiedPeer(dns::Name identity) : identity_(std::move(identity)) {}
    dns::Name identity_;
};

}  // namespace chorale::msa
