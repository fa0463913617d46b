#include "combiner/core/overlay.hpp"

#include <algorithm>

#include "common/crypto/dnskey.hpp"
#include "common/dns/rdata.hpp"

namespace chorale::combiner {

Result<zone::ZoneSnapshot> combine(const zone::ZoneSnapshot& owner, const Overlay& overlay,
                                   zone::Serial serial) {
    std::vector<dns::RRset> head;
    dns::RRset soa = owner.soa();
    soa.rdatas.front() = dns::with_soa_serial(soa.rdatas.front(), serial);
    head.push_back(std::move(soa));
    for (const dns::Type type : controlled_types) {
        const auto entry = overlay.find(type);
        if (entry != overlay.end()) {
            head.push_back(entry->second.rrset);
        } else if (const dns::RRset* rrset = owner.find_in_head(type)) {
            head.push_back(*rrset);
        } else if (type == dns::Type::NS) {
            return Error(ErrorKind::conflict,
                         "neither the owner nor the agent gives the zone an NS RRset");
        }
    }
    return zone::ZoneSnapshot(owner.apex(), std::move(head), owner.shared_body());
}

std::vector<std::string> observe_combined(const zone::ZoneSnapshot& combined) {
    std::vector<std::string> observations;
    const dns::RRset* keys = combined.find_in_head(dns::Type::DNSKEY);
    const auto is_key_of = [&](auto matches) {
        return keys && std::ranges::any_of(keys->rdatas, matches);
    };
    const auto observe = [&](dns::Type type, std::uint16_t key_tag) {
        observations.push_back(to_text(type) + " names a key with tag " + std::to_string(key_tag) +
                               " that is not in the DNSKEY RRset of the combined zone");
    };
    if (const dns::RRset* cds = combined.find_in_head(dns::Type::CDS)) {
        for (const Bytes& rdata : cds->rdatas) {
            if (crypto::is_delete_sentinel(dns::Type::CDS, rdata)) continue;
            if (!is_key_of([&](const Bytes& key) {
                    return crypto::ds_matches(combined.apex(), key, rdata);
                })) {
                observe(dns::Type::CDS, static_cast<std::uint16_t>(rdata[0] << 8 | rdata[1]));
            }
        }
    }
    if (const dns::RRset* cdnskey = combined.find_in_head(dns::Type::CDNSKEY)) {
        for (const Bytes& rdata : cdnskey->rdatas) {
            if (crypto::is_delete_sentinel(dns::Type::CDNSKEY, rdata)) continue;
            if (!is_key_of([&](const Bytes& key) { return key == rdata; })) {
                observe(dns::Type::CDNSKEY, crypto::key_tag(rdata));
            }
        }
    }
    return observations;
}

zone::UpdateRefusal check_update_policy(const dns::Message& update, dns::NameView apex) {
    for (const dns::Record& record : update.authority) {
        const bool is_all = record.klass == dns::Class::ANY && record.type == dns::Type::ANY;
        if (!(record.owner == apex) || (!is_controlled(record.type) && !is_all)) {
            return {dns::Rcode::REFUSED, record.owner.to_text() + ' ' + to_text(record.type) +
                                             " is not one of the controlled RRsets"};
        }
        const bool is_key = record.type == dns::Type::DNSKEY || record.type == dns::Type::CDNSKEY;
        const bool is_added_key = is_key && record.klass == dns::Class::IN &&
                                  !crypto::is_delete_sentinel(record.type, record.rdata);
        const char* fault = is_added_key ? crypto::public_key_fault(record.rdata) : nullptr;
        if (fault) return {dns::Rcode::FORMERR, to_text(record.type) + ": " + fault};
    }
    return {};
}

Overlay with_changes(const Overlay& overlay, const std::vector<dns::RRset>& changes,
                     const std::string& updated_by, Instant now) {
    Overlay result = overlay;
    for (const dns::RRset& rrset : changes) {
        if (!is_controlled(rrset.type)) continue;
        if (rrset.empty()) {
            result.erase(rrset.type);
        } else {
            result[rrset.type] = {rrset, updated_by, now};
        }
    }
    return result;
}

}  // namespace chorale::combiner
