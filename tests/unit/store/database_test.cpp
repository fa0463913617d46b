#include "common/store/database.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "common/store/transaction.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/base/file_size_limit.hpp"
#include "tests/unit/base/result_text.hpp"
#include "tests/unit/base/scratch.hpp"

namespace chorale::store {
namespace {

constexpr Migration first_two[] = {
    {1,
     "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, content BLOB) STRICT;"
     "CREATE UNIQUE INDEX item_name ON item(name)"},
    {2, "ALTER TABLE item ADD COLUMN size INTEGER"},
};

DatabaseOptions ours(std::span<const Migration> migrations = first_two) {
    DatabaseOptions options;
    options.application_id = 0x43484f52;
    options.migrations = migrations;
    options.busy_timeout = std::chrono::milliseconds(20);
    return options;
}

Database open(const std::string& path, const DatabaseOptions& options = ours()) {
    auto database = Database::open(path, options);
    if (!database) FAIL(database.error().message());
    return std::move(*database);
}

void check_refused(const std::string& path, const std::string& part,
                   ErrorKind kind = ErrorKind::storage, const DatabaseOptions& options = ours()) {
    const auto database = Database::open(path, options);
    REQUIRE_FALSE(database);
    CHECK(database.error().kind() == kind);
    CHECK_THAT(database.error().message(), Catch::Contains(part));
    CHECK_THAT(database.error().message(), Catch::Contains(path));
}

unsigned mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

std::int64_t count(Database& database) {
    const auto number = database.query_integer("SELECT count(*) FROM item");
    REQUIRE(number);
    return number->value_or(-1);
}

bool is_row(const Result<bool>& step, bool expected) { return step && *step == expected; }

// Another connection, as an operator's sqlite3 shell has it.
class Foreigner {
public:
    explicit Foreigner(const std::string& path) {
        REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    }
    ~Foreigner() { sqlite3_close(handle_); }
    int run(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }

private:
    sqlite3* handle_ = nullptr;
};

}  // namespace

TEST_CASE("A new file is migrated to the newest version and readable by its owner only") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    const auto before = ::umask(0);
    auto database = open(path);
    REQUIRE(database.execute("INSERT INTO item(name, size) VALUES('a', 1)"));
    ::umask(before);
    CHECK(database.version() == 2);
    CHECK(database.was_checked_completely());
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        INFO(suffix);
        CHECK(mode_of(path + suffix) == 0600);
    }
}

TEST_CASE("Pragmas that guard the file are in force") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    const std::pair<const char*, std::int64_t> expected[] = {
        {"PRAGMA synchronous", 2},
        {"PRAGMA foreign_keys", 1},
        {"PRAGMA trusted_schema", 0},
        {"PRAGMA cell_size_check", 1},
        {"PRAGMA mmap_size", 0},
        {"PRAGMA application_id", 0x43484f52},
        {"PRAGMA user_version", 2},
        {"PRAGMA wal_autocheckpoint", 1000},
        {"PRAGMA busy_timeout", 20},
        {"PRAGMA cache_size", -16 * 1024},
        {"PRAGMA journal_size_limit", 64 << 20},
    };
    for (const auto& [pragma, value] : expected) {
        INFO(pragma);
        const auto got = database.query_integer(pragma);
        REQUIRE(got);
        CHECK(*got == value);
    }
    // SQLITE_DBCONFIG_DEFENSIVE: the schema cannot be written as a table.
    CHECK_FALSE(database.execute("UPDATE sqlite_schema SET sql = ''"));
    // SQLITE_DBCONFIG_DQS_DML: a misspelt column is no text.
    CHECK_FALSE(database.execute("SELECT \"no such column\""));
}

TEST_CASE("An older file is brought up step by step, a newer one refused with both versions") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        auto old = open(path, ours(std::span(first_two).first(1)));
        CHECK(old.version() == 1);
        REQUIRE(old.execute("INSERT INTO item(name) VALUES('kept')"));
    }
    {
        auto database = open(path);
        CHECK(database.version() == 2);
        CHECK(count(database) == 1);
        REQUIRE(database.execute("UPDATE item SET size = 3"));
    }
    check_refused(path, "schema version 2", ErrorKind::storage,
                  ours(std::span(first_two).first(1)));
    check_refused(path, "up to 1", ErrorKind::storage, ours(std::span(first_two).first(1)));
    // And the refusal changed nothing.
    CHECK(open(path).version() == 2);
}

TEST_CASE("A migration that fails leaves the version before it") {
    constexpr Migration broken[] = {
        first_two[0],
        {2, "CREATE TABLE other(a INTEGER) STRICT; INSERT INTO missing VALUES(1)"},
    };
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    const auto failed = Database::open(path, ours(broken));
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message(), Catch::Contains("schema version 2"));
    auto database = open(path, ours(std::span(first_two).first(1)));
    CHECK(database.version() == 1);
    CHECK_FALSE(database.execute("SELECT * FROM other"));
}

TEST_CASE("A second user of the file is told who has it") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        const auto database = open(path);
        check_refused(path, "process " + std::to_string(::getpid()), ErrorKind::conflict);
    }
    CHECK(open(path).version() == 2);
}

TEST_CASE("The lock ends with its process, however that ends") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const auto child = ::fork();
    if (child == 0) {
        const auto database = Database::open(path, ours());
        const char answer = database ? 'y' : 'n';
        static_cast<void>(!::write(ready[1], &answer, 1));
        ::pause();
        ::_exit(0);
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    check_refused(path, "process " + std::to_string(child), ErrorKind::conflict);
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK(open(path).version() == 2);
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("What is no file of ours is refused before anything is written") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");

    SECTION("a symbolic link") {
        {
            open(scratch.file("target.db"));
        }
        REQUIRE(::symlink(scratch.file("target.db").c_str(), path.c_str()) == 0);
        check_refused(path, "symbolic link");
    }
    SECTION("a symbolic link as lock file") {
        REQUIRE(::symlink(scratch.file("target").c_str(), (path + ".lock").c_str()) == 0);
        check_refused(path, "symbolic link");
        CHECK_FALSE(std::filesystem::exists(scratch.file("target")));
    }
    SECTION("a hard link") {
        {
            open(path);
        }
        REQUIRE(::link(path.c_str(), scratch.file("b.db").c_str()) == 0);
        check_refused(path, "hard link");
    }
    SECTION("a directory") {
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
        check_refused(path, "directory");
    }
    SECTION("a fifo") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        check_refused(path, "no regular file");
    }
    SECTION("in a directory that is not there") {
        const auto missing = scratch.file("missing/a.db");
        check_refused(missing, "No such file");
    }
    SECTION("other text") {
        std::ofstream(path) << std::string(5000, 'x');
        check_refused(path, "no SQLite database");
    }
    SECTION("the database of another application") {
        {
            Foreigner other(path);
            REQUIRE(other.run("CREATE TABLE t(a)") == SQLITE_OK);
        }
        const auto size = std::filesystem::file_size(path);
        check_refused(path, "another application");
        CHECK(std::filesystem::file_size(path) == size);
    }
}

TEST_CASE("A file that others could read is closed to them") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        open(path);
    }
    REQUIRE(::chmod(path.c_str(), 0644) == 0);
    {
        open(path);
    }
    CHECK(mode_of(path) == 0600);
}

TEST_CASE("A damaged file is refused at open") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        auto database = open(path);
        auto transaction = Transaction::begin(database);
        for (int i = 0; i < 2'000; ++i) {
            REQUIRE(database.execute("INSERT INTO item(id, name) VALUES(?1, ?2)", i,
                                     "name " + std::to_string(i)));
        }
        REQUIRE(transaction->commit());
        REQUIRE(database.checkpoint());
    }
    const auto size = std::filesystem::file_size(path);
    SECTION("pages overwritten") {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(4096 * 4));
        file << std::string(4096 * 3, '\xa5');
    }
    SECTION("cut short") { std::filesystem::resize_file(path, size / 2); }
    check_refused(path, "damaged");
}

TEST_CASE("The check at open ends when its time is over") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        auto database = open(path);
        auto transaction = Transaction::begin(database);
        const Bytes octets(60'000, 7);
        for (int i = 0; i < 500; ++i) {
            REQUIRE(database.execute("INSERT INTO item(content) VALUES(?1)", octets));
        }
        REQUIRE(transaction->commit());
    }
    auto options = ours();
    options.quick_check_limit = std::chrono::milliseconds(0);
    CHECK_FALSE(open(path, options).was_checked_completely());
    options.quick_check_limit = std::chrono::milliseconds(1);
    {
        // Whether it was cut short or not, it opens and works.
        auto database = open(path, options);
        CHECK(count(database) == 500);
    }
    options.quick_check_limit = std::chrono::minutes(1);
    CHECK(open(path, options).was_checked_completely());
}

TEST_CASE("Values come back as they went in") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    Bytes octets;
    for (int i = 0; i < 256; ++i) octets.push_back(static_cast<Byte>(i));
    const std::string text("a\0b'; DROP TABLE item --", 24);
    const auto insert = "INSERT INTO item(id, name, content, size) VALUES(?1, ?2, ?3, ?4)";
    REQUIRE(database.execute(insert, std::numeric_limits<std::int64_t>::min(), text, octets,
                             std::numeric_limits<std::int64_t>::max()));
    REQUIRE(database.execute(insert, 2U, "", Bytes(), null));
    REQUIRE(database.execute(insert, std::uint16_t{3}, std::optional<std::string>(), null,
                             std::optional<int>(5)));
    CHECK(database.last_insert_rowid() == 3);

    auto rows = database.prepare("SELECT id, name, content, size FROM item ORDER BY id");
    REQUIRE(rows);
    REQUIRE(is_row(rows->step(), true));
    CHECK(rows->integer(0) == std::numeric_limits<std::int64_t>::min());
    CHECK(rows->text(1) == text);
    CHECK(equal(rows->blob(2), octets));
    CHECK(rows->integer(3) == std::numeric_limits<std::int64_t>::max());
    REQUIRE(is_row(rows->step(), true));
    CHECK(rows->text(1).empty());
    CHECK_FALSE(rows->is_null(1));
    CHECK(rows->blob(2).empty());
    CHECK_FALSE(rows->is_null(2));
    CHECK(rows->is_null(3));
    REQUIRE(is_row(rows->step(), true));
    CHECK(rows->is_null(1));
    CHECK(rows->is_null(2));
    CHECK(rows->integer(3) == 5);
    CHECK(is_row(rows->step(), false));
    CHECK(is_row(rows->step(), false));  // and does not begin again
}

TEST_CASE("A cached statement forgets its parameters, and two may be in use at once") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    const auto echo = "SELECT ?1";
    {
        CHECK(database.query_integer(echo, 7)->value() == 7);
    }
    {
        CHECK(database.query_integer(echo)->has_value() == false);
    }
    auto one = database.prepare(echo);
    auto two = database.prepare(echo);
    REQUIRE((one && two));
    one->bind_all(1);
    two->bind_all(2);
    REQUIRE((one->step() && two->step()));
    CHECK(one->integer(0) == 1);
    CHECK(two->integer(0) == 2);
    one->reset();
    one->bind_all(3);
    REQUIRE(one->step());
    CHECK(one->integer(0) == 3);
}

TEST_CASE("A failed bind is told by step") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    CHECK_FALSE(database.execute("INSERT INTO item(name) VALUES(?1)", "a", "one too many"));
    CHECK(count(database) == 0);
    CHECK_THROWS_AS(database.execute("SELECT ?1", std::numeric_limits<std::uint64_t>::max()),
                    std::logic_error);
}

TEST_CASE("More statements than the cache keeps still work") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 300; ++i) {
            CHECK(database.query_integer("SELECT " + std::to_string(i))->value() == i);
        }
    }
}

TEST_CASE("A broken rule of the schema is a conflict") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('a')"));
    CHECK(database.changes() == 1);
    const auto again = database.execute("INSERT INTO item(name) VALUES('a')");
    REQUIRE_FALSE(again);
    CHECK(again.error().kind() == ErrorKind::conflict);
    CHECK_THAT(again.error().message(), Catch::Contains("item.name"));
}

TEST_CASE("A transaction that is not committed leaves no trace, and savepoints fail alone") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    {
        auto database = open(path);
        {
            auto transaction = Transaction::begin(database);
            REQUIRE(transaction);
            REQUIRE(database.execute("INSERT INTO item(name) VALUES('gone')"));
        }
        CHECK_FALSE(database.is_in_transaction());
        CHECK(count(database) == 0);

        auto outer = Transaction::begin(database);
        REQUIRE(database.execute("INSERT INTO item(name) VALUES('a')"));
        {
            auto kept = Transaction::begin(database);
            REQUIRE(database.execute("INSERT INTO item(name) VALUES('b')"));
            {
                auto gone = Transaction::begin(database);
                REQUIRE(database.execute("INSERT INTO item(name) VALUES('c')"));
            }
            REQUIRE(kept->commit());
        }
        {
            auto gone = Transaction::begin(database);
            REQUIRE(database.execute("DELETE FROM item"));
            gone->roll_back();
        }
        CHECK(database.is_in_transaction());
        REQUIRE(outer->commit());
        CHECK_FALSE(database.is_in_transaction());
    }
    auto database = open(path);
    CHECK(count(database) == 2);
}

TEST_CASE("A lock held by a foreign process is a timeout, and passes") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    auto database = open(path);
    Foreigner foreigner(path);
    REQUIRE(foreigner.run("BEGIN IMMEDIATE") == SQLITE_OK);
    {
        const auto transaction = Transaction::begin(database);
        REQUIRE_FALSE(transaction);
        CHECK(transaction.error().kind() == ErrorKind::timeout);
    }
    REQUIRE(foreigner.run("ROLLBACK") == SQLITE_OK);
    CHECK(database.execute("INSERT INTO item(name) VALUES('a')"));
}

TEST_CASE("A full disk is a storage error, loses nothing and passes") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    auto options = ours();
    options.most_octets = 64 * 4096;
    auto database = open(path, options);
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('before')"));

    const Bytes large(1'000'000, 1);
    {
        auto transaction = Transaction::begin(database);
        REQUIRE(database.execute("INSERT INTO item(name) VALUES('with it')"));
        const auto full = database.execute("INSERT INTO item(content) VALUES(?1)", large);
        REQUIRE_FALSE(full);
        CHECK(full.error().kind() == ErrorKind::storage);
        CHECK_THAT(full.error().message(), Catch::Contains("disk is full"));
        CHECK_THAT(full.error().message(), Catch::Contains(path));
    }
    CHECK(count(database) == 1);
    REQUIRE(database.query_integer("PRAGMA max_page_count=10000"));
    CHECK(database.execute("INSERT INTO item(content) VALUES(?1)", large));
    CHECK(count(database) == 2);
}

TEST_CASE("A failed write is a storage error, and the same handle works when it is over") {
    const Scratch scratch;
    auto database = open(scratch.file("a.db"));
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('before')"));
    const Bytes large(3'000'000, 1);
    for (int round = 1; round <= 3; ++round) {
        Result<void> committed = success();
        {
            const FileSizeLimit limit(200'000);
            auto transaction = Transaction::begin(database);
            REQUIRE(transaction);
            REQUIRE(database.execute("INSERT INTO item(content) VALUES(?1)", large));
            committed = transaction->commit();
        }
        REQUIRE_FALSE(committed);
        CHECK(committed.error().kind() == ErrorKind::storage);
        CHECK_THAT(committed.error().message(), Catch::Contains("file system failed to write"));
        CHECK(count(database) == round);
        CHECK(database.execute("INSERT INTO item(name, content) VALUES(?1, ?2)",
                               std::to_string(round), large));
        CHECK(count(database) == round + 1);
    }
}

TEST_CASE("After an error that rolled everything back nothing more is done in that transaction") {
    const Scratch scratch;
    auto options = ours();
    options.cache_octets = 64 * 1024;  // spills, so that the error comes before the commit
    auto database = open(scratch.file("a.db"), options);
    auto transaction = Transaction::begin(database);
    {
        const FileSizeLimit limit(200'000);
        CHECK_FALSE(database.execute("INSERT INTO item(content) VALUES(?1)", Bytes(3'000'000, 1)));
    }
    REQUIRE_FALSE(database.is_in_transaction());
    const auto late = database.execute("INSERT INTO item(name) VALUES('late')");
    REQUIRE_FALSE(late);
    CHECK(late.error().kind() == ErrorKind::storage);
    CHECK_FALSE(Transaction::begin(database));
    const auto committed = transaction->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().kind() == ErrorKind::storage);
    CHECK(count(database) == 0);
    CHECK(database.execute("INSERT INTO item(name) VALUES('a')"));
}

TEST_CASE("A backup is a whole database of its own, taken while in use") {
    const Scratch scratch;
    const auto copy = scratch.file("copy.db");
    auto database = open(scratch.file("a.db"));
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('a')"));
    std::ofstream(copy) << "what was there before";
    REQUIRE(database.backup_to(copy));
    CHECK(mode_of(copy) == 0600);
    CHECK_FALSE(std::filesystem::exists(copy + ".partial"));
    CHECK_FALSE(std::filesystem::exists(copy + "-wal"));
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('b')"));
    auto other = open(copy);
    CHECK(count(other) == 1);
    CHECK(count(database) == 2);

    const auto nowhere = database.backup_to(scratch.file("missing/copy.db"));
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().kind() == ErrorKind::storage);
}

TEST_CASE("A backup that does not fit leaves the old one") {
    const Scratch scratch;
    const auto copy = scratch.file("copy.db");
    auto database = open(scratch.file("a.db"));
    REQUIRE(database.execute("INSERT INTO item(content) VALUES(?1)", Bytes(1'000'000, 1)));
    std::ofstream(copy) << "old";
    {
        const FileSizeLimit limit(200'000);
        const auto failed = database.backup_to(copy);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().kind() == ErrorKind::storage);
    }
    CHECK(std::filesystem::file_size(copy) == 3);
    CHECK_FALSE(std::filesystem::exists(copy + ".partial"));
}

TEST_CASE("The log is cut after a large writer") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    auto options = ours();
    options.wal_autocheckpoint_pages = 100;
    options.journal_size_limit = 400'000;
    auto database = open(path, options);
    REQUIRE(database.execute("INSERT INTO item(content) VALUES(?1)", Bytes(3'000'000, 1)));
    CHECK(std::filesystem::file_size(path + "-wal") > 3'000'000);
    // The next writer after a checkpoint begins the log anew.
    REQUIRE(database.execute("INSERT INTO item(name) VALUES('a')"));
    CHECK(std::filesystem::file_size(path + "-wal") <= 400'000);
    REQUIRE(database.checkpoint());
    CHECK(std::filesystem::file_size(path + "-wal") == 0);
}

TEST_CASE("What was committed is there after the process is killed") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const auto child = ::fork();
    if (child == 0) {
        auto database = Database::open(path, ours());
        bool is_good = database.has_value() &&
                       database->execute("INSERT INTO item(name) VALUES('told')").has_value();
        if (is_good) {
            auto open_one = Transaction::begin(*database);
            is_good = database->execute("INSERT INTO item(name) VALUES('not told')").has_value();
            const char answer = is_good ? 'y' : 'n';
            static_cast<void>(!::write(ready[1], &answer, 1));
            ::pause();
        }
        ::_exit(1);
    }
    ::close(ready[1]);
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    ::close(ready[0]);
    CHECK(answer == 'y');
    auto database = open(path);
    CHECK(count(database) == 1);
}

}  // namespace chorale::store
