#include "msa/core/plan.hpp"

#include <algorithm>

#include "msa/core/word.hpp"

namespace chorale::msa {

namespace {

// Whose turn it is, of a set that is not empty: in canonical order (RFC 4034 6.1).
ProviderSet first_of(const ZoneState& state, ProviderSet set) {
    std::size_t first = set.first();
    for (const std::size_t at : set)
        if (compare_canonical(state.providers[at].identity, state.providers[first].identity) < 0)
            first = at;
    return ProviderSet::of(first);
}

// Went on to the DS RRset while our word did not count.
bool has_secured(const ZoneState& state, const Provider& peer, ProviderSet subjects) {
    if (!peer.heard) return false;
    const Word word = read_word(*peer.heard);
    return agrees(state, peer, word) && word.process == ProcessKind::setup && word.has_met &&
           word.subjects.meets(subjects) && word.index >= index_of(ProcessKind::setup, Rung::DS);
}

}  // namespace

bool may_be_set_up(const ZoneState& state, std::size_t at) {
    return !state.parent.has_ds || state.providers[at].entry_keys.meets(state.parent.ds_some);
}

bool is_passive(const Policy& policy, const ZoneState& state) {
    const Provider& self = state.providers.front();
    if (self.position.has_keys() && !is_leaving(policy, self)) return false;
    for (const std::size_t at : members(policy, state))
        if (!self.position.has_keys() || !is_leaving(policy, state.providers[at])) return true;
    return false;
}

std::optional<Plan> plan(const Policy& policy, const ZoneState& state, std::string& lacks) {
    if (!state.roster.is_present) {
        lacks = "an MSIGNER RRset in the zone";
        return std::nullopt;
    }
    const auto size = state.providers.size();
    ProviderSet staying, silent = silent_leavers(policy, state);
    ProviderSet underway, securing, stranded, holding;
    for (std::size_t at = 0; at < size; ++at) {
        const Provider& provider = state.providers[at];
        const Position& position = provider.position;
        const bool leaves = is_leaving(policy, provider);
        const bool moves = provider.wanted != Wanted::conflict;
        const bool climbs =
            state.movement.subjects.contains(at) && state.movement.process != ProcessKind::leave;
        const bool is_settled = position.is_settled() && !climbs;
        if (is_settled && !leaves) staying.add(at);
        // Who is on the last rungs of a join stays as well as who has arrived.
        const bool is_in_ns = position.process == ProcessKind::join && position.has_ns();
        if (is_settled || (is_in_ns && !leaves)) holding.add(at);
        // On the first rung, others may have begun.
        const bool may_climb = climbs && state.movement.has_met && may_have_begun(policy, state);
        if ((has_part(state, at) || may_climb) && !is_settled && moves) underway.add(at);
        if ((has_part(state, at) || may_climb) && moves && position.process == ProcessKind::setup)
            (leaves ? stranded : securing).add(at);
    }
    // Together those that are equally far: nobody comes back into the NS RRset with others.
    ProviderSet lost;
    std::size_t least = 255;
    for (const std::size_t at : silent) {
        if (!has_part(state, at)) continue;
        const Position& position = state.providers[at].position;
        const std::size_t index = position.process == ProcessKind::leave
                                      ? index_of(position.process, position.rung)
                                  : position.has_ns() ? 0
                                                      : 1;
        if (index < least) lost = ProviderSet();
        least = std::min(least, index);
        if (index == least) lost.add(at);
    }
    if (!lost.empty() && !((staying | securing | holding) - silent).empty())
        return Plan{ProcessKind::leave, lost};
    ProviderSet leaving;
    for (const std::size_t at : underway - stranded)
        if (is_leaving(policy, state.providers[at]) &&
            !((staying | securing | holding) - silent - ProviderSet::of(at)).empty())
            leaving.add(at);
    if (!leaving.empty()) return Plan{ProcessKind::leave, first_of(state, leaving)};
    // Who would leave a zone that is not secured yet stays until it is.
    if (!securing.empty() || !stranded.empty()) {
        ProviderSet subjects = securing | (stranded - silent);
        bool is_secured = state.parent.has_ds;
        for (const std::size_t at : subjects) is_secured |= state.providers[at].position.has_cds();
        // Others may be one rung further.
        is_secured |= state.movement.process == ProcessKind::setup && state.movement.was_done &&
                      position_at(state.movement).rung == Rung::NS;
        for (const std::size_t at : required(policy, state))
            is_secured |= has_secured(state, state.providers[at], subjects);
        for (std::size_t at = 0; at < size && securing.empty() && !is_secured; ++at)
            if (state.providers[at].wanted == Wanted::on) subjects.add(at);
        if (!subjects.empty()) return Plan{ProcessKind::setup, subjects};
    }
    const auto wants_in = [&](std::size_t at) { return state.providers[at].wanted == Wanted::on; };
    // The first ones of all get in before anybody leaves.
    if (holding.empty()) {
        ProviderSet first;
        for (const std::size_t at : underway - silent)
            if (state.providers[at].position.process == ProcessKind::join) first.add(at);
        if (!first.empty()) return Plan{ProcessKind::join, first};
    }
    ProviderSet joining;
    for (const std::size_t at : underway)
        if (wants_in(at)) joining.add(at);
    if (!joining.empty()) return Plan{ProcessKind::join, first_of(state, joining)};
    bool someone_is_in = false;
    for (std::size_t at = 0; at < size; ++at) someone_is_in |= has_part(state, at);
    if (!someone_is_in) {
        ProviderSet all, present;
        bool knows_all = true;
        for (std::size_t at = 0; at < size; ++at) {
            const Provider& provider = state.providers[at];
            if (provider.wanted != Wanted::on && provider.wanted != Wanted::off) continue;
            const bool is_delegated = provider.servers.meets(state.parent.ns_some);
            if (wants_in(at) || (is_delegated && !is_silent(policy, state, provider))) all.add(at);
            if (!provider.has_contributed && (wants_in(at) || provider.heard)) {
                lacks = "the keys of " + provider.identity.to_text();
                knows_all = false;
            }
            // Also one that is OFF: it can only go from where it is.
            if (provider.entry_keys.meets(state.parent.ds_every) && is_delegated) present.add(at);
        }
        if (!knows_all) return std::nullopt;
        if (all.empty()) {
            lacks = "a provider that is ON";
        } else if (!state.parent.is_whole || state.has_news) {
            lacks = "answers of every server of the parent";
        } else if (!state.parent.has_ds) {
            return Plan{ProcessKind::setup, all};
        } else if (state.parent.has_foreign_ds || present.empty()) {
            lacks = "a DS RRset at the parent that names keys of the providers only";
        } else {
            return Plan{ProcessKind::join, present};
        }
        return std::nullopt;
    }
    for (std::size_t at = 0; at < size; ++at) {
        if (!has_part(state, at)) {
            if (wants_in(at)) joining.add(at);
        } else if (is_leaving(policy, state.providers[at])) {
            leaving.add(at);
        }
    }
    if (!joining.empty()) return Plan{ProcessKind::join, first_of(state, joining)};
    if (leaving.empty()) return std::nullopt;
    if (!staying.empty()) return Plan{ProcessKind::leave, first_of(state, leaving)};
    lacks = "a provider that stays: the last one cannot leave";
    return std::nullopt;
}

}  // namespace chorale::msa
