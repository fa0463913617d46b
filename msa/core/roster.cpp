#include "msa/core/roster.hpp"

#include <algorithm>
#include <map>

#include "common/dns/rdata/msigner.hpp"
#include "proto/digests.hpp"

namespace chorale::msa {

using dns::rdata::Msigner;

Wanted Roster::of(dns::NameView identity) const {
    const auto at = std::ranges::find_if(
        entries, [&](const Entry& entry) { return entry.identity.view() == identity; });
    return at == entries.end() ? Wanted::absent : at->wanted;
}

Roster read_roster(const std::vector<Bytes>& msigner_rdatas,
                   std::vector<std::string>& observations) {
    Roster roster;
    roster.is_present = !msigner_rdatas.empty();
    std::map<dns::Name, Wanted, dns::CanonicalLess> wanted;
    std::vector<proto::RosterEntry> hashed;
    for (const Bytes& rdata : msigner_rdatas) {
        // State, then a name that takes all the rest.
        const BytesView octets(rdata);
        const auto identity = octets.empty() ? Result<dns::Name>(malformed("it is empty"))
                                             : dns::Name::from_wire(octets.subspan(1));
        if (!identity) {
            observations.push_back("MSIGNER record ignored: " + identity.error().message());
            continue;
        }
        const Byte state = octets[0];
        if (state != Msigner::on && state != Msigner::off) {
            observations.push_back("MSIGNER record of " + identity->to_text() + " ignored: state " +
                                   std::to_string(state) + " is neither ON (1) nor OFF (2)");
            continue;
        }
        hashed.push_back({state, *identity});
        const Wanted said = state == Msigner::on ? Wanted::on : Wanted::off;
        const auto [entry, is_new] = wanted.emplace(identity->to_lower(), said);
        if (!is_new && entry->second != said && entry->second != Wanted::conflict) {
            entry->second = Wanted::conflict;
            observations.push_back("MSIGNER names " + entry->first.to_text() +
                                   " both ON and OFF: nothing moves for it");
        }
    }
    for (const auto& [identity, state] : wanted) roster.entries.push_back({identity, state});
    roster.hash = proto::roster_hash(std::move(hashed));
    return roster;
}

}  // namespace chorale::msa
