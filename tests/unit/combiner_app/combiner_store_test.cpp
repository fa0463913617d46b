// What the combiner keeps in SQLite: it comes back as it was, old files are read,
// broken ones are refused by name.
#include "combiner/app/combiner_store.hpp"

#include <cstdlib>
#include <filesystem>

#include "common/store/transaction.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/combiner_core/lab.hpp"

namespace chorale::combiner {
namespace {

namespace fs = std::filesystem;

// A folder of its own, gone at the end.
class Folder {
public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "chorale-store-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~Folder() { fs::remove_all(path_); }
    std::string file() const { return (path_ / "combiner.db").string(); }

private:
    fs::path path_;
};

store::Database open(const std::string& file) {
    return store::Database::open(file, combiner_database_options()).value();
}

const std::string owner_text = R"(
@ 3600 IN SOA ns.zone.example. admin.zone.example. 7 3600 600 86400 300
@ 3600 IN NS NS.Owner.example.
@ 3600 IN TYPE65281 \# 14 01036d7361076578616d706c6500
www 300 IN A 192.0.2.1
Www 300 IN AAAA 2001:db8::1
)";

std::vector<std::string> texts_of(const zone::ZoneSnapshot& zone) {
    std::vector<std::string> texts;
    zone.for_each([&](const dns::RecordView& record) { texts.push_back(to_text(record)); });
    return texts;
}

// The zone of the stored file state-v1.db as well.
void write_zone(store::Database& database) {
    auto transaction = store::Transaction::begin(database).value();
    StoredZone row;
    row.name = lab::apex;
    row.source = ZoneSource::admin;
    row.template_name = "default";
    insert_zone(database, row).value();
    const auto owner = lab::snapshot(owner_text);
    const Overlay overlay =
        lab::overlay({lab::rrset({"@ 60 IN NS a.example.", "@ 60 IN NS b.example."})});
    const auto combined = combine(owner, overlay, 9).value();
    zone::ZoneDelta delta;
    const dns::RRset& soa = combined.soa();
    delta.to_soa = {combined.apex(), dns::Type::SOA, dns::Class::IN, soa.ttl, soa.rdatas[0]};
    delta.from_soa = delta.to_soa;
    delta.from_soa.rdata = dns::with_soa_serial(soa.rdatas[0], 8);
    delta.added.add(lab::record("@ 60 IN NS b.example.").view());
    const DroppedCounts dropped{{dns::Type::RRSIG, 3}};
    ZoneCommit commit;
    commit.zone_id = row.id;
    commit.serial = 9;
    commit.owner = &owner;
    commit.dropped = &dropped;
    commit.expire_at = from_unix_milliseconds(1'900'000'000'123);
    commit.overlay = &overlay;
    commit.delta = &delta;
    commit_zone(database, commit).value();
    const Bytes state = {1, 2, 3};
    store_replay_state(database, *dns::Name::from_text("Key."), state).value();
    transaction.commit().value();
}

void check_zone(const StoredState& state) {
    REQUIRE(state.zones.size() == 1);
    const StoredZone& zone = state.zones[0];
    CHECK(zone.name == lab::apex);
    CHECK(zone.source == ZoneSource::admin);
    CHECK(zone.template_name == "default");
    CHECK(zone.last_serial == 9U);
    CHECK(zone.expire_at == from_unix_milliseconds(1'900'000'000'123));
    CHECK(zone.dropped == DroppedCounts{{dns::Type::RRSIG, 3}});
    REQUIRE(zone.owner.has_value());
    CHECK(texts_of(*zone.owner) == texts_of(lab::snapshot(owner_text)));
    REQUIRE(zone.overlay.contains(dns::Type::NS));
    CHECK(lab::text_of(&zone.overlay.at(dns::Type::NS).rrset) == "a.example. | b.example.");
    CHECK(zone.overlay.at(dns::Type::NS).updated_by == "msa");
    REQUIRE(zone.journal.size() == 1);
    CHECK(zone.journal[0].delta.from() == 8);
    CHECK(zone.journal[0].delta.to() == 9);
    CHECK(zone.journal[0].delta.added.size() == 1);
    REQUIRE(state.replay_states.size() == 1);
    CHECK(state.replay_states[0].second == Bytes{1, 2, 3});
}

TEST_CASE("Store: a zone comes back as it was") {
    const Folder folder;
    {
        auto database = open(folder.file());
        write_zone(database);
        check_zone(load_all(database).value());
    }
    auto database = open(folder.file());
    const StoredState state = load_all(database).value();
    check_zone(state);
    CHECK(state.next_chunk_id > 1);
    CHECK(load_zone(database, state.zones[0].id).value().zones.size() == 1);
    CHECK(load_zone(database, 12345).value().zones.empty());
}

TEST_CASE("Store: files of every released format are read") {
    for (const char* name : {"state-v1.db"}) {
        const Folder folder;
        fs::copy_file(fs::path(CHORALE_TEST_DATA) / name, folder.file());
        fs::permissions(folder.file(), fs::perms::owner_read | fs::perms::owner_write);
        auto database = open(folder.file());
        check_zone(load_all(database).value());
    }
}

TEST_CASE("Store: the last serial of a name outlives its zone") {
    const Folder folder;
    auto database = open(folder.file());
    write_zone(database);
    remove_zone(database, load_all(database).value().zones[0].id).value();
    CHECK(load_all(database).value().zones.empty());
    CHECK(database.query_integer("SELECT count(*) FROM owner_chunk").value() == 0);
    StoredZone again;
    again.name = *dns::Name::from_text("ZONE.example.");
    insert_zone(database, again).value();
    CHECK(again.last_serial == 9U);
}

TEST_CASE("Store: only chunks that changed are written") {
    const Folder folder;
    auto database = open(folder.file());
    write_zone(database);
    const auto stored = load_all(database).value();
    const StoredZone& zone = stored.zones[0];
    const DroppedCounts dropped;
    ZoneCommit commit;
    commit.zone_id = zone.id;
    commit.serial = 10;
    commit.owner = commit.owner_before = &*zone.owner;
    commit.dropped = &dropped;
    commit_zone(database, commit).value();
    const auto after = load_all(database).value();
    CHECK(after.zones[0].owner->body()[0]->id() == zone.owner->body()[0]->id());
    CHECK(after.zones[0].last_serial == 10U);
    // No delta: nothing before this serial helps any more.
    CHECK(after.zones[0].journal.empty());
}

TEST_CASE("Store: what is broken is refused, and the zone is named") {
    const char* breakages[] = {
        "UPDATE owner_chunk SET octets = substr(octets, 1, 40)",
        "UPDATE owner_chunk SET checksum = checksum + 1",
        "UPDATE zone SET owner_head = x'00'",
        "UPDATE zone SET owner_checksum = 1",
        "UPDATE overlay SET records = x'ff'",
        "UPDATE overlay SET type = 1",
        "UPDATE journal SET delta = x'01'",
        "UPDATE journal SET delta = x''",
    };
    for (const char* breakage : breakages) {
        CAPTURE(breakage);
        const Folder folder;
        auto database = open(folder.file());
        write_zone(database);
        database.execute(breakage).value();
        const auto loaded = load_all(database);
        REQUIRE(loaded.has_error());
        CHECK(loaded.error().kind() == ErrorKind::storage);
        CHECK(loaded.error().message().find("zone.example.") != std::string::npos);
    }
}

// Writes the file of the present format: run once per released version, by hand.
TEST_CASE("Store: make the stored file", "[.make]") {
    const fs::path file = fs::path(CHORALE_TEST_DATA) / "state-new.db";
    {
        auto database = open(file.string());
        write_zone(database);
        database.checkpoint().value();
    }
    fs::remove(file.string() + ".lock");
}

}  // namespace
}  // namespace chorale::combiner
