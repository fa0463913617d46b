// Which records belong to whom (draft-leon-distributed-multi-signer, "The
// COMBINER"): the agent's five apex RRsets, the owner's everything else, and
// what neither may bring because only a signer makes it.
#pragma once

#include <array>
#include <map>
#include <span>

#include "common/dns/record.hpp"
#include "common/zone/zone_delta.hpp"
#include "proto/code_points.hpp"

namespace chorale::combiner {

// The RRsets that the agent controls, at the apex only.
using proto::controlled_types;

// What a snapshot keeps in its head: SOA and the controlled types.
inline constexpr std::array head_types = {dns::Type::SOA, dns::Type::NS,      dns::Type::DNSKEY,
                                          dns::Type::CDS, dns::Type::CDNSKEY, dns::Type::CSYNC};

bool is_controlled(dns::Type type);

// False for what an owner's zone may not bring into the combined zone: DNSKEY,
// CDS, CDNSKEY, CSYNC and ZONEMD (RFC 8976: a digest of the zone as it was
// before combining) at the apex; RRSIG, NSEC, NSEC3 and NSEC3PARAM anywhere.
bool is_kept_from_owner(dns::NameView owner, dns::Type type, dns::NameView apex);

// How many records of each type were dropped from an owner's zone.
using DroppedCounts = std::map<dns::Type, std::uint64_t>;

// A delta without the records that are dropped; counts follow it.
zone::ZoneDelta keep_from_owner(const zone::ZoneDelta& delta, dns::NameView apex,
                                DroppedCounts& dropped);

}  // namespace chorale::combiner
