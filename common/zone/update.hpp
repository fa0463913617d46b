// DNS UPDATE (RFC 2136) without I/O: pre-scan, prerequisites and application on
// a view of a zone. Which types and owners an updater may touch is not decided
// here (combiner/core/update_policy.hpp).
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "common/dns/message.hpp"

namespace chorale::zone {

// What an UPDATE is evaluated against: the zone as it is served.
class UpdateView {
public:
    virtual ~UpdateView() = default;
    virtual const dns::Name& apex() const = 0;
    // The RRset, empty if there is none.
    virtual dns::RRset find(dns::NameView owner, dns::Type type) const = 0;
    // All RRsets at a name.
    virtual std::vector<dns::RRset> find_all(dns::NameView owner) const = 0;
};

// What an UPDATE asks for, after 3.4.1 found nothing wrong.
struct UpdateRefusal {
    dns::Rcode rcode = dns::Rcode::NOERROR;  // NOERROR: nothing is wrong
    std::string reason;                      // for people: which RR and why
    bool is_refusal() const { return rcode != dns::Rcode::NOERROR; }
};

// Zone section: one SOA question (3.1.1), FORMERR otherwise; a class other than IN
// is no zone of ours, NOTAUTH (3.1.2).
UpdateRefusal check_zone_section(const dns::Message& update);

// The whole of 3.4.1.3, first fault first: NOTZONE, FORMERR for classes, TTLs,
// RDATA and metatypes that are not allowed; also RRSIG, NSEC and NSEC3 (and SIG
// and NXT before them), which are never updated (RFC 3007 3.1.1, 4.3): REFUSED.
// RDATA of additions and of class NONE deletions is checked.
UpdateRefusal prescan(const dns::Message& update, dns::NameView apex);

// 3.2: every kind of prerequisite, the value-dependent ones as whole RRsets. What
// it answers tells what the zone holds: ask only for whom may know.
UpdateRefusal check_prerequisites(const dns::Message& update, const UpdateView& view);

// The RRsets that differ afterwards, each whole as it is to be (empty: removed);
// nothing differs: an empty list. 3.4.2 in order of the message, with its
// exceptions for SOA and NS at the apex, CNAME, SOA serials, and duplicates. The
// TTL of an addition becomes that of its RRset (RFC 2181 5.2). An addition equal
// but for the case of a name in its RDATA replaces it, so it is a difference; an
// owner keeps the spelling that the zone has. Only for what passed prescan.
std::vector<dns::RRset> apply_update(const dns::Message& update, const UpdateView& view);

}  // namespace chorale::zone
