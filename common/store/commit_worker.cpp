#include "common/store/commit_worker.hpp"

#include <cassert>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "common/store/transaction.hpp"

namespace chorale::store {
namespace {

// A batch with more than this was no change of some records but a new zone.
constexpr std::uint64_t much_octets = 1U << 20U;

struct Task {
    CommitWorker::Job job;
    CommitWorker::Done done;
    std::uint64_t octets = 0;
    bool is_read = false;
};

// Runs one job in its savepoint.
Result<void> run_apart(Database& database, const CommitWorker::Job& job) {
    auto savepoint = Transaction::begin(database);
    if (!savepoint) return savepoint.error();
    auto done = job(database);
    if (!done) return done;
    return savepoint->commit();
}

// What the successes of a transaction become when it is not committed.
void fail_all(std::span<Result<void>> results, const Error& reason) {
    for (Result<void>& result : results) {
        if (result) result = reason;
    }
}

}  // namespace

struct CommitWorker::Shared {
    Shared(Database owned, CommitLimits bounds) : database(std::move(owned)), limits(bounds) {
        database->defer_checkpoints();
    }

    bool enter(Task task);
    void work();
    std::vector<Task> next_batch();
    void write(std::vector<Task>& batch);
    // From `first` on, as much as one transaction holds; where the next one has to begin.
    std::size_t write_transaction(const std::vector<Task>& batch,
                                  std::vector<Result<void>>& results, std::size_t first);

    std::optional<Database> database;  // the worker thread's
    const CommitLimits limits;
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::deque<Task> queue;
    bool is_stopping = false;
    CommitCounters counters;
    std::thread thread;
};

CommitWorker::CommitWorker(Database database, CommitLimits limits)
    : shared_(std::make_unique<Shared>(std::move(database), limits)) {
    assert(limits.queue > 0 && limits.batch > 0);
    shared_->thread = std::thread([shared = shared_.get()] { shared->work(); });
}

CommitWorker::~CommitWorker() { stop(); }

bool CommitWorker::submit(Job job, Done done, std::uint64_t octets) {
    return shared_->enter({std::move(job), std::move(done), octets, false});
}

bool CommitWorker::read(Job job, Done done) {
    return shared_->enter({std::move(job), std::move(done), 0, true});
}

void CommitWorker::stop() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->is_stopping = true;
    }
    shared_->changed.notify_one();
    if (shared_->thread.joinable()) {
        assert(shared_->thread.get_id() != std::this_thread::get_id());
        shared_->thread.join();
    }
    shared_->database.reset();
}

std::size_t CommitWorker::waiting() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->queue.size();
}

CommitCounters CommitWorker::counters() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->counters;
}

bool CommitWorker::Shared::enter(Task task) {
    assert(task.job && task.done);
    {
        const std::lock_guard lock(mutex);
        if (is_stopping) return false;
        if (queue.size() >= limits.queue) {
            ++counters.refused;
            return false;
        }
        queue.push_back(std::move(task));
    }
    changed.notify_one();
    return true;
}

void CommitWorker::Shared::work() {
    std::unique_lock lock(mutex);
    while (true) {
        changed.wait(lock, [this] { return is_stopping || !queue.empty(); });
        if (queue.empty()) return;
        std::vector<Task> batch = next_batch();
        lock.unlock();
        if (batch.front().is_read) {
            batch.front().done(batch.front().job(*database));
        } else {
            write(batch);
        }
        std::uint64_t octets = 0;
        for (const Task& task : batch) octets += task.octets;
        batch.clear();  // what the functions hold is let go without the lock
        if (octets > much_octets) database->give_memory_back();
        lock.lock();
    }
}

// One read, or as many writes as may share a transaction; at least one.
std::vector<Task> CommitWorker::Shared::next_batch() {
    std::vector<Task> batch;
    std::uint64_t octets = 0;
    while (!queue.empty() && batch.size() < limits.batch) {
        const Task& next = queue.front();
        if (!batch.empty() &&
            (next.is_read || batch.front().is_read || octets + next.octets > limits.batch_octets)) {
            break;
        }
        octets += next.octets;
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    return batch;
}

void CommitWorker::Shared::write(std::vector<Task>& batch) {
    std::vector<Result<void>> results(batch.size(), success());
    for (std::size_t first = 0; first < batch.size();) {
        first = write_transaction(batch, results, first);
    }
    {
        const std::lock_guard lock(mutex);
        counters.jobs += batch.size();
        for (const auto& result : results) counters.failed += result ? 0U : 1U;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(std::move(results[i]));
    // Nobody waits any more. If it fails, such as on a full disk, all that was committed is safe
    // in the log, and the next turn tries again.
    static_cast<void>(database->copy_log_back());
}

std::size_t CommitWorker::Shared::write_transaction(const std::vector<Task>& batch,
                                                    std::vector<Result<void>>& results,
                                                    std::size_t first) {
    const auto all = std::span(results);
    auto transaction = Transaction::begin(*database);
    if (!transaction) {
        fail_all(all.subspan(first), transaction.error());
        return batch.size();
    }
    for (std::size_t i = first; i < batch.size(); ++i) {
        results[i] = run_apart(*database, batch[i].job);
        if (!database->is_in_transaction()) {
            // A full disk or an I/O error takes the whole transaction with it. The jobs before are
            // not run again, since they may remember that they ran; those behind get a new one.
            const Error reason =
                results[i] ? Error(ErrorKind::storage, "rolled back") : results[i].error();
            fail_all(all.subspan(first, i + 1 - first), reason.in("committed together"));
            return i + 1;
        }
    }
    auto committed = transaction->commit();
    if (!committed) {
        fail_all(all.subspan(first), committed.error());
    } else {
        const std::lock_guard lock(mutex);
        ++counters.commits;
    }
    return batch.size();
}

}  // namespace chorale::store
