#include "msa/core/movement.hpp"

#include <algorithm>
#include <tuple>

#include "msa/core/election.hpp"
#include "msa/core/intake.hpp"

namespace chorale::msa {

namespace {

// Peers that have this much more than we ever saw are wrong or lie.
constexpr std::uint64_t most_epochs_ahead = std::uint64_t(1) << 32;

std::string names_of(const ZoneState& state, ProviderSet set) {
    std::string text;
    for (const std::size_t at : set) {
        if (!text.empty()) text += " and ";
        text += state.providers[at].identity.to_text();
    }
    return text;
}

std::size_t index_of(ProcessKind process, Rung rung) {
    const auto path = path_of(process);
    return static_cast<std::size_t>(std::find(path.begin(), path.end(), rung) - path.begin());
}

// What was heard, read against our table.
struct Word {
    bool is_readable = false;
    ProcessKind process = ProcessKind::join;
    ProviderSet subjects, settled, parked;
    ProviderSet present;    // subjects that have a part already
    std::size_t index = 0;  // the earliest, if they have not met
    bool is_done = false, has_met = true;

    bool is_over() const { return subjects.empty(); }
    bool is_about(ProcessKind what, ProviderSet whom) const {
        return process == what && subjects == whom;
    }
    bool is_about(const Movement& movement) const {
        return is_about(movement.process, movement.subjects);
    }
    ProviderSet all() const { return subjects | settled | parked; }
    ProviderSet unmoved() const { return settled | parked; }
};

Word read_word(const Heard& heard) {
    Word word;
    word.is_done = true;
    bool is_first = true;
    for (const HeardRung& report : heard.rungs()) {
        const auto at = report.provider();
        if (!at || word.all().contains(*at)) return word;
        // No such rung: also of one that waits, since it would go on from there.
        const std::size_t index = index_of(report.process, report.rung);
        if (index == path_of(report.process).size()) return word;
        if (is_settled(report)) {
            word.settled.add(*at);
        } else if (is_parked(report)) {
            word.parked.add(*at);
        } else {
            const bool is_alike = word.process == report.process &&
                                  (word.index == index || report.status == RungStatus::meeting);
            if (!is_first && !is_alike) return word;
            word.index = is_first ? index : std::min(word.index, index);
            is_first = false;
            word.process = report.process;
            if (report.rung != Rung::OUT) word.present.add(*at);
            word.is_done &= report.status == RungStatus::done;
            word.has_met &= report.status != RungStatus::meeting;
            word.subjects.add(*at);
        }
    }
    word.is_readable = true;
    return word;
}

// Where a provider stands when the zone turns to another process. `is_done`: this
// rung was announced as done, so that others may be one further.
std::uint8_t start_index(const Position& from, bool is_done, bool was_named, bool was_reached,
                         ProcessKind to) {
    const bool was_leaving = from.process == ProcessKind::leave;
    if (to == ProcessKind::leave) {
        if (was_leaving) return static_cast<std::uint8_t>(index_of(to, from.rung));
        switch (from.rung) {
            case Rung::OUT: return 4;
            case Rung::KEYS:
                if (was_named || (from.process == ProcessKind::setup && is_done)) return 1;
                return was_reached ? 2 : 3;
            case Rung::DS:
                if (was_named || from.process == ProcessKind::setup || is_done) return 1;
                return was_reached ? 2 : 3;
            case Rung::NS: return 1;
            default: return 0;
        }
    }
    if (was_leaving) {
        switch (from.rung) {
            case Rung::IN: return 4;
            case Rung::NS_GONE:
            case Rung::STOPPED: return to == ProcessKind::setup ? 1 : 2;
            case Rung::KEYS: return 1;
            default: return 0;
        }
    }
    if (from.process == ProcessKind::setup && to == ProcessKind::join && from.rung == Rung::DS)
        return 3;
    return static_cast<std::uint8_t>(index_of(to, from.rung));
}

// How early another one may still be, who is honest.
std::uint8_t lowest_start(const Provider& subject, bool is_done, ProcessKind process) {
    const std::uint8_t start = subject.start;
    switch (process) {
        // Whoever left the NS RRset may have stopped: it does not come back into it.
        case ProcessKind::leave: return start > 1 || (start == 1 && is_done) ? 1 : 0;
        case ProcessKind::setup: return start > 2 ? 2 : 0;
        default: break;
    }
    // One that has arrived may have left and been called back without our hearing of it.
    const bool has_set_up =
        subject.position.process == ProcessKind::setup && subject.position.rung == Rung::DS;
    if (subject.position.is_settled() || has_set_up) return 2;
    if (subject.position.process == ProcessKind::leave && is_done) {
        const auto path = path_of(ProcessKind::leave);
        const std::size_t next = index_of(ProcessKind::leave, subject.position.rung) + 1;
        if (next >= path.size()) return 0;
        return start_index({ProcessKind::leave, path[next]}, false, false, false, process);
    }
    // Others may have arrived, taken it out of the NS RRset and called it back since.
    if (start > 2) return 2;
    return is_done || start == 0 ? start : static_cast<std::uint8_t>(start - 1);
}

ProviderSet settled(const ZoneState& state) {
    ProviderSet set;
    for (std::size_t at = 0; at < state.providers.size(); ++at)
        if (state.providers[at].position.is_settled() && !state.movement.subjects.contains(at))
            set.add(at);
    return set;
}

ProviderSet parked(const ZoneState& state) {
    ProviderSet set;
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Position& position = state.providers[at].position;
        if (position.has_keys() && !position.is_settled()) set.add(at);
    }
    return set - state.movement.subjects;
}

// Whose turn it is, of a set that is not empty: in canonical order (RFC 4034 6.1).
ProviderSet first_of(const ZoneState& state, ProviderSet set) {
    std::size_t first = set.first();
    for (const std::size_t at : set)
        if (compare_canonical(state.providers[at].identity, state.providers[first].identity) < 0)
            first = at;
    return ProviderSet::of(first);
}

void report(std::vector<Action>& actions, std::string text, bool is_warning = false) {
    actions.push_back(action::Report{std::move(text), is_warning});
}

// `arrived`: these have, by the word of all others.
void start(const Policy& policy, ZoneState& state, const Plan& what, std::uint64_t epoch,
           std::vector<Action>& actions, ProviderSet arrived = {}) {
    Movement& old = state.movement;
    Movement movement;
    movement.epoch = epoch;
    movement.process = what.process;
    movement.subjects = what.subjects;
    std::uint8_t index = 255;
    for (const std::size_t at : what.subjects) {
        Provider& subject = state.providers[at];
        const bool is_done = old.subjects.contains(at) && old.has_met && old.was_done;
        bool was_named = false;
        for (const std::size_t server : subject.servers)
            was_named |= state.servers[server].was_named;
        subject.start =
            start_index(subject.position, is_done, was_named, subject.was_reached, what.process);
        index = std::min(index, subject.start);
        const std::uint8_t floor = lowest_start(subject, is_done, what.process);
        movement.floor = at == *what.subjects.begin() ? floor : std::min(movement.floor, floor);
    }
    movement.index = index;
    // Whom the others call back from a set-up that they have ended is where a join has that.
    for (const std::size_t at : what.subjects) {
        Position& position = state.providers[at].position;
        if (what.process == ProcessKind::join && position.process == ProcessKind::setup &&
            position.rung == Rung::DS)
            position = {ProcessKind::join, Rung::NS};
    }
    // Positions stay until all have met; on the last rung, others may not have been yet.
    for (const std::size_t at : old.subjects - arrived) {
        Position& position = state.providers[at].position;
        if (position.rung != Rung::IN || position.process == ProcessKind::leave || !old.has_met)
            continue;
        position.rung = position.process == ProcessKind::setup ? Rung::DS : Rung::NS;
    }
    old = movement;
    state.epoch_seen = std::max(state.epoch_seen, epoch);
    for (Provider& provider : state.providers)
        provider.largest_ttl.forget(state.elapsed, margin(policy));
    report(actions, "epoch " + std::to_string(epoch) + ": " + describe(state) + ": meeting");
}

void take_positions(ZoneState& state) {
    const Position position = position_at(state.movement);
    for (const std::size_t at : state.movement.subjects) state.providers[at].position = position;
}

// Out of the zone: as if it had never been in it, but for the epochs.
void forget_part(ZoneState& state) {
    for (Provider& provider : state.providers) {
        provider.position = Position{};
        provider.announced_entry = KeySet();
    }
    state.movement.subjects = ProviderSet();
    state.has_part = false;
}

void finish(ZoneState& state, std::vector<Action>& actions) {
    Movement& movement = state.movement;
    report(actions, describe(state) + ": arrived");
    const bool is_leave = movement.process == ProcessKind::leave;
    state.lost_at = Since{};
    for (const std::size_t at : movement.subjects)
        state.providers[at].position =
            is_leave ? Position{} : Position{ProcessKind::join, Rung::IN};
    const bool is_out = is_leave && movement.subjects.contains(0);
    state.has_left = is_out;
    movement.subjects = ProviderSet();
    movement.has_met = false;
    if (is_out) forget_part(state);
}

bool agrees(const ZoneState& state, const Provider& peer, const Word& word) {
    return word.is_readable && peer.heard->roster == state.roster.hash &&
           !peer.heard->is_recovering;
}

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

// A set-up names a provider before it has a DS: not where there is one without it.
bool may_be_set_up(const ZoneState& state, std::size_t at) {
    return !state.parent.has_ds || state.providers[at].entry_keys.meets(state.parent.ds_some);
}

// Those that say of themselves that they have a part, on the roster that we have.
ProviderSet members(const Policy& policy, const ZoneState& state) {
    ProviderSet set, leaving;
    for (std::size_t at = 1; at < state.providers.size(); ++at) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->is_recovering || peer.heard->roster != state.roster.hash)
            continue;
        const Word word = read_word(*peer.heard);
        if (!word.is_readable) continue;
        if (!(word.present | word.unmoved()).contains(at)) continue;
        if (!is_leaving(policy, peer))
            set.add(at);
        else if (!is_silent(policy, state, peer))
            leaving.add(at);
    }
    // The word of one that leaves counts where there is no other.
    return set.empty() ? leaving : set;
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

// Whoever was away learns from all others alike who came in meanwhile.
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

// The sender has carried out what we are on.
bool is_beyond(const Movement& movement, const Word& word) {
    return word.is_readable &&
           (movement.process == ProcessKind::leave ? !word.all().meets(movement.subjects)
                                                   : word.settled.includes(movement.subjects));
}

// All that is required is in this epoch, and means the same by it.
bool try_to_meet(const Policy& policy, ZoneState& state, std::vector<Action>& actions) {
    if (take_in_members(policy, state)) return true;
    // Not without those that are in by their own word.
    Movement& movement = state.movement;
    for (const std::size_t at : members(policy, state) - reachable(state))
        if (state.providers[at].heard->epoch >= movement.epoch) return false;
    std::size_t index = movement.index;
    // The others may have completed without us what we are still on: if nobody reaches us.
    bool may_restart = movement.subjects == ProviderSet::of(0);
    for (const std::size_t at : state.providers.front().servers)
        may_restart &= !state.servers[at].was_named;
    // Nor does it matter how early one is that no cache knows.
    bool is_reached = false;
    for (const std::size_t at : movement.subjects) is_reached |= state.providers[at].was_reached;
    may_restart |= !is_reached;
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch != movement.epoch) return false;
        const Word word = read_word(*peer.heard);
        const bool is_leave = movement.process == ProcessKind::leave;
        if (is_leave && agrees(state, peer, word) && word.is_over() && is_beyond(movement, word))
            continue;
        if (!agrees(state, peer, word) || !word.is_about(movement) ||
            word.unmoved() != (settled(state) | parked(state)))
            return false;
        if (word.index < movement.floor && !may_restart) return false;
        index = std::min(index, word.index);
    }
    movement.index = static_cast<std::uint8_t>(index);
    movement.has_met = true;
    agree_on_parked(policy, state);
    movement.was_done = false;
    movement.entered = movement.keys = movement.ds = movement.ns = Since{};
    movement.entered.begin(state.elapsed);
    take_positions(state);
    report(actions, describe(state) + ": all are here");
    return true;
}

// On the first rung, done: others may be on the second, unless one who would know has
// gone away from it.
bool may_have_begun(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    if (movement.index > 0) return true;
    if (!movement.was_done) return false;
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch < movement.epoch) continue;
        const Word word = read_word(*peer.heard);
        if (word.is_readable && (peer.heard->epoch > movement.epoch || word.is_over()) &&
            !(word.present | word.unmoved()).meets(movement.subjects))
            return false;
    }
    return true;
}

bool others_permit(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    const bool is_last = movement.index + 1U == path_of(movement.process).size();
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard) return false;
        const Word word = read_word(*peer.heard);
        if (peer.heard->epoch > movement.epoch && (is_last || is_beyond(movement, word))) continue;
        if (!agrees(state, peer, word) || peer.heard->epoch != movement.epoch) return false;
        if (is_last && word.is_over()) continue;
        if (!word.is_about(movement) || !word.has_met) return false;
        if (word.index == movement.index + 1U) continue;
        // On the last rung each is done by its own judgement.
        if (word.index != movement.index || (!word.is_done && !is_last)) return false;
    }
    return true;
}

// Leader/follower: the leader is where we are to go.
bool leader_permits(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    const auto at = leader_in_charge(policy, state);
    if (!at || !state.providers[*at].heard) return false;
    const Heard& heard = *state.providers[*at].heard;
    const Word word = read_word(heard);
    if (!agrees(state, state.providers[*at], word)) return false;
    const bool is_last = movement.index + 1U == path_of(movement.process).size();
    if (heard.epoch > movement.epoch && (is_last || is_beyond(movement, word))) return true;
    if (is_last && heard.epoch == movement.epoch && word.is_over()) return true;
    return heard.epoch == movement.epoch && word.has_met && word.is_about(movement) &&
           word.index == movement.index + 1U;
}

bool has_fresh_view(const Policy& policy, const ZoneState& state) {
    return state.has_surveyed && !state.has_news &&
           state.elapsed - state.surveyed_at <= 2 * policy.survey_interval;
}

bool try_to_advance(const Policy& policy, ZoneState& state, std::vector<Action>& actions) {
    Movement& movement = state.movement;
    if (state.is_paused || !has_fresh_view(policy, state) || !has_heard_all(policy, state))
        return false;
    const Judgement judgement = judge(policy, state);
    const bool is_done =
        judgement.is_done && (!judgement.hold_end || state.elapsed >= *judgement.hold_end);
    if (!is_done) return false;
    if (!movement.was_done) {
        movement.was_done = true;
        return true;
    }
    const bool may_lead = is_peer_mode(policy, state) || leads(policy, state);
    if (may_lead ? !others_permit(policy, state) : !leader_permits(policy, state)) return false;
    if (movement.index + 1U == path_of(movement.process).size()) {
        finish(state, actions);
        return true;
    }
    ++movement.index;
    movement.was_done = false;
    movement.entered.begin(state.elapsed);
    take_positions(state);
    report(actions, describe(state));
    return true;
}

// All others whose word counts are together in a later epoch: while this provider's did not
// count, they went on without it.
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

// Whoever has no part in the zone, or knows an older state of it, takes over what all
// members say alike; true if that is another state than ours. `agrees`: it is known
// what they say.
bool try_to_adopt(const Policy& policy, ZoneState& state, std::vector<Action>& actions,
                  bool& agrees) {
    agrees = false;
    const ProviderSet from = members(policy, state);
    if (from.empty()) {
        if (!is_beginning(policy, state)) return false;
        agrees = true;
        if (state.is_recovering) {
            // Nobody knows more than we: go on with what we know, as if it began now.
            report(actions, "nobody knows more: goes on from its own state", true);
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
                start(policy, state, same, state.epoch_seen + 1, actions);
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
    report(actions, "epoch " + std::to_string(first.epoch) + ": took over the others' state");
    return true;
}

void take_back(ZoneState& state) {
    for (const std::size_t at : state.movement.subjects)
        if (!state.providers[at].position.has_keys()) state.providers[at].position = Position{};
    state.movement.subjects = ProviderSet();
    state.movement.has_met = false;
}

// Who has arrived by our judgement has not by the others' if they turned before.
bool take_back_arrivals(const Policy& policy, ZoneState& state) {
    bool is_new = false;
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch <= state.movement.epoch) continue;
        const Word word = read_word(*peer.heard);
        if (!agrees(state, peer, word)) continue;
        for (const HeardRung& report : peer.heard->rungs()) {
            const auto of = report.provider();
            const Position said{report.process, report.rung};
            // Who had arrived is on the last rungs, which have both.
            if (!of || !is_parked(report) || !said.has_ns() || !said.has_cds()) continue;
            Position& ours = state.providers[*of].position;
            if (!ours.is_settled()) continue;
            ours = said;
            is_new = true;
        }
    }
    return is_new;
}

// Who has met in what we are on, or have turned to.
ProviderSet having_met(const Policy& policy, const ZoneState& state) {
    const Movement& movement = state.movement;
    ProviderSet set;
    if (movement.is_over()) return set;
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch != movement.epoch) continue;
        const Word word = read_word(*peer.heard);
        if (agrees(state, peer, word) && word.has_met && word.is_about(movement)) set.add(at);
    }
    return set;
}

// Those that were left behind together with us.
ProviderSet fellows(const Policy& policy, const ZoneState& state) {
    return state.movement.has_met ? having_met(policy, state) : ProviderSet();
}

// What all other members mean to do in one epoch that is not before ours. Where two see
// the order differently, the later word counts.
std::optional<Plan> common_plan(const Policy& policy, const ZoneState& state,
                                std::uint64_t& epoch) {
    std::optional<Plan> common;
    const ProviderSet behind = fellows(policy, state);
    bool someone_is_in = false;
    for (const Provider& provider : state.providers) someone_is_in |= provider.position.has_keys();
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if ((someone_is_in && !peer.position.has_keys()) || behind.contains(at)) continue;
        if (!peer.heard || peer.heard->epoch < state.movement.epoch) return std::nullopt;
        const Word word = read_word(*peer.heard);
        if (!agrees(state, peer, word) || word.is_over()) return std::nullopt;
        // Who has met already waits for those that they call back.
        const Movement& ours = state.movement;
        const bool waits_for_us =
            ours.has_met ? !behind.empty() && peer.heard->epoch > ours.epoch : word.is_about(ours);
        if (word.has_met && !waits_for_us) return std::nullopt;
        const Plan theirs{word.process, word.subjects};
        if (common && (!(theirs == *common) || peer.heard->epoch != epoch)) return std::nullopt;
        common = theirs;
        epoch = peer.heard->epoch;
    }
    if (!common) return std::nullopt;
    for (const std::size_t at : common->subjects)
        if (common->process == ProcessKind::setup && !may_be_set_up(state, at)) return std::nullopt;
    // Also who leaves has to be taken in first where nothing is secure yet.
    for (const std::size_t at : common->subjects)
        if (common->process != ProcessKind::setup &&
            is_leaving(policy, state.providers[at]) != (common->process == ProcessKind::leave))
            return std::nullopt;
    return common;
}

// Whether what we are on can be left for what all others have turned to.
bool is_free_for(const Policy& policy, const ZoneState& state, const Plan& theirs) {
    const Movement& movement = state.movement;
    // On the first rung nothing was begun, or they would stay too.
    if (movement.is_over() || !movement.has_met || movement.index == 0) return true;
    // They may have been one rung further, and found others there.
    if (movement.was_done && theirs.process == movement.process &&
        theirs.subjects.includes(movement.subjects))
        return true;
    // Nothing is secure yet, so that nothing breaks by beginning together.
    if (movement.process == ProcessKind::setup && theirs.process == ProcessKind::setup &&
        theirs.subjects.includes(movement.subjects) && !state.parent.has_ds &&
        movement.index < index_of(ProcessKind::setup, Rung::DS))
        return true;
    // They have arrived, and want us to come back.
    ProviderSet behind = fellows(policy, state);
    behind.add(0);
    if (!behind.includes(theirs.subjects)) return false;
    for (const std::size_t at : required(policy, state) - behind) {
        const auto& heard = state.providers[at].heard;
        if (!heard || !read_word(*heard).settled.includes(movement.subjects - behind)) return false;
    }
    return true;
}

// Who has arrived by the word of all that went on has arrived: what they publish of him is
// what we do.
ProviderSet arrived_elsewhere(const Policy& policy, const ZoneState& state) {
    std::optional<ProviderSet> arrived;
    for (const std::size_t at : required(policy, state) - fellows(policy, state)) {
        if (!state.providers[at].heard) return {};
        const ProviderSet said = read_word(*state.providers[at].heard).settled;
        arrived = arrived ? *arrived & said : said;
    }
    ProviderSet set;
    for (const std::size_t at : arrived.value_or(ProviderSet()))
        if (state.providers[at].position.has_ns() &&
            state.providers[at].position.process != ProcessKind::leave)
            set.add(at);
    return set;
}

// The plan is another one than the movement under way, or somebody whose word counts
// is in a later epoch of the same.
bool try_to_turn(const Policy& policy, ZoneState& state, std::vector<Action>& actions) {
    if (state.is_paused) return false;
    if (is_passive(policy, state)) return false;
    if (take_back_arrivals(policy, state)) return true;
    std::string lacks;
    auto next = plan(policy, state, lacks);
    std::uint64_t their_epoch = 0;
    ProviderSet arrived;
    if (const auto theirs = common_plan(policy, state, their_epoch)) {
        const bool is_free = !next || is_free_for(policy, state, *theirs);
        if (their_epoch > state.movement.epoch && is_free) {
            next = theirs;
            arrived = arrived_elsewhere(policy, state);
            for (const std::size_t at : arrived - theirs->subjects)
                state.providers[at].position = {ProcessKind::join, Rung::IN};
        } else if (their_epoch == state.movement.epoch && !state.movement.is_over() &&
                   theirs->process == state.movement.process &&
                   theirs->subjects == state.movement.subjects)
            return false;
    }
    const bool is_ours =
        next && (state.providers.front().position.has_keys() || next->subjects.contains(0));
    if (!is_ours) {
        Movement& called_off = state.movement;
        if (called_off.is_over() || (called_off.has_met && may_have_begun(policy, state)))
            return false;
        // Nothing was begun.
        report(actions, describe(state) + ": called off");
        take_back(state);
        return true;
    }
    Movement& movement = state.movement;
    const bool is_same = movement.process == next->process && movement.subjects == next->subjects;
    // They have met already in what we have turned to, and wait for us there.
    if (!is_same && !movement.has_met && !having_met(policy, state).empty()) return false;
    std::uint64_t same_elsewhere = 0;
    std::uint64_t highest = std::max(state.epoch_seen, movement.epoch);
    const std::uint64_t limit = highest + most_epochs_ahead;
    for (std::size_t at = 1; at < state.providers.size(); ++at) {
        const Provider& peer = state.providers[at];
        if (!peer.heard || peer.heard->epoch > limit || peer.heard->is_recovering) continue;
        highest = std::max(highest, peer.heard->epoch);
        if (!voices(policy, state).contains(at)) continue;
        const Word word = read_word(*peer.heard);
        if (word.is_readable && word.is_about(next->process, next->subjects))
            same_elsewhere = std::max(same_elsewhere, peer.heard->epoch);
    }
    if (is_same && same_elsewhere <= movement.epoch) return false;
    if (!is_peer_mode(policy, state) && !leads(policy, state)) {
        const auto leader = leader_in_charge(policy, state);
        if (!leader || !state.providers[*leader].heard) return false;
        const Word word = read_word(*state.providers[*leader].heard);
        if (!word.is_about(next->process, next->subjects)) return false;
    }
    const std::uint64_t epoch = same_elsewhere > movement.epoch ? same_elsewhere : highest + 1;
    start(policy, state, *next, epoch, actions, arrived);
    return true;
}

// Went on to the DS RRset while our word did not count.
bool has_secured(const ZoneState& state, const Provider& peer, ProviderSet subjects) {
    if (!peer.heard) return false;
    const Word word = read_word(*peer.heard);
    return agrees(state, peer, word) && word.process == ProcessKind::setup && word.has_met &&
           word.subjects.meets(subjects) && word.index >= index_of(ProcessKind::setup, Rung::DS);
}

}  // namespace

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

bool is_passive(const Policy& policy, const ZoneState& state) {
    const Provider& self = state.providers.front();
    if (self.position.has_keys() && !is_leaving(policy, self)) return false;
    for (const std::size_t at : members(policy, state))
        if (!self.position.has_keys() || !is_leaving(policy, state.providers[at])) return true;
    return false;
}

std::string describe(const ZoneState& state) {
    const Movement& movement = state.movement;
    if (movement.is_over()) return "nothing moves";
    return std::string(proto::to_text(movement.process)) + " of " +
           names_of(state, movement.subjects) + " on " +
           std::string(proto::to_text(position_at(movement).rung));
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

bool has_heard_all(const Policy& policy, const ZoneState& state) {
    for (std::size_t at = 1; at < state.providers.size() && state.is_suspect; ++at) {
        const Provider& peer = state.providers[at];
        const bool is_on_roster = peer.wanted == Wanted::on || peer.wanted == Wanted::off;
        if (is_on_roster && !peer.heard && !is_silent(policy, state, peer)) return false;
    }
    for (const std::size_t at : required(policy, state))
        if (!state.providers[at].heard) return false;
    return true;
}

Progress progress_of(const Movement& movement) {
    if (movement.is_over()) return {movement.epoch, 100};
    return {movement.epoch, static_cast<std::uint8_t>(movement.has_met ? movement.index + 1 : 0)};
}

Progress progress_in(const Heard& said) {
    std::uint8_t steps = 0;
    for (const HeardRung& report : said.rungs()) {
        if (is_settled(report) || is_parked(report) || report.status == RungStatus::meeting)
            continue;
        steps = static_cast<std::uint8_t>(index_of(report.process, report.rung) + 1);
    }
    return {said.epoch, steps};
}

bool move(const Policy& policy, ZoneState& state, std::vector<Action>& actions) {
    if (!state.has_zone || !state.has_surveyed) return false;
    bool is_new = false;
    // Bounded: each round ends one thing, and a movement has five rungs.
    for (int round = 0; round < 16; ++round) {
        bool has_moved = false;
        bool agrees = true;
        if (!state.has_part || state.is_recovering ||
            !state.providers.front().position.has_keys() || is_passive(policy, state) ||
            is_left_behind(policy, state))
            has_moved = try_to_adopt(policy, state, actions, agrees);
        if (agrees) {
            has_moved |= try_to_turn(policy, state, actions);
            if (!state.movement.is_over() && !state.movement.has_met)
                has_moved |= try_to_meet(policy, state, actions);
            if (!state.movement.is_over() && state.movement.has_met)
                has_moved |= try_to_advance(policy, state, actions);
        }
        if (!has_moved) return is_new;
        is_new = true;
        look(policy, state);
    }
    return is_new;
}

Announcement announcement_to(const Policy& policy, const ZoneState& state, std::size_t to) {
    Announcement announcement;
    announcement.roster = state.roster.hash;
    announcement.epoch = state.movement.epoch;
    announcement.is_recovering = state.is_recovering;
    const Movement& movement = state.movement;
    // Arrived is only who has left the last rung.
    const bool is_last = movement.index + 1U == path_of(movement.process).size();
    std::optional<Judgement> judgement;
    if (!movement.is_over() && movement.has_met) judgement = judge(policy, state);
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        RungReport report;
        report.subject = provider.identity;
        if (movement.subjects.contains(at)) {
            report.process = movement.process;
            report.rung = movement.has_met ? position_at(movement).rung
                                           : path_of(movement.process)[provider.start];
            report.status = movement.has_met ? RungStatus::working : RungStatus::meeting;
            if (judgement && judgement->is_done) {
                const bool is_held = judgement->hold_end && state.elapsed < *judgement->hold_end;
                report.status = is_held                         ? RungStatus::holding
                                : movement.was_done && !is_last ? RungStatus::done
                                                                : RungStatus::working;
                if (is_held) {
                    // In whole minutes, so that it is not another announcement every time.
                    announcement.hold_end = std::chrono::ceil<std::chrono::minutes>(
                        state.wall + (*judgement->hold_end - state.elapsed));
                }
            }
        } else if (provider.position.is_settled()) {
            report = {ProcessKind::join, provider.identity, Rung::IN, RungStatus::done};
        } else if (provider.position.has_keys()) {
            report.process = provider.position.process;
            report.rung = provider.position.rung;
            report.status = RungStatus::blocked;
        } else {
            continue;
        }
        announcement.rungs.push_back(std::move(report));
    }
    const Provider& self = state.providers.front();
    announcement.contribution = self.contribution;
    announcement.dnskey_ttl = state.dnskey_ttl;
    announcement.ns_ttl = state.ns_ttl;
    announcement.largest_ttl = state.largest_ttl.largest;
    announcement.serial = state.serial;
    announcement.echo = state.providers[to].furthest;
    announcement.term = state.election.term;
    if (const auto leader = leader_in_charge(policy, state))
        announcement.leader = state.providers[*leader].identity;
    return announcement;
}

}  // namespace chorale::msa
