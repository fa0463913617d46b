// What is known of one other agent, in all zones together: whether it is found, can be
// talked to, and is heard (draft-leon-distributed-multi-signer, "Hello Phase" and
// "Heartbeat"). Events in, actions out; nothing of it is durable: a new run asks again.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "msa/core/machine.hpp"
#include "msa/core/replay_memory.hpp"

namespace chorale::msa {

// What this agent offers, and how often it speaks.
struct PeerPolicy {
    proto::Transports transports;
    proto::Synchronizations synchronizations;
    Duration interval = std::chrono::seconds(30);  // of heartbeats
};

inline constexpr Duration first_hello_pause = std::chrono::seconds(1);
inline constexpr Duration longest_hello_pause = std::chrono::seconds(60);
// Intervals of the peer without a word of it.
inline constexpr int intervals_to_degraded = 2;
inline constexpr int intervals_to_interrupted = 10;

struct Peer {
    dns::Name identity;
    PeerState state = PeerState::needed;
    // In whose name we speak to it; none: no roster names it.
    std::optional<dns::Name> zone;

    // Found, and validated: where it is, and by what it is known.
    bool has_dns = false, has_api = false;
    bool api_failed = false;  // since it was found

    // As it announced last; the baseline until it has spoken.
    proto::Transports transports;
    proto::Synchronizations synchronizations;
    bool has_spoken = false;
    std::optional<Duration> interval;

    ReplayMemory replays;
    Duration heard_at{};      // by the steady clock of this run, as all that follows
    Duration hello_at{};      // while it is known and no more
    int hellos = 0;           // since it is known
    Duration heartbeat_at{};  // from then on
};

namespace peer_event {

// A roster of a zone of ours names it, ON or OFF alike: who is to leave is talked to
// until it is gone. No zone: none does any more.
struct Named {
    std::optional<dns::Name> zone;
};
// Discovery has ended, or found something else: an endpoint counts with its validated
// key. Neither: it is not found.
struct Located {
    bool has_dns = false, has_api = false;
};
struct Woken {};
// An authenticated request of it. The form is checked, the zone is ours, and its roster
// names the sender.
struct Asked {
    VerifiedPeer peer;
    proto::PeerMessage message;
};
// An authenticated answer with NOERROR (200).
struct Answered {
    VerifiedPeer peer;
    proto::PeerMessage message;
};
// No answer, none that is authentic, or a refusal.
struct Unanswered {
    proto::Operation operation = proto::Operation::hello;
    proto::Transport transport = proto::Transport::dns;
    bool is_refusal = false;  // it was reached
};

}  // namespace peer_event

using PeerEvent = std::variant<peer_event::Named, peer_event::Located, peer_event::Woken,
                               peer_event::Asked, peer_event::Answered, peer_event::Unanswered>;

namespace peer_action {

// HELLO or HEARTBEAT, with our capabilities and interval.
struct Send {
    proto::Operation operation = proto::Operation::hello;
    dns::Name zone;
    proto::Transport transport = proto::Transport::dns;
};
// To Asked. A replay is answered NOTAUTH (401), unsigned; what is not taken for another
// reason REFUSED (503); what is taken NOERROR (200), after the zone's machine has had it.
struct Answer {
    enum class Verdict : std::uint8_t { taken, not_ready, replay };
    Verdict verdict = Verdict::taken;
    std::string reason;  // of a refusal
};
// For every zone whose roster names it: event::PeerChanged.
struct Changed {
    PeerState state = PeerState::needed;
    proto::Transports transports;              // in common
    proto::Synchronizations synchronizations;  // in common
};
// It is looked for at once.
struct Locate {};
// Nothing is kept of it.
struct Forget {};
struct Report {
    std::string text;
    bool is_warning = false;
};

}  // namespace peer_action

using PeerAction = std::variant<peer_action::Send, peer_action::Answer, peer_action::Changed,
                                peer_action::Locate, peer_action::Forget, peer_action::Report>;

struct PeerOutcome {
    std::vector<PeerAction> actions;  // in this order
    std::optional<Duration> wake_in;  // a Woken is due then; none: nothing is waited for
};

Peer meet_peer(dns::Name identity);

PeerOutcome step(const PeerPolicy& policy, Peer& peer, const PeerEvent& event,
                 const Moment& moment);

// How to reach it: REST if both have it and it has not failed since it was found, DNS
// otherwise; none: it is not found.
std::optional<proto::Transport> transport_to(const PeerPolicy& policy, const Peer& peer);

// What all members of a zone can, this agent among them: REST or Peer only if all do
// (proto/README.md 9). Members that have not spoken yet can the baseline only.
struct Capable {
    proto::Transports transports;
    proto::Synchronizations synchronizations;
    friend bool operator==(const Capable&, const Capable&) = default;
};
Capable common_capabilities(const PeerPolicy& policy, std::span<const Peer* const> members);

std::string_view to_text(PeerState state);

}  // namespace chorale::msa
