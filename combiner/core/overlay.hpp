// What the agent has put over the owner's zone, and how the two become one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "combiner/core/controlled.hpp"
#include "common/base/instant.hpp"
#include "common/dns/message.hpp"
#include "common/zone/update.hpp"
#include "common/zone/zone_snapshot.hpp"

namespace chorale::combiner {

struct OverlayEntry {
    dns::RRset rrset;        // at the apex, never empty
    std::string updated_by;  // name of the updater
    Instant updated_at;
};

// By controlled type.
using Overlay = std::map<dns::Type, OverlayEntry>;

// The owner's zone with this serial and with each overlay RRset in the place of
// the owner's. Error (conflict): neither has NS, since a zone without is no zone.
Result<zone::ZoneSnapshot> combine(const zone::ZoneSnapshot& owner, const Overlay& overlay,
                                   zone::Serial serial);

// CDS and CDNSKEY of the combined zone whose key is not in its DNSKEY RRset: right
// only if it is the signer's own; a signer that lacks the key may refuse the whole
// zone at its next cold start. One sentence each, for people.
std::vector<std::string> observe_combined(const zone::ZoneSnapshot& combined);

// Only the controlled types at the apex may be updated, and "all RRsets" there,
// which means these: REFUSED otherwise. FORMERR for the addition of a key that
// cannot be one of its algorithm: validators would count the zone as broken.
// Nothing of the message is applied then.
zone::UpdateRefusal check_update_policy(const dns::Message& update, dns::NameView apex);

// A combined zone as RFC 2136 looks at it.
class CombinedView final : public zone::UpdateView {
public:
    explicit CombinedView(const zone::ZoneSnapshot& zone) : zone_(zone) {}
    const dns::Name& apex() const override { return zone_.apex(); }
    dns::RRset find(dns::NameView owner, dns::Type type) const override {
        return zone_.find(owner, type);
    }
    std::vector<dns::RRset> find_all(dns::NameView owner) const override {
        return zone_.find_all(owner);
    }

private:
    const zone::ZoneSnapshot& zone_;
};

// The overlay after an update whose outcome apply_update told; RRsets of other
// types among `changes` stay the owner's.
Overlay with_changes(const Overlay& overlay, const std::vector<dns::RRset>& changes,
                     const std::string& updated_by, Instant now);

}  // namespace chorale::combiner
