#include "msa/core/election.hpp"

#include "msa/core/intake.hpp"
#include "msa/core/movement.hpp"
#include "proto/digests.hpp"

namespace chorale::msa {

namespace {

constexpr std::uint64_t most_terms_ahead = std::uint64_t(1) << 32;

Duration lease(const Policy& policy) { return 10 * policy.interval; }

void begin_term(Election& election, std::uint64_t term) {
    election.term = term;
    election.voted.reset();
    election.leader.reset();
    election.votes = election.renewals = ProviderSet();
}

bool is_elected(const Policy& policy, const ZoneState& state) {
    const ProviderSet all = electorate(policy, state);
    return 2 * (state.election.votes & all).size() > all.size();
}

}  // namespace

ProviderSet electorate(const Policy& policy, const ZoneState& state) {
    ProviderSet set = voices(policy, state) & reachable(state);
    if (!set.empty()) return set;
    // Nobody has a part yet: those who would begin.
    std::string lacks;
    if (const auto next = plan(policy, state, lacks)) return next->subjects;
    for (std::size_t at = 0; at < state.providers.size(); ++at)
        if (state.providers[at].wanted == Wanted::on) set.add(at);
    return set;
}

std::optional<std::size_t> leader_in_charge(const Policy& policy, const ZoneState& state) {
    if (!state.election.leader || state.elapsed >= state.election.lease_end) return std::nullopt;
    if (!electorate(policy, state).contains(*state.election.leader)) return std::nullopt;
    return *state.election.leader;
}

bool leads(const Policy& policy, const ZoneState& state) {
    return state.election.leader == 0 && leader_in_charge(policy, state).has_value();
}

bool take_vote_request(const Policy& policy, ZoneState& state, std::size_t from, std::uint64_t term,
                       std::vector<Action>& actions) {
    Election& election = state.election;
    const dns::Name& candidate = state.providers[from].identity;
    bool is_new = false;
    const bool may_vote = electorate(policy, state).contains(from) && !state.is_recovering;
    if (may_vote && term > election.term && term - election.term < most_terms_ahead) {
        begin_term(election, term);
        is_new = true;
    }
    const bool is_granted =
        may_vote && term == election.term && (!election.voted || *election.voted == from);
    if (is_granted && !election.voted) {
        election.voted = static_cast<std::uint8_t>(from);
        // Give the candidate time to win.
        election.call_at = never;
        is_new = true;
    }
    actions.push_back(action::GiveVote{candidate, election.term, is_granted});
    return is_new;
}

bool take_vote(const Policy& policy, ZoneState& state, std::size_t from, std::uint64_t term,
               bool is_granted, std::vector<Action>& actions) {
    Election& election = state.election;
    if (term > election.term && term - election.term < most_terms_ahead) {
        begin_term(election, term);
        return true;
    }
    if (!is_granted || term != election.term || election.voted != 0) return false;
    election.votes.add(from);
    if (!leads(policy, state) && is_elected(policy, state)) {
        election.leader = 0;
        election.lease_end = state.elapsed + lease(policy);
        actions.push_back(action::Report{"leads the zone in term " + std::to_string(term)});
    }
    return false;
}

bool take_leader(const Policy& policy, ZoneState& state, std::size_t from,
                 const Announcement& announcement) {
    Election& election = state.election;
    bool is_new = false;
    if (announcement.term > election.term && announcement.term - election.term < most_terms_ahead) {
        begin_term(election, announcement.term);
        is_new = true;
    }
    if (announcement.term != election.term || !announcement.leader) return is_new;
    if (*announcement.leader == state.providers[from].identity && from != 0) {
        if (!election.leader) election.leader = static_cast<std::uint8_t>(from);
        if (*election.leader == from) election.lease_end = state.elapsed + lease(policy);
    } else if (*announcement.leader == state.providers.front().identity && leads(policy, state)) {
        // A majority heard us: so the lease goes on.
        election.votes.add(from);
        election.renewals.add(from);
        const ProviderSet all = electorate(policy, state);
        if (2 * ((election.renewals | ProviderSet::of(0)) & all).size() > all.size()) {
            election.renewals = ProviderSet();
            election.lease_end = state.elapsed + lease(policy);
        }
    }
    return is_new;
}

bool take_leader_word(const Policy& policy, ZoneState& state, std::size_t from,
                      std::uint64_t term) {
    Election& election = state.election;
    if (from == 0 || term != election.term || !electorate(policy, state).contains(from) ||
        election.leader != from)
        return false;
    election.lease_end = state.elapsed + lease(policy);
    return true;
}

bool elect(const Policy& policy, ZoneState& state, std::uint32_t random,
           std::vector<Action>& actions) {
    Election& election = state.election;
    const auto is_idle = [&] {
        std::string lacks;
        return !is_busy(state) && !plan(policy, state, lacks);
    };
    if (is_peer_mode(policy, state) || state.is_recovering || state.is_paused ||
        leader_in_charge(policy, state) || (is_passive(policy, state) && !state.movement.has_met) ||
        is_idle() || !electorate(policy, state).contains(0)) {
        election.call_at = never;
        return false;
    }
    const ProviderSet all = electorate(policy, state);
    if (election.call_at == never) {
        std::vector<dns::Name> candidates;
        for (const std::size_t at : all)
            if (at == 0 || state.providers[at].peer == PeerState::operational)
                candidates.push_back(state.providers[at].identity);
        candidates = proto::election_order(state.zone, state.epoch_seen, std::move(candidates));
        // Who has just started does not depose a leader that it has not heard of yet.
        const bool is_first = 2 * candidates.size() > all.size() &&
                              candidates.front() == state.providers.front().identity;
        // Nobody calls twice in a row without giving the others a turn.
        const bool has_called = election.voted.has_value();
        const Duration pause = policy.interval + policy.interval * (random % 1000) / 1000;
        election.call_at = state.elapsed + (is_first && !has_called ? Duration::zero() : pause);
    }
    if (state.elapsed < election.call_at) return false;
    begin_term(election, election.term + 1);
    election.voted = 0;
    election.votes = ProviderSet::of(0);
    election.call_at = state.elapsed + policy.interval + policy.interval * (random % 1000) / 1000;
    for (const std::size_t at : all)
        if (at != 0)
            actions.push_back(action::AskVote{state.providers[at].identity, election.term});
    if (is_elected(policy, state)) {
        election.leader = 0;
        election.lease_end = state.elapsed + lease(policy);
    }
    return true;
}

Intended permitted(const Policy& policy, const ZoneState& state, const Intended& target) {
    const auto leader = leader_in_charge(policy, state);
    if (!leader || !state.instruction || state.instruction->term != state.election.term)
        return state.wanted;
    const Intended& said = state.instruction->intended;
    const auto agreed = [](auto now, auto own, auto other) {
        const auto added = (own & other) - now;
        const auto dropped = now - (own | other);
        return (now | added) - dropped;
    };
    Intended intended = state.wanted;
    intended.dnskey = agreed(state.wanted.dnskey, target.dnskey, said.dnskey);
    intended.cds = agreed(state.wanted.cds, target.cds, said.cds);
    // What is to come may be what the rest can go for.
    if (!(target.cds - state.wanted.cds - said.cds).empty()) intended.cds |= state.wanted.cds;
    intended.ns = agreed(state.wanted.ns, target.ns, said.ns);
    // No CDS without its DNSKEY: a signer may refuse the whole zone for it.
    intended.dnskey |= state.wanted.dnskey & intended.cds;
    intended.cds &= intended.dnskey | own_keys(state);
    if (target.csync == said.csync) intended.csync = target.csync;
    return intended;
}

}  // namespace chorale::msa
