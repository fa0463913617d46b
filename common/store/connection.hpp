// Private to the room: what stands behind a Database.
#pragma once

#include <sqlite3.h>

#include <string>
#include <unordered_map>

#include "common/store/database.hpp"
#include "common/store/failure.hpp"

namespace chorale::store {

struct Database::Connection {
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Error failed(int code, std::string_view doing) const {
        return failure(handle, code, path, doing);
    }
    void clear_statements();

    // Statements that wait for their next use; more than this are not kept.
    static constexpr std::size_t most_statements = 128;

    std::string path;
    int lock = -1;  // descriptor of `<path>.lock`
    sqlite3* handle = nullptr;
    std::unordered_map<std::string, sqlite3_stmt*> statements;
    int depth = 0;  // of open transactions and savepoints
    int version = 0;
    bool was_checked_completely = false;
    int log_pages = 0;  // after the last COMMIT, once checkpoints are deferred
    int most_log_pages = 0;
};

}  // namespace chorale::store
