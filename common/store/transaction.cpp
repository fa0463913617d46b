#include "common/store/transaction.hpp"

#include <cassert>
#include <string>

#include "common/store/connection.hpp"

namespace chorale::store {
namespace {

std::string savepoint(const char* doing, int depth) {
    return std::string(doing) + " level_" + std::to_string(depth);
}

}  // namespace

Result<Transaction> Transaction::begin(Database& database) {
    auto& connection = *database.connection_;
    auto begun = connection.depth == 0 ? database.execute("BEGIN IMMEDIATE")
                                       : database.execute(savepoint("SAVEPOINT", connection.depth));
    if (!begun) return begun.error();
    return Transaction(database, connection.depth++);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(other.database_), depth_(other.depth_) {
    other.database_ = nullptr;
}

Transaction::~Transaction() { roll_back(); }

Result<void> Transaction::commit() {
    assert(database_ != nullptr && database_->connection_->depth == depth_ + 1);
    if (!database_->is_in_transaction()) {
        Error lost(ErrorKind::storage, database_->path() +
                                           ": commit: everything was rolled back by an earlier "
                                           "error");
        roll_back();
        return lost;
    }
    auto done = depth_ == 0 ? database_->execute("COMMIT")
                            : database_->execute(savepoint("RELEASE", depth_));
    if (!done) {
        roll_back();
        return done;
    }
    database_->connection_->depth = depth_;
    database_ = nullptr;
    return success();
}

void Transaction::roll_back() {
    if (database_ == nullptr) return;
    assert(database_->connection_->depth == depth_ + 1);
    if (database_->is_in_transaction()) {
        bool is_undone = true;
        if (depth_ > 0) {
            is_undone = database_->execute(savepoint("ROLLBACK TO", depth_)).has_value() &&
                        database_->execute(savepoint("RELEASE", depth_)).has_value();
        }
        // A savepoint that cannot be undone must not be committed with the rest: all goes.
        // ROLLBACK itself leaves no transaction behind, whatever the disk says.
        if (depth_ == 0 || !is_undone) static_cast<void>(database_->execute("ROLLBACK"));
    }
    database_->connection_->depth = depth_;
    database_ = nullptr;
}

}  // namespace chorale::store
