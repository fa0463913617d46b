// What the combiner keeps in SQLite: per zone the owner's copy as chunks, the
// overlay, the last serial ever served, timers and the journal; and the TSIG
// replay state of updaters. Everything of one change is one transaction.
//
// The functions run on the thread that owns the Database (store::CommitWorker),
// inside its transaction. Stored octets are checked when they are read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "combiner/core/overlay.hpp"
#include "common/store/database.hpp"
#include "common/zone/zone_delta.hpp"

namespace chorale::combiner {

// How to open it: schema, application id.
store::DatabaseOptions combiner_database_options();

enum class ZoneSource { configuration, admin, catalog };
std::string_view to_text(ZoneSource source);

// A zone as the store has it.
struct StoredZone {
    std::int64_t id = 0;
    dns::Name name;
    ZoneSource source = ZoneSource::configuration;
    std::string template_name;  // of zones that are not in the configuration file
    dns::Name catalog;          // of zones that a catalog lists
    std::string catalog_label;  // RFC 9432: unique label
    bool is_frozen = false;
    std::optional<zone::Serial> last_serial;  // ever served, also by an earlier zone of that name
    std::optional<zone::ZoneSnapshot> owner;
    DroppedCounts dropped;
    Instant expire_at;  // meaningful with owner
    Overlay overlay;
    struct JournalEntry {
        std::int64_t id;
        zone::ZoneDelta delta;
    };
    std::vector<JournalEntry> journal;  // oldest first
};

struct StoredState {
    std::vector<StoredZone> zones;
    std::uint64_t next_chunk_id = 1;
    std::vector<std::pair<dns::Name, Bytes>> replay_states;  // by key
};

// Everything, checked: an error (storage) names the zone and what is broken.
Result<StoredState> load_all(store::Database& database);
// The same of one zone; `zones` of the result is empty if there is no such row.
Result<StoredState> load_zone(store::Database& database, std::int64_t zone_id);

// Makes the row of a zone; its last serial is that of an earlier zone of the name.
Result<void> insert_zone(store::Database& database, StoredZone& zone);
// Removes all of a zone but its last serial.
Result<void> remove_zone(store::Database& database, std::int64_t zone_id);
Result<void> set_frozen(store::Database& database, std::int64_t zone_id, bool is_frozen);
Result<void> set_membership(store::Database& database, const StoredZone& zone);
Result<void> set_expiry(store::Database& database, std::int64_t zone_id, Instant expire_at);

// One change of a combined zone.
struct ZoneCommit {
    std::int64_t zone_id = 0;
    zone::Serial serial = 0;
    // The owner's new copy and, to know which chunks are new, the one before.
    const zone::ZoneSnapshot* owner = nullptr;
    const zone::ZoneSnapshot* owner_before = nullptr;
    const DroppedCounts* dropped = nullptr;
    Instant expire_at;
    const Overlay* overlay = nullptr;  // null: unchanged
    // The delta by which this serial came to be; null cuts the journal.
    const zone::ZoneDelta* delta = nullptr;
    std::size_t journal_forgotten = 0;  // that many of the oldest entries go
};
Result<void> commit_zone(store::Database& database, const ZoneCommit& commit);

Result<void> store_replay_state(store::Database& database, dns::NameView key, BytesView state);

// What an administrator did, or asked for and did not get; the newest 10,000 are kept.
Result<void> add_audit(store::Database& database, Instant at, std::string_view who,
                       std::string_view what);
struct AuditEntry {
    std::int64_t id = 0;
    Instant at;
    std::string who, what;
};
// The newest ones, in order of time.
Result<std::vector<AuditEntry>> load_audit(store::Database& database, std::size_t most);

}  // namespace chorale::combiner
