// The one thread that owns a Database and commits for all who ask: group commit.
//
// All jobs that wait (up to a bound) share one transaction and one fsync, each in a savepoint of
// its own, so that one which fails leaves no trace and does not disturb the others. Nobody is told
// of success before the COMMIT: "commit before you promise".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/store/database.hpp"

namespace chorale::store {

struct CommitLimits {
    std::size_t queue = 4'096;                // jobs that may wait
    std::size_t batch = 256;                  // jobs in one transaction
    std::uint64_t batch_octets = 16U << 20U;  // of their announced octets in one transaction
};

struct CommitCounters {
    std::uint64_t jobs = 0;     // write jobs that were run
    std::uint64_t failed = 0;   // of these, told an error
    std::uint64_t commits = 0;  // transactions committed
    std::uint64_t refused = 0;  // submissions refused because the queue was full
};

class CommitWorker {
public:
    // Works on the worker thread, in a savepoint; an error rolls it back. Must not throw, and must
    // not keep the reference. Functions have to be copyable; share what is not.
    using Job = std::function<Result<void>(Database&)>;
    // Called on the worker thread, once, in the order of submission, after the COMMIT.
    using Done = std::function<void(Result<void>)>;

    explicit CommitWorker(Database database, CommitLimits limits = {});
    CommitWorker(const CommitWorker&) = delete;
    CommitWorker& operator=(const CommitWorker&) = delete;
    ~CommitWorker();  // stop()

    // From any thread. False, and neither is called, if the queue is full or stop() was called.
    // `octets`: about how much the job will write, so that a large one does not delay many others.
    [[nodiscard]] bool submit(Job job, Done done, std::uint64_t octets = 0);

    // Likewise, but outside of any transaction: for reading, backup_to() and checkpoint(). It sees
    // everything that was submitted before it.
    [[nodiscard]] bool read(Job job, Done done);

    // Finishes all that was accepted, then ends the thread and closes the Database. Not from the
    // worker thread. Submissions fail from now on.
    void stop();

    std::size_t waiting() const;  // jobs in the queue
    CommitCounters counters() const;

private:
    struct Shared;
    std::unique_ptr<Shared> shared_;
};

}  // namespace chorale::store
