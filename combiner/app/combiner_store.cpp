#include "combiner/app/combiner_store.hpp"

#include <zlib.h>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "common/dns/rdata.hpp"

namespace chorale::combiner {
namespace {

// Migrations are only ever appended; tests/unit/combiner_app holds a file of
// every released version.
constexpr store::Migration migrations[] = {
    {1, R"sql(
        CREATE TABLE zone (
            id             INTEGER PRIMARY KEY,
            name           BLOB NOT NULL UNIQUE,      -- wire form, lower case
            source         TEXT NOT NULL,             -- configuration, admin, catalog
            template       TEXT NOT NULL,
            catalog        BLOB NOT NULL,             -- wire form, root if none
            catalog_label  BLOB NOT NULL,
            frozen         INTEGER NOT NULL,
            owner_head     BLOB,                      -- packed records: SOA and NS
            owner_checksum INTEGER,                   -- CRC-32 of owner_head
            dropped        BLOB NOT NULL,             -- type (2), count (8) each
            expire_at      INTEGER NOT NULL           -- milliseconds since 1970
        ) STRICT;
        CREATE TABLE owner_chunk (
            id       INTEGER PRIMARY KEY,
            zone_id  INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
            checksum INTEGER NOT NULL,                -- CRC-32 of octets
            octets   BLOB NOT NULL
        ) STRICT;
        CREATE INDEX owner_chunk_by_zone ON owner_chunk (zone_id);
        CREATE TABLE overlay (
            zone_id    INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
            type       INTEGER NOT NULL,
            records    BLOB NOT NULL,                 -- packed records of one RRset
            updated_by TEXT NOT NULL,
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (zone_id, type)
        ) STRICT;
        CREATE TABLE journal (
            id      INTEGER PRIMARY KEY AUTOINCREMENT,
            zone_id INTEGER NOT NULL REFERENCES zone (id) ON DELETE CASCADE,
            delta   BLOB NOT NULL
        ) STRICT;
        CREATE INDEX journal_by_zone ON journal (zone_id, id);
        -- Outlives its zone: a zone that is removed and comes back never reuses a serial.
        CREATE TABLE last_serial (
            name   BLOB PRIMARY KEY,                  -- wire form, lower case
            serial INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE replay_state (
            key   BLOB PRIMARY KEY,                   -- wire form, lower case
            state BLOB NOT NULL
        ) STRICT;
        CREATE TABLE audit (
            id   INTEGER PRIMARY KEY AUTOINCREMENT,
            at   INTEGER NOT NULL,
            who  TEXT NOT NULL,
            what TEXT NOT NULL
        ) STRICT;
    )sql"},
};

constexpr std::int64_t audit_rows = 10'000;

std::int64_t checksum(BytesView octets) {
    return static_cast<std::int64_t>(crc32_z(crc32_z(0, nullptr, 0), octets.data(), octets.size()));
}

Bytes stored_name(dns::NameView name) {
    Bytes octets;
    append_lower(name, octets);
    return octets;
}

Bytes pack(const DroppedCounts& dropped) {
    Bytes octets;
    dns::WireWriter writer(octets);
    for (const auto& [type, count] : dropped) {
        writer.u16(static_cast<std::uint16_t>(type));
        writer.u64(count);
    }
    return octets;
}

DroppedCounts unpack_dropped(BytesView octets) {
    DroppedCounts dropped;
    dns::WireReader reader(octets);
    while (!reader.at_end()) {
        const auto type = dns::Type(reader.u16());
        const std::uint64_t count = reader.u64();
        if (!reader.failed()) dropped[type] = count;
    }
    return dropped;
}

zone::RecordList pack(const std::vector<dns::RRset>& rrsets) {
    zone::RecordList list;
    for (const dns::RRset& rrset : rrsets) {
        for (const Bytes& rdata : rrset.rdatas) {
            list.add({rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata});
        }
    }
    return list;
}

Result<std::vector<dns::RRset>> unpack_rrsets(BytesView octets) {
    const auto list = zone::RecordList::from_octets(to_bytes(octets));
    if (!list) return list.error();
    std::vector<dns::RRset> rrsets;
    list->for_each([&](const dns::RecordView& record) {
        if (rrsets.empty() || rrsets.back().type != record.type) {
            rrsets.push_back({dns::Name(record.owner), record.type, record.ttl, {}});
        }
        zone::insert_rdata(rrsets.back(), record.rdata);
    });
    return rrsets;
}

std::optional<ZoneSource> source_from_text(std::string_view text) {
    for (const auto source : {ZoneSource::configuration, ZoneSource::admin, ZoneSource::catalog}) {
        if (to_text(source) == text) return source;
    }
    return std::nullopt;
}

Error broken(const dns::Name& name, std::string_view what) {
    return Error(ErrorKind::storage, "zone " + name.to_text() + ": " + std::string(what));
}

// Reads all rows of a table that belong to zones and hands each to its zone.
class Loading {
public:
    // Of all zones, or of one only.
    Loading(store::Database& database, std::optional<std::int64_t> only)
        : database_(database), only_(only) {}

    Result<StoredState> load() {
        for (const auto step :
             {&Loading::load_zones, &Loading::load_chunks, &Loading::load_overlays,
              &Loading::load_journals, &Loading::load_replay_states}) {
            const auto loaded = (this->*step)();
            if (!loaded) return loaded.error();
        }
        for (StoredZone& zone : state_.zones) {
            const auto owner = make_owner(zone);
            if (!owner) return owner.error();
        }
        return std::move(state_);
    }

private:
    Result<void> load_zones() {
        auto rows = database_.prepare(
            "SELECT zone.id, zone.name, source, template, catalog, catalog_label, frozen, "
            "owner_head,"
            " owner_checksum, dropped, expire_at, serial"
            " FROM zone LEFT JOIN last_serial ON last_serial.name = zone.name"
            " WHERE ?1 IS NULL OR zone.id = ?1 ORDER BY zone.id");
        if (!rows) return rows.error();
        rows->bind(1, only_);
        while (true) {
            const auto row = rows->step();
            if (!row) return row.error();
            if (!*row) break;
            StoredZone zone;
            zone.id = rows->integer(0);
            const auto name = dns::Name::from_wire(rows->blob(1));
            const auto catalog = dns::Name::from_wire(rows->blob(4));
            const auto source = source_from_text(rows->text(2));
            if (!name || !catalog || !source) {
                return Error(ErrorKind::storage, "row " + std::to_string(zone.id) +
                                                     " of table zone cannot be understood");
            }
            zone.name = *name;
            zone.source = *source;
            zone.template_name = rows->text(3);
            zone.catalog = *catalog;
            zone.catalog_label = as_text(rows->blob(5));
            zone.is_frozen = rows->integer(6) != 0;
            if (!rows->is_null(7)) {
                if (rows->is_null(8) || rows->integer(8) != checksum(rows->blob(7))) {
                    return broken(zone.name, "checksum of the stored apex does not match");
                }
                auto head = unpack_rrsets(rows->blob(7));
                if (!head) return broken(zone.name, head.error().message());
                heads_[zone.id] = std::move(*head);
            }
            zone.dropped = unpack_dropped(rows->blob(9));
            zone.expire_at = from_unix_milliseconds(rows->integer(10));
            if (!rows->is_null(11)) zone.last_serial = static_cast<zone::Serial>(rows->integer(11));
            index_[zone.id] = state_.zones.size();
            state_.zones.push_back(std::move(zone));
        }
        return success();
    }

    Result<void> load_chunks() {
        auto rows = database_.prepare(
            "SELECT id, zone_id, checksum, octets FROM owner_chunk"
            " WHERE ?1 IS NULL OR zone_id = ?1");
        if (!rows) return rows.error();
        rows->bind(1, only_);
        while (true) {
            const auto row = rows->step();
            if (!row) return row.error();
            if (!*row) return success();
            const auto id = static_cast<std::uint64_t>(rows->integer(0));
            const StoredZone& zone = zone_at(rows->integer(1));
            if (rows->integer(2) != checksum(rows->blob(3))) {
                return broken(zone.name, "checksum of a stored chunk does not match");
            }
            auto chunk = zone::Chunk::from_stored(id, to_bytes(rows->blob(3)));
            if (!chunk) return broken(zone.name, chunk.error().message());
            chunks_[zone.id].push_back(std::move(*chunk));
            state_.next_chunk_id = std::max(state_.next_chunk_id, id + 1);
        }
    }

    Result<void> load_overlays() {
        auto rows = database_.prepare(
            "SELECT zone_id, type, records, updated_by, updated_at FROM overlay"
            " WHERE ?1 IS NULL OR zone_id = ?1");
        if (!rows) return rows.error();
        rows->bind(1, only_);
        while (true) {
            const auto row = rows->step();
            if (!row) return row.error();
            if (!*row) return success();
            StoredZone& zone = zone_at(rows->integer(0));
            auto rrsets = unpack_rrsets(rows->blob(2));
            const auto type = dns::Type(static_cast<std::uint16_t>(rows->integer(1)));
            if (!rrsets || rrsets->size() != 1 || rrsets->front().type != type ||
                !is_controlled(type)) {
                return broken(zone.name,
                              "stored overlay of type " + to_text(type) + " cannot be understood");
            }
            zone.overlay[type] = {std::move(rrsets->front()), std::string(rows->text(3)),
                                  from_unix_milliseconds(rows->integer(4))};
        }
    }

    Result<void> load_journals() {
        auto rows = database_.prepare(
            "SELECT id, zone_id, delta FROM journal"
            " WHERE ?1 IS NULL OR zone_id = ?1 ORDER BY id");
        if (!rows) return rows.error();
        rows->bind(1, only_);
        while (true) {
            const auto row = rows->step();
            if (!row) return row.error();
            if (!*row) return success();
            StoredZone& zone = zone_at(rows->integer(1));
            auto delta = zone::delta_from_stored(rows->blob(2));
            if (!delta) return broken(zone.name, delta.error().message());
            zone.journal.push_back({rows->integer(0), std::move(*delta)});
        }
    }

    Result<void> load_replay_states() {
        auto rows = database_.prepare("SELECT key, state FROM replay_state");
        if (!rows) return rows.error();
        while (true) {
            const auto row = rows->step();
            if (!row) return row.error();
            if (!*row) return success();
            const auto key = dns::Name::from_wire(rows->blob(0));
            if (!key) return Error(ErrorKind::storage, "table replay_state holds no name");
            state_.replay_states.emplace_back(*key, to_bytes(rows->blob(1)));
        }
    }

    Result<void> make_owner(StoredZone& zone) {
        const auto head = heads_.find(zone.id);
        if (head == heads_.end()) return success();
        if (std::ranges::find(head->second, dns::Type::SOA, &dns::RRset::type) ==
            head->second.end()) {
            return broken(zone.name, "stored apex has no SOA");
        }
        zone::ChunkList chunks = std::move(chunks_[zone.id]);
        std::ranges::sort(chunks, [](const zone::ChunkPointer& a, const zone::ChunkPointer& b) {
            return zone::precedes(*a, *b);
        });
        // The apex keeps the case that its records came with.
        const dns::Name apex = head->second.front().owner;
        zone.owner = zone::ZoneSnapshot(apex, std::move(head->second),
                                        std::make_shared<const zone::ChunkList>(std::move(chunks)));
        return success();
    }

    // Foreign keys are enforced, so that every row has its zone.
    StoredZone& zone_at(std::int64_t id) { return state_.zones[index_.at(id)]; }

    store::Database& database_;
    std::optional<std::int64_t> only_;
    StoredState state_;
    std::map<std::int64_t, std::size_t> index_;
    std::map<std::int64_t, std::vector<dns::RRset>> heads_;
    std::map<std::int64_t, zone::ChunkList> chunks_;
};

Result<void> store_owner(store::Database& database, const ZoneCommit& commit) {
    std::unordered_set<std::uint64_t> kept;
    for (const zone::ChunkPointer& chunk : commit.owner->body()) kept.insert(chunk->id());
    std::unordered_set<std::uint64_t> had;
    if (commit.owner_before) {
        for (const zone::ChunkPointer& chunk : commit.owner_before->body()) {
            had.insert(chunk->id());
            if (kept.contains(chunk->id())) continue;
            const auto removed =
                database.execute("DELETE FROM owner_chunk WHERE id = ?1", chunk->id());
            if (!removed) return removed;
        }
    }
    for (const zone::ChunkPointer& chunk : commit.owner->body()) {
        if (had.contains(chunk->id())) continue;
        const auto added = database.execute(
            "INSERT INTO owner_chunk (id, zone_id, checksum, octets) VALUES (?1, ?2, ?3, ?4)",
            chunk->id(), commit.zone_id, checksum(chunk->octets()), chunk->octets());
        if (!added) return added;
    }
    const zone::RecordList head = pack(commit.owner->head());
    return database.execute(
        "UPDATE zone SET owner_head = ?2, owner_checksum = ?3, dropped = ?4, expire_at = ?5"
        " WHERE id = ?1",
        commit.zone_id, head.octets(), checksum(head.octets()), pack(*commit.dropped),
        to_unix_milliseconds(commit.expire_at));
}

Result<void> store_overlay(store::Database& database, std::int64_t zone_id,
                           const Overlay& overlay) {
    const auto cleared = database.execute("DELETE FROM overlay WHERE zone_id = ?1", zone_id);
    if (!cleared) return cleared;
    for (const auto& [type, entry] : overlay) {
        const auto added = database.execute(
            "INSERT INTO overlay (zone_id, type, records, updated_by, updated_at)"
            " VALUES (?1, ?2, ?3, ?4, ?5)",
            zone_id, static_cast<std::uint16_t>(type), pack({entry.rrset}).octets(),
            entry.updated_by, to_unix_milliseconds(entry.updated_at));
        if (!added) return added;
    }
    return success();
}

Result<void> store_journal(store::Database& database, const ZoneCommit& commit) {
    if (!commit.delta) {
        return database.execute("DELETE FROM journal WHERE zone_id = ?1", commit.zone_id);
    }
    const auto added = database.execute("INSERT INTO journal (zone_id, delta) VALUES (?1, ?2)",
                                        commit.zone_id, to_stored(*commit.delta));
    if (!added || commit.journal_forgotten == 0) return added;
    return database.execute(
        "DELETE FROM journal WHERE id IN"
        " (SELECT id FROM journal WHERE zone_id = ?1 ORDER BY id LIMIT ?2)",
        commit.zone_id, commit.journal_forgotten);
}

}  // namespace

store::DatabaseOptions combiner_database_options() {
    store::DatabaseOptions options;
    options.application_id = 0x43686f43;  // "ChoC"
    options.migrations = migrations;
    return options;
}

std::string_view to_text(ZoneSource source) {
    switch (source) {
        case ZoneSource::configuration: return "configuration";
        case ZoneSource::admin: return "admin";
        case ZoneSource::catalog: return "catalog";
    }
    return "configuration";
}

Result<StoredState> load_all(store::Database& database) {
    return Loading(database, std::nullopt).load();
}

Result<StoredState> load_zone(store::Database& database, std::int64_t zone_id) {
    return Loading(database, zone_id).load();
}

Result<void> insert_zone(store::Database& database, StoredZone& zone) {
    const Bytes name = stored_name(zone.name);
    const auto inserted = database.execute(
        "INSERT INTO zone (name, source, template, catalog, catalog_label, frozen, dropped, "
        "expire_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, x'', 0)",
        name, to_text(zone.source), zone.template_name, stored_name(zone.catalog),
        as_bytes(zone.catalog_label), zone.is_frozen ? 1 : 0);
    if (!inserted) return inserted;
    zone.id = database.last_insert_rowid();
    const auto serial =
        database.query_integer("SELECT serial FROM last_serial WHERE name = ?1", name);
    if (!serial) return serial.error();
    if (*serial) zone.last_serial = static_cast<zone::Serial>(**serial);
    return success();
}

Result<void> remove_zone(store::Database& database, std::int64_t zone_id) {
    return database.execute("DELETE FROM zone WHERE id = ?1", zone_id);
}

Result<void> set_frozen(store::Database& database, std::int64_t zone_id, bool is_frozen) {
    return database.execute("UPDATE zone SET frozen = ?2 WHERE id = ?1", zone_id,
                            is_frozen ? 1 : 0);
}

Result<void> set_membership(store::Database& database, const StoredZone& zone) {
    return database.execute(
        "UPDATE zone SET source = ?2, template = ?3, catalog = ?4, catalog_label = ?5 WHERE id = "
        "?1",
        zone.id, to_text(zone.source), zone.template_name, stored_name(zone.catalog),
        as_bytes(zone.catalog_label));
}

Result<void> set_expiry(store::Database& database, std::int64_t zone_id, Instant expire_at) {
    return database.execute("UPDATE zone SET expire_at = ?2 WHERE id = ?1", zone_id,
                            to_unix_milliseconds(expire_at));
}

Result<void> commit_zone(store::Database& database, const ZoneCommit& commit) {
    if (commit.owner) {
        const auto stored = store_owner(database, commit);
        if (!stored) return stored;
    }
    if (commit.overlay) {
        const auto stored = store_overlay(database, commit.zone_id, *commit.overlay);
        if (!stored) return stored;
    }
    const auto journal = store_journal(database, commit);
    if (!journal) return journal;
    return database.execute(
        "INSERT INTO last_serial (name, serial) SELECT name, ?2 FROM zone WHERE id = ?1"
        " ON CONFLICT (name) DO UPDATE SET serial = excluded.serial",
        commit.zone_id, std::int64_t{commit.serial});
}

Result<void> store_replay_state(store::Database& database, dns::NameView key, BytesView state) {
    return database.execute(
        "INSERT INTO replay_state (key, state) VALUES (?1, ?2)"
        " ON CONFLICT (key) DO UPDATE SET state = excluded.state",
        stored_name(key), state);
}

Result<void> add_audit(store::Database& database, Instant at, std::string_view who,
                       std::string_view what) {
    const auto added = database.execute("INSERT INTO audit (at, who, what) VALUES (?1, ?2, ?3)",
                                        to_unix_milliseconds(at), who, what);
    if (!added) return added;
    return database.execute("DELETE FROM audit WHERE id <= ?1",
                            database.last_insert_rowid() - audit_rows);
}

Result<std::vector<AuditEntry>> load_audit(store::Database& database, std::size_t most) {
    auto rows = database.prepare("SELECT id, at, who, what FROM audit ORDER BY id DESC LIMIT ?1");
    if (!rows) return rows.error();
    rows->bind(1, most);
    std::vector<AuditEntry> entries;
    while (true) {
        const auto row = rows->step();
        if (!row) return row.error();
        if (!*row) break;
        entries.push_back({rows->integer(0), from_unix_milliseconds(rows->integer(1)),
                           std::string(rows->text(2)), std::string(rows->text(3))});
    }
    std::ranges::reverse(entries);
    return entries;
}

}  // namespace chorale::combiner
