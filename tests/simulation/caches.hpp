// What every resolver could hold: all that any server of any provider or of the parent
// answered while somebody could reach it, for as long as its TTL says. The invariants of
// msa/core/README.md are checked against these sets, not against chosen resolvers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chorale::simulation {

using Seconds = std::int64_t;
using Mask = std::uint64_t;  // bit n: key n, or name server n, of the world

inline constexpr Seconds not_yet = -1;

// One version of a provider's signed zone.
struct ZoneVersion {
    Mask keys = 0, signers = 0, data_signers = 0;
    Mask cds = 0;
    Mask ns = 0;
    bool csync = false;
    Seconds key_ttl = 0, data_ttl = 0, ns_ttl = 0;
    Mask key_algorithms = 0, data_algorithms = 0;  // bit n: algorithm n signs

    friend bool operator==(const ZoneVersion&, const ZoneVersion&) = default;
};

struct ParentVersion {
    Mask ds = 0, ns = 0;
    Seconds ds_ttl = 0, ns_ttl = 0;
    Mask ds_algorithms = 0;

    friend bool operator==(const ParentVersion&, const ParentVersion&) = default;
};

class Caches {
public:
    explicit Caches(std::size_t providers) : providers_(providers) {}

    struct Provider {
        Mask servers = 0;         // its name servers, ever
        bool is_excused = false;  // dead by a fault, so that it need not answer
        bool was_told_to_stop = false;
        bool is_liar = false;  // what it breaks of its own is its own affair
        Mask up = 0;           // servers that answer
    };
    Provider& provider(std::size_t at) { return providers_[at].about; }
    const Provider& provider(std::size_t at) const { return providers_[at].about; }

    // Time has come to `now` with everything as it is. To be called before each change.
    void settle(Seconds now);
    void load(std::size_t provider, std::size_t server, const ZoneVersion& version);
    void load_parent(std::size_t server, const ParentVersion& version);
    // After a change: what is wrong now; empty: nothing.
    std::string check(Seconds now);

    bool is_reachable(std::size_t provider, Seconds now) const {
        return providers_[provider].reach_until >= now;
    }
    bool is_named(std::size_t provider, Seconds now) const;

private:
    struct Held {
        ZoneVersion version;
        Seconds last = not_yet;  // when it could be had last
    };
    struct HeldParent {
        ParentVersion version;
        Seconds last = not_yet;
    };
    struct Loaded {
        std::size_t server, index;  // of what is held
        Seconds since;
    };
    struct Record {
        Provider about;
        std::vector<Held> held;
        std::vector<Loaded> loaded;
        Seconds reach_until = not_yet;
    };
    void forget(Seconds now);
    void note_load(std::vector<Loaded>& loaded, std::size_t server, std::size_t index) const;

    bool was_secured_ = false;
    std::vector<Record> providers_;
    std::vector<HeldParent> parent_;
    std::vector<Loaded> parent_loaded_;
    Seconds settled_at_ = 0;
};

}  // namespace chorale::simulation
