#include "common/store/failure.hpp"

#include <sqlite3.h>

#include <string>
#include <system_error>

namespace chorale::store {
namespace {

struct Meaning {
    int code;
    ErrorKind kind;
    const char* text;
};

// A more exact code stands behind its class.
constexpr Meaning meanings[] = {
    {SQLITE_FULL, ErrorKind::storage, "the disk is full or the file has reached its bound"},
    {SQLITE_IOERR, ErrorKind::storage, "the disk or file system failed"},
    {SQLITE_IOERR_READ, ErrorKind::storage, "the disk or file system failed to read"},
    {SQLITE_IOERR_WRITE, ErrorKind::storage, "the disk or file system failed to write"},
    {SQLITE_IOERR_FSYNC, ErrorKind::storage, "the disk or file system failed to sync"},
    {SQLITE_IOERR_TRUNCATE, ErrorKind::storage, "the disk or file system failed to truncate"},
    {SQLITE_READONLY, ErrorKind::storage, "the file or its file system is read-only"},
    {SQLITE_CORRUPT, ErrorKind::storage, "the file is damaged; restore it from a backup"},
    {SQLITE_NOTADB, ErrorKind::storage, "the file is damaged or no SQLite database"},
    {SQLITE_CANTOPEN, ErrorKind::storage, "the file cannot be opened"},
    {SQLITE_PERM, ErrorKind::storage, "access to the file is denied"},
    {SQLITE_NOLFS, ErrorKind::storage, "the file system does not allow files of this size"},
    {SQLITE_PROTOCOL, ErrorKind::storage, "locks on the file do not work"},
    {SQLITE_BUSY, ErrorKind::timeout, "another process holds a lock on the file"},
    {SQLITE_LOCKED, ErrorKind::timeout, "a table is in use by another statement"},
    {SQLITE_CONSTRAINT, ErrorKind::conflict, "a rule of the schema does not allow it"},
    {SQLITE_TOOBIG, ErrorKind::limit, "a value is too large"},
    {SQLITE_NOMEM, ErrorKind::limit, "out of memory"},
    {SQLITE_INTERRUPT, ErrorKind::cancelled, "it was called off"},
};

}  // namespace

Error failure(sqlite3* connection, int code, std::string_view file, std::string_view doing) {
    ErrorKind kind = ErrorKind::unspecified;
    const char* meaning = "SQLite does not accept it";
    for (const Meaning& known : meanings) {
        if (known.code == code || known.code == (code & 0xFF)) {
            kind = known.kind;
            meaning = known.text;
        }
    }
    std::string text(file);
    text.append(": ").append(doing).append(": ").append(meaning).append(" (");
    text.append(connection != nullptr && sqlite3_extended_errcode(connection) == code
                    ? sqlite3_errmsg(connection)
                    : sqlite3_errstr(code));
    text.append(", SQLite code ").append(std::to_string(code));
    const bool is_of_system = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
    if (connection != nullptr && is_of_system) {
        const int reason = sqlite3_system_errno(connection);
        if (reason != 0) text.append(", ").append(std::system_category().message(reason));
    }
    text.push_back(')');
    return {kind, std::move(text)};
}

}  // namespace chorale::store
