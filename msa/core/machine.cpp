#include "msa/core/machine.hpp"

#include <algorithm>

#include "common/crypto/dnskey.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/rdata/csync.hpp"
#include "common/dns/rdata/type_bitmap.hpp"
#include "msa/core/adoption.hpp"
#include "msa/core/election.hpp"
#include "msa/core/intake.hpp"
#include "msa/core/movement.hpp"
#include "msa/core/word.hpp"
#include "proto/digests.hpp"

namespace chorale::msa {

namespace {

// So much running time may be lost in a crash: a wait is then longer by it.
constexpr Duration checkpoint = std::chrono::minutes(1);

void advance_clock(ZoneState& state, const Moment& moment) {
    if (state.steady && moment.steady > *state.steady)
        state.elapsed += moment.steady - *state.steady;
    state.steady = moment.steady;
    state.wall = moment.wall;
}

// All that our RRsets depend on is known and was heard in this run.
bool may_act(const Policy& policy, const ZoneState& state) {
    return state.has_zone && state.has_surveyed && !state.is_recovering && !state.is_paused &&
           (state.has_part || state.is_managed) && has_heard_all(policy, state) &&
           state.is_caught_up;
}

// What each of them brings now was fetched in this run.
bool knows_all(const Policy& policy, const ZoneState& state) {
    if (!has_heard_all(policy, state)) return false;
    for (const std::size_t at : reachable(state) - silent_leavers(policy, state)) {
        const Provider& peer = state.providers[at];
        if (at != 0 &&
            (!peer.heard || !peer.has_contributed || peer.heard->contribution != peer.contribution))
            return false;
    }
    return true;
}

bool is_in_zone(const ZoneState& state, const Intended& intended) {
    return state.zone_keys - own_keys(state) == intended.dnskey &&
           (intended.ns.empty() || state.zone_ns == intended.ns) &&
           state.zone_cds == intended.cds && state.zone_has_csync == intended.csync;
}

class Step {
public:
    Step(const Policy& policy, ZoneState& state, const Moment& moment)
        : policy_(policy), state_(state), moment_(moment) {}

    Outcome run(const Event& event) {
        advance_clock(state_, moment_);
        std::visit([this](const auto& it) { take(it); }, event);
        dirty_ |= move(policy_, state_, outcome_.actions);
        dirty_ |= elect(policy_, state_, moment_.random, outcome_.actions);
        catch_up();
        if (state_.election.call_at != never) wake_at(state_.election.call_at);
        fetch();
        push();
        announce();
        instruct();
        if (dirty_ || (is_busy(state_) && state_.elapsed - state_.committed > checkpoint)) {
            outcome_.must_commit = true;
            state_.committed = state_.elapsed;
        }
        outcome_.wake_in = std::max(Duration(1), wake_at_ - state_.elapsed);
        return std::move(outcome_);
    }

private:
    void catch_up() {
        if (!state_.has_part || !state_.has_zone || state_.is_recovering || state_.is_caught_up ||
            !knows_all(policy_, state_))
            return;
        // Until here, what certainly is ours.
        const KeySet own = own_keys(state_);
        state_.is_caught_up = true;
        dirty_ = true;
        if (state_.is_restored || state_.is_suspect) {
            const KeySet foreign = state_.zone_keys - own;
            if (state_.is_restored) state_.injected |= foreign;
            for (const std::size_t at : foreign - intended_for(policy_, state_, 0).dnskey)
                if (state_.is_restored || !(state_.keys[at].owners - ProviderSet::of(0)).empty())
                    state_.orphans.add(at);
            state_.wanted.cds |= state_.zone_cds & state_.orphans;
            state_.orphaned.begin(state_.elapsed);
            resume_from_parent(policy_, state_);
        }
        state_.is_suspect = false;
        take_contribution(policy_, state_, 0, contribution_of(policy_, state_));
        if (!state_.is_restored) return;
        // What the combiner holds is what the zone shows.
        state_.is_restored = false;
        state_.wanted.dnskey = state_.zone_keys - own_keys(state_);
        state_.wanted.cds = state_.zone_cds;
        if (state_.providers.front().position.has_keys()) state_.wanted.ns = state_.zone_ns;
        state_.wanted.csync = state_.zone_has_csync;
        state_.injected |= state_.wanted.dnskey;
        state_.is_managed = true;
        dirty_ = true;
    }

    void take(const event::Started&) {
        if (policy_.loses_votes) state_.election.voted.reset();
        if (policy_.loses_holds) {
            Movement& movement = state_.movement;
            for (Since* since : {&movement.keys, &movement.ds, &movement.ns, &movement.entered})
                since->begin(Elapsed::zero());
        }
    }
    void take(const event::Woken&) {}
    void take(const event::ZoneSeen& it) {
        const bool is_first = !state_.has_zone;
        dirty_ |= take_zone(policy_, state_, it.zone);
        if (is_first && state_.is_managed && !is_in_zone(state_, published(policy_, state_)))
            state_.is_suspect = true;
    }
    void take(const event::Surveyed& it) {
        dirty_ |= take_survey(policy_, state_, it.survey);
        dirty_ |= forget_unused(policy_, state_);
    }
    void take(const event::PeerChanged& it) {
        const auto at = find_provider(state_, it.identity);
        if (!at || *at == 0) return;
        Provider& peer = state_.providers[*at];
        peer.peer = it.state;
        dirty_ |= peer.can_peer != it.can_peer;
        peer.can_peer = it.can_peer;
    }
    void take(const event::Heard& it) {
        const auto at = find_provider(state_, it.peer.identity());
        if (!at || *at == 0) return;
        Provider& peer = state_.providers[*at];
        const Announcement& said = it.announcement;
        Heard heard = hear(state_, said);
        dirty_ |= peer.largest_ttl.see(said.largest_ttl, state_.elapsed);
        dirty_ |= take_leader(policy_, state_, *at, said);
        const Progress ours = progress_of(state_.movement);
        // On an old disk. Only a start can bring one: what comes later is a lie.
        if (said.echo > ours && !state_.is_recovering && !state_.is_caught_up) {
            state_.is_recovering = state_.is_restored = dirty_ = true;
            state_.is_caught_up = false;
            report("is behind what " + peer.identity.to_text() +
                       " heard of it before: waits for the others' state",
                   true);
        }
        if (!said.is_recovering) {
            const Progress theirs = progress_in(heard);
            if (theirs.steps > 0 && theirs > peer.furthest) {
                peer.furthest = theirs;
                dirty_ = true;
            }
        }
        peer.heard = std::move(heard);
        // It has not heard our last word: say it again.
        if (said.echo != ours)
            peer.tell_again =
                Mark(std::min(peer.tell_again.elapsed(), state_.elapsed + policy_.interval));
        if (said.contribution != peer.contribution)
            peer.fetch_again = Mark(std::min(peer.fetch_again.elapsed(), state_.elapsed));
    }
    void take(const event::Fetched& it) {
        const auto at = find_provider(state_, it.identity);
        if (!at || *at == 0) return;
        Provider& peer = state_.providers[*at];
        peer.is_fetching = false;
        peer.fetch_again = Mark(state_.elapsed + policy_.interval);
        if (!it.contribution) return;
        if (take_contribution(policy_, state_, *at, *it.contribution)) {
            dirty_ = true;
            // What is theirs is not ours.
            if (state_.has_zone)
                take_contribution(policy_, state_, 0, contribution_of(policy_, state_));
            look(policy_, state_);
        }
    }
    void take(const event::Instructed& it) {
        const auto at = find_provider(state_, it.peer.identity());
        if (!at || it.epoch < state_.movement.epoch ||
            !take_leader_word(policy_, state_, *at, it.term))
            return;
        Instruction instruction;
        instruction.term = it.term;
        instruction.epoch = it.epoch;
        instruction.rung = it.rung;
        instruction.intended.dnskey = find_keys(state_, it.dnskeys) - own_keys(state_);
        instruction.intended.cds = find_keys(state_, it.cdnskeys);
        instruction.intended.ns = find_servers(state_, it.name_servers);
        instruction.intended.csync = it.has_csync;
        state_.instruction = instruction;
    }
    void take(const event::VoteAsked& it) {
        if (const auto at = find_provider(state_, it.peer.identity()))
            dirty_ |= take_vote_request(policy_, state_, *at, it.term, outcome_.actions);
    }
    void take(const event::VoteGiven& it) {
        if (const auto at = find_provider(state_, it.peer.identity()))
            dirty_ |= take_vote(policy_, state_, *at, it.term, it.is_granted, outcome_.actions);
    }
    void take(const event::Paused& it) {
        state_.is_paused = it.is_paused;
        dirty_ = true;
    }
    void take(const event::Retried&) {
        state_.push_again = Elapsed::zero();
        state_.is_pushed = false;
        for (Provider& peer : state_.providers)
            peer.fetch_again = peer.tell_again = Mark(Elapsed::zero());
    }
    void take(const event::Withdrawn& it) {
        const auto at = find_key(state_, it.key);
        if (!at) return;
        if (it.is_withdrawn)
            state_.withdrawn.add(*at);
        else
            state_.withdrawn.remove(*at);
        take_contribution(policy_, state_, 0, contribution_of(policy_, state_));
        dirty_ = true;
    }
    void take(const event::RemovedAtOnce& it) {
        const auto at = find_key(state_, it.key);
        if (!at) return;
        report(emergency_statement(policy_, state_, it.key), true);
        state_.removed.add(*at);
        dirty_ = true;
        if (!state_.is_managed) return;
        // At once: whoever leads, whoever was not heard, and though everything else is paused.
        state_.wanted.dnskey -= state_.removed;
        state_.wanted.cds -= state_.removed;
        hand_out(published(policy_, state_));
    }

    void report(std::string text, bool is_warning = false) {
        outcome_.actions.push_back(action::Report{std::move(text), is_warning});
    }
    void wake_at(Elapsed at) { wake_at_ = std::min(wake_at_, at); }

    void fetch() {
        for (std::size_t at = 1; at < state_.providers.size(); ++at) {
            Provider& peer = state_.providers[at];
            if (!peer.heard || peer.is_fetching) continue;
            const bool is_wanted = peer.wanted != Wanted::absent || peer.position.has_keys();
            if (!is_wanted ||
                (peer.has_contributed && peer.heard->contribution == peer.contribution))
                continue;
            if (state_.elapsed < peer.fetch_again.elapsed()) {
                wake_at(peer.fetch_again.elapsed());
                continue;
            }
            peer.is_fetching = true;
            outcome_.actions.push_back(action::Fetch{peer.identity});
        }
    }

    void push() {
        state_.is_held_back = false;
        if (!may_act(policy_, state_)) return;
        Intended target = intended_for(policy_, state_, 0);
        const bool is_out = !state_.providers.front().position.has_keys();
        if (!is_out && !is_peer_mode(policy_, state_) && !leads(policy_, state_)) hold_back(target);
        target.dnskey -= state_.removed;
        target.cds -= state_.removed;
        // No CDS without its DNSKEY, whoever asks for it.
        if (!is_out) target.cds &= target.dnskey | own_keys(state_);
        // Only who went out by the ladder takes everything back.
        if (is_out && !state_.has_left) return;
        if (target != state_.wanted || (is_out && state_.is_managed)) {
            state_.wanted = target;
            state_.injected |= target.dnskey;
            state_.is_managed = !is_out;
            state_.is_pushed = false;
            dirty_ = true;
        }
        if (!state_.is_managed && !is_out) return;
        // What stays in the zone though nobody brings it and we do not push it is our signer's.
        const KeySet kept = (state_.injected & state_.zone_keys) - state_.wanted.dnskey;
        for (const std::size_t at : kept) {
            if (!state_.is_pushed || !state_.keys[at].owners.empty() ||
                state_.elapsed - state_.pushed_since < 20 * policy_.interval)
                continue;
            state_.injected.remove(at);
            take_contribution(policy_, state_, 0, contribution_of(policy_, state_));
            dirty_ = true;
        }
        const KeySet stale = state_.injected - state_.wanted.dnskey - state_.zone_keys;
        if (!stale.empty() && state_.is_pushed) {
            state_.injected -= stale;
            dirty_ = true;
        }
        // Out: until the zone shows that nothing foreign is left in it. CDS of the own signer
        // are its own affair then.
        if (is_out && state_.is_pushed && (state_.zone_keys - own_keys(state_)).empty()) return;
        const Intended pushed = published(policy_, state_);
        if (pushed != state_.pushed) state_.is_pushed = false;
        if (state_.is_pushed && is_in_zone(state_, pushed)) return;
        if (state_.is_pushed && state_.elapsed < state_.push_again) {
            wake_at(state_.push_again);
            return;
        }
        hand_out(pushed);
    }

    void hand_out(const Intended& pushed) {
        state_.is_pushed = true;
        state_.push_again = state_.elapsed + 2 * policy_.interval;
        wake_at(state_.push_again);
        if (pushed != state_.pushed) state_.pushed_since = state_.elapsed;
        state_.pushed = pushed;
        outcome_.actions.push_back(action::Push{pushed});
    }

    void hold_back(Intended& target) {
        const Intended allowed = permitted(policy_, state_, target);
        state_.is_held_back = allowed != target;
        target = allowed;
    }

    void announce() {
        if (!state_.has_zone) return;
        const bool busy = is_busy(state_);
        const Progress ours = progress_of(state_.movement);
        // To each the same, but for the echo.
        Announcement word = announcement_to(policy_, state_, 0);
        const std::uint64_t but_for_echo = fingerprint_but_for_echo(word);
        for (std::size_t at = 1; at < state_.providers.size(); ++at) {
            Provider& peer = state_.providers[at];
            if (peer.wanted == Wanted::absent && !peer.position.has_keys()) continue;
            if (peer.peer == PeerState::needed) continue;
            word.echo = peer.furthest;
            const std::uint64_t told = fingerprint(but_for_echo, word.echo);
            const bool is_said = peer.told == told;
            if (is_said && state_.elapsed < peer.tell_again.elapsed()) {
                wake_at(peer.tell_again.elapsed());
                continue;
            }
            const bool was_heard = peer.heard && peer.heard->echo == ours;
            const Duration pause =
                policy_.interval * (!was_heard                               ? 1
                                    : leads(policy_, state_)                 ? 2
                                    : busy || !is_peer_mode(policy_, state_) ? 4
                                                                             : 20);
            peer.tell_again = Mark(state_.elapsed + pause);
            wake_at(peer.tell_again.elapsed());
            peer.told = told;
            outcome_.actions.push_back(action::Announce{peer.identity, word});
        }
    }

    void instruct() {
        if (is_peer_mode(policy_, state_) || !leads(policy_, state_)) return;
        state_.instructed.resize(state_.providers.size());
        const bool is_repeated = state_.elapsed >= state_.instruct_again;
        if (is_repeated) state_.instruct_again = state_.elapsed + 4 * policy_.interval;
        for (std::size_t at = 1; at < state_.providers.size(); ++at) {
            const Provider& peer = state_.providers[at];
            if (!peer.position.has_keys() && !state_.movement.subjects.contains(at)) continue;
            Instruction instruction;
            instruction.term = state_.election.term;
            instruction.epoch = state_.movement.epoch;
            instruction.rung = peer.position.rung;
            instruction.intended = intended_for(policy_, state_, at);
            if (!is_repeated && state_.instructed[at] == instruction) continue;
            state_.instructed[at] = instruction;
            outcome_.actions.push_back(action::Instruct{peer.identity, instruction});
        }
        wake_at(state_.instruct_again);
    }

    const Policy& policy_;
    ZoneState& state_;
    const Moment& moment_;
    Outcome outcome_;
    bool dirty_ = false;
    Elapsed wake_at_ = state_.elapsed + 20 * policy_.interval;
};

dns::RRset rrset(const ZoneState& state, dns::Type type, std::uint32_t ttl,
                 std::vector<Bytes> rdatas) {
    std::sort(rdatas.begin(), rdatas.end(), [type](const Bytes& a, const Bytes& b) {
        return dns::compare_rdata(type, a, b) < 0;
    });
    return {state.zone, type, ttl, std::move(rdatas)};
}

}  // namespace

ZoneState start_zone(dns::Name zone, const Policy& policy) {
    ZoneState state;
    state.zone = std::move(zone);
    state.providers.emplace_back().identity = policy.identity.to_lower();
    return state;
}

Outcome step(const Policy& policy, ZoneState& state, const Event& event, const Moment& moment) {
    return Step(policy, state, moment).run(event);
}

bool is_busy(const ZoneState& state) {
    if (!state.movement.is_over() || state.is_recovering || state.is_held_back) return true;
    for (std::size_t at = 0; at < state.providers.size(); ++at) {
        const Provider& provider = state.providers[at];
        const bool has_part = provider.position.has_keys();
        if (has_part && !provider.position.is_settled()) return true;
        if ((provider.wanted == Wanted::on) != has_part && provider.wanted != Wanted::conflict)
            return true;
        if (has_part && provider.announced_entry != provider.entry_keys) return true;
    }
    for (std::size_t at = 0; at < state.keys.size(); ++at) {
        const Key& key = state.keys[at];
        if (key.is_free() || key.owners.empty()) continue;
        KeySet contributed;
        for (const std::size_t owner : key.owners) contributed |= state.providers[owner].keys;
        if (!contributed.contains(at)) return true;
    }
    return state.is_managed && !is_in_zone(state, state.pushed);
}

bool is_peer_mode(const Policy& policy, const ZoneState& state) {
    if (!policy.can_peer) return false;
    // Leavers too: they follow like the others.
    for (const std::size_t at : reachable(state) - silent_leavers(policy, state))
        if (at != 0 && !state.providers[at].can_peer) return false;
    return true;
}

KeySet own_keys(const ZoneState& state) {
    // What signs is ours, and otherwise what nobody else brought: after a restored backup
    // the combiner holds keys that we do not know to have put there.
    // Until we know what they bring, only what certainly is.
    const KeySet signing = state.zone_signers | state.zone_data_signers;
    if (!state.is_caught_up) return state.zone_keys & (signing | state.providers.front().keys);
    KeySet theirs = state.injected;
    for (std::size_t at = 1; at < state.providers.size(); ++at) theirs |= state.providers[at].keys;
    return state.zone_keys - (theirs - signing);
}

KeySet own_entry_keys(const ZoneState& state) {
    const KeySet signing = own_keys(state) & state.zone_signers;
    KeySet entry;
    for (const std::size_t at : signing)
        if (state.keys[at].has_entry_flag()) entry.add(at);
    if (entry.empty()) entry = signing;
    const KeySet staying = entry - state.withdrawn - state.removed;
    return staying.empty() ? entry : staying;
}

Contribution contribution_of(const Policy& policy, const ZoneState& state) {
    Contribution contribution;
    for (const std::size_t at : own_keys(state)) contribution.keys.push_back(state.keys[at].rdata);
    for (const std::size_t at : own_entry_keys(state))
        contribution.entry_keys.push_back(state.keys[at].rdata);
    contribution.name_servers = policy.name_servers;
    return contribution;
}

Digest digest_of(const Contribution& contribution) {
    return proto::contribution_hash(contribution.keys, contribution.entry_keys,
                                    contribution.name_servers);
}

namespace {

// No DS RRset that is or will be cached asks for signatures by the algorithm of this own
// key, or another one makes them (RFC 4035 2.2).
bool may_lose_algorithm(const Policy& policy, const ZoneState& state, KeySet own, std::size_t at) {
    const std::uint8_t algorithm = state.keys[at].algorithm();
    const bool is_entry = state.keys[at].has_entry_flag();
    for (const std::size_t other : own)
        if (other != at && state.keys[other].algorithm() == algorithm &&
            (!is_entry || state.zone_signers.contains(other)) &&
            (is_entry || state.zone_data_signers.contains(other)))
            return true;
    // Nor will one that is yet to come.
    KeySet entry = state.providers.front().entry_keys | state.wanted.cds | state.zone_cds;
    for (const std::size_t provider : reachable(state))
        entry |= state.providers[provider].entry_keys | state.providers[provider].announced_entry;
    for (const std::size_t other : entry)
        if (state.keys[other].algorithm() == algorithm) return false;
    for (const Key& key : state.keys)
        if (!key.is_free() && key.algorithm() == algorithm &&
            !key.out_of_ds.lasted(state.ds_ttl.wait() + margin(policy), state.elapsed))
            return false;
    return true;
}

}  // namespace

Advice advice(const Policy& policy, const ZoneState& state) {
    Advice advice;
    const Provider& self = state.providers.front();
    const Duration extra = margin(policy);
    const Duration key_ttl = largest_key_ttl(state), data_ttl = largest_data_ttl(state);
    const auto lasted = [&](const Since& since, Duration wait) {
        return since.lasted(wait + extra, state.elapsed);
    };
    const KeySet own = own_keys(state);
    for (const std::size_t at : own) {
        const Key& key = state.keys[at];
        const bool combined = is_combined(state, at) || key.has_entry_flag();
        if (lasted(key.visible, term(policy, combined ? Term::csk_key : Term::zsk_key, key_ttl)))
            advice.may_sign.add(at);
        const bool is_entry = (state.zone_signers.contains(at) && key.has_entry_flag()) ||
                              self.announced_entry.contains(at);
        if (is_entry && may_retract(policy, state, self, at)) advice.may_withdraw.add(at);
        bool is_needed = false;
        if (is_entry) {
            is_needed = (self.announced_entry | self.entry_keys | state.wanted.cds | state.zone_cds)
                            .contains(at) ||
                        !key.out_of_ds.is_set();
            bool has_other = false;
            for (const std::size_t other : self.entry_keys & self.announced_entry) {
                const Key& stays = state.keys[other];
                // Nor would a CDS RRset that the parent may still take up leave this one alone.
                has_other |= other != at && lasted(stays.in_cds, Duration::zero()) &&
                             lasted(stays.in_ds, term(policy, Term::ksk_ds, state.ds_ttl.wait())) &&
                             lasted(stays.signs, term(policy, Term::ksk_key, key_ttl));
            }
            is_needed |= !has_other;
        }
        is_needed |= !may_lose_algorithm(policy, state, own, at);
        const Term data = key.has_entry_flag() ? Term::csk_data : Term::zsk_data;
        if (!is_needed && lasted(key.unused, term(policy, data, data_ttl)) &&
            !state.zone_data_signers.contains(at))
            advice.may_remove.add(at);
    }
    for (const std::size_t at : own& state.zone_data_signers) {
        const bool has_other =
            !((advice.may_sign & state.zone_data_signers) - KeySet::of(at)).empty();
        if (has_other && may_lose_algorithm(policy, state, own, at))
            advice.may_stop_signing.add(at);
    }
    const Duration ns_ttl = std::max(largest_ns_ttl(state), state.parent_ns_ttl.wait());
    for (std::size_t at = 0; at < state.servers.size(); ++at)
        if (!state.servers[at].is_free && lasted(state.servers[at].gone, ns_ttl))
            advice.may_switch_off.add(at);
    // Not by what an old disk says: by what was seen and heard in this run.
    if (!state.has_zone || !state.has_surveyed || state.is_recovering || !is_leaving(policy, self))
        return advice;
    const Position& position = self.position;
    if (position.has_keys()) {
        advice.may_stop = state.is_caught_up && position.process == ProcessKind::leave &&
                          (position.rung == Rung::STOPPED || position.rung == Rung::KEYS);
    } else {
        advice.may_stop = state.has_left || advice.may_switch_off.includes(self.servers);
    }
    // Whatever the others say.
    ServerSet named = state.parent.ns_some;
    for (std::size_t at = 1; at < state.providers.size(); ++at)
        named |= state.providers[at].view.ns_some;
    // Names that nobody contributes may be ours of before.
    ServerSet others;
    for (std::size_t at = 1; at < state.providers.size(); ++at)
        others |= state.providers[at].servers;
    others -= self.servers;
    for (std::size_t at = 0; at < state.servers.size(); ++at)
        if (!state.servers[at].is_free && !others.contains(at) &&
            (state.servers[at].was_named || named.contains(at)))
            advice.may_stop = false;
    if (state.parent.has_foreign_ns) advice.may_stop = false;
    return advice;
}

std::array<dns::RRset, 5> render(const Policy& policy, const ZoneState& state,
                                 const Intended& intended) {
    std::vector<Bytes> ns, dnskey, cds, csync;
    for (const std::size_t at : intended.ns) ns.push_back(to_bytes(state.servers[at].name.wire()));
    for (const std::size_t at : intended.dnskey) dnskey.push_back(state.keys[at].rdata);
    std::vector<Bytes> cdnskey;
    for (const std::size_t at : intended.cds) {
        cdnskey.push_back(state.keys[at].rdata);
        cds.push_back(crypto::make_ds(state.zone, state.keys[at].rdata, 2));
    }
    if (intended.csync) {
        // Serial 0 with flag "immediate" only: no soaminimum (RFC 7477 2.1.1).
        Bytes rdata{0, 0, 0, 0, 0, dns::rdata::Csync::immediate};
        append(rdata, dns::rdata::type_bitmap({dns::Type::A, dns::Type::NS, dns::Type::AAAA}));
        csync.push_back(std::move(rdata));
    }
    return {rrset(state, dns::Type::NS, policy.ns_ttl, std::move(ns)),
            rrset(state, dns::Type::DNSKEY, policy.dnskey_ttl, std::move(dnskey)),
            rrset(state, dns::Type::CDS, policy.cds_ttl, std::move(cds)),
            rrset(state, dns::Type::CDNSKEY, policy.cds_ttl, std::move(cdnskey)),
            rrset(state, dns::Type::CSYNC, policy.cds_ttl, std::move(csync))};
}

std::string emergency_statement(const Policy& policy, const ZoneState& state, BytesView rdata) {
    const auto at = find_key(state, rdata);
    if (!at) return "no such key";
    const Key& key = state.keys[*at];
    const auto seconds = [](Duration wait) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(wait).count()) +
               " s";
    };
    std::string text = "key " + std::to_string(key.tag) + " goes out at once: ";
    const Duration data = largest_data_ttl(state) + margin(policy);
    text += "data signed by it in caches fails validation for up to " + seconds(data);
    if (key.has_entry_flag())
        text +=
            "; where the DS RRset or a cached DNSKEY RRset leaves no other way in, the zone "
            "is bogus for up to " +
            seconds(std::max(state.ds_ttl.wait(), largest_key_ttl(state)) + margin(policy));
    return text;
}

std::vector<Wait> waits(const Policy& policy, const ZoneState& state) {
    std::vector<Wait> list;
    const Movement& movement = state.movement;
    if (!state.has_zone) list.push_back({"the signed zone", {}});
    if (!state.has_surveyed) list.push_back({"answers of the name servers", {}});
    if (state.is_paused) list.push_back({"the operator: paused", {}});
    if (state.is_recovering) list.push_back({"the state of all other members", {}});
    const Duration longest =
        margin(policy) +
        std::max({largest_data_ttl(state), largest_key_ttl(state), largest_ns_ttl(state),
                  state.ds_ttl.wait(), state.parent_ns_ttl.wait()});
    if (state.earliest_expiry && *state.earliest_expiry < state.wall + longest)
        list.push_back({"signatures of the own signer that outlast the waits: the first expires " +
                            to_text(*state.earliest_expiry),
                        {}});
    for (const Provider& provider : state.providers) {
        if (!provider.position.has_keys()) continue;
        for (const std::size_t at : provider.entry_keys - provider.announced_entry)
            if (!state.keys[at].algorithm_everywhere.is_set())
                list.push_back(
                    {"signatures by algorithm " + std::to_string(state.keys[at].algorithm()) +
                         " at every server of every provider: before, no DS of key " +
                         std::to_string(state.keys[at].tag) + " of " + provider.identity.to_text(),
                     {}});
    }
    for (const std::size_t at : required(policy, state)) {
        const Provider& peer = state.providers[at];
        if (!peer.heard) {
            list.push_back({"word from " + peer.identity.to_text(), {}});
        } else if (!movement.is_over() && peer.heard->epoch < movement.epoch) {
            list.push_back(
                {peer.identity.to_text() + " to come into epoch " + std::to_string(movement.epoch),
                 {}});
        }
    }
    if (movement.is_over()) {
        std::string lacks;
        if (!plan(policy, state, lacks) && !lacks.empty()) list.push_back({lacks, {}});
        return list;
    }
    if (!movement.has_met) return list;
    const Judgement judgement = judge(policy, state);
    if (!judgement.is_done)
        list.push_back({judgement.lacks, {}});
    else if (judgement.hold_end && state.elapsed < *judgement.hold_end)
        list.push_back({"caches to forget what was before", judgement.hold_end});
    return list;
}

}  // namespace chorale::msa
