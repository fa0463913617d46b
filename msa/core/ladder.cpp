#include "msa/core/ladder.hpp"

#include <algorithm>
#include <array>

namespace chorale::msa {

namespace {

constexpr std::array climbing = {Rung::OUT, Rung::KEYS, Rung::DS, Rung::NS, Rung::IN};
// A delegation without DS: whoever is not with us must be gone from the parent's NS
// RRset before anything is validated.
constexpr std::array securing = {Rung::OUT, Rung::KEYS, Rung::NS, Rung::DS, Rung::IN};
constexpr std::array descending = {Rung::IN, Rung::NS_GONE, Rung::STOPPED, Rung::KEYS, Rung::OUT};

// What is true of one view: as sure as the servers that answered allow.
Truth seen(const View& view, bool holds) {
    if (!view.is_known) return Truth::unknown;
    if (!holds) return Truth::no;
    return view.is_whole ? Truth::yes : Truth::unknown;
}
Truth seen(const ParentView& view, bool holds) {
    if (!view.is_known) return Truth::unknown;
    if (!holds) return Truth::no;
    return view.is_whole ? Truth::yes : Truth::unknown;
}

bool publishes_cds(const Position& position) {
    return position.has_cds() ||
           (position.process == ProcessKind::leave && position.rung != Rung::OUT);
}
// Who joins publishes the others' NS RRset before anybody can reach him, and who leaves
// until nobody does.
bool publishes_ns(const Position& position) { return position.has_keys(); }

ProviderSet with_keys(const ZoneState& state) {
    ProviderSet set;
    for (std::size_t at = 0; at < state.providers.size(); ++at)
        if (state.providers[at].position.has_keys()) set.add(at);
    return set;
}

// All keys of those that have a part in the zone.
KeySet common_keys(const ZoneState& state) {
    const ProviderSet who = with_keys(state);
    KeySet keys;
    for (std::size_t at = 0; at < state.keys.size(); ++at)
        if (!state.keys[at].is_free() && state.keys[at].owners.meets(who)) keys.add(at);
    return keys;
}
KeySet common_cds(const ZoneState& state) {
    // A leaver's stay in a chain that there is; where there is none, they begin none.
    bool has_chain = !state.parent.is_known || state.parent.has_ds;
    for (const Provider& provider : state.providers)
        has_chain |= provider.position.has_cds() && provider.position.process != ProcessKind::leave;
    KeySet keys;
    for (const Provider& provider : state.providers)
        if (provider.position.has_cds() && has_chain) keys |= provider.announced_entry;
    return keys;
}
ServerSet ready_servers(const ZoneState& state, const Provider& provider) {
    ServerSet servers;
    for (const std::size_t at : provider.servers)
        if (state.servers[at].is_ready) servers.add(at);
    return servers;
}
ServerSet common_ns(const ZoneState& state) {
    ServerSet servers;
    for (const Provider& provider : state.providers)
        if (provider.position.has_ns()) servers |= ready_servers(state, provider);
    return servers;
}

// What the movement takes out of the zone: nobody else has it.
KeySet leaving_keys(const ZoneState& state) {
    KeySet keys;
    const ProviderSet others = with_keys(state) - state.movement.subjects;
    for (std::size_t at = 0; at < state.keys.size(); ++at) {
        const Key& key = state.keys[at];
        if (!key.is_free() && key.owners.meets(state.movement.subjects) &&
            !key.owners.meets(others))
            keys.add(at);
    }
    return keys;
}
// All but those of who stays: a leaver may have withdrawn names that are still delegated to.
ServerSet leaving_servers(const ZoneState& state) {
    ServerSet leaving, staying;
    for (std::size_t at = 0; at < state.servers.size(); ++at)
        if (!state.servers[at].is_free) leaving.add(at);
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        if (!state.movement.subjects.contains(at) && provider.position.has_ns())
            staying |= provider.servers;
    }
    return leaving - staying;
}

// Those whose servers are looked at: a leaver only while one answers.
ProviderSet observed(const Policy& policy, const ZoneState& state) {
    return reachable(state) - silent_leavers(policy, state);
}

std::uint64_t algorithms_of(const ZoneState& state, KeySet keys) {
    std::uint64_t algorithms = 0;
    for (const std::size_t at : keys)
        algorithms |= std::uint64_t(1) << (state.keys[at].algorithm() & 63);
    return algorithms;
}

// What several looks say together, and what is lacking first, for people.
class Findings {
public:
    explicit Findings(std::string* lacks) : lacks_(lacks) {}

    // `what` is looked for at `where`, a provider; nothing: the text says it all.
    void add(Truth truth, std::string_view what, const Provider* where = nullptr) {
        truth_ = truth_ & truth;
        if (truth == Truth::yes || !lacks_ || !lacks_->empty()) return;
        *lacks_ = what;
        if (where) *lacks_ += where->identity.to_text();
    }
    Truth truth() const { return truth_; }

private:
    std::string* lacks_;
    Truth truth_ = Truth::yes;
};

Truth keys_everywhere(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const KeySet keys = common_keys(state);
    for (const std::size_t at : observed(policy, state)) {
        const Provider& provider = state.providers[at];
        const View& view = provider.view;
        found.add(seen(view, view.keys_every.includes(keys) &&
                                 view.signers_every.meets(provider.entry_keys)),
                  "the DNSKEY RRset with everyone's keys at every server of ", &provider);
    }
    return found.truth();
}

Truth ds_everywhere(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const KeySet cds = common_cds(state);
    const ServerSet ns = common_ns(state);
    for (const std::size_t at : observed(policy, state)) {
        const Provider& provider = state.providers[at];
        const View& view = provider.view;
        const KeySet served = view.cds_some - (at == 0 ? state.orphans : KeySet());
        found.add(seen(view, (served.empty() || served == cds) && view.is_cds_alike &&
                                 !view.has_foreign_cds),
                  "the common CDS and CDNSKEY at every server of ", &provider);
    }
    for (const std::size_t at : state.movement.subjects) {
        const Provider& provider = state.providers[at];
        const View& view = provider.view;
        found.add(truth_of(!provider.announced_entry.empty()),
                  "an entry key whose algorithm signs everything everywhere, of ", &provider);
        // Others may be one rung further.
        const ServerSet others = ns - provider.servers;
        found.add(seen(view, ns.empty() || (view.ns_every - provider.servers == others &&
                                            view.ns_some - provider.servers == others)),
                  "the common NS RRset at every server of ", &provider);
        found.add(seen(view, view.signers_every.meets(provider.announced_entry) &&
                                 !ready_servers(state, provider).empty()),
                  "signed answers of ", &provider);
    }
    found.add(seen(state.parent, state.parent.ds_every.includes(cds) && !cds.empty()),
              "the DS RRset of all entry keys at every server of the parent");
    return found.truth();
}

Truth ns_everywhere(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const ServerSet servers = common_ns(state);
    for (const std::size_t at : observed(policy, state)) {
        const Provider& provider = state.providers[at];
        const View& view = provider.view;
        found.add(seen(view, view.ns_every == servers && view.ns_some == servers),
                  "the common NS RRset at every server of ", &provider);
    }
    found.add(truth_of(!servers.empty()), "a name server that is ready");
    return found.truth();
}

Truth ns_at_parent(const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const ServerSet servers = common_ns(state);
    const ParentView& parent = state.parent;
    found.add(seen(parent, parent.ns_every == servers && parent.ns_some == servers &&
                               !parent.has_foreign_ns),
              "the common NS RRset at every server of the parent");
    found.add(truth_of(!servers.empty()), "a name server that is ready");
    return found.truth();
}

Truth ns_gone(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const ServerSet leaving = leaving_servers(state);
    for (const std::size_t at : observed(policy, state)) {
        const Provider& provider = state.providers[at];
        if (state.movement.subjects.contains(at) && policy.keeps_leaver_in_its_own_ns) continue;
        const View& view = provider.view;
        found.add(seen(view, !view.ns_some.meets(leaving) && !view.ns_every.empty()),
                  "an NS RRset without the leaving servers at every server of ", &provider);
    }
    found.add(
        seen(state.parent, !state.parent.ns_some.meets(leaving) && !state.parent.ns_every.empty() &&
                               !state.parent.has_foreign_ns),
        "an NS RRset without the leaving servers at every server of the parent");
    return found.truth();
}

Truth ds_gone(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const KeySet leaving = leaving_keys(state);
    for (const std::size_t at : observed(policy, state) - state.movement.subjects) {
        const Provider& provider = state.providers[at];
        found.add(seen(provider.view, !provider.view.cds_some.meets(leaving)),
                  "CDS and CDNSKEY without the leaving keys at every server of ", &provider);
    }
    const ParentView& parent = state.parent;
    found.add(seen(parent,
                   !parent.ds_some.meets(leaving) && (!parent.has_ds || !parent.ds_every.empty())),
              "the DS RRset without the leaving keys at every server of the parent");
    return found.truth();
}

Truth keys_gone(const Policy& policy, const ZoneState& state, std::string* lacks) {
    Findings found(lacks);
    const KeySet leaving = leaving_keys(state);
    for (const std::size_t at : observed(policy, state) - state.movement.subjects) {
        const Provider& provider = state.providers[at];
        found.add(seen(provider.view, !provider.view.keys_some.meets(leaving)),
                  "the DNSKEY RRset without the leaving keys at every server of ", &provider);
    }
    return found.truth();
}

// What must be so before anybody's zone is touched.
Truth can_climb(const Policy& policy, const ZoneState& state, std::string* lacks) {
    const auto missing = [&](std::string text) {
        if (lacks && lacks->empty()) *lacks = std::move(text);
        return Truth::no;
    };
    const ProviderSet all = reachable(state);
    for (const std::size_t at : all) {
        const Provider& provider = state.providers[at];
        const std::string who = provider.identity.to_text();
        if (!provider.has_contributed || provider.keys.empty())
            return missing("the keys of " + who);
        if (provider.entry_keys.empty()) return missing("a key of " + who + " to enter by");
        if (at != 0 && !is_leaving(policy, provider) && provider.peer != PeerState::operational &&
            provider.peer != PeerState::degraded)
            return missing("an answer of " + who);
    }
    if (policy.allow_mixed_algorithms) return Truth::yes;
    Findings found(lacks);
    std::uint64_t needed = 0;
    for (const std::size_t at : all) needed |= algorithms_of(state, state.providers[at].entry_keys);
    for (const std::size_t at : observed(policy, state)) {
        const Provider& provider = state.providers[at];
        const Truth here = seen(provider.view, (needed & ~provider.view.algorithms_every) == 0);
        found.add(
            here,
            here == Truth::unknown
                ? "signed answers of every server of "
                : "signatures by every algorithm of the others' entry keys at every server of ",
            &provider);
    }
    return found.truth();
}

Elapsed later(Elapsed a, Elapsed b) { return std::max(a, b); }

// What was not seen in an NS RRset may be in one since: of those that are on the way into it.
ServerSet servers_that_others_may_name(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    const ProviderSet silent = silent_leavers(policy, state);
    ServerSet set;
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        bool may_be_named =
            !state.is_recovering && provider.position.has_ns() && !silent.contains(at);
        if (!state.is_recovering && movement.subjects.contains(at) && movement.has_met &&
            movement.was_done && movement.process != ProcessKind::leave) {
            Movement next = movement;
            ++next.index;
            may_be_named |=
                next.index < path_of(movement.process).size() && position_at(next).has_ns();
        }
        for (const Provider& peer : state.providers) {
            // Who cannot be reached himself names nobody.
            if (!peer.heard || is_silent(policy, state, peer) ||
                (!peer.was_reached && !peer.position.has_ns()))
                continue;
            for (const HeardRung& report : peer.heard->rungs())
                may_be_named |= report.provider() == at && report.status != RungStatus::meeting &&
                                Position{report.process, report.rung}.has_ns();
        }
        if (may_be_named) set |= provider.servers;
    }
    return set;
}

bool look_at_keys(const Policy& policy, ZoneState& state) {
    bool is_new = false;
    const ProviderSet looked_at = observed(policy, state) | ProviderSet::of(0);
    for (std::size_t at = 0; at < state.keys.size(); ++at) {
        Key& key = state.keys[at];
        if (key.is_free()) continue;
        // Whoever only claims it cannot sign with it.
        Truth signs = Truth::no;
        Truth unused = Truth::yes;
        for (const std::size_t owner : key.owners) {
            const View& view = state.providers[owner].view;
            signs = std::max(signs, seen(view, view.signers_every.contains(at)));
            unused = unused & seen(view, !view.data_signers_some.contains(at));
        }
        Truth visible = Truth::yes, algorithm = Truth::yes, in_cds = Truth::yes;
        const std::uint64_t bit = std::uint64_t(1) << (key.algorithm() & 63);
        for (const std::size_t provider : looked_at) {
            const View& view = state.providers[provider].view;
            visible = visible & seen(view, view.keys_every.contains(at));
            algorithm = algorithm & seen(view, (view.algorithms_every & bit) != 0);
            in_cds = in_cds & seen(view, view.cds_some.empty() || view.cds_every.contains(at));
        }
        const Elapsed now = state.elapsed;
        is_new |= key.signs.look(signs, now);
        is_new |= key.unused.look(unused, now);
        is_new |= key.visible.look(visible, now);
        is_new |= key.in_cds.look(in_cds, now);
        is_new |= key.algorithm_everywhere.look(algorithm, now);
        const ParentView& parent = state.parent;
        is_new |= key.in_ds.look(seen(parent, parent.ds_every.contains(at)), now);
        is_new |= key.out_of_ds.look(seen(parent, !parent.ds_some.contains(at)), now);
    }
    const ServerSet nameable = servers_that_others_may_name(policy, state);
    for (std::size_t at = 0; at < state.servers.size(); ++at) {
        Server& server = state.servers[at];
        if (server.is_free) continue;
        Truth gone = seen(state.parent, !state.parent.ns_some.contains(at)) &
                     truth_of(!nameable.contains(at));
        // Our own too: who names himself is never left.
        for (const std::size_t provider : looked_at) {
            // Others only where somebody can see what we say of them.
            const Provider& it = state.providers[provider];
            if (provider == 0 && !it.servers.contains(at) && !it.was_reached &&
                !it.position.has_ns())
                continue;
            gone = gone & seen(it.view, !it.view.ns_some.contains(at));
        }
        is_new |= server.gone.look(gone, state.elapsed);
        bool is_named = state.parent.ns_some.contains(at);
        for (const std::size_t provider : looked_at) {
            // Who cannot be reached names himself to nobody.
            const Provider& it = state.providers[provider];
            is_named |= it.position.has_ns() && it.view.ns_some.contains(at);
        }
        const Duration wait =
            std::max(largest_ns_ttl(state), state.parent_ns_ttl.wait()) + margin(policy);
        const bool was_named =
            is_named || (server.was_named && !server.gone.lasted(wait, state.elapsed));
        is_new |= was_named != server.was_named;
        server.was_named = was_named;
    }
    const Duration wait =
        std::max(largest_data_ttl(state), largest_key_ttl(state)) + margin(policy);
    for (Provider& provider : state.providers) {
        bool is_named = false;
        for (const std::size_t at : provider.servers) is_named |= state.servers[at].was_named;
        is_new |= provider.unnamed.look(truth_of(!is_named), state.elapsed);
        const bool was_reached =
            is_named || (provider.was_reached && !provider.unnamed.lasted(wait, state.elapsed));
        is_new |= was_reached != provider.was_reached;
        provider.was_reached = was_reached;
    }
    return is_new;
}

bool may_announce(const Policy& policy, const ZoneState& state, std::size_t at) {
    const Key& key = state.keys[at];
    if (policy.allow_mixed_algorithms) return true;
    const Duration wait =
        std::max(largest_key_ttl(state), largest_data_ttl(state)) + margin(policy);
    if (key.algorithm_everywhere.lasted(wait, state.elapsed)) return true;
    // The algorithm is in the chain already, and everyone lives up to it.
    const std::uint64_t bit = std::uint64_t(1) << (key.algorithm() & 63);
    return key.algorithm_everywhere.is_set() && state.parent.is_whole &&
           (algorithms_of(state, state.parent.ds_every) & bit) != 0;
}

bool look_at_claims(const Policy& policy, ZoneState& state) {
    bool is_new = false;
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        Provider& provider = state.providers[at];
        const bool has_part = provider.position.has_keys() || state.movement.subjects.contains(at);
        const KeySet before = provider.announced_entry;
        if (!has_part) provider.announced_entry = KeySet();
        for (const std::size_t key : provider.entry_keys - provider.announced_entry)
            // What is there already is kept, also by one that comes from an older state.
            if (has_part && (may_announce(policy, state, key) ||
                             state.parent.ds_every.contains(key) || state.zone_cds.contains(key)))
                provider.announced_entry.add(key);
        for (const std::size_t key : provider.announced_entry - provider.entry_keys)
            if (may_retract(policy, state, provider, key)) provider.announced_entry.remove(key);
        if (at == 0 && state.has_zone) provider.announced_entry &= state.zone_keys;
        is_new |= before != provider.announced_entry;
        for (std::size_t key = 0; key < state.keys.size(); ++key) {
            Key& it = state.keys[key];
            if (it.is_free() || !it.owners.contains(at) || provider.keys.contains(key) ||
                provider.announced_entry.contains(key))
                continue;
            const Term which = it.has_entry_flag() ? Term::csk_data : Term::zsk_data;
            const Duration wait =
                std::max(term(policy, which, largest_data_ttl(state)), largest_key_ttl(state)) +
                margin(policy);
            bool is_others = false;
            for (const std::size_t other : it.owners)
                is_others |= other != at && state.providers[other].keys.contains(key);
            if (has_part && !is_others && !it.unused.lasted(wait, state.elapsed)) continue;
            it.owners.remove(at);
            is_new = true;
        }
    }
    return is_new;
}

}  // namespace

bool is_combined(const ZoneState& state, std::size_t key) {
    const Key& it = state.keys[key];
    if (!it.has_entry_flag()) return false;
    for (const std::size_t owner : it.owners)
        if (state.providers[owner].view.data_signers_some.contains(key)) return true;
    return state.zone_data_signers.contains(key);
}

bool may_retract(const Policy& policy, const ZoneState& state, const Provider& provider,
                 std::size_t at) {
    for (const std::size_t other : provider.entry_keys & provider.announced_entry) {
        const Key& stays = state.keys[other];
        const Term which = is_combined(state, other) ? Term::csk_key : Term::ksk_key;
        const Duration wait = term(policy, which, largest_key_ttl(state)) + margin(policy);
        if (other != at && stays.in_ds.is_set() && stays.signs.lasted(wait, state.elapsed))
            return true;
    }
    return false;
}

std::span<const Rung> path_of(ProcessKind process) {
    switch (process) {
        case ProcessKind::leave: return descending;
        case ProcessKind::setup: return securing;
        default: return climbing;
    }
}

Position position_at(const Movement& movement) {
    return {movement.process, path_of(movement.process)[movement.index]};
}

bool is_leaving(const Policy& policy, const Provider& provider) {
    return provider.wanted == Wanted::off ||
           (provider.wanted == Wanted::absent && policy.on_missing == Policy::Missing::leave);
}

ProviderSet reachable(const ZoneState& state) { return with_keys(state) | state.movement.subjects; }

bool is_silent(const Policy& policy, const ZoneState& state, const Provider& provider) {
    return provider.silent.lasted(10 * policy.interval, state.elapsed);
}

bool has_part(const ZoneState& state, std::size_t at) {
    const Movement& movement = state.movement;
    return state.providers[at].position.has_keys() ||
           (movement.subjects.contains(at) &&
            (movement.process == ProcessKind::leave ||
             (movement.process == ProcessKind::setup && movement.has_met &&
              state.providers[at].start > 0)));
}

ProviderSet voices(const Policy& policy, const ZoneState& state) {
    ProviderSet staying, leaving;
    bool someone_stays = false;
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        const bool leaves = is_leaving(policy, provider);
        if (!leaves)
            staying.add(at);
        else if (at == 0 || !is_silent(policy, state, provider))
            leaving.add(at);
        someone_stays |= !leaves && provider.position.has_keys();
    }
    return someone_stays ? staying : staying | leaving;
}

ProviderSet required(const Policy& policy, const ZoneState& state) {
    return (reachable(state) & voices(policy, state)) - ProviderSet::of(0);
}

ProviderSet silent_leavers(const Policy& policy, const ZoneState& state) {
    ProviderSet set;
    for (std::size_t at = 1; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        if (is_leaving(policy, provider) && is_silent(policy, state, provider) &&
            (has_part(state, at) || state.movement.subjects.contains(at)))
            set.add(at);
    }
    return set;
}

Duration term(const Policy& policy, Term which, Duration wait) {
    return policy.has(which) ? wait : Duration::zero();
}

Duration margin(const Policy& policy) { return policy.safety + policy.publication_delay; }

Duration largest_key_ttl(const ZoneState& state) {
    Duration largest{};
    for (const Provider& provider : state.providers)
        largest = std::max(largest, provider.dnskey_ttl.wait());
    return largest;
}
Duration largest_ns_ttl(const ZoneState& state) {
    Duration largest{};
    for (const Provider& provider : state.providers)
        largest = std::max(largest, provider.ns_ttl.wait());
    return largest;
}
Duration largest_data_ttl(const ZoneState& state) {
    Duration largest = state.largest_ttl.wait();
    for (const Provider& provider : state.providers)
        largest = std::max(largest, provider.largest_ttl.wait());
    return largest;
}

Intended published(const Policy& policy, const ZoneState& state) {
    Intended intended = state.wanted;
    if (policy.cds == Policy::KeepCds::remove && state.parent.is_whole &&
        state.parent.ds_every == intended.cds && state.parent.ds_some == intended.cds)
        intended.cds = KeySet();
    return intended;
}

Intended intended_for(const Policy& policy, const ZoneState& state, std::size_t at) {
    Intended intended;
    const Provider& provider = state.providers[at];
    const Position& position = provider.position;
    if (!position.has_keys()) return intended;
    intended.dnskey = common_keys(state) - (at == 0 ? own_keys(state) : provider.keys);
    // What was only its own is its signer's to publish, or to have removed.
    for (const std::size_t key : intended.dnskey)
        if (state.keys[key].owners == ProviderSet::of(at)) intended.dnskey.remove(key);
    if (publishes_cds(position)) intended.cds = common_cds(state);
    if (publishes_ns(position)) intended.ns = common_ns(state);
    if (policy.keeps_leaver_in_its_own_ns && position.process == ProcessKind::leave)
        intended.ns |= provider.servers;
    if (at == 0) {
        intended.dnskey |= state.orphans;
        // Of those that have a part the ladder decides.
        KeySet apart = state.orphans;
        for (const Provider& it : state.providers)
            if (it.position.has_keys()) apart -= it.keys;
        if (publishes_cds(position)) intended.cds |= state.wanted.cds & apart;
    }
    intended.dnskey -= state.removed;
    intended.cds -= state.removed;
    // No CDS without its DNSKEY: a signer may refuse the whole zone for it.
    if (at == 0) intended.cds &= intended.dnskey | own_keys(state);
    // Rather no CDS than one that leaves no way to a provider that is in the NS RRset and stays.
    for (const Provider& it : state.providers)
        if (it.position.has_ns() && it.position.process != ProcessKind::leave &&
            !intended.cds.meets(it.announced_entry | it.entry_keys))
            intended.cds = KeySet();
    // Neither a delegation nor a chain ends because something is not known at the moment.
    if (at == 0 && publishes_ns(position) && intended.ns.empty()) intended.ns = state.wanted.ns;
    if (at == 0 && publishes_cds(position) && intended.cds.empty()) {
        intended.cds = state.wanted.cds & (state.wanted.dnskey | own_keys(state));
        intended.dnskey |= intended.cds & state.wanted.dnskey;
    }
    if (state.parent.is_whole) {
        intended.csync = !intended.ns.empty() &&
                         (state.parent.ns_every != intended.ns ||
                          state.parent.ns_some != intended.ns || state.parent.has_foreign_ns);
    } else if (at == 0) {
        intended.csync = state.wanted.csync && !intended.ns.empty();
    }
    return intended;
}

bool look(const Policy& policy, ZoneState& state) {
    bool is_new = look_at_keys(policy, state);
    const Duration data = std::max(largest_data_ttl(state), largest_key_ttl(state));
    if (!state.orphans.empty() && state.orphaned.lasted(data + margin(policy), state.elapsed)) {
        // Not while anybody without a part may still be asked.
        bool is_reached = false;
        for (const Provider& provider : state.providers)
            is_reached |= !provider.position.has_keys() && provider.was_reached;
        if (!is_reached) state.orphans = KeySet();
        is_new |= !is_reached;
    }
    Movement& movement = state.movement;
    if (!movement.is_over() && movement.has_met) {
        const bool is_leave = movement.process == ProcessKind::leave;
        const auto note = [&](Since& since, Truth truth) {
            const bool was_set = since.is_set();
            is_new |= since.look(truth, state.elapsed);
            if (policy.counts_from_sending && !was_set && since.is_set()) since = movement.entered;
        };
        note(movement.keys, is_leave ? keys_gone(policy, state, nullptr)
                                     : keys_everywhere(policy, state, nullptr));
        note(movement.ds,
             is_leave ? ds_gone(policy, state, nullptr) : ds_everywhere(policy, state, nullptr));
        Truth ns =
            is_leave ? ns_gone(policy, state, nullptr) : ns_everywhere(policy, state, nullptr);
        if (movement.process == ProcessKind::setup) ns = ns & ns_at_parent(state, nullptr);
        note(movement.ns, ns);
    }
    return look_at_claims(policy, state) || is_new;
}

namespace {

Judgement judge_rung(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    Judgement judgement;
    std::string& lacks = judgement.lacks;
    const Position position = position_at(movement);
    const Duration extra = margin(policy);
    const auto is_yes = [](Truth truth) { return truth == Truth::yes; };
    // What began after this rung was entered, or what was so before.
    const auto since = [&](const Since& what) { return what.is_set() ? what.at() : state.elapsed; };
    if (movement.process == ProcessKind::leave) {
        switch (position.rung) {
            case Rung::IN: judgement.is_done = true; break;
            case Rung::NS_GONE: {
                judgement.is_done = is_yes(ns_gone(policy, state, &lacks));
                Elapsed from = since(movement.ns);
                for (const std::size_t at : silent_leavers(policy, state) & movement.subjects)
                    from = later(from, since(state.providers[at].silent));
                judgement.hold_end =
                    from + extra +
                    std::max(term(policy, Term::leave_parent_ns, state.parent_ns_ttl.wait()),
                             term(policy, Term::leave_ns, largest_ns_ttl(state)));
                break;
            }
            case Rung::STOPPED:
                judgement.is_done = is_yes(ns_gone(policy, state, &lacks));
                judgement.hold_end =
                    later(since(movement.ns), since(movement.entered)) + extra +
                    std::max(term(policy, Term::leave_data, largest_data_ttl(state)),
                             term(policy, Term::leave_key, largest_key_ttl(state)));
                break;
            case Rung::KEYS: judgement.is_done = is_yes(ds_gone(policy, state, &lacks)); break;
            default: judgement.is_done = is_yes(keys_gone(policy, state, &lacks)); break;
        }
        return judgement;
    }
    const bool is_setup = movement.process == ProcessKind::setup;
    switch (position.rung) {
        case Rung::OUT: judgement.is_done = is_yes(can_climb(policy, state, &lacks)); break;
        case Rung::KEYS: judgement.is_done = is_yes(keys_everywhere(policy, state, &lacks)); break;
        case Rung::DS:
            judgement.is_done = is_yes(keys_everywhere(policy, state, &lacks) &
                                       ds_everywhere(policy, state, &lacks));
            if (!is_setup)
                judgement.hold_end =
                    later(since(movement.ds) + term(policy, Term::join_ds, state.ds_ttl.wait()),
                          since(movement.keys) +
                              term(policy, Term::join_key, largest_key_ttl(state))) +
                    extra;
            break;
        case Rung::NS:
            judgement.is_done = is_yes(keys_everywhere(policy, state, &lacks) &
                                       ns_everywhere(policy, state, &lacks));
            if (is_setup) {
                judgement.is_done &= is_yes(ns_at_parent(state, &lacks));
                judgement.hold_end = since(movement.ns) + extra +
                                     std::max({state.parent_ns_ttl.wait(), largest_ns_ttl(state)}) +
                                     std::max(largest_data_ttl(state), largest_key_ttl(state));
            }
            break;
        default: judgement.is_done = is_yes(ns_at_parent(state, &lacks)); break;
    }
    return judgement;
}

}  // namespace

Judgement judge(const Policy& policy, const ZoneState& state) {
    Judgement judgement = judge_rung(policy, state);
    if (!state.lost_at.is_set()) return judgement;
    // Of whatever went on when our state was not the newest, caches know nothing after this.
    const Elapsed end =
        state.lost_at.at() + 2 * margin(policy) +
        std::max(state.parent_ns_ttl.wait(), largest_ns_ttl(state)) +
        std::max({largest_data_ttl(state), largest_key_ttl(state), state.ds_ttl.wait()});
    judgement.hold_end = later(end, judgement.hold_end.value_or(end));
    return judgement;
}

}  // namespace chorale::msa
