#include "common/store/statement.hpp"

#include <cassert>
#include <stdexcept>

#include "common/store/connection.hpp"

namespace chorale::store {
namespace {

// What an operator sees of a statement in an error: its first words.
std::string_view beginning(std::string_view sql) { return sql.substr(0, 60); }

}  // namespace

void integer_out_of_range() { throw std::logic_error("integer does not fit into SQLite's"); }

Statement::Statement(Database& database, sqlite3_stmt* handle, std::string_view sql)
    : database_(&database), handle_(handle), sql_(sql) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      handle_(other.handle_),
      sql_(std::move(other.sql_)),
      is_done_(other.is_done_),
      failure_(other.failure_) {
    other.handle_ = nullptr;
}

Statement::~Statement() {
    if (handle_ == nullptr) return;
    reset();
    auto& statements = database_->connection_->statements;
    if (statements.size() >= Database::Connection::most_statements ||
        !statements.try_emplace(std::move(sql_), handle_).second) {
        sqlite3_finalize(handle_);
    }
}

void Statement::note(int code) const {
    if (failure_ == SQLITE_OK) failure_ = code;
}

void Statement::bind(int parameter, std::int64_t value) {
    note(sqlite3_bind_int64(handle_, parameter, value));
}

void Statement::bind(int parameter, std::string_view text) {
    // A null pointer would bind null, and an empty view may have one.
    const char* octets = text.empty() ? "" : text.data();
    note(sqlite3_bind_text64(handle_, parameter, octets, text.size(), SQLITE_TRANSIENT,
                             SQLITE_UTF8));
}

void Statement::bind(int parameter, BytesView octets) {
    if (octets.empty()) {
        note(sqlite3_bind_zeroblob(handle_, parameter, 0));
    } else {
        note(sqlite3_bind_blob64(handle_, parameter, octets.data(), octets.size(),
                                 SQLITE_TRANSIENT));
    }
}

void Statement::bind(int parameter, Null) { note(sqlite3_bind_null(handle_, parameter)); }

Result<bool> Statement::step() {
    auto& connection = *database_->connection_;
    if (failure_ != SQLITE_OK) return connection.failed(failure_, beginning(sql_));
    if (is_done_) return false;  // SQLite would start again from the first row
    // After an I/O error or a full disk SQLite may have rolled back the whole transaction on its
    // own account. What follows in it must not be done as if it were a transaction by itself.
    if (connection.depth > 0 && !database_->is_in_transaction()) {
        return Error(ErrorKind::storage, connection.path + ": " + std::string(beginning(sql_)) +
                                             ": an earlier error rolled the transaction back");
    }
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    is_done_ = true;
    if (code == SQLITE_DONE) return false;
    note(code);
    return connection.failed(code, beginning(sql_));
}

Result<void> Statement::run() {
    while (true) {
        const auto row = step();
        if (!row) return row.error();
        if (!*row) return success();
    }
}

void Statement::reset() {
    sqlite3_reset(handle_);  // repeats the error that step() told
    sqlite3_clear_bindings(handle_);
    is_done_ = false;
    failure_ = SQLITE_OK;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::text(int column) const {
    const unsigned char* octets = sqlite3_column_text(handle_, column);
    if (octets == nullptr) {
        if (!is_null(column)) note(SQLITE_NOMEM);
        return {};
    }
    return {reinterpret_cast<const char*>(octets),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

BytesView Statement::blob(int column) const {
    const void* octets = sqlite3_column_blob(handle_, column);
    if (octets == nullptr) {
        if (sqlite3_errcode(database_->connection_->handle) == SQLITE_NOMEM) note(SQLITE_NOMEM);
        return {};
    }
    return {static_cast<const Byte*>(octets),
            static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

}  // namespace chorale::store
