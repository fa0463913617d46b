#include "proto/digests.hpp"

#include <algorithm>

#include "common/dns/rdata/msigner.hpp"
#include "common/dns/wire.hpp"

namespace chorale::proto {

crypto::Sha256 roster_hash(std::vector<RosterEntry> entries) {
    std::erase_if(entries, [](const RosterEntry& entry) {
        return entry.state != dns::rdata::Msigner::on && entry.state != dns::rdata::Msigner::off;
    });
    std::sort(entries.begin(), entries.end(), [](const RosterEntry& a, const RosterEntry& b) {
        const int order = compare_canonical(a.identity, b.identity);
        return order != 0 ? order < 0 : a.state < b.state;
    });
    Bytes input;
    const RosterEntry* before = nullptr;
    for (const RosterEntry& entry : entries) {
        if (before && before->state == entry.state && before->identity == entry.identity) continue;
        input.push_back(entry.state);
        append_lower(entry.identity, input);
        before = &entry;
    }
    return crypto::sha256(input);
}

crypto::Sha256 keys_hash(std::vector<Bytes> dnskey_rdatas) {
    std::sort(dnskey_rdatas.begin(), dnskey_rdatas.end(),
              [](const Bytes& a, const Bytes& b) { return compare(a, b) < 0; });
    dnskey_rdatas.erase(std::unique(dnskey_rdatas.begin(), dnskey_rdatas.end()),
                        dnskey_rdatas.end());
    Bytes input;
    dns::WireWriter writer(input);
    for (const Bytes& rdata : dnskey_rdatas) {
        writer.u16(static_cast<std::uint16_t>(rdata.size()));
        writer.octets(rdata);
    }
    return crypto::sha256(input);
}

crypto::Sha256 election_digest(dns::NameView zone, std::uint64_t epoch, dns::NameView identity) {
    Bytes input;
    append_lower(zone, input);
    dns::WireWriter(input).u64(epoch);
    append_lower(identity, input);
    return crypto::sha256(input);
}

std::vector<dns::Name> election_order(dns::NameView zone, std::uint64_t epoch,
                                      std::vector<dns::Name> candidates) {
    struct Candidate {
        crypto::Sha256 digest;
        dns::Name identity;
    };
    std::vector<Candidate> ranked;
    for (dns::Name& identity : candidates) {
        const crypto::Sha256 digest = election_digest(zone, epoch, identity);
        ranked.push_back({digest, std::move(identity)});
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const Candidate& a, const Candidate& b) { return a.digest < b.digest; });
    std::vector<dns::Name> order;
    for (Candidate& candidate : ranked) order.push_back(std::move(candidate.identity));
    return order;
}

}  // namespace chorale::proto
