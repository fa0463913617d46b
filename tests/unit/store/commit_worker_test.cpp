#include "common/store/commit_worker.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/unit/base/file_size_limit.hpp"
#include "tests/unit/base/result_text.hpp"
#include "tests/unit/base/scratch.hpp"

namespace chorale::store {
namespace {

constexpr Migration schema[] = {
    {1, "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, content BLOB) STRICT"}};

Database open(const std::string& path, std::uint64_t cache_octets = 16U << 20U) {
    DatabaseOptions options;
    options.application_id = 1;
    options.migrations = schema;
    options.cache_octets = cache_octets;
    auto database = Database::open(path, options);
    if (!database) FAIL(database.error().message());
    return std::move(*database);
}

CommitWorker::Job insert(std::string name) {
    return [name = std::move(name)](Database& database) {
        return database.execute("INSERT INTO item(name) VALUES(?1)", name);
    };
}

// Holds the worker, so that what is submitted meanwhile makes one batch.
class Gate {
public:
    explicit Gate(CommitWorker& worker) {
        REQUIRE(worker.read(
            [this](Database&) {
                entered_.set_value();
                opened_.get_future().wait();
                return success();
            },
            [](Result<void>) {}));
        entered_.get_future().wait();
    }
    void open() { opened_.set_value(); }

private:
    std::promise<void> entered_;
    std::promise<void> opened_;
};

// Outcomes in the order in which they were told.
struct Outcomes {
    CommitWorker::Done done(int number) {
        return [this, number](Result<void> result) {
            order.push_back(number);
            results.push_back(std::move(result));
        };
    }
    std::vector<int> order;
    std::vector<Result<void>> results;
};

std::int64_t count(const std::string& path) {
    auto database = open(path);
    return database.query_integer("SELECT count(*) FROM item")->value_or(-1);
}

}  // namespace

TEST_CASE("Jobs that wait share one commit, and each is told in order") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    Outcomes outcomes;
    {
        CommitWorker worker(open(path));
        Gate gate(worker);
        for (int i = 0; i < 50; ++i) {
            REQUIRE(worker.submit(insert(std::to_string(i)), outcomes.done(i)));
        }
        CHECK(worker.waiting() == 50);
        gate.open();
        worker.stop();
        CHECK(worker.counters().commits == 1);
        CHECK(worker.counters().jobs == 50);
        CHECK(worker.counters().failed == 0);
    }
    REQUIRE(outcomes.order.size() == 50);
    for (int i = 0; i < 50; ++i) CHECK(outcomes.order[static_cast<std::size_t>(i)] == i);
    CHECK(count(path) == 50);
}

TEST_CASE("A job that fails is rolled back alone") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    Outcomes outcomes;
    {
        CommitWorker worker(open(path));
        Gate gate(worker);
        REQUIRE(worker.submit(insert("a"), outcomes.done(0)));
        REQUIRE(worker.submit(
            [](Database& database) -> Result<void> {
                auto done = database.execute("INSERT INTO item(name) VALUES('trace')");
                if (!done) return done;
                return Error(ErrorKind::refused, "second thoughts");
            },
            outcomes.done(1)));
        REQUIRE(worker.submit(insert("a"), outcomes.done(2)));
        REQUIRE(worker.submit(insert("b"), outcomes.done(3)));
        gate.open();
        worker.stop();
        CHECK(worker.counters().commits == 1);
        CHECK(worker.counters().failed == 2);
    }
    REQUIRE(outcomes.results.size() == 4);
    CHECK(outcomes.results[0]);
    CHECK(outcomes.results[1].error().message() == "second thoughts");
    CHECK(outcomes.results[2].error().kind() == ErrorKind::conflict);
    CHECK(outcomes.results[3]);
    CHECK(count(path) == 2);
}

TEST_CASE("A read sees all that was submitted before it, outside of a transaction") {
    const Scratch scratch;
    Outcomes outcomes;
    std::int64_t seen = -1;
    bool was_in_transaction = true;
    std::promise<void> finished;
    CommitWorker worker(open(scratch.file("a.db")));
    REQUIRE(worker.submit(insert("a"), outcomes.done(0)));
    REQUIRE(worker.read(
        [&](Database& database) -> Result<void> {
            was_in_transaction = database.is_in_transaction();
            seen = database.query_integer("SELECT count(*) FROM item")->value_or(-1);
            return success();
        },
        [&](Result<void>) { finished.set_value(); }));
    REQUIRE(worker.submit(insert("b"), outcomes.done(1)));
    finished.get_future().wait();
    CHECK(seen == 1);
    CHECK_FALSE(was_in_transaction);
}

TEST_CASE("A backup can be taken by the worker") {
    const Scratch scratch;
    const auto copy = scratch.file("copy.db");
    Outcomes outcomes;
    {
        CommitWorker worker(open(scratch.file("a.db")));
        REQUIRE(worker.submit(insert("a"), outcomes.done(0)));
        REQUIRE(worker.read([copy](Database& database) { return database.backup_to(copy); },
                            outcomes.done(1)));
    }
    REQUIRE(outcomes.results.size() == 2);
    CHECK(outcomes.results[1]);
    CHECK(count(copy) == 1);
}

TEST_CASE("The queue has a bound, and what is refused is not run") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    Outcomes outcomes;
    {
        CommitWorker worker(open(path), {.queue = 3, .batch = 2, .batch_octets = 1'000});
        Gate gate(worker);
        for (int i = 0; i < 3; ++i) {
            REQUIRE(worker.submit(insert(std::to_string(i)), outcomes.done(i)));
        }
        CHECK_FALSE(worker.submit(insert("too many"), outcomes.done(3)));
        CHECK_FALSE(worker.read([](Database&) { return success(); }, outcomes.done(4)));
        gate.open();
        worker.stop();
        CHECK(worker.counters().refused == 2);
        CHECK(worker.counters().commits == 2);  // batches of two
        CHECK_FALSE(worker.submit(insert("late"), outcomes.done(5)));
    }
    CHECK(outcomes.order == std::vector<int>{0, 1, 2});
    CHECK(count(path) == 3);
}

TEST_CASE("A large job does not share its transaction") {
    const Scratch scratch;
    Outcomes outcomes;
    CommitWorker worker(open(scratch.file("a.db")), {.batch_octets = 1'000});
    Gate gate(worker);
    REQUIRE(worker.submit(insert("a"), outcomes.done(0), 600));
    REQUIRE(worker.submit(insert("b"), outcomes.done(1), 400));
    REQUIRE(worker.submit(insert("c"), outcomes.done(2), 5'000));
    REQUIRE(worker.submit(insert("d"), outcomes.done(3), 1));
    gate.open();
    worker.stop();
    CHECK(worker.counters().commits == 3);
    CHECK(outcomes.order == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("stop() finishes what was accepted") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    std::atomic<int> told = 0;
    {
        CommitWorker worker(open(path));
        for (int i = 0; i < 500; ++i) {
            REQUIRE(worker.submit(insert(std::to_string(i)), [&](Result<void> result) {
                if (result) ++told;
            }));
        }
    }
    CHECK(told == 500);
    CHECK(count(path) == 500);
}

TEST_CASE("Many threads may submit at once, and each success is in the file") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    std::atomic<int> told = 0;
    std::atomic<int> accepted = 0;
    {
        CommitWorker worker(open(path), {.queue = 64});
        std::vector<std::thread> threads;
        for (int thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 200; ++i) {
                    const std::string name = std::to_string(thread) + "/" + std::to_string(i);
                    const bool is_in = worker.submit(insert(name), [&](Result<void> result) {
                        if (result) ++told;
                    });
                    if (is_in) ++accepted;
                    static_cast<void>(worker.waiting());
                    static_cast<void>(worker.counters());
                }
            });
        }
        for (auto& thread : threads) thread.join();
    }
    CHECK(told == accepted);
    CHECK(count(path) == accepted);
}

TEST_CASE("When the disk fails, nobody of that transaction is told success, and later ones work") {
    const Scratch scratch;
    const auto path = scratch.file("a.db");
    // A small cache spills, so that the error comes in the job; else it comes with the COMMIT.
    const bool fails_in_job = GENERATE(true, false);
    Outcomes outcomes;
    {
        CommitWorker worker(open(path, fails_in_job ? 64U << 10U : 64U << 20U));
        {
            Gate gate(worker);
            REQUIRE(worker.submit(insert("a"), outcomes.done(0)));
            REQUIRE(worker.submit(
                [](Database& database) {
                    return database.execute("INSERT INTO item(content) VALUES(?1)",
                                            Bytes(3'000'000, 1));
                },
                outcomes.done(1)));
            REQUIRE(worker.submit(insert("b"), outcomes.done(2)));
            const FileSizeLimit limit(200'000);
            std::promise<void> finished;
            REQUIRE(worker.read([](Database&) { return success(); },
                                [&](Result<void>) { finished.set_value(); }));
            gate.open();
            finished.get_future().wait();
        }
        REQUIRE(worker.submit(insert("a"), outcomes.done(3)));
    }
    REQUIRE(outcomes.order == std::vector<int>{0, 1, 2, 3});
    CHECK_FALSE(outcomes.results[0]);
    CHECK(outcomes.results[0].error().kind() == ErrorKind::storage);
    CHECK_FALSE(outcomes.results[1]);
    // Behind the failing job a new transaction begins; a failed COMMIT takes all.
    CHECK(outcomes.results[2].has_value() == fails_in_job);
    CHECK(outcomes.results[3]);
    CHECK(count(path) == (fails_in_job ? 2 : 1));
}

}  // namespace chorale::store
