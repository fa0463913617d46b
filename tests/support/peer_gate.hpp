// Stands for the gate that verifies signatures: tests say who a message is from.
#pragma once

#include "msa/core/verified_peer.hpp"

namespace chorale::msa {

class PeerGate {
public:
    static VerifiedPeer admit(const dns::Name& identity) { return VerifiedPeer(identity); }
};

}  // namespace chorale::msa
