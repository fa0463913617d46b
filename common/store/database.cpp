#include "common/store/database.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "common/store/connection.hpp"
#include "common/store/transaction.hpp"

namespace chorale::store {
namespace {

Error storage(std::string_view file, std::string_view doing, std::string_view what) {
    std::string text(file);
    text.append(": ").append(doing).append(": ").append(what);
    return {ErrorKind::storage, std::move(text)};
}

Error of_system(std::string_view file, std::string_view doing, int reason) {
    // With O_NOFOLLOW the kernel says "too many levels" for a symbolic link.
    return storage(file, doing,
                   reason == ELOOP ? std::string("is a symbolic link")
                                   : std::system_category().message(reason));
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int number() const { return number_; }
    int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

// What SQLite takes for a new file.
constexpr std::uint64_t page_octets = 4'096;

// O_NONBLOCK: a fifo put in the place of the file must not stop us.
constexpr int careful = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

// The path with its directory resolved, so that only the file itself may be no symbolic link.
Result<std::string> resolved(const std::string& path) {
    const std::filesystem::path given(path);
    if (!given.has_filename()) return storage(path, "open", "is no file name");
    std::error_code reason;
    const auto directory = std::filesystem::canonical(
        given.has_parent_path() ? given.parent_path() : std::filesystem::path("."), reason);
    if (reason) {
        return storage(path, "open its directory", reason.message());
    }
    return (directory / given.filename()).string();
}

Result<void> sync_directory_of(const std::string& path) {
    const auto directory = std::filesystem::path(path).parent_path().string();
    const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.number() < 0 || ::fsync(descriptor.number()) != 0) {
        return of_system(directory, "sync the directory", errno);
    }
    return success();
}

// The descriptor that holds the lock. The file stays when we end: removing it would let two
// daemons lock two files of the same name.
Result<int> lock_for(const std::string& path) {
    const std::string name = path + ".lock";
    Descriptor descriptor(::open(name.c_str(), O_RDWR | O_CREAT | careful, 0600));
    if (descriptor.number() < 0) return of_system(name, "open", errno);
    struct stat status{};
    if (::fstat(descriptor.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return storage(name, "open", "is no regular file");
    }
    if (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return of_system(name, "lock", errno);
        char holder[24] = {};
        const auto length = ::pread(descriptor.number(), holder, sizeof holder - 1, 0);
        std::string process(holder, length > 0 ? static_cast<std::size_t>(length) : 0);
        process.erase(std::min(process.find_first_not_of("0123456789"), process.size()));
        return Error(ErrorKind::conflict,
                     path + ": is in use by " +
                         (process.empty() ? "another process" : "process " + process) +
                         ", which holds " + name);
    }
    // Who holds it is a courtesy; the lock holds also when the disk has no room for the number.
    const std::string process = std::to_string(::getpid()) + "\n";
    if (::ftruncate(descriptor.number(), 0) == 0) {
        static_cast<void>(!::pwrite(descriptor.number(), process.data(), process.size(), 0));
    }
    return descriptor.release();
}

// Creates the file or makes sure that it is ours alone. Closed before SQLite opens it: closing any
// descriptor of a file drops the process's POSIX locks on it.
Result<void> secure(const std::string& path) {
    Descriptor descriptor(::open(path.c_str(), O_RDWR | careful));
    bool is_new = false;
    if (descriptor.number() < 0 && errno == ENOENT) {
        is_new = true;
        Descriptor created(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | careful, 0600));
        if (created.number() < 0) return of_system(path, "create", errno);
    } else if (descriptor.number() < 0) {
        return of_system(path, "open", errno);
    }
    if (is_new) return sync_directory_of(path);
    struct stat status{};
    if (::fstat(descriptor.number(), &status) != 0) return of_system(path, "open", errno);
    if (!S_ISREG(status.st_mode)) return storage(path, "open", "is no regular file");
    if (status.st_uid != ::geteuid()) return storage(path, "open", "belongs to another user");
    // Two names would mean two logs and two locks.
    if (status.st_nlink != 1) return storage(path, "open", "has more than one name (hard link)");
    if ((status.st_mode & 0777) != 0600 && ::fchmod(descriptor.number(), 0600) != 0) {
        return of_system(path, "set its mode to 0600", errno);
    }
    return success();
}

// Interrupts a connection when the time is over, unless it is destroyed before.
class Deadline {
public:
    Deadline(sqlite3* connection, std::chrono::milliseconds limit)
        : thread_([this, connection, until = std::chrono::steady_clock::now() + limit] {
              std::unique_lock lock(mutex_);
              if (changed_.wait_until(lock, until, [this] { return is_over_; })) return;
              has_passed_ = true;
              sqlite3_interrupt(connection);
          }) {}
    ~Deadline() { end(); }

    // True if the time was over first.
    bool end() {
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
        }
        changed_.notify_one();
        if (thread_.joinable()) thread_.join();
        return has_passed_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_over_ = false;
    bool has_passed_ = false;
    std::thread thread_;  // last: starts when the rest is there
};

}  // namespace

Database::Connection::~Connection() {
    clear_statements();
    if (handle != nullptr) {
        const int code = sqlite3_close(handle);
        // Statements outlived their database: our mistake.
        assert(code == SQLITE_OK);
        static_cast<void>(code);
    }
    if (lock >= 0) ::close(lock);
}

void Database::Connection::clear_statements() {
    for (const auto& [sql, statement] : statements) sqlite3_finalize(statement);
    statements.clear();
}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
    auto connection = std::make_unique<Connection>();
    auto real_path = resolved(path);
    if (!real_path) return real_path.error();
    connection->path = *real_path;
    auto lock = lock_for(connection->path);
    if (!lock) return lock.error();
    connection->lock = *lock;
    auto secured = secure(connection->path);
    if (!secured) return secured.error();

    const int opened = sqlite3_open_v2(
        connection->path.c_str(), &connection->handle,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
        nullptr);
    if (opened != SQLITE_OK) return connection->failed(opened, "open");

    Database database(std::move(connection));
    auto done = database.set_up(options);
    if (!done) return done.error();
    return database;
}

Result<void> Database::set_up(const DatabaseOptions& options) {
    sqlite3* const handle = connection_->handle;
    const std::pair<int, int> settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},     {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 1},
    };
    for (const auto& [setting, value] : settings) {
        const int code = sqlite3_db_config(handle, setting, value, static_cast<int*>(nullptr));
        if (code != SQLITE_OK) return connection_->failed(code, "open");
    }
    sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
    auto done = run("PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
    if (!done) return done;

    // Nothing is written to a file before it is known to be ours.
    const auto application = query_integer("PRAGMA application_id");
    if (!application) return application.error();
    const auto objects = query_integer("SELECT count(*) FROM sqlite_schema");
    if (!objects) return objects.error();
    const bool is_new = *application == 0 && *objects == 0;
    if (!is_new && *application != options.application_id) {
        return storage(path(), "open",
                       "is the database of another application (its application_id is " +
                           std::to_string(application->value_or(0)) + ", ours " +
                           std::to_string(options.application_id) + ')');
    }
    const auto version = query_integer("PRAGMA user_version");
    if (!version) return version.error();
    connection_->version = static_cast<int>(version->value_or(0));
    const int newest = static_cast<int>(options.migrations.size());
    if (connection_->version > newest) {
        return storage(path(), "open",
                       "has schema version " + std::to_string(connection_->version) +
                           " of a newer release; this one knows versions up to " +
                           std::to_string(newest));
    }

    {
        auto journal = prepare("PRAGMA journal_mode=WAL");
        if (!journal) return journal.error();
        const auto row = journal->step();
        if (!row) return row.error();
        if (journal->text(0) != "wal") {
            return storage(path(), "open", "the file system does not allow a write-ahead log");
        }
    }
    done = run(("PRAGMA synchronous=FULL; PRAGMA cache_size=-" +
                std::to_string(options.cache_octets / 1024) +
                "; PRAGMA cache_spill=" + std::to_string(4 * options.cache_octets / page_octets) +
                "; PRAGMA wal_autocheckpoint=" + std::to_string(options.wal_autocheckpoint_pages) +
                "; PRAGMA journal_size_limit=" + std::to_string(options.journal_size_limit))
                   .c_str());
    if (!done) return done;
    connection_->most_log_pages = static_cast<int>(options.wal_autocheckpoint_pages);
    if (options.most_octets > 0) {
        const auto page_size = query_integer("PRAGMA page_size");
        if (!page_size) return page_size.error();
        const auto pages =
            options.most_octets / static_cast<std::uint64_t>(page_size->value_or(page_octets));
        done = run(("PRAGMA max_page_count=" + std::to_string(pages)).c_str());
        if (!done) return done;
    }

    if (is_new) {
        connection_->was_checked_completely = true;
    } else if (options.quick_check_limit.count() > 0) {
        done = check(options.quick_check_limit);
        if (!done) return done;
    }
    return migrate(options);
}

Result<void> Database::check(std::chrono::milliseconds limit) {
    Deadline deadline(connection_->handle, limit);
    auto statement = prepare("PRAGMA quick_check(1)");
    if (!statement) return statement.error();
    const auto row = statement->step();
    // An interrupted check may report pages as unused which it only did not come to.
    if (deadline.end()) {
        connection_->was_checked_completely = false;
        return success();
    }
    if (!row) return row.error();
    if (statement->text(0) != "ok") {
        return storage(path(), "check",
                       "the file is damaged; restore it from a backup (" +
                           std::string(statement->text(0)) + ')');
    }
    connection_->was_checked_completely = true;
    return success();
}

Result<void> Database::migrate(const DatabaseOptions& options) {
    for (std::size_t i = 0; i < options.migrations.size(); ++i) {
        const Migration& migration = options.migrations[i];
        assert(migration.version == static_cast<int>(i) + 1);
        if (migration.version <= connection_->version) continue;
        auto transaction = Transaction::begin(*this);
        if (!transaction) return transaction.error();
        auto done = run(std::string(migration.sql).c_str());
        if (!done) {
            return done.error().in("schema version " + std::to_string(migration.version));
        }
        done = run(("PRAGMA user_version=" + std::to_string(migration.version) +
                    "; PRAGMA application_id=" + std::to_string(options.application_id))
                       .c_str());
        if (!done) return done;
        done = transaction->commit();
        if (!done) return done;
        connection_->version = migration.version;
    }
    return success();
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto& statements = connection_->statements;
    std::string key(sql);
    const auto known = statements.find(key);
    if (known != statements.end()) {
        sqlite3_stmt* const handle = known->second;
        statements.erase(known);  // while it is lent, the same text gives another one
        return Statement(*this, handle, sql);
    }
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v3(connection_->handle, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle, &rest);
    if (code != SQLITE_OK) return connection_->failed(code, sql.substr(0, 60));
    assert(handle != nullptr && rest == sql.data() + sql.size());  // one statement
    return Statement(*this, handle, sql);
}

Result<void> Database::run(const char* sql) {
    const int code = sqlite3_exec(connection_->handle, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return connection_->failed(code, std::string_view(sql).substr(0, 60));
    }
    return success();
}

std::int64_t Database::changes() const { return sqlite3_changes64(connection_->handle); }

std::int64_t Database::last_insert_rowid() const {
    return sqlite3_last_insert_rowid(connection_->handle);
}

bool Database::is_in_transaction() const {
    return sqlite3_get_autocommit(connection_->handle) == 0;
}

Result<void> Database::backup_to(const std::string& path) {
    assert(connection_->depth == 0);
    auto real_path = resolved(path);
    if (!real_path) return real_path.error();
    const std::string partial = *real_path + ".partial";
    if (::unlink(partial.c_str()) != 0 && errno != ENOENT) {
        return of_system(partial, "remove", errno);
    }
    {
        const Descriptor created(
            ::open(partial.c_str(), O_RDWR | O_CREAT | O_EXCL | careful, 0600));
        if (created.number() < 0) return of_system(partial, "create", errno);
    }
    auto copied = copy_to(partial);
    if (copied && ::rename(partial.c_str(), real_path->c_str()) != 0) {
        copied = of_system(*real_path, "rename", errno);
    }
    if (!copied) {
        ::unlink(partial.c_str());
        return copied;
    }
    return sync_directory_of(*real_path);
}

Result<void> Database::copy_to(const std::string& partial) {
    sqlite3* target = nullptr;
    int code = sqlite3_open_v2(
        partial.c_str(), &target,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
        nullptr);
    sqlite3_backup* backup = nullptr;
    if (code == SQLITE_OK) {
        backup = sqlite3_backup_init(target, "main", connection_->handle, "main");
        code =
            backup == nullptr ? sqlite3_extended_errcode(target) : sqlite3_backup_step(backup, -1);
        if (code == SQLITE_DONE) code = SQLITE_OK;
    }
    if (backup != nullptr) {
        const int finished = sqlite3_backup_finish(backup);
        if (code == SQLITE_OK) code = finished;
    }
    Result<void> done = success();
    if (code != SQLITE_OK) done = failure(target, code, partial, "back up " + path());
    sqlite3_close(target);
    return done;
}

Result<void> Database::checkpoint() {
    const int code = sqlite3_wal_checkpoint_v2(connection_->handle, nullptr,
                                               SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if (code != SQLITE_OK) return connection_->failed(code, "checkpoint");
    return success();
}

void Database::defer_checkpoints() {
    // SQLite's own checkpoint is such a hook, and this one takes its place.
    sqlite3_wal_hook(
        connection_->handle,
        [](void* connection, sqlite3*, const char*, int pages) {
            static_cast<Connection*>(connection)->log_pages = pages;
            return SQLITE_OK;
        },
        connection_.get());
}

Result<void> Database::copy_log_back() {
    if (connection_->log_pages < connection_->most_log_pages) return success();
    const int code = sqlite3_wal_checkpoint_v2(connection_->handle, nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code != SQLITE_OK) return connection_->failed(code, "checkpoint");
    return success();
}

void Database::give_memory_back() {
    sqlite3_db_release_memory(connection_->handle);
    ::malloc_trim(0);
}

const std::string& Database::path() const { return connection_->path; }
int Database::version() const { return connection_->version; }
bool Database::was_checked_completely() const { return connection_->was_checked_completely; }

}  // namespace chorale::store
