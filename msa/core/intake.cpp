#include "msa/core/intake.hpp"

#include <algorithm>

#include "common/crypto/dnskey.hpp"
#include "msa/core/ladder.hpp"

namespace chorale::msa {

namespace {

// A name server's name after no cache can have it.
constexpr Duration remembered = std::chrono::hours(24);

// Grows by one, not to the double: seldom, and in as many lists as there are zones.
template <class Item>
Item& append_one(std::vector<Item>& list) {
    list.reserve(list.size() + 1);
    return list.emplace_back();
}

std::optional<std::size_t> add_key(ZoneState& state, const Bytes& rdata) {
    if (const auto found = find_key(state, rdata)) return found;
    if (rdata.size() < 5) return std::nullopt;
    std::size_t at = 0;
    while (at < state.keys.size() && !state.keys[at].is_free()) ++at;
    if (at == most_members) return std::nullopt;
    if (at == state.keys.size()) append_one(state.keys);
    state.has_news = true;
    Key& key = state.keys[at];
    key = Key{};
    key.rdata = rdata;
    key.tag = crypto::key_tag(rdata);
    return at;
}

std::optional<std::size_t> add_server(ZoneState& state, const dns::Name& name) {
    if (const auto found = find_server(state, name)) return found;
    std::size_t at = 0;
    while (at < state.servers.size() && !state.servers[at].is_free) ++at;
    if (at == most_members) return std::nullopt;
    if (at == state.servers.size()) append_one(state.servers);
    state.has_news = true;
    state.servers[at] = Server{};
    state.servers[at].name = name;
    state.servers[at].is_free = false;
    return at;
}

// The keys that DS and CDS records name. All servers of a zone show much the same records:
// each digest is computed once for all that are asked about together.
class DsRecords {
public:
    // Both outlive this, and the keys stay.
    explicit DsRecords(const ZoneState& state) : state_(state) {}

    // `has_foreign` if one names none that is known.
    KeySet keys_of(const std::vector<Bytes>& records, bool& has_foreign) {
        KeySet keys;
        for (const Bytes& record : records) {
            const KeySet named = keys_of(record);
            has_foreign |= named.empty();
            keys |= named;
        }
        return keys;
    }

private:
    KeySet keys_of(const Bytes& record) {
        for (const Seen& seen : seen_)
            if (equal(*seen.record, record)) return seen.keys;
        KeySet keys;
        for (std::size_t at = 0; at < state_.keys.size(); ++at)
            if (is_ds_of(state_.keys[at], record)) keys.add(at);
        // Bounded: whoever shows more does not make us search longer.
        if (seen_.size() < most_members) seen_.push_back({&record, keys});
        return keys;
    }
    bool is_ds_of(const Key& key, BytesView ds) const {
        return !key.is_free() && ds.size() >= 5 && (ds[0] << 8 | ds[1]) == key.tag &&
               ds[2] == key.algorithm() && crypto::ds_matches(state_.zone, key.rdata, ds);
    }

    struct Seen {
        const Bytes* record;
        KeySet keys;
    };
    const ZoneState& state_;
    std::vector<Seen> seen_;
};

KeySet keys_of_cds(const ZoneState& state, DsRecords& records, const Apex& apex,
                   bool& has_foreign) {
    KeySet keys = records.keys_of(apex.cds, has_foreign);
    for (const Bytes& record : apex.cdnskey) {
        const auto at = find_key(state, record);
        if (at)
            keys.add(*at);
        else
            has_foreign = true;
    }
    return keys;
}

std::uint64_t algorithms_of(const ZoneState& state, KeySet keys) {
    std::uint64_t algorithms = 0;
    for (const std::size_t at : keys)
        algorithms |= std::uint64_t(1) << (state.keys[at].algorithm() & 63);
    return algorithms;
}

// Strangers that have become providers since they were spoken of.
void recognize(const ZoneState& state, Heard& heard) {
    for (HeardRung& rung : std::span(heard.reports).first(heard.count)) {
        if (rung.provider()) continue;
        const dns::Name& stranger = heard.strangers[rung.subject - proto::most_rungs];
        if (const auto at = find_provider(state, stranger)) rung.subject = *at & 31;
    }
}

View view_of(const ZoneState& state, DsRecords& records, const std::vector<ServerAnswer>& answers) {
    View view;
    view.is_whole = !answers.empty();
    const KeySet all_keys = KeySet::from_bits(~std::uint64_t(0));
    const ServerSet all_servers = ServerSet::from_bits(~std::uint64_t(0));
    view.keys_every = view.signers_every = view.cds_every = all_keys;
    view.ns_every = all_servers;
    view.algorithms_every = ~std::uint64_t(0);
    for (const ServerAnswer& answer : answers) {
        if (!answer.apex) {
            view.is_whole = false;
            continue;
        }
        view.is_known = true;
        const Apex& apex = *answer.apex;
        const KeySet keys = find_keys(state, apex.dnskeys);
        const KeySet signers = find_keys(state, apex.dnskey_signers);
        const KeySet data_signers = find_keys(state, apex.data_signers);
        const KeySet cds = keys_of_cds(state, records, apex, view.has_foreign_cds);
        const ServerSet ns = find_servers(state, apex.name_servers);
        view.keys_every &= keys;
        view.keys_some |= keys;
        view.signers_every &= signers;
        view.signers_some |= signers;
        view.data_signers_some |= data_signers;
        if (!cds.empty() && !view.cds_some.empty() && cds != view.cds_some)
            view.is_cds_alike = false;
        view.cds_every &= cds;
        view.cds_some |= cds;
        view.ns_every &= ns;
        view.ns_some |= ns;
        view.algorithms_every &= algorithms_of(state, signers) & algorithms_of(state, data_signers);
    }
    if (!view.is_known) view = View{};
    return view;
}

std::optional<std::size_t> owner_of(const ZoneState& state, std::size_t server) {
    for (std::size_t at = 0; at < state.providers.size(); ++at)
        if (state.providers[at].servers.contains(server)) return at;
    return std::nullopt;
}

}  // namespace

Heard hear(const ZoneState& state, const Announcement& said) {
    Heard heard;
    heard.roster = HalfDigest(said.roster);
    heard.contribution = HalfDigest(said.contribution);
    heard.epoch = said.epoch;
    heard.echo = said.echo;
    heard.is_recovering = said.is_recovering;
    for (const RungReport& report : said.rungs) {
        if (heard.count == heard.reports.size()) break;
        HeardRung& rung = heard.reports[heard.count++];
        rung.process = report.process;
        rung.rung = report.rung;
        rung.status = report.status;
        if (const auto at = find_provider(state, report.subject)) {
            rung.subject = *at & 31;
        } else {
            rung.subject = (proto::most_rungs + heard.strangers.size()) & 31;
            heard.strangers.push_back(report.subject);
        }
    }
    return heard;
}

std::optional<std::size_t> find_provider(const ZoneState& state, dns::NameView identity) {
    for (std::size_t at = 0; at < state.providers.size(); ++at)
        if (state.providers[at].identity.view() == identity) return at;
    return std::nullopt;
}

std::optional<std::size_t> find_key(const ZoneState& state, BytesView rdata) {
    for (std::size_t at = 0; at < state.keys.size(); ++at)
        if (!state.keys[at].is_free() && equal(state.keys[at].rdata, rdata)) return at;
    return std::nullopt;
}

std::optional<std::size_t> find_server(const ZoneState& state, dns::NameView name) {
    for (std::size_t at = 0; at < state.servers.size(); ++at)
        if (!state.servers[at].is_free && state.servers[at].name.view() == name) return at;
    return std::nullopt;
}

KeySet find_keys(const ZoneState& state, const std::vector<Bytes>& rdatas) {
    KeySet keys;
    for (const Bytes& rdata : rdatas)
        if (const auto at = find_key(state, rdata)) keys.add(*at);
    return keys;
}

ServerSet find_servers(const ZoneState& state, const std::vector<dns::Name>& names) {
    ServerSet servers;
    for (const dns::Name& name : names)
        if (const auto at = find_server(state, name)) servers.add(*at);
    return servers;
}

bool take_contribution(const Policy&, ZoneState& state, std::size_t at,
                       const Contribution& contribution) {
    Provider& provider = state.providers[at];
    if (contribution.keys.size() > most_keys_of_provider ||
        contribution.name_servers.size() > most_servers_of_provider) {
        state.observations.push_back(provider.identity.to_text() +
                                     " contributes more keys or name servers than any zone has");
        return false;
    }
    KeySet keys, entry;
    ServerSet servers;
    bool is_full = false;
    for (const Bytes& rdata : contribution.keys) {
        if (const auto key = add_key(state, rdata))
            keys.add(*key);
        else
            is_full = true;
    }
    // An entry key that is not among the keys would be a CDS without DNSKEY.
    entry = find_keys(state, contribution.entry_keys) & keys;
    for (const dns::Name& name : contribution.name_servers) {
        const auto server = add_server(state, name);
        if (!server) {
            is_full = true;
        } else if (const auto other = owner_of(state, *server); !other || *other == at || at == 0) {
            servers.add(*server);
        } else {
            // It would keep the other one in the NS RRset after it has left.
            state.observations.push_back(provider.identity.to_text() + " contributes " +
                                         name.to_text() + ", a name server of " +
                                         state.providers[*other].identity.to_text());
        }
    }
    if (is_full) {
        state.observations.push_back("no room for all that " + provider.identity.to_text() +
                                     " contributes");
    }
    const Digest digest = digest_of(contribution);
    const bool is_new = !provider.has_contributed || provider.keys != keys ||
                        provider.entry_keys != entry || provider.servers != servers ||
                        provider.contribution != digest;
    provider.has_contributed = true;
    provider.keys = keys;
    provider.entry_keys = entry;
    provider.servers = servers;
    if (at == 0)
        for (std::size_t other = 1; other < state.providers.size(); ++other)
            state.providers[other].servers -= servers;
    provider.contribution = digest;
    for (const std::size_t key : keys) state.keys[key].owners.add(at);
    return is_new;
}

bool take_zone(const Policy& policy, ZoneState& state, const SignedZone& zone) {
    state.observations.clear();
    bool is_new = false;
    const Roster roster = read_roster(zone.msigner, state.observations);
    const RosterMark& mark = roster;
    if (mark != state.roster) {
        state.roster = mark;
        is_new = true;
        for (const Roster::Entry& entry : roster.entries) {
            if (find_provider(state, entry.identity)) continue;
            if (state.providers.size() == most_providers) {
                state.observations.push_back("more providers than " +
                                             std::to_string(most_providers) + ": " +
                                             entry.identity.to_text() + " is left out");
                continue;
            }
            append_one(state.providers).identity = entry.identity;
        }
        for (Provider& provider : state.providers) {
            provider.wanted = roster.of(provider.identity);
            if (provider.heard) recognize(state, *provider.heard);
        }
    }
    for (const Bytes& rdata : zone.apex.dnskeys) add_key(state, rdata);
    state.zone_keys = find_keys(state, zone.apex.dnskeys);
    state.zone_signers = find_keys(state, zone.apex.dnskey_signers);
    state.zone_data_signers = find_keys(state, zone.apex.data_signers);
    // What signs our zone is ours, whoever else claims it.
    const KeySet signing = state.zone_signers | state.zone_data_signers;
    if (state.injected.meets(signing)) {
        state.injected -= signing;
        is_new = true;
    }
    bool has_foreign = false;
    DsRecords records(state);
    state.zone_cds = keys_of_cds(state, records, zone.apex, has_foreign);
    Provider& self = state.providers.front();
    const Contribution own = contribution_of(policy, state);
    is_new |= take_contribution(policy, state, 0, own);
    state.zone_ns = find_servers(state, zone.apex.name_servers);
    state.zone_has_csync = zone.apex.has_csync;
    state.serial = zone.serial;
    state.dnskey_ttl = zone.apex.dnskey_ttl;
    state.ns_ttl = zone.apex.ns_ttl;
    state.earliest_expiry = zone.earliest_expiry;
    is_new |= state.largest_ttl.see(zone.largest_ttl, state.elapsed);
    is_new |= self.dnskey_ttl.see(zone.apex.dnskey_ttl, state.elapsed);
    is_new |= self.ns_ttl.see(zone.apex.ns_ttl, state.elapsed);
    state.has_zone = true;
    return is_new;
}

bool take_survey(const Policy& policy, ZoneState& state, const Survey& survey) {
    bool is_new = false;
    for (Provider& provider : state.providers) provider.view = View{};
    bool has_answer = false;
    DsRecords records(state);
    for (const Survey::Of& of : survey.providers) {
        const auto at = find_provider(state, of.identity);
        if (!at) continue;
        Provider& provider = state.providers[*at];
        provider.view = view_of(state, records, of.servers);
        has_answer |= provider.view.is_known && *at != 0;
        for (const ServerAnswer& answer : of.servers) {
            if (!answer.apex) continue;
            is_new |= provider.dnskey_ttl.see(answer.apex->dnskey_ttl, state.elapsed);
            is_new |= provider.ns_ttl.see(answer.apex->ns_ttl, state.elapsed);
            const auto server = find_server(state, answer.server);
            if (!server || state.servers[*server].is_ready) continue;
            const KeySet keys = find_keys(state, answer.apex->dnskeys);
            if (!answer.apex->dnskey_signers.empty() && !answer.apex->data_signers.empty() &&
                keys.includes(provider.keys)) {
                state.servers[*server].is_ready = is_new = true;
            }
        }
    }
    ParentView parent;
    parent.is_whole = !survey.parent.empty();
    parent.ds_every = KeySet::from_bits(~std::uint64_t(0));
    parent.ns_every = ServerSet::from_bits(~std::uint64_t(0));
    for (const ParentAnswer& answer : survey.parent) {
        if (!answer.answered) {
            parent.is_whole = false;
            continue;
        }
        parent.is_known = has_answer = true;
        parent.has_ds |= !answer.ds.empty();
        const KeySet ds = records.keys_of(answer.ds, parent.has_foreign_ds);
        parent.ds_every &= ds;
        parent.ds_some |= ds;
        const ServerSet servers = find_servers(state, answer.name_servers);
        parent.has_foreign_ns |= servers.size() != answer.name_servers.size();
        parent.ns_every &= servers;
        parent.ns_some |= servers;
        is_new |= state.ds_ttl.see(answer.ds_ttl, state.elapsed);
        is_new |= state.parent_ns_ttl.see(answer.ns_ttl, state.elapsed);
    }
    if (!parent.is_known) parent = ParentView{};
    state.parent = parent;
    state.has_surveyed = true;
    state.has_news = false;
    state.surveyed_at = state.elapsed;
    // Silence counts only while we hear anybody at all.
    for (std::size_t at = 1; at < state.providers.size(); ++at) {
        Provider& provider = state.providers[at];
        const Truth is_silent = provider.view.is_known ? Truth::no
                                : has_answer           ? Truth::yes
                                                       : Truth::unknown;
        is_new |= provider.silent.look(is_silent, state.elapsed);
    }
    return look(policy, state) || is_new;
}

bool forget_unused(const Policy& policy, ZoneState& state) {
    bool is_new = false;
    KeySet used = state.wanted.dnskey | state.wanted.cds | state.injected | state.zone_keys |
                  state.removed | state.withdrawn | state.orphans | state.parent.ds_some;
    ServerSet servers = state.wanted.ns | state.zone_ns | state.parent.ns_some;
    for (const Provider& provider : state.providers) {
        used |= provider.keys | provider.entry_keys | provider.announced_entry |
                provider.view.keys_some | provider.view.cds_some;
        servers |= provider.servers | provider.view.ns_some;
    }
    for (std::size_t at = 0; at < state.keys.size(); ++at) {
        if (state.keys[at].is_free() || used.contains(at) || !state.keys[at].owners.empty())
            continue;
        state.keys[at] = Key{};
        is_new = true;
    }
    for (std::size_t at = 0; at < state.servers.size(); ++at) {
        Server& server = state.servers[at];
        if (server.is_free || servers.contains(at)) continue;
        // Whoever withdrew it asks for as long whether it may be switched off.
        const Duration wait =
            std::max(largest_ns_ttl(state), state.parent_ns_ttl.wait()) + margin(policy);
        if (!server.gone.lasted(wait + remembered, state.elapsed)) continue;
        server = Server{};
        is_new = true;
    }
    return is_new;
}

}  // namespace chorale::msa
