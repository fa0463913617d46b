#include "msa/core/movement.hpp"

#include <algorithm>

#include "msa/core/adoption.hpp"
#include "msa/core/election.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/word.hpp"

namespace chorale::msa {

namespace {

std::string names_of(const ZoneState& state, ProviderSet set) {
    std::string text;
    for (const std::size_t at : set) {
        if (!text.empty()) text += " and ";
        text += state.providers[at].identity.to_text();
    }
    return text;
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

void report(std::vector<Action>& actions, std::string text, bool is_warning = false) {
    actions.push_back(action::Report{std::move(text), is_warning});
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
    start_movement(policy, state, *next, epoch, actions, arrived);
    return true;
}

}  // namespace

void start_movement(const Policy& policy, ZoneState& state, const Plan& what, std::uint64_t epoch,
                    std::vector<Action>& actions, ProviderSet arrived) {
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

std::string describe(const ZoneState& state) {
    const Movement& movement = state.movement;
    if (movement.is_over()) return "nothing moves";
    return std::string(proto::to_text(movement.process)) + " of " +
           names_of(state, movement.subjects) + " on " +
           std::string(proto::to_text(position_at(movement).rung));
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
