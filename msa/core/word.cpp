#include "msa/core/word.hpp"

#include <algorithm>

#include "msa/core/intake.hpp"

namespace chorale::msa {

std::size_t index_of(ProcessKind process, Rung rung) {
    const auto path = path_of(process);
    return static_cast<std::size_t>(std::find(path.begin(), path.end(), rung) - path.begin());
}

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

bool agrees(const ZoneState& state, const Provider& peer, const Word& word) {
    return word.is_readable && peer.heard->roster == state.roster.hash &&
           !peer.heard->is_recovering;
}

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

bool is_beyond(const Movement& movement, const Word& word) {
    return word.is_readable &&
           (movement.process == ProcessKind::leave ? !word.all().meets(movement.subjects)
                                                   : word.settled.includes(movement.subjects));
}

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

ProviderSet fellows(const Policy& policy, const ZoneState& state) {
    return state.movement.has_met ? having_met(policy, state) : ProviderSet();
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

}  // namespace chorale::msa
