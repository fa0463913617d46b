// What the operator decides about a zone, and how long to wait beyond the TTLs.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/instant.hpp"
#include "common/dns/name.hpp"

namespace chorale::msa {

// The terms of the waits, one by one (README.md says what each is for). A test that
// leaves one out shows that it is needed; nothing else leaves any out.
enum class Term : std::uint8_t {
    join_key,
    join_ds,
    leave_parent_ns,
    leave_ns,
    leave_data,
    leave_key,
    zsk_key,
    zsk_data,
    ksk_key,
    ksk_ds,
    csk_key,
    csk_data,
};
inline constexpr std::size_t term_count = 12;

struct Policy {
    dns::Name identity;                   // our own, as MSIGNER names it
    std::vector<dns::Name> name_servers;  // what we contribute to NS

    Duration safety = std::chrono::minutes(5);     // added to every wait
    Duration publication_delay{};                  // of servers that cannot be asked one by one
    Duration interval = std::chrono::seconds(30);  // of heartbeats; leases and repeats count in it
    Duration survey_interval = std::chrono::seconds(60);  // while something is under way

    enum class Missing : std::uint8_t { hold, leave };
    Missing on_missing = Missing::hold;  // an identity that vanished without having been OFF
    enum class KeepCds : std::uint8_t { keep, remove };
    KeepCds cds = KeepCds::keep;  // once the parent follows
    bool allow_mixed_algorithms = false;
    bool can_peer = true;  // offers Peer beside the mandatory Leader/Follower

    std::uint32_t dnskey_ttl = 3600, ns_ttl = 3600, cds_ttl = 3600;  // seconds, of what is pushed

    // For tests that show what each part is for.
    std::uint32_t omitted_terms = 0;  // bit n: Term n counts as zero
    bool counts_from_sending = false;
    bool keeps_leaver_in_its_own_ns = false;
    bool loses_holds = false;  // at a restart
    bool loses_votes = false;  // at a restart

    bool has(Term term) const { return (omitted_terms >> static_cast<unsigned>(term) & 1) == 0; }
};

}  // namespace chorale::msa
