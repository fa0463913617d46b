// The machine of one zone at one provider: events in, actions out, no I/O. Whoever
// runs it commits the state first when the outcome says so, then carries the actions
// out: nothing is promised that is not on disk.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "msa/core/verified_peer.hpp"
#include "msa/core/zone_state.hpp"

namespace chorale::msa {

// The clocks at an event, and a random number, so that step is a function.
struct Moment {
    Instant wall;       // only shown to people and peers, nothing is decided by it
    Duration steady{};  // of any origin; starts anew with the process
    std::uint32_t random = 0;
};

namespace event {

// This run begins; the state may have come from the store.
struct Started {};
// Time has passed, as asked for or not.
struct Woken {};
struct ZoneSeen {
    SignedZone zone;
};
struct Surveyed {
    Survey survey;
};
struct PeerChanged {
    dns::Name identity;
    PeerState state = PeerState::needed;
    bool can_peer = false;
};
struct Heard {
    VerifiedPeer peer;
    Announcement announcement;
};
// The answer to a Fetch; without a contribution: it failed.
struct Fetched {
    dns::Name identity;
    std::optional<Contribution> contribution;
};
// The leader's exact RRsets.
struct Instructed {
    VerifiedPeer peer;
    std::uint64_t term = 0, epoch = 0;
    Rung rung = Rung::OUT;
    std::vector<Bytes> dnskeys, cdnskeys;
    std::vector<dns::Name> name_servers;
    bool has_csync = false;
};
struct VoteAsked {
    VerifiedPeer peer;
    std::uint64_t term = 0;
};
struct VoteGiven {
    VerifiedPeer peer;
    std::uint64_t term = 0;
    bool is_granted = false;
};

// The operator's verbs.
struct Paused {
    bool is_paused = true;
};
struct Retried {};
// An own entry key is to leave CDS and DS, or is not after all.
struct Withdrawn {
    Bytes key;
    bool is_withdrawn = true;
};
// A key, of anyone, out of everything at once (see emergency_statement).
struct RemovedAtOnce {
    Bytes key;
};

}  // namespace event

using Event = std::variant<event::Started, event::Woken, event::ZoneSeen, event::Surveyed,
                           event::PeerChanged, event::Heard, event::Fetched, event::Instructed,
                           event::VoteAsked, event::VoteGiven, event::Paused, event::Retried,
                           event::Withdrawn, event::RemovedAtOnce>;

namespace action {

// Make the combiner hold exactly these (see render).
struct Push {
    Intended intended;
};
struct Announce {
    dns::Name to;
    Announcement announcement;
};
struct Fetch {
    dns::Name identity;
};
struct Instruct {
    dns::Name to;
    Instruction instruction;
};
struct AskVote {
    dns::Name of;
    std::uint64_t term = 0;
};
struct GiveVote {
    dns::Name to;
    std::uint64_t term = 0;
    bool is_granted = false;
};
// For people and for the history: what happened, to whom, why.
struct Report {
    std::string text;
    bool is_warning = false;
};

}  // namespace action

using Action = std::variant<action::Push, action::Announce, action::Fetch, action::Instruct,
                            action::AskVote, action::GiveVote, action::Report>;

struct Outcome {
    bool must_commit = false;     // the durable part has changed
    std::vector<Action> actions;  // in this order
    Duration wake_in{};           // a Woken is due then, unless another event comes first
};

ZoneState start_zone(dns::Name zone, const Policy& policy);

Outcome step(const Policy& policy, ZoneState& state, const Event& event, const Moment& moment);

// What is waited for, for people; nothing when all has arrived.
struct Wait {
    std::string text;
    std::optional<Elapsed> until;  // a hold: its end
};
std::vector<Wait> waits(const Policy& policy, const ZoneState& state);

// Something moves, or a key or a name server is on its way in or out.
bool is_busy(const ZoneState& state);

// Every provider of the zone offers Peer; otherwise it is Leader/Follower.
bool is_peer_mode(const Policy& policy, const ZoneState& state);

// What the own signer and the own servers may do, as far as this zone goes.
struct Advice {
    KeySet may_sign;           // own zone keys that every cache knows
    KeySet may_stop_signing;   // own keys whose signatures over data nobody needs any more
    KeySet may_withdraw;       // own entry keys that the chain no longer needs
    KeySet may_remove;         // own keys that may leave the DNSKEY RRset
    ServerSet may_switch_off;  // own name servers that no cache names
    bool may_stop = false;     // no cache names this provider
};
Advice advice(const Policy& policy, const ZoneState& state);

KeySet own_keys(const ZoneState& state);
KeySet own_entry_keys(const ZoneState& state);
Contribution contribution_of(const Policy& policy, const ZoneState& state);
Digest digest_of(const Contribution& contribution);

// The five RRsets for the combiner of the provider with this number, whose own keys its
// signer adds. An empty RRset: none.
std::array<dns::RRset, 5> render(const Policy& policy, const ZoneState& state,
                                 const Intended& intended);

// What removing this key at once breaks, and for how long, for the operator to confirm.
std::string emergency_statement(const Policy& policy, const ZoneState& state, BytesView key);

}  // namespace chorale::msa
