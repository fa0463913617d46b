// One SQLite file and the one connection that writes it.
//
// Ruled by SQLite's "How To Corrupt An SQLite Database File", "Defense Against The Dark Arts" and
// "Write-Ahead Logging": a file only we may read, one daemon per file, full synchronisation.
//
// A connection is used by one thread at a time; CommitWorker gives it a thread of its own.
// Statements and transactions point into their Database and must end before it does.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.hpp"
#include "common/store/statement.hpp"

namespace chorale::store {

// One step of a schema: its SQL brings a file from version - 1 to version. Migrations are numbered
// from 1 without gaps, and what was once released is never edited.
struct Migration {
    int version = 0;
    std::string_view sql;
};

struct DatabaseOptions {
    // Written into a new file; a file with another one is not ours and is refused.
    std::int32_t application_id = 0;
    std::span<const Migration> migrations;
    // How long to wait for the lock of a foreign process that reads or copies the file.
    std::chrono::milliseconds busy_timeout{5'000};
    // Pages are kept up to this; a transaction may keep four times as much before it writes some
    // early, because a page that changes again after that is written twice.
    std::uint64_t cache_octets = 16U << 20U;
    // The log is copied back into the file when it has this many pages (of 4 KiB) ...
    std::uint32_t wal_autocheckpoint_pages = 1'000;
    // ... and cut to this many octets after a large writer let it grow.
    std::uint64_t journal_size_limit = 64U << 20U;
    // At open, pages are checked for at most about this long; zero for no check. What was not
    // reached is no error: see Database::was_checked_completely().
    std::chrono::milliseconds quick_check_limit{20'000};
    // The file may not grow beyond this (then as if the disk were full); zero for no bound.
    std::uint64_t most_octets = 0;
};

class Database {
public:
    // Creates the file (0600) or opens it, takes `<path>.lock`, checks and migrates it.
    // ErrorKind::conflict: another process (or Database) has it. ErrorKind::storage: a symbolic
    // link, not ours, damaged, of a newer version, unreadable, disk full. The text names the file.
    static Result<Database> open(const std::string& path, const DatabaseOptions& options);

    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    // A statement from the cache, ready for binding. `sql` is one statement.
    Result<Statement> prepare(std::string_view sql);

    // One statement without result rows: execute("DELETE FROM t WHERE a = ?1", a).
    template <class... Values>
    Result<void> execute(std::string_view sql, const Values&... values);

    // The first column of the first row; nothing if there is no row or it is null.
    template <class... Values>
    Result<std::optional<std::int64_t>> query_integer(std::string_view sql,
                                                      const Values&... values);

    // Rows inserted, changed or deleted by the last INSERT, UPDATE or DELETE.
    std::int64_t changes() const;
    std::int64_t last_insert_rowid() const;
    bool is_in_transaction() const;

    // A consistent copy by the backup API into a new file (0600), complete or not there at all.
    // Must not be called within a transaction; an existing file at `path` is replaced.
    Result<void> backup_to(const std::string& path);

    // Copies the log back into the file and cuts it; ErrorKind::timeout if a foreign reader
    // hinders.
    Result<void> checkpoint();

    // From now on COMMIT leaves the log as it is and copy_log_back() has to be called between
    // transactions: for a writer that answers first.
    void defer_checkpoints();
    // Copies the log back if it has grown to wal_autocheckpoint_pages.
    Result<void> copy_log_back();
    // Gives the pages in the cache back to the system: after much was written that nobody will
    // read soon. Not within a transaction.
    void give_memory_back();

    const std::string& path() const;
    int version() const;  // of the schema
    // False if quick_check_limit ended the check at open before it saw the whole file.
    bool was_checked_completely() const;

private:
    friend class Statement;
    friend class Transaction;
    struct Connection;
    explicit Database(std::unique_ptr<Connection> connection);

    Result<void> set_up(const DatabaseOptions& options);
    Result<void> check(std::chrono::milliseconds limit);
    Result<void> migrate(const DatabaseOptions& options);
    Result<void> copy_to(const std::string& partial);
    // Runs text of several statements, without parameters and rows.
    Result<void> run(const char* sql);

    std::unique_ptr<Connection> connection_;
};

template <class... Values>
Result<void> Database::execute(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    statement->bind_all(values...);
    return statement->run();
}

template <class... Values>
Result<std::optional<std::int64_t>> Database::query_integer(std::string_view sql,
                                                            const Values&... values) {
    auto statement = prepare(sql);
    if (!statement) return statement.error();
    statement->bind_all(values...);
    const auto row = statement->step();
    if (!row) return row.error();
    if (!*row || statement->is_null(0)) return std::optional<std::int64_t>();
    return std::optional<std::int64_t>(statement->integer(0));
}

}  // namespace chorale::store
