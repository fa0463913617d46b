// What SQLite's result codes mean for an operator. Ruled by SQLite's "Result and Error Codes".
//
// FULL, IOERR, READONLY, CORRUPT, NOTADB, CANTOPEN, PERM, NOLFS: ErrorKind::storage.
// BUSY, LOCKED: timeout. CONSTRAINT: conflict. TOOBIG, NOMEM: limit. INTERRUPT: cancelled.
// Others are faults of our SQL: unspecified.
#pragma once

#include "common/base/result.hpp"

struct sqlite3;

namespace chorale::store {

// "file: doing: what happened (SQLite's words)". `connection` may be null.
Error failure(sqlite3* connection, int code, std::string_view file, std::string_view doing);

}  // namespace chorale::store
