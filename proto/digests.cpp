#include "proto/digests.hpp"

#include <algorithm>

#include "common/dns/rdata/msigner.hpp"
#include "common/dns/wire.hpp"

namespace chorale::proto {
namespace {

crypto::Sha256 set_hash(std::vector<Bytes> strings) {
    std::sort(strings.begin(), strings.end(),
              [](const Bytes& a, const Bytes& b) { return compare(a, b) < 0; });
    strings.erase(std::unique(strings.begin(), strings.end()), strings.end());
    Bytes input;
    dns::WireWriter writer(input);
    for (const Bytes& string : strings) {
        writer.u16(static_cast<std::uint16_t>(string.size()));
        writer.octets(string);
    }
    return crypto::sha256(input);
}

}  // namespace

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

crypto::Sha256 contribution_hash(std::vector<Bytes> keys, std::vector<Bytes> entry_keys,
                                 const std::vector<dns::Name>& name_servers) {
    std::vector<Bytes> names;
    for (const dns::Name& name : name_servers) {
        Bytes lower;
        append_lower(name, lower);
        names.push_back(std::move(lower));
    }
    Bytes input;
    append(input, set_hash(std::move(keys)));
    append(input, set_hash(std::move(entry_keys)));
    append(input, set_hash(std::move(names)));
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
