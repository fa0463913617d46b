// What one agent says to another about a zone, whichever way it came: the
// Multi-Signer EDNS(0) option of a DNS message and the JSON of the REST interface
// decode into this before anything decides. README.md states both forms.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/crypto/digest.hpp"
#include "common/dns/name.hpp"
#include "proto/code_points.hpp"

namespace chorale::proto {

// Capabilities as bits of one octet. The baseline is always among them, bits that
// nobody defined are not.
template <class Bit>
class Capabilities {
public:
    Capabilities() = default;
    // Of any octet: unknown bits are dropped, the baseline is added.
    explicit Capabilities(std::uint8_t octet) : octet_((octet & known) | baseline) {}

    static constexpr std::uint8_t baseline = 0x01;
    static constexpr std::uint8_t known = 0x03;

    bool has(Bit bit) const { return (octet_ & static_cast<std::uint8_t>(bit)) != 0; }
    Capabilities with(Bit bit) const {
        return Capabilities(static_cast<std::uint8_t>(octet_ | static_cast<std::uint8_t>(bit)));
    }
    // What both have.
    Capabilities common(Capabilities other) const { return Capabilities(octet_ & other.octet_); }
    std::uint8_t octet() const { return octet_; }

    friend bool operator==(Capabilities, Capabilities) = default;

private:
    std::uint8_t octet_ = baseline;
};

using Transports = Capabilities<Transport>;
using Synchronizations = Capabilities<Synchronization>;

// Against replays: later messages of one sender have a higher counter, or a boot
// that was not seen before.
struct Sequence {
    std::uint64_t boot = 0;  // random, chosen at the start
    std::uint64_t counter = 0;

    friend bool operator==(const Sequence&, const Sequence&) = default;
};

// Where the sender stands in one movement, its own or another's. Rung IN, done,
// says of the subject: it has arrived.
struct RungReport {
    ProcessKind process = ProcessKind::join;
    dns::Name subject;  // the identity that moves
    Rung rung = Rung::OUT;
    RungStatus status = RungStatus::working;

    friend bool operator==(const RungReport&, const RungReport&) = default;
};

// What the sender has seen of its own signed zone. TTLs in seconds.
struct Evidence {
    std::uint32_t dnskey_ttl = 0;
    std::uint32_t ns_ttl = 0;
    std::uint32_t max_ttl = 0;
    std::uint32_t signed_serial = 0;
    // The end of the latest hold that it waits for, year 9999 at most.
    std::optional<std::chrono::sys_seconds> hold_end;

    friend bool operator==(const Evidence&, const Evidence&) = default;
};

// An election's term, with the candidate (ELECT) or the leader (all others; the root:
// none is known).
struct Term {
    std::uint64_t number = 0;
    dns::Name identity;

    friend bool operator==(const Term&, const Term&) = default;
};

// The answer to ELECT.
struct Vote {
    bool is_granted = false;
    std::uint64_t term = 0;  // the highest that the voter has seen

    friend bool operator==(const Vote&, const Vote&) = default;
};

// The furthest that the sender ever heard from the receiver: a receiver that is behind
// it runs on an old disk.
struct Echo {
    std::uint64_t epoch = 0;
    // Rungs of its movement's path up to the one it stood on; 0: nothing moved, or the
    // others had not met.
    std::uint8_t steps = 0;

    friend bool operator==(const Echo&, const Echo&) = default;
};

struct PeerMessage {
    Operation operation = Operation::hello;
    Transports transports;
    Synchronizations synchronizations;
    dns::Name zone;
    // STATE only: the RRset of the sender's contribution that is new (DNSKEY, CDS,
    // CDNSKEY or NS); the receiver fetches.
    std::optional<dns::Type> changed;

    std::optional<Sequence> sequence;
    // The sender as it calls itself. Who it is comes from SIG(0) or TLS; a message
    // that says otherwise is refused.
    std::optional<dns::Name> identity;
    std::optional<std::chrono::seconds> interval;  // of its heartbeats, 1 to longest_interval
    std::optional<crypto::Sha256> roster;          // roster_hash() of what it acts on
    std::optional<std::uint64_t> epoch;            // of the zone
    std::vector<RungReport> rungs;                 // at most most_rungs, in the order sent
    std::optional<Evidence> evidence;
    std::optional<Term> term;
    std::optional<std::string> reason;           // for people: printable UTF-8, at most 255 octets
    std::optional<Vote> vote;                    // the answer to ELECT only
    std::optional<crypto::Sha256> contribution;  // contribution_hash() of what the sender brings
    // Its state may be older than what it said before: a restored backup.
    bool is_recovering = false;
    std::optional<Echo> echo;

    friend bool operator==(const PeerMessage&, const PeerMessage&) = default;
};

inline constexpr std::size_t most_rungs = 16;
inline constexpr std::size_t most_reason_octets = 255;
inline constexpr std::chrono::seconds longest_interval{86400};
// 9999-12-31T23:59:59Z: what RFC 3339 can write, far from any overflow.
inline constexpr std::chrono::sys_seconds latest_hold_end{std::chrono::seconds{253402300799}};

// What a message is, apart from its operation: an answer may say less than a
// request, an instruction of the leader (UPDATE, PUT) must say more.
enum class Purpose { request, answer, instruction };

// The first fact that has to be there and is not, or is outside its bounds
// (malformed). Whatever the codecs give has passed this.
Result<void> check(const PeerMessage& message, Purpose purpose);

// At most most_reason_octets of valid, printable UTF-8: what may not stand in a
// reason is replaced, what is too long is cut between characters.
std::string to_reason(std::string_view text);

}  // namespace chorale::proto
