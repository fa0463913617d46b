#include "msa/core/adoption.hpp"

#include <algorithm>
#include <tuple>

#include "msa/core/election.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/movement.hpp"
#include "msa/core/plan.hpp"
#include "msa/core/word.hpp"

namespace chorale::msa {

namespace {

// Which of two positions of one that waits for its turn is kept by all: none that anybody
// has taken back from the NS RRset, and otherwise all that anybody still has.
bool is_kept_before(const Position& a, const Position& b) {
    const auto rank = [](const Position& it) {
        return std::tuple(it.has_ns(), !it.has_cds(), !it.has_keys(), it.process, it.rung);
    };
    return rank(a) < rank(b);
}

// Nobody's word takes keys or CDS of one whom caches may ask: out of the NS RRset at most.
Position without_loss(const Provider& provider, const Position& said) {
    const Position& ours = provider.position;
    const bool is_less =
        (ours.has_keys() && !said.has_keys()) || (ours.has_cds() && !said.has_cds());
    if (!is_less || !provider.was_reached) return said;
    if (!ours.has_ns()) return ours;
    return {ProcessKind::join, Rung::DS};
}

// The parent names it or has what the way into the NS RRset needs, or another than itself
// names it.
bool is_reachable_already(const ZoneState& state, std::size_t at) {
    const Provider& provider = state.providers[at];
    if (provider.servers.meets(state.parent.ns_some)) return true;
    const bool is_insecure = state.parent.is_whole && !state.parent.has_ds;
    for (std::size_t other = 1; other < state.providers.size(); ++other) {
        const Provider& it = state.providers[other];
        if (other != at && provider.servers.meets(it.view.ns_some) &&
            (at == 0 || it.servers.meets(state.parent.ns_some)))
            return true;
    }
    if (at == 0) return is_insecure;
    if (!provider.heard) return false;
    const auto rungs = provider.heard->rungs();
    const bool says_so = std::any_of(rungs.begin(), rungs.end(), [&](const auto& it) {
        const Position said{it.process, it.rung};
        const bool is_underway = is_insecure && it.process == ProcessKind::setup && said.has_keys();
        return it.provider() == at && (said.has_ns() || is_underway);
    });
    return says_so && (is_insecure || provider.entry_keys.meets(state.parent.ds_every));
}

// Whether it can be taken from others that one is named whom we do not name.
bool may_be_named(const Policy& policy, const ZoneState& state, std::size_t at,
                  const Position& theirs) {
    const Provider& provider = state.providers[at];
    if (!theirs.has_ns() || provider.position.has_ns()) return true;
    // Of one that is gone before it told us its name servers, there is nothing to name.
    if (at != 0 && provider.servers.empty() && is_silent(policy, state, provider)) return true;
    return is_reachable_already(state, at);
}

// No member, and nobody who might be one is unheard.
bool is_beginning(const Policy& policy, const ZoneState& state) {
    for (std::size_t at = 1; at < state.providers.size(); ++at) {
        const Provider& peer = state.providers[at];
        if (peer.wanted != Wanted::on && peer.wanted != Wanted::off) continue;
        if (!peer.heard) {
            if (peer.wanted == Wanted::off && is_silent(policy, state, peer)) continue;
            return false;
        }
        if (peer.heard->roster == state.roster.hash) continue;
        const Word word = read_word(*peer.heard);
        const bool has_part = (word.present | word.unmoved()).contains(at);
        if (peer.wanted == Wanted::on || has_part) return false;
    }
    const Wanted own = state.providers.front().wanted;
    return own == Wanted::on || own == Wanted::off;
}

// What others say is taken over only where it cannot break what caches hold by what we
// see ourselves: members may be wrong, or lie.
bool is_borne_out(const Policy& policy, const ZoneState& state,
                  const std::vector<Position>& positions) {
    for (std::size_t at = 0; at < positions.size(); ++at) {
        const Provider& provider = state.providers[at];
        const Position& ours = provider.position;
        const Position& theirs = positions[at];
        if (!may_be_named(policy, state, at, theirs)) return false;
        if (theirs.has_keys() && theirs.process == ProcessKind::setup && !may_be_set_up(state, at))
            return false;
        const bool is_less =
            (ours.has_keys() && !theirs.has_keys()) || (ours.has_cds() && !theirs.has_cds());
        if (is_less && provider.was_reached && state.providers.front().position.has_keys())
            return false;
    }
    return true;
}

// By what the parent has: we are on the way into what names us already.
bool had_come_further(const ZoneState& state) {
    const Provider& self = state.providers.front();
    return self.position.has_keys() && self.position.process != ProcessKind::leave &&
           !(self.position.has_ns() && self.position.has_cds()) &&
           self.servers.meets(state.parent.ns_some) && self.entry_keys.meets(state.parent.ds_every);
}

}  // namespace

void agree_on_parked(const Policy& policy, ZoneState& state) {
    for (const std::size_t at : required(policy, state)) {
        for (const HeardRung& report : state.providers[at].heard->rungs()) {
            const auto of = report.provider();
            if (!of || !(is_parked(report) || is_settled(report))) continue;
            Provider& provider = state.providers[*of];
            const Position said = without_loss(provider, {report.process, report.rung});
            if (is_kept_before(said, provider.position)) provider.position = said;
        }
    }
}

bool take_in_members(const Policy& policy, ZoneState& state) {
    const Movement& movement = state.movement;
    const ProviderSet ours = settled(state) | parked(state);
    const ProviderSet others = required(policy, state) | members(policy, state);
    std::optional<ProviderSet> theirs;
    for (const std::size_t at : others) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch != movement.epoch) return false;
        const Word word = read_word(*peer.heard);
        if (!agrees(state, peer, word) || !word.is_about(movement)) return false;
        if (theirs && *theirs != word.unmoved()) return false;
        theirs = word.unmoved();
    }
    if (!theirs || *theirs == ours) return false;
    // Of one that leaves counts what our own survey says: has it gone, or not yet?
    for (const std::size_t at : ours - *theirs) {
        const Provider& leaver = state.providers[at];
        const bool says_so = leaver.heard && !leaver.heard->is_recovering &&
                             !read_word(*leaver.heard).all().contains(at);
        if (!is_leaving(policy, leaver) || (leaver.was_reached && !says_so)) return false;
    }
    for (const std::size_t at : *theirs - ours)
        if (is_leaving(policy, state.providers[at]) && !state.providers[at].was_reached)
            return false;
    // Where two say different rungs of one, the earlier: who is named less.
    std::vector<Position> taken(state.providers.size());
    for (const std::size_t at : others) {
        for (const HeardRung& report : state.providers[at].heard->rungs()) {
            const auto of = report.provider();
            if (!of || ours.contains(*of) || !theirs->contains(*of)) continue;
            const Position said{report.process, report.rung};
            if (!taken[*of].has_keys() || is_kept_before(said, taken[*of])) taken[*of] = said;
        }
    }
    for (const std::size_t at : *theirs - ours)
        if (!may_be_named(policy, state, at, taken[at])) return false;
    for (const std::size_t at : ours - *theirs) state.providers[at].position = Position{};
    for (const std::size_t at : *theirs - ours) state.providers[at].position = taken[at];
    return true;
}

bool is_left_behind(const Policy& policy, const ZoneState& state) {
    const ProviderSet telling = members(policy, state);
    ProviderSet others = required(policy, state);
    for (const std::size_t at : required(policy, state))
        if (state.providers[at].heard && state.providers[at].heard->is_recovering)
            others.remove(at);
    if (others.empty()) others = telling;
    if (others.empty() || !telling.includes(others)) return false;
    for (const std::size_t at : others) {
        const Heard& heard = *state.providers[at].heard;
        const Word word = read_word(heard);
        if (heard.epoch <= state.movement.epoch || (!word.has_met && word.all().contains(0)))
            return false;
    }
    return true;
}

bool try_to_adopt(const Policy& policy, ZoneState& state, std::vector<Action>& actions,
                  bool& agrees) {
    agrees = false;
    const ProviderSet from = members(policy, state);
    if (from.empty()) {
        if (!is_beginning(policy, state)) return false;
        agrees = true;
        if (state.is_recovering) {
            // Nobody knows more than we: go on with what we know, as if it began now.
            actions.push_back(
                action::Report{"nobody knows more: goes on from its own state", true});
            // Theirs too: somebody without a part may be in one that is beyond what it heard of us.
            const std::uint64_t limit = state.epoch_seen + most_epochs_ahead;
            for (const Provider& peer : state.providers)
                for (const std::uint64_t epoch :
                     {peer.heard ? peer.heard->echo.epoch : 0, peer.heard ? peer.heard->epoch : 0})
                    if (epoch <= limit) state.epoch_seen = std::max(state.epoch_seen, epoch);
            state.is_recovering = false;
            state.lost_at.begin(state.elapsed);
            Movement& movement = state.movement;
            if (movement.is_over()) {
                movement.epoch = state.epoch_seen;
            } else {
                if (movement.process == ProcessKind::join && had_come_further(state))
                    state.providers.front().position = {ProcessKind::join, Rung::NS};
                const Plan same{movement.process, movement.subjects};
                start_movement(policy, state, same, state.epoch_seen + 1, actions);
            }
        }
        if (state.has_part) return false;
        state.has_part = true;
        return true;
    }
    const Heard& first = *state.providers[from.first()].heard;
    const Word model = read_word(first);
    std::size_t index = model.index, least = model.index;
    bool has_met = false;
    for (const std::size_t at : from) {
        const Heard& heard = *state.providers[at].heard;
        const Word word = read_word(heard);
        if (heard.epoch != first.epoch || word.unmoved() != model.unmoved() ||
            !word.is_about(model.process, model.subjects))
            return false;
        index = std::max(index, word.index);
        least = std::min(least, word.index);
        has_met |= word.has_met;
    }
    for (const std::size_t at : model.settled)
        if (at != 0 && !from.contains(at) && !is_leaving(policy, state.providers[at]) &&
            !(state.providers[at].heard && state.providers[at].heard->is_recovering))
            return false;
    // Not from an old disk.
    for (const std::size_t at : from) {
        const Progress said = progress_in(*state.providers[at].heard);
        const Progress& before = state.providers[at].furthest;
        if (said.epoch < before.epoch ||
            (said.epoch == before.epoch && said.steps > 0 && said < before))
            return false;
    }
    Movement& movement = state.movement;
    const bool is_behind = has_met && movement.index + (movement.has_met ? 1U : 0U) < least;
    if (!state.is_recovering && state.has_part && movement.epoch == first.epoch && !is_behind &&
        model.is_about(movement) && (settled(state) | parked(state)) == model.unmoved()) {
        agrees = true;
        return false;
    }
    // Arrived before them.
    if (!state.is_recovering && movement.epoch == first.epoch && movement.is_over() &&
        !model.is_over() && model.index + 1U == path_of(model.process).size()) {
        agrees = state.has_part;
        return false;
    }
    const bool had_part = state.providers.front().position.has_keys();
    const bool is_later = first.epoch > movement.epoch;
    const bool has_part = model.all().contains(0);
    // Whose turn it is not waits.
    if (!has_part && !had_part && !model.is_over() && !state.is_recovering) return false;
    if (!has_part && had_part) {
        // They say that we are out: not while anything still names us.
        for (const std::size_t at : state.providers.front().servers)
            if (!state.servers[at].gone.is_set()) return false;
        state.has_left = is_leaving(policy, state.providers.front());
    }
    Movement taken;
    taken.epoch = first.epoch;
    if (has_part && !model.is_over()) {
        taken.process = model.process;
        taken.subjects = model.subjects;
        taken.index = static_cast<std::uint8_t>(model.index);
        if (has_met && (state.is_recovering || (had_part && (is_behind || is_later)))) {
            // On the rung where we were when they last heard of us, or where they are.
            std::size_t own = index;
            for (const std::size_t at : from) {
                const Progress& echo = state.providers[at].heard->echo;
                if (echo.epoch == first.epoch && echo.steps > 0 && echo.steps <= index + 2)
                    own = std::max<std::size_t>(own, echo.steps - 1U);
            }
            own = std::min(own, path_of(model.process).size() - 1);
            taken.index = static_cast<std::uint8_t>(own);
            taken.has_met = taken.was_done = true;
            taken.entered.begin(state.elapsed);
            // One that nobody can have reached goes on from where the last of the others is.
            if (position_at(taken).has_ns() && taken.subjects.contains(0) &&
                !state.providers.front().position.has_ns() && !is_reachable_already(state, 0))
                taken.index = static_cast<std::uint8_t>(least);
        }
    }
    std::vector<Position> positions(state.providers.size());
    for (const HeardRung& report : first.rungs()) {
        const auto at = report.provider();
        if (!at || (model.subjects.contains(*at) && !has_part)) continue;
        positions[*at] = taken.has_met && taken.subjects.contains(*at)
                             ? position_at(taken)
                             : Position{report.process, report.rung};
    }
    if (!is_borne_out(policy, state, positions)) return false;
    for (std::size_t at = 0; at < positions.size(); ++at)
        state.providers[at].position = positions[at];
    for (const HeardRung& report : first.rungs())
        if (const auto at = report.provider(); at && taken.subjects.contains(*at))
            state.providers[*at].start =
                static_cast<std::uint8_t>(index_of(report.process, report.rung));
    movement = taken;
    state.epoch_seen = std::max(state.epoch_seen, first.epoch);
    state.has_part = has_part || model.is_over();
    state.is_recovering = false;
    agrees = state.has_part;
    actions.push_back(action::Report{
        "epoch " + std::to_string(first.epoch) + ": took over the others' state", false});
    return true;
}

void resume_from_parent(const Policy& policy, ZoneState& state) {
    Movement& movement = state.movement;
    if (!required(policy, state).empty() || !had_come_further(state)) return;
    if (!movement.subjects.contains(0)) {
        state.providers.front().position = {ProcessKind::join, Rung::NS};
    } else if (movement.has_met && movement.process == ProcessKind::join) {
        movement.index = static_cast<std::uint8_t>(index_of(ProcessKind::join, Rung::NS));
        movement.was_done = false;
        movement.entered.begin(state.elapsed);
        take_positions(state);
    }
}

}  // namespace chorale::msa
