#include "tests/simulation/caches.hpp"

#include <algorithm>

namespace chorale::simulation {

void Caches::note_load(std::vector<Loaded>& loaded, std::size_t server, std::size_t index) const {
    for (Loaded& it : loaded) {
        if (it.server != server) continue;
        it = {server, index, settled_at_};
        return;
    }
    loaded.push_back({server, index, settled_at_});
}

void Caches::load(std::size_t provider, std::size_t server, const ZoneVersion& version) {
    Record& record = providers_[provider];
    std::size_t index = 0;
    while (index < record.held.size() && !(record.held[index].version == version)) ++index;
    if (index == record.held.size()) record.held.push_back({version, not_yet});
    note_load(record.loaded, server, index);
}

void Caches::load_parent(std::size_t server, const ParentVersion& version) {
    std::size_t index = 0;
    while (index < parent_.size() && !(parent_[index].version == version)) ++index;
    if (index == parent_.size()) parent_.push_back({version, not_yet});
    note_load(parent_loaded_, server, index);
}

void Caches::settle(Seconds now) {
    settled_at_ = now;
    for (const Loaded& it : parent_loaded_) parent_[it.index].last = now;
    // Whom an NS RRset that could be had names can be reached as long as that is held;
    // and whoever can be reached gives out an NS RRset of his own. To the fixed point.
    for (Record& record : providers_) {
        record.reach_until = not_yet;
        for (const HeldParent& held : parent_)
            if (held.last != not_yet && (held.version.ns & record.about.servers) != 0)
                record.reach_until = std::max(record.reach_until, held.last + held.version.ns_ttl);
        for (const Record& other : providers_)
            for (const Held& held : other.held)
                if (held.last != not_yet && (held.version.ns & record.about.servers) != 0)
                    record.reach_until =
                        std::max(record.reach_until, held.last + held.version.ns_ttl);
    }
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (Record& record : providers_) {
            if (record.reach_until == not_yet) continue;
            const Seconds until = std::min(now, record.reach_until);
            for (const Loaded& it : record.loaded) {
                // Not before it was there.
                if ((record.about.up >> it.server & 1) == 0 || it.since > until) continue;
                Held& held = record.held[it.index];
                if (held.last >= until) continue;
                held.last = until;
                is_changed = true;
                for (Record& other : providers_)
                    if ((held.version.ns & other.about.servers) != 0)
                        other.reach_until =
                            std::max(other.reach_until, until + held.version.ns_ttl);
            }
        }
    }
}

void Caches::forget(Seconds now) {
    for (Record& record : providers_) {
        for (std::size_t index = 0; index < record.held.size();) {
            Held& held = record.held[index];
            const Seconds ttl =
                std::max({held.version.key_ttl, held.version.data_ttl, held.version.ns_ttl});
            const bool is_loaded = std::any_of(record.loaded.begin(), record.loaded.end(),
                                               [&](const Loaded& it) { return it.index == index; });
            if (is_loaded || (held.last != not_yet && held.last + ttl >= now)) {
                ++index;
                continue;
            }
            record.held.erase(record.held.begin() + static_cast<std::ptrdiff_t>(index));
            for (Loaded& it : record.loaded)
                if (it.index > index) --it.index;
        }
    }
    for (std::size_t index = 0; index < parent_.size();) {
        HeldParent& held = parent_[index];
        const bool is_loaded = std::any_of(parent_loaded_.begin(), parent_loaded_.end(),
                                           [&](const Loaded& it) { return it.index == index; });
        if (is_loaded || held.last + std::max(held.version.ds_ttl, held.version.ns_ttl) >= now) {
            ++index;
            continue;
        }
        parent_.erase(parent_.begin() + static_cast<std::ptrdiff_t>(index));
        for (Loaded& it : parent_loaded_)
            if (it.index > index) --it.index;
    }
}

bool Caches::is_named(std::size_t provider, Seconds now) const {
    const Mask servers = providers_[provider].about.servers;
    for (const HeldParent& held : parent_)
        if (held.last + held.version.ns_ttl >= now && (held.version.ns & servers) != 0) return true;
    for (const Record& record : providers_)
        for (const Held& held : record.held)
            if (held.last != not_yet && held.last + held.version.ns_ttl >= now &&
                (held.version.ns & servers) != 0)
                return true;
    return false;
}

std::string Caches::check(Seconds now) {
    settle(now);
    forget(now);
    const auto name = [](std::size_t at) { return std::string(1, static_cast<char>('A' + at)); };
    bool is_secure = false;
    for (const HeldParent& parent : parent_)
        is_secure |= parent.version.ds != 0 && parent.last + parent.version.ds_ttl >= now;
    Mask named = 0;
    for (const HeldParent& held : parent_) {
        if (held.version.ns == 0) return "I10: the parent has no NS RRset";
        if (held.last + held.version.ns_ttl >= now) named |= held.version.ns;
    }
    for (const Record& record : providers_)
        for (const Held& held : record.held)
            if (held.last != not_yet && held.last + held.version.ns_ttl >= now)
                named |= held.version.ns;
    for (std::size_t at = 0; at < providers_.size(); ++at) {
        const Provider& about = providers_[at].about;
        if ((named & about.servers) == 0) continue;
        if (about.was_told_to_stop && !about.is_liar)
            return "I5 gone: a cached NS RRset names " + name(at) + ", which may have stopped";
        if (!about.is_excused && !about.is_liar && (named & about.servers & ~about.up) != 0)
            return "I4 ready: a cached NS RRset names a server of " + name(at) +
                   " that does not answer";
    }
    if (!is_secure) return {};
    for (std::size_t p = 0; p < providers_.size(); ++p) {
        if (providers_[p].about.is_liar) continue;
        for (const Held& held : providers_[p].held) {
            if (held.last == not_yet || held.last + held.version.key_ttl < now) continue;
            const ZoneVersion& zone = held.version;
            for (const HeldParent& parent : parent_) {
                const Mask ds = parent.version.ds;
                if (ds == 0 || parent.last + parent.version.ds_ttl < now) continue;
                if ((ds & zone.signers & zone.keys) == 0)
                    return "I1 chain: no way from a cached DS RRset to a cached DNSKEY RRset of " +
                           name(p);
                if ((parent.version.ds_algorithms & ~zone.key_algorithms) != 0)
                    return "I6 algorithms: a cached DS RRset asks for an algorithm that does not "
                           "sign "
                           "a cached DNSKEY RRset of " +
                           name(p);
            }
            for (std::size_t q = 0; q < providers_.size(); ++q) {
                if (providers_[q].about.is_liar) continue;
                for (const Held& data : providers_[q].held) {
                    if (data.last == not_yet || data.last + data.version.data_ttl < now) continue;
                    if ((data.version.data_signers & ~zone.keys) != 0)
                        return "I2 data: cached data of " + name(q) +
                               " is signed by a key that a cached DNSKEY RRset of " + name(p) +
                               " lacks";
                }
            }
        }
        for (const Held& data : providers_[p].held) {
            if (data.last == not_yet || data.last + data.version.data_ttl < now) continue;
            for (const HeldParent& parent : parent_)
                if (parent.last + parent.version.ds_ttl >= now &&
                    (parent.version.ds_algorithms & ~data.version.data_algorithms) != 0)
                    return "I6 algorithms: a cached DS RRset asks for an algorithm that does not "
                           "sign "
                           "cached data of " +
                           name(p);
        }
        // What the parent may still take up.
        if (providers_[p].reach_until < now) continue;
        for (const Loaded& loaded : providers_[p].loaded) {
            const Mask cds = providers_[p].held[loaded.index].version.cds;
            if (cds == 0 || (providers_[p].about.up >> loaded.server & 1) == 0) continue;
            for (std::size_t q = 0; q < providers_.size(); ++q) {
                if (providers_[q].about.is_liar) continue;
                for (const Held& held : providers_[q].held)
                    if (held.last != not_yet && held.last + held.version.key_ttl >= now &&
                        (cds & held.version.signers) == 0)
                        return "I3 DS: the CDS RRset of " + name(p) +
                               " would leave no way to a cached DNSKEY RRset of " + name(q);
            }
        }
    }
    bool is_anywhere = false, is_everywhere = true;
    for (const Loaded& loaded : parent_loaded_) {
        const bool has_ds = parent_[loaded.index].version.ds != 0;
        (has_ds ? is_anywhere : is_everywhere) = has_ds;
    }
    was_secured_ |= is_everywhere && is_anywhere;
    if (was_secured_ && !is_everywhere) return "I3 DS: the DS RRset is empty";
    return {};
}

}  // namespace chorale::simulation
