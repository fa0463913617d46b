// What a participant says of a zone (STATE): which movement it is in, on which rung,
// what it has seen, how long it must still wait. Others believe none of it for safety,
// only for progress: each looks at every server by itself.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/instant.hpp"
#include "common/base/result.hpp"
#include "proto/peer_message.hpp"

namespace chorale::msa {

using proto::ProcessKind;
using proto::Rung;
using proto::RungReport;
using proto::RungStatus;

using Digest = crypto::Sha256;

// How far somebody has come in a zone.
struct Progress {
    std::uint64_t epoch = 0;
    std::uint8_t steps = 0;  // within the epoch's movement

    friend auto operator<=>(const Progress&, const Progress&) = default;
};

struct Announcement {
    Digest roster{};
    std::uint64_t epoch = 0;
    // Of every provider that has a part in the zone, in canonical order: those that
    // have arrived (join, IN, done), those that move (working, holding, done), and
    // those that wait for their turn (blocked).
    std::vector<RungReport> rungs;
    std::optional<Instant> hold_end;  // by the wall clock; the next rung not before
    Digest contribution{};            // of what the sender contributes now
    std::uint32_t dnskey_ttl = 0, ns_ttl = 0, largest_ttl = 0;  // seconds, as the sender sees them
    std::uint32_t serial = 0;
    bool is_recovering = false;  // its state may be older than what it said before
    // The furthest that the sender ever heard from the receiver: who is behind it runs
    // on an old disk.
    Progress echo;
    std::uint64_t term = 0;  // leader/follower: the term that it follows, and whom
    std::optional<dns::Name> leader;

    friend bool operator==(const Announcement&, const Announcement&) = default;
};

// A RungReport as it is kept, in two octets: the subject by number.
struct HeardRung {
    ProcessKind process : 4 = ProcessKind::join;
    RungStatus status : 3 = RungStatus::working;
    Rung rung : 3 = Rung::OUT;
    std::uint8_t subject : 5 = 0;  // of ZoneState::providers; from most_rungs on: a stranger

    std::optional<std::size_t> provider() const {
        if (subject >= proto::most_rungs) return std::nullopt;
        return subject;
    }
};
static_assert(sizeof(HeardRung) == 2);

// Half of a digest, to see whether another is the same. Nobody gains by making two alike:
// who announces one says what he likes anyway.
class HalfDigest {
public:
    HalfDigest() = default;
    explicit HalfDigest(const Digest& digest) {
        std::copy_n(digest.begin(), octets_.size(), octets_.begin());
    }

    friend bool operator==(const HalfDigest& half, const Digest& digest) {
        return std::equal(half.octets_.begin(), half.octets_.end(), digest.begin());
    }

private:
    std::array<Byte, std::tuple_size_v<Digest> / 2> octets_{};
};

// What is kept of an announcement. Who is spoken of and is no provider of ours is kept by
// name, since our roster may still come to name him.
struct Heard {
    HalfDigest roster, contribution;
    std::uint64_t epoch = 0;
    Progress echo;
    std::vector<dns::Name> strangers;  // most_rungs at most, as of all rungs
    std::array<HeardRung, proto::most_rungs> reports{};
    std::uint8_t count = 0;  // of reports
    bool is_recovering = false;

    std::span<const HeardRung> rungs() const { return std::span(reports).first(count); }
};

// A report of somebody who has arrived, and of one who waits for his turn: a RungReport or
// a HeardRung.
template <class Report>
bool is_settled(const Report& report) {
    return report.process == ProcessKind::join && report.rung == Rung::IN &&
           report.status == RungStatus::done;
}
template <class Report>
bool is_parked(const Report& report) {
    return report.status == RungStatus::blocked;
}

// The same for the same announcement, whatever its serial, and hardly ever for another: good
// for comparing what we say ourselves, not against malice. In two parts, since what we say
// to several peers differs by its echo only.
std::uint64_t fingerprint_but_for_echo(const Announcement& announcement);
std::uint64_t fingerprint(std::uint64_t but_for_echo, const Progress& echo);

// STATE of this zone, for either codec. Capabilities, sequence, identity and interval are
// of whoever sends it. Nothing is lost but: rungs beyond proto::most_rungs, which no zone
// has; milliseconds of the end of a hold, which becomes the next whole second between
// 1970 and 9999; and the leader of term 0, which nobody has called.
proto::PeerMessage to_message(const Announcement& announcement, const dns::Name& zone);

// Errors (malformed): another operation than STATE; roster, epoch, contribution or evidence
// is missing (proto/README.md 4.4): without them it would shorten a wait, or contradict
// what it does not say. Absent rungs, term, echo and recovery mean none.
Result<Announcement> to_announcement(const proto::PeerMessage& message);

}  // namespace chorale::msa
