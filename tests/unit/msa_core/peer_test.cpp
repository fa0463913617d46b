// One other agent: found, talked to, heard, and forgotten.
#include "msa/core/peer.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/peer_gate.hpp"

namespace chorale::msa::test {
namespace {

using namespace std::chrono_literals;
using proto::Operation;
using proto::Transport;
using Verdict = peer_action::Answer::Verdict;

dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

const dns::Name identity = name("msa.b.example.");
const dns::Name zone = name("zone.example.");

// A peer, and the clock.
struct Lab {
    PeerPolicy policy;
    Peer peer = meet_peer(identity);
    Moment moment;
    PeerOutcome last;

    Lab() {
        moment.steady = 1000s;
        policy.transports = proto::Transports().with(Transport::api);
        policy.synchronizations = proto::Synchronizations().with(proto::Synchronization::peer);
    }

    Lab& feed(const PeerEvent& event) {
        last = step(policy, peer, event, moment);
        return *this;
    }
    Lab& wait(Duration time) {
        moment.steady += time;
        return feed(peer_event::Woken{});
    }
    Lab& know(bool has_dns = true, bool has_api = false) {
        feed(peer_event::Named{zone});
        return feed(peer_event::Located{has_dns, has_api});
    }
    Lab& connect() {
        know();
        return feed(answered(Operation::hello));
    }

    static proto::PeerMessage message(Operation operation) {
        proto::PeerMessage message;
        message.operation = operation;
        message.zone = zone;
        return message;
    }
    static peer_event::Asked asked(Operation operation) {
        return {PeerGate::admit(identity), message(operation)};
    }
    static peer_event::Answered answered(Operation operation) {
        return {PeerGate::admit(identity), message(operation)};
    }

    template <class Kind>
    std::vector<Kind> all() const {
        std::vector<Kind> found;
        for (const PeerAction& action : last.actions)
            if (const auto* it = std::get_if<Kind>(&action)) found.push_back(*it);
        return found;
    }
    bool sent(Operation operation) const {
        for (const auto& send : all<peer_action::Send>())
            if (send.operation == operation) return true;
        return false;
    }
    Verdict verdict() const {
        const auto answers = all<peer_action::Answer>();
        REQUIRE(answers.size() == 1);
        return answers.front().verdict;
    }
};

}  // namespace

TEST_CASE("Who is named is looked for, and only then talked to") {
    Lab lab;
    lab.feed(peer_event::Named{zone});
    CHECK(lab.peer.state == PeerState::needed);
    CHECK(lab.all<peer_action::Locate>().size() == 1);
    CHECK(lab.all<peer_action::Send>().empty());
    CHECK_FALSE(lab.last.wake_in.has_value());

    lab.feed(peer_event::Named{name("other.example.")});
    CHECK(lab.all<peer_action::Locate>().empty());

    lab.feed(peer_event::Located{true, false});
    CHECK(lab.peer.state == PeerState::known);
    REQUIRE(lab.sent(Operation::hello));
    CHECK(lab.all<peer_action::Send>().front().zone == name("other.example."));
    CHECK(lab.all<peer_action::Send>().front().transport == Transport::dns);
    REQUIRE(lab.all<peer_action::Changed>().size() == 1);
    CHECK(lab.all<peer_action::Changed>().front().state == PeerState::known);
}

TEST_CASE("Who cannot be found any more is needed again") {
    Lab lab;
    lab.connect().feed(peer_event::Located{false, false});
    CHECK(lab.peer.state == PeerState::needed);
    CHECK_FALSE(lab.last.wake_in.has_value());
    CHECK(lab.wait(1h).all<peer_action::Send>().empty());
    lab.feed(peer_event::Located{true, false});
    CHECK(lab.peer.state == PeerState::known);
    CHECK(lab.sent(Operation::hello));
}

TEST_CASE("HELLO is said again from 1 s to 60 s later, for ever, and by chance") {
    for (const std::uint32_t random : {0U, 500U, 1000U, 4294967295U}) {
        Lab lab;
        lab.moment.random = random;
        lab.know();
        REQUIRE(lab.sent(Operation::hello));
        Duration most = 2s;
        for (int tries = 0; tries < 40; ++tries) {
            REQUIRE(lab.last.wake_in.has_value());
            const Duration pause = *lab.last.wake_in;
            CHECK(pause >= std::max<Duration>(most / 2, 1s));
            CHECK(pause <= most);
            if (random == 0) CHECK(pause == most / 2);
            if (random == 1000) CHECK(pause == most);
            CHECK_FALSE(lab.wait(pause - 1ms).sent(Operation::hello));
            CHECK(lab.wait(1ms).sent(Operation::hello));
            most = std::min<Duration>(2 * most, 60s);
        }
        CHECK(lab.peer.state == PeerState::known);
    }
}

TEST_CASE("An answer to HELLO, or a HELLO that we answer, makes a peer operational") {
    Lab answered;
    answered.know().feed(Lab::answered(Operation::hello));
    CHECK(answered.peer.state == PeerState::operational);
    REQUIRE(answered.all<peer_action::Changed>().size() == 1);
    Lab asked;
    asked.know().feed(Lab::asked(Operation::hello));
    CHECK(asked.peer.state == PeerState::operational);
    CHECK(asked.verdict() == Verdict::taken);
    CHECK_FALSE(asked.wait(1h).sent(Operation::hello));
}

TEST_CASE("Before we have found a peer its HELLO is answered: not ready") {
    Lab lab;
    lab.feed(peer_event::Named{zone}).feed(Lab::asked(Operation::hello));
    CHECK(lab.verdict() == Verdict::not_ready);
    CHECK(lab.all<peer_action::Answer>().front().reason == "not ready");
    CHECK(lab.peer.state == PeerState::needed);
}

TEST_CASE("A heartbeat before any HELLO is of an earlier run: we say HELLO at once") {
    Lab lab;
    lab.know();
    lab.moment.steady += 100ms;
    lab.feed(Lab::asked(Operation::heartbeat));
    CHECK(lab.verdict() == Verdict::not_ready);
    CHECK(lab.peer.state == PeerState::known);
    CHECK(lab.sent(Operation::hello));
}

TEST_CASE("Silence degrades after 2 intervals of the peer and interrupts after 10") {
    for (const Duration interval : {Duration(0s), Duration(5s), Duration(120s)}) {
        Lab lab;
        auto hello = Lab::answered(Operation::hello);
        if (interval != Duration(0))
            hello.message.interval = std::chrono::duration_cast<std::chrono::seconds>(interval);
        const Duration each = interval == Duration(0) ? Duration(30s) : interval;
        lab.know().feed(hello);
        const Duration heard = lab.moment.steady;
        const auto at = [&](Duration time) { return lab.wait(heard + time - lab.moment.steady); };
        CHECK(at(2 * each - 1ms).peer.state == PeerState::operational);
        CHECK(lab.last.wake_in <= 1ms);
        at(2 * each);
        CHECK(lab.peer.state == PeerState::degraded);
        CHECK(lab.all<peer_action::Changed>().size() == 1);
        CHECK(at(10 * each - 1ms).peer.state == PeerState::degraded);
        CHECK(at(10 * each).peer.state == PeerState::interrupted);
        CHECK(lab.all<peer_action::Report>().front().is_warning);
        at(100 * each);
        CHECK(lab.peer.state == PeerState::interrupted);
        CHECK(lab.sent(Operation::heartbeat));
        lab.feed(Lab::asked(Operation::heartbeat));
        CHECK(lab.peer.state == PeerState::operational);
    }
}

TEST_CASE("A degraded peer is operational with its next heartbeat") {
    Lab lab;
    lab.connect().wait(60s);
    REQUIRE(lab.peer.state == PeerState::degraded);
    lab.feed(Lab::asked(Operation::heartbeat));
    CHECK(lab.peer.state == PeerState::operational);
    CHECK(lab.verdict() == Verdict::taken);
}

TEST_CASE("A long sleep goes straight to interrupted") {
    Lab lab;
    CHECK(lab.connect().wait(1h).peer.state == PeerState::interrupted);
}

TEST_CASE("That our heartbeat is answered is not that we hear of the peer") {
    Lab lab;
    lab.connect();
    for (int count = 0; count < 10; ++count) {
        lab.wait(30s);
        CHECK(lab.sent(Operation::heartbeat));
        lab.feed(Lab::answered(Operation::heartbeat));
    }
    CHECK(lab.peer.state == PeerState::interrupted);
}

TEST_CASE("Heartbeats go out at our own interval, whatever the peer's") {
    Lab lab;
    lab.policy.interval = 7s;
    auto hello = Lab::answered(Operation::hello);
    hello.message.interval = 1000s;
    lab.know().feed(hello);
    for (int count = 0; count < 5; ++count) {
        CHECK_FALSE(lab.wait(7s - 1ms).sent(Operation::heartbeat));
        CHECK(lab.wait(1ms).sent(Operation::heartbeat));
    }
    CHECK(lab.peer.state == PeerState::operational);
}

TEST_CASE("REST comes first, DNS when it fails, and REST again when the peer is found anew") {
    Lab lab;
    lab.know(true, true);
    REQUIRE(lab.sent(Operation::hello));
    CHECK(lab.all<peer_action::Send>().front().transport == Transport::api);
    lab.feed(peer_event::Unanswered{Operation::hello, Transport::api, false});
    REQUIRE(lab.sent(Operation::hello));
    CHECK(lab.all<peer_action::Send>().front().transport == Transport::dns);
    CHECK(transport_to(lab.policy, lab.peer) == Transport::dns);
    lab.feed(peer_event::Located{true, true});
    CHECK(transport_to(lab.policy, lab.peer) == Transport::api);

    // A refusal is an answer; without DNS there is nothing to fall back to.
    lab.feed(peer_event::Unanswered{Operation::hello, Transport::api, true});
    CHECK(transport_to(lab.policy, lab.peer) == Transport::api);
    lab.feed(peer_event::Located{false, true});
    lab.feed(peer_event::Unanswered{Operation::hello, Transport::api, false});
    CHECK(transport_to(lab.policy, lab.peer) == Transport::api);
}

TEST_CASE("REST is used only if both have it") {
    Lab lab;
    lab.know(true, true);
    lab.feed(Lab::answered(Operation::hello));  // it announces the baseline only
    CHECK(transport_to(lab.policy, lab.peer) == Transport::dns);
    Lab without;
    without.policy.transports = proto::Transports();
    without.know(false, true);
    CHECK(without.peer.state == PeerState::needed);
    CHECK(without.all<peer_action::Send>().empty());
}

TEST_CASE("What is in common is what both announce, and changes are told") {
    Lab lab;
    auto hello = Lab::answered(Operation::hello);
    hello.message.transports = proto::Transports(3);
    hello.message.synchronizations = proto::Synchronizations(3);
    lab.know().feed(hello);
    REQUIRE(lab.all<peer_action::Changed>().size() == 1);
    CHECK(lab.all<peer_action::Changed>().front().synchronizations.octet() == 3);
    CHECK(lab.all<peer_action::Changed>().front().transports.octet() == 3);
    lab.feed(Lab::asked(Operation::heartbeat));
    REQUIRE(lab.all<peer_action::Changed>().size() == 1);
    CHECK(lab.all<peer_action::Changed>().front().synchronizations.octet() == 1);
    lab.feed(Lab::asked(Operation::heartbeat));
    CHECK(lab.all<peer_action::Changed>().empty());
}

TEST_CASE("A zone has what all its members have") {
    PeerPolicy policy{proto::Transports(3), proto::Synchronizations(3), 30s};
    Peer both = meet_peer(identity), one = both;
    both.transports = proto::Transports(3);
    both.synchronizations = proto::Synchronizations(3);
    const std::vector<const Peer*> rich = {&both}, mixed = {&both, &one};
    CHECK(common_capabilities(policy, {}) == Capable{policy.transports, policy.synchronizations});
    CHECK(common_capabilities(policy, rich) == Capable{policy.transports, policy.synchronizations});
    CHECK(common_capabilities(policy, mixed) == Capable{});
    policy.synchronizations = proto::Synchronizations();
    CHECK(common_capabilities(policy, rich).synchronizations.octet() == 1);
}

TEST_CASE("Who is named by no roster is forgotten") {
    Lab lab;
    lab.connect().feed(peer_event::Named{});
    CHECK(lab.all<peer_action::Forget>().size() == 1);
    CHECK(lab.peer.state == PeerState::needed);
    CHECK_FALSE(lab.last.wake_in.has_value());
    CHECK(lab.wait(1h).last.actions.empty());
    CHECK(lab.feed(Lab::asked(Operation::hello)).last.actions.empty());
    lab.feed(peer_event::Named{zone});
    CHECK(lab.all<peer_action::Locate>().size() == 1);
}

TEST_CASE("A message that comes again is a replay and changes nothing") {
    Lab lab;
    lab.connect().wait(70s);
    REQUIRE(lab.peer.state == PeerState::degraded);
    auto heartbeat = Lab::asked(Operation::heartbeat);
    heartbeat.message.sequence = proto::Sequence{7, 3};
    CHECK(lab.feed(heartbeat).verdict() == Verdict::taken);
    lab.wait(70s);
    CHECK(lab.feed(heartbeat).verdict() == Verdict::replay);
    CHECK(lab.peer.state == PeerState::degraded);
    heartbeat.message.sequence->counter = 4;
    CHECK(lab.feed(heartbeat).verdict() == Verdict::taken);
    CHECK(lab.peer.state == PeerState::operational);
}

TEST_CASE("A message of somebody else says nothing of this peer") {
    Lab lab;
    lab.know();
    const VerifiedPeer other = PeerGate::admit(name("msa.c.example."));
    lab.feed(peer_event::Asked{other, Lab::message(Operation::hello)});
    lab.feed(peer_event::Answered{other, Lab::message(Operation::hello)});
    CHECK(lab.peer.state == PeerState::known);
    CHECK(lab.last.actions.empty());
}

TEST_CASE("Earlier starts of a sender are remembered for as long as its signatures hold") {
    ReplayMemory memory;
    CHECK(memory.admit({1, 5}, 0s));
    CHECK_FALSE(memory.admit({1, 5}, 1s));
    CHECK_FALSE(memory.admit({1, 4}, 1s));
    CHECK(memory.admit({2, 0}, 2s));
    CHECK_FALSE(memory.admit({1, 5}, 3s));
    CHECK(memory.admit({1, 6}, 3s));
    CHECK_FALSE(memory.admit({2, 0}, longest_validity + 2s));
    CHECK(memory.boots() == 2);
    // By then no signature of it is valid.
    CHECK(memory.admit({2, 0}, longest_validity + 3s));
    CHECK(memory.admit({3, 0}, 2 * longest_validity));
    CHECK(memory.boots() == 2);
}

TEST_CASE("Too many starts of a sender are not taken, rather than forgotten") {
    ReplayMemory memory;
    for (std::uint64_t boot = 0; boot < most_boots; ++boot) CHECK(memory.admit({boot, 1}, 0s));
    CHECK_FALSE(memory.admit({99, 1}, 1s));
    CHECK_FALSE(memory.admit({0, 1}, 1s));
    CHECK(memory.admit({0, 2}, 1s));
    CHECK(memory.admit({99, 1}, longest_validity + 1ms));
}

}  // namespace chorale::msa::test
