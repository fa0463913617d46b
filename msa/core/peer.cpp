#include "msa/core/peer.hpp"

#include <algorithm>

namespace chorale::msa {

namespace {

using proto::Operation;
using proto::Transport;

// Doubled with each try; half of it is left to chance, so that agents that were started
// together do not knock together.
Duration hello_pause(int hellos, std::uint32_t random) {
    Duration most = 2 * first_hello_pause;
    for (int tries = 1; tries < hellos && most < longest_hello_pause; ++tries) most *= 2;
    most = std::min(most, longest_hello_pause);
    return most / 2 + most / 2 * (random % 1001) / 1000;
}

bool is_connected(PeerState state) {
    return state == PeerState::operational || state == PeerState::degraded ||
           state == PeerState::interrupted;
}

class Step {
public:
    Step(const PeerPolicy& policy, Peer& peer, const Moment& moment)
        : policy_(policy), peer_(peer), now_(moment.steady), random_(moment.random) {}

    PeerOutcome run(const PeerEvent& event) {
        const Peer before = peer_;
        std::visit([this](const auto& it) { take(it); }, event);
        if (!peer_.zone) return std::move(outcome_);
        watch();
        if (before.state != peer_.state)
            report("is " + std::string(to_text(peer_.state)), is_worse(before.state));
        if (before.state != peer_.state || before.transports != peer_.transports ||
            before.synchronizations != peer_.synchronizations)
            outcome_.actions.push_back(
                peer_action::Changed{peer_.state, policy_.transports.common(peer_.transports),
                                     policy_.synchronizations.common(peer_.synchronizations)});
        speak();
        return std::move(outcome_);
    }

private:
    void take(const peer_event::Named& it) {
        const bool was_named = peer_.zone.has_value();
        peer_.zone = it.zone;
        if (it.zone && !was_named) outcome_.actions.push_back(peer_action::Locate{});
        if (it.zone || !was_named) return;
        peer_ = meet_peer(peer_.identity);
        outcome_.actions.push_back(peer_action::Forget{});
    }
    void take(const peer_event::Located& it) {
        peer_.has_dns = it.has_dns;
        peer_.has_api = it.has_api;
        peer_.api_failed = false;
        if (!transport_to(policy_, peer_)) {
            peer_.state = PeerState::needed;
        } else if (peer_.state == PeerState::needed) {
            peer_.state = PeerState::known;
            peer_.hello_at = now_;
            peer_.hellos = 0;
        }
    }
    void take(const peer_event::Woken&) {}
    void take(const peer_event::Asked& it) {
        if (!(it.peer.identity() == peer_.identity) || !peer_.zone) return;
        if (it.message.sequence && !peer_.replays.admit(*it.message.sequence, now_)) {
            answer(peer_action::Answer::Verdict::replay, "");
            return;
        }
        // Whom we could not ask ourselves is not talked to yet: we call when we can.
        if (peer_.state == PeerState::needed) {
            answer(peer_action::Answer::Verdict::not_ready, "not ready");
            return;
        }
        if (peer_.state == PeerState::known && it.message.operation != Operation::hello) {
            // It knows us from an earlier run.
            answer(peer_action::Answer::Verdict::not_ready, "not ready");
            peer_.hello_at = std::min(peer_.hello_at, now_);
            return;
        }
        learn(it.message);
        // Any word shows that it is there.
        hear();
        answer(peer_action::Answer::Verdict::taken, "");
    }
    void take(const peer_event::Answered& it) {
        if (!(it.peer.identity() == peer_.identity) || peer_.state == PeerState::needed) return;
        if (it.message.operation == Operation::hello) {
            learn(it.message);
            hear();
        } else if (is_connected(peer_.state)) {
            // That it answers does not say that it would speak by itself.
            learn(it.message);
        }
    }
    void take(const peer_event::Unanswered& it) {
        if (it.is_refusal || it.transport != Transport::api || !peer_.has_dns) return;
        if (!peer_.api_failed) report("does not answer by REST: falls back to DNS", true);
        peer_.api_failed = true;
        // At once by the other way.
        if (it.operation == Operation::hello && peer_.state == PeerState::known)
            peer_.hello_at = std::min(peer_.hello_at, now_);
        if (it.operation == Operation::heartbeat)
            peer_.heartbeat_at = std::min(peer_.heartbeat_at, now_);
    }

    void learn(const proto::PeerMessage& message) {
        peer_.transports = message.transports;
        peer_.synchronizations = message.synchronizations;
        peer_.has_spoken = true;
        if (message.interval) peer_.interval = *message.interval;
    }
    void hear() {
        if (!is_connected(peer_.state)) peer_.heartbeat_at = now_ + policy_.interval;
        peer_.state = PeerState::operational;
        peer_.heard_at = now_;
    }

    Duration silence(int intervals) const {
        return intervals * peer_.interval.value_or(std::chrono::seconds(30));
    }
    void watch() {
        if (!is_connected(peer_.state)) return;
        const Duration silent = now_ - peer_.heard_at;
        if (silent >= silence(intervals_to_interrupted))
            peer_.state = PeerState::interrupted;
        else if (silent >= silence(intervals_to_degraded))
            peer_.state = PeerState::degraded;
    }
    bool is_worse(PeerState before) const {
        return is_connected(before) && peer_.state != PeerState::operational;
    }

    void speak() {
        const auto transport = transport_to(policy_, peer_);
        if (!transport) return;
        if (peer_.state == PeerState::known) {
            if (now_ >= peer_.hello_at) {
                send(Operation::hello, *transport);
                peer_.hello_at = now_ + hello_pause(++peer_.hellos, random_);
            }
            wake_at(peer_.hello_at);
        } else if (is_connected(peer_.state)) {
            if (now_ >= peer_.heartbeat_at) {
                send(Operation::heartbeat, *transport);
                peer_.heartbeat_at = now_ + policy_.interval;
            }
            wake_at(peer_.heartbeat_at);
            if (peer_.state == PeerState::operational)
                wake_at(peer_.heard_at + silence(intervals_to_degraded));
            if (peer_.state == PeerState::degraded)
                wake_at(peer_.heard_at + silence(intervals_to_interrupted));
        }
    }

    void send(Operation operation, Transport transport) {
        outcome_.actions.push_back(peer_action::Send{operation, *peer_.zone, transport});
    }
    void answer(peer_action::Answer::Verdict verdict, std::string reason) {
        outcome_.actions.push_back(peer_action::Answer{verdict, std::move(reason)});
    }
    void report(const std::string& text, bool is_warning) {
        outcome_.actions.push_back(
            peer_action::Report{peer_.identity.to_text() + " " + text, is_warning});
    }
    void wake_at(Duration at) {
        const Duration in = std::max(Duration(1), at - now_);
        outcome_.wake_in = outcome_.wake_in ? std::min(*outcome_.wake_in, in) : in;
    }

    const PeerPolicy& policy_;
    Peer& peer_;
    const Duration now_;
    const std::uint32_t random_;
    PeerOutcome outcome_;
};

}  // namespace

Peer meet_peer(dns::Name identity) {
    Peer peer;
    peer.identity = identity.to_lower();
    return peer;
}

PeerOutcome step(const PeerPolicy& policy, Peer& peer, const PeerEvent& event,
                 const Moment& moment) {
    return Step(policy, peer, moment).run(event);
}

std::optional<Transport> transport_to(const PeerPolicy& policy, const Peer& peer) {
    // Until it has spoken, what it publishes says what it can.
    const bool offers_api = !peer.has_spoken || peer.transports.has(Transport::api);
    const bool may_use_api = peer.has_api && policy.transports.has(Transport::api) && offers_api;
    if (may_use_api && !(peer.api_failed && peer.has_dns)) return Transport::api;
    if (peer.has_dns) return Transport::dns;
    return std::nullopt;
}

Capable common_capabilities(const PeerPolicy& policy, std::span<const Peer* const> members) {
    Capable common{policy.transports, policy.synchronizations};
    for (const Peer* member : members) {
        common.transports = common.transports.common(member->transports);
        common.synchronizations = common.synchronizations.common(member->synchronizations);
    }
    return common;
}

std::string_view to_text(PeerState state) {
    switch (state) {
        case PeerState::needed: return "NEEDED";
        case PeerState::known: return "KNOWN";
        case PeerState::operational: return "OPERATIONAL";
        case PeerState::degraded: return "DEGRADED";
        case PeerState::interrupted: return "INTERRUPTED";
    }
    return "?";
}

}  // namespace chorale::msa
