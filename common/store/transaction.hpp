// A write transaction (BEGIN IMMEDIATE), or a savepoint if one is open already, so that a function
// which needs a transaction works alone and within a group commit. Ruled by SQLite's "SAVEPOINT".
#pragma once

#include "common/store/database.hpp"

namespace chorale::store {

class Transaction {
public:
    // Transactions of one Database nest like scopes: the inner one ends first.
    static Result<Transaction> begin(Database& database);

    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();  // rolls back unless committed

    // After success of the outermost one everything is on the disk. After a failure everything of
    // it is rolled back.
    Result<void> commit();
    void roll_back();

private:
    Transaction(Database& database, int depth) : database_(&database), depth_(depth) {}

    Database* database_;  // null when over
    int depth_;           // 0 for the transaction, else the number of the savepoint
};

}  // namespace chorale::store
