// Everything the machine knows of one zone. What is marked durable is written before
// what it permits is done; the rest is asked again after a start.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "msa/core/announcement.hpp"
#include "msa/core/facts.hpp"
#include "msa/core/index_set.hpp"
#include "msa/core/policy.hpp"
#include "msa/core/roster.hpp"

namespace chorale::msa {

// Time of the machine: how long it has run, by a steady clock, all runs together. No
// wall clock shortens or loses a wait, and the time in which it did not run counts for
// nothing.
using Elapsed = Duration;
inline constexpr Elapsed never = Elapsed::max();

// A moment of Elapsed in four octets, of which a zone keeps a hundred: in whole seconds,
// rounded up, so that a wait that counts from it never gets shorter. Good for 136 years.
class Mark {
public:
    constexpr Mark() = default;  // never
    constexpr explicit Mark(Elapsed at)
        : seconds_(at == never ? unset : whole(std::chrono::ceil<std::chrono::seconds>(at))) {}
    static constexpr Mark from_seconds(std::uint32_t seconds) {
        Mark mark;
        mark.seconds_ = seconds;
        return mark;
    }

    constexpr std::uint32_t seconds() const { return seconds_; }
    constexpr bool is_set() const { return seconds_ != unset; }
    constexpr Elapsed elapsed() const {
        return is_set() ? Elapsed(std::chrono::seconds(seconds_)) : never;
    }
    friend constexpr bool operator==(Mark, Mark) = default;

private:
    static constexpr std::uint32_t unset = ~std::uint32_t(0);
    static constexpr std::uint32_t whole(std::chrono::seconds at) {
        return static_cast<std::uint32_t>(std::clamp<std::int64_t>(at.count(), 0, unset - 1));
    }
    std::uint32_t seconds_ = unset;
};

enum class Truth : std::uint8_t { no, unknown, yes };
inline Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }
// As sure as the less sure of both.
inline Truth operator&(Truth a, Truth b) { return a < b ? a : b; }

// Since when something has been true at every look. A look without an answer neither
// starts nor ends it.
struct Since {
    Mark mark;

    // True if this changed.
    bool look(Truth truth, Elapsed now) {
        const Mark before = mark;
        if (truth == Truth::no)
            mark = Mark();
        else if (truth == Truth::yes && !is_set())
            mark = Mark(now);
        return mark != before;
    }
    void begin(Elapsed now) { mark = Mark(now); }
    bool is_set() const { return mark.is_set(); }
    Elapsed at() const { return mark.elapsed(); }
    // True since at least so long.
    bool lasted(Duration wait, Elapsed now) const { return is_set() && now - at() >= wait; }
};

// For how long caches may hold what was seen, in any of the versions seen.
struct TtlMemory {
    std::uint32_t largest = 0;  // seconds
    Mark until{Elapsed::zero()};

    // Lowering a TTL shortens nothing until no cache can have the old one.
    bool see(std::uint32_t ttl, Elapsed now) {
        bool is_new = false;
        if (ttl > largest) largest = ttl, is_new = true;
        if (ttl == largest) until = Mark(now + std::chrono::seconds(ttl));
        return is_new;
    }
    // Between movements: what no cache can hold any more does not count.
    void forget(Elapsed now, Duration margin) {
        if (now > until.elapsed() + margin) largest = 0;
    }
    Duration wait() const { return std::chrono::seconds(largest); }
};

// A DNSKEY that anyone contributed.
struct Key {
    Bytes rdata;  // empty: the number is free
    std::uint16_t tag = 0;
    // Durable: what has been true of it, as this provider saw it.
    ProviderSet owners;          // who contributes it, or did until what it signed has expired
    Since signs;                 // the DNSKEY RRset at every server of every owner
    Since in_ds;                 // named by the DS RRset at every server of the parent
    Since in_cds;                // named by every CDS RRset at every server of every provider
    Since out_of_ds;             // named at none
    Since visible;               // in the DNSKEY RRset at every server of every provider
    Since unused;                // signs nothing at any server of an owner
    Since algorithm_everywhere;  // signs everything at every server of every provider

    bool is_free() const { return rdata.empty(); }
    std::uint8_t algorithm() const { return rdata.size() > 3 ? rdata[3] : std::uint8_t(0); }
    bool has_entry_flag() const { return rdata.size() > 1 && (rdata[1] & 1) != 0; }
};

// A name server's name.
struct Server {
    dns::Name name;
    bool is_free = true;
    bool is_ready = false;   // durable: was seen to answer, signed, with the common keys
    bool was_named = false;  // durable: caches may have it from an NS RRset
    Since gone;              // durable: in no NS RRset of the zone or of the parent
};

// All servers of one provider, drawn together.
struct View {
    bool is_known = false;  // at least one server answered in the last survey
    bool is_whole = false;  // all did
    bool has_foreign_cds = false;
    bool is_cds_alike = true;  // wherever there is one
    KeySet keys_every, keys_some;
    KeySet signers_every, signers_some;
    KeySet data_signers_some;
    KeySet cds_every, cds_some;  // of CDS and CDNSKEY alike
    ServerSet ns_every, ns_some;
    std::uint64_t algorithms_every = 0;  // bit n: algorithm n signs data and DNSKEY RRset
};

struct ParentView {
    bool is_known = false, is_whole = false;
    bool has_ds = false;          // some server has a DS RRset
    bool has_foreign_ds = false;  // a DS of no key that we know
    bool has_foreign_ns = false;
    KeySet ds_every, ds_some;
    ServerSet ns_every, ns_some;
};

enum class PeerState : std::uint8_t { needed, known, operational, degraded, interrupted };

// Where a provider stands in the zone, and by which process it came there: the rungs
// DS and NS are climbed in another order when the zone has no DS yet.
struct Position {
    ProcessKind process = ProcessKind::join;
    Rung rung = Rung::OUT;

    bool has_keys() const { return rung != Rung::OUT; }
    bool has_cds() const {
        return rung != Rung::OUT && rung != Rung::KEYS &&
               !(rung == Rung::NS && process == ProcessKind::setup);
    }
    bool has_ns() const {
        return rung == Rung::NS || rung == Rung::IN ||
               (rung == Rung::DS && process == ProcessKind::setup);
    }
    bool is_settled() const { return rung == Rung::IN && process == ProcessKind::join; }
    friend bool operator==(const Position&, const Position&) = default;
};

struct Provider {
    dns::Name identity;
    Wanted wanted = Wanted::absent;  // durable: what the roster says
    Position position;               // durable
    std::uint8_t start = 0;          // durable: the index where it would enter the movement

    PeerState peer = PeerState::needed;
    bool can_peer = false;  // durable
    bool is_fetching = false;
    // Durable: caches may hold what it answered, since it was named somewhere, or was until
    // not long ago.
    bool was_reached = false;

    // Durable: what it contributes, as fetched last.
    bool has_contributed = false;
    KeySet keys, entry_keys;
    KeySet announced_entry;  // entry keys that are, or may still be, in CDS because of it
    ServerSet servers;
    Digest contribution{};
    TtlMemory dnskey_ttl, ns_ttl;  // durable
    TtlMemory largest_ttl;         // durable: as it announced
    Since silent;                  // durable: no server of it answers
    Since unnamed;                 // durable: it is named nowhere
    Progress furthest;             // durable: that it announced

    View view;
    std::optional<Heard> heard;  // the last of this run
    Mark fetch_again{Elapsed::zero()}, tell_again{Elapsed::zero()};
    std::optional<std::uint64_t> told;  // fingerprint of what we told it last
};

// The apex RRsets that the combiner shall hold for us. The own keys of the signer are
// not among them; an empty set stands for no RRset.
struct Intended {
    KeySet dnskey, cds;
    ServerSet ns;
    bool csync = false;
    friend bool operator==(const Intended&, const Intended&) = default;
};

// A change of who has a part in the zone. Durable, all of it.
struct Movement {
    std::uint64_t epoch = 0;
    ProcessKind process = ProcessKind::join;
    ProviderSet subjects;    // empty: nothing moves
    bool has_met = false;    // all required participants are in it
    std::uint8_t index = 0;  // of the rung, in path(process)
    std::uint8_t floor = 0;  // no word makes us begin earlier: nobody honest is further back
    bool was_done = false;   // announced as done here: others may be one rung beyond
    // Since when everything that the rungs ask for was seen; and since when this one is ours.
    Since entered, keys, ds, ns;

    bool is_over() const { return subjects.empty(); }
};

struct Election {
    std::uint64_t term = 0;              // durable
    std::optional<std::uint8_t> voted;   // durable: for which provider, in this term
    std::optional<std::uint8_t> leader;  // of this term
    ProviderSet votes;
    ProviderSet renewals;  // leader: who has followed since its lease was last prolonged
    Elapsed lease_end{};
    Elapsed call_at = never;
};

struct Instruction {
    std::uint64_t term = 0, epoch = 0;
    Rung rung = Rung::OUT;
    Intended intended;
    friend bool operator==(const Instruction&, const Instruction&) = default;
};

struct ZoneState {
    dns::Name zone;
    std::vector<Provider> providers;  // durable; [0] is this one
    std::vector<Key> keys;            // durable
    std::vector<Server> servers;      // durable
    RosterMark roster;                // durable
    Movement movement;
    std::uint64_t epoch_seen = 0;  // durable
    bool has_part = false;         // durable: knows who has a part in the zone
    bool is_restored = false;      // durable: what `wanted` says is older than the combiner
    bool is_recovering = false;    // durable: was told that it had been further than it knows
    bool is_paused = false;        // durable
    bool has_left = false;         // durable: went the whole way out
    bool is_managed = false;       // durable: the combiner is ours to fill

    // Durable: foreign keys that were in the zone when an old disk came back, and that nobody
    // claims now; they stay until nothing signed by them is cached.
    KeySet orphans;
    Since orphaned;
    Since lost_at;     // durable: nobody knew the state any more
    KeySet withdrawn;  // durable: own entry keys that are to leave the DS RRset
    KeySet removed;    // durable: taken out at once, by the operator's word
    Intended wanted;   // durable: what is pushed, or about to be
    KeySet injected;   // durable: foreign keys that may be in the combiner
    Election election;
    TtlMemory largest_ttl;            // durable: of the own signed zone
    TtlMemory ds_ttl, parent_ns_ttl;  // durable

    ParentView parent;
    bool has_zone = false, has_surveyed = false;
    // The zone is not as we left it: so whoever is on the roster is heard before we act.
    bool is_suspect = false;
    bool is_caught_up = false;  // has heard all, and has what they bring
    bool has_news = false;      // a key or a server that the last survey did not know
    bool zone_has_csync = false;
    bool is_held_back = false;  // follower: waits for the leader's word to change something
    bool is_pushed = false;     // `pushed` is what the combiner was told last, in this run
    Elapsed surveyed_at{};
    KeySet zone_keys, zone_signers, zone_data_signers, zone_cds;
    ServerSet zone_ns;
    std::uint32_t serial = 0, dnskey_ttl = 0, ns_ttl = 0;
    std::optional<Instant> earliest_expiry;
    std::vector<std::string> observations;

    Elapsed elapsed{};               // durable
    Elapsed committed{};             // what of it is on disk
    std::optional<Duration> steady;  // of the last event of this run
    Instant wall;                    // of the last event
    Elapsed push_again{};
    Intended pushed;
    Elapsed pushed_since{};
    std::optional<Instruction> instruction;              // follower: the leader's last word
    std::vector<std::optional<Instruction>> instructed;  // leader: what each was told last
    Elapsed instruct_again{};
};

}  // namespace chorale::msa
