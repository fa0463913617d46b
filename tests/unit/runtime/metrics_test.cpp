#include "common/runtime/metrics.hpp"

#include <thread>

#include "tests/support/catch.hpp"

namespace chorale::runtime {
namespace {

const MetricRow rows[] = {
    {"updates_total", MetricKind::counter, "UPDATE messages", {"zone", "rcode"}},
    {"zones", MetricKind::gauge, "Zones that are served"},
    {"commit_seconds", MetricKind::histogram, "Time of a commit", {}, {0.01, 0.1, 1}},
};

}  // namespace

TEST_CASE("Metrics are shown in the text exposition format 0.0.4") {
    Metrics metrics(rows);
    CHECK_THAT(metrics.render(), Catch::Contains("\nzones 0\n"));  // shown before it is used
    auto updates = metrics.counter("updates_total", {"a.example.", "NOERROR"});
    updates.increment();
    updates.increment(2);
    metrics.gauge("zones").set(5);
    metrics.gauge("zones").add(-1);
    metrics.histogram("commit_seconds").observe(0.05);
    metrics.histogram("commit_seconds").observe(7);
    CHECK(updates.value() == 3);
    CHECK(metrics.gauge("zones").value() == 4);
    const auto text = metrics.render();
    for (const char* expected :
         {"# HELP updates_total UPDATE messages\n", "# TYPE updates_total counter\n",
          "updates_total{rcode=\"NOERROR\",zone=\"a.example.\"} 3\n", "# TYPE zones gauge\n",
          "zones 4\n", "# TYPE commit_seconds histogram\n",
          "commit_seconds_bucket{le=\"0.01\"} 0\n", "commit_seconds_bucket{le=\"0.1\"} 1\n",
          "commit_seconds_bucket{le=\"+Inf\"} 2\n", "commit_seconds_count 2\n"}) {
        CHECK_THAT(text, Catch::Contains(expected));
    }
}

TEST_CASE("The same labels are the same series, and a removed one is not shown") {
    Metrics metrics(rows);
    metrics.counter("updates_total", {"a.", "NOERROR"}).increment();
    metrics.counter("updates_total", {"a.", "NOERROR"}).increment();
    CHECK(metrics.counter("updates_total", {"a.", "NOERROR"}).value() == 2);
    metrics.remove("updates_total", {"a.", "NOERROR"});
    metrics.remove("updates_total", {"never", "seen"});
    CHECK(metrics.render().find("\"a.\"") == std::string::npos);
    CHECK(metrics.counter("updates_total", {"a.", "NOERROR"}).value() == 0);
}

TEST_CASE("A metric has a bounded number of series") {
    Metrics metrics(rows, 3);
    for (int i = 0; i < 10; ++i) {
        metrics.counter("updates_total", {std::to_string(i), "NOERROR"}).increment();
    }
    CHECK(metrics.counter("updates_total", {"other", "other"}).value() == 7);
    CHECK(metrics.counter("updates_total", {"2", "NOERROR"}).value() == 1);
    metrics.remove("updates_total", {"2", "NOERROR"});
    CHECK(metrics.counter("updates_total", {"new", "NOERROR"}).value() == 0);
}

TEST_CASE("Label values of any octets keep the format") {
    Metrics metrics(rows);
    metrics.counter("updates_total", {"a\"\\\n\xff} 1\nfake 2", "X"}).increment();
    CHECK_THAT(metrics.render(), Catch::Contains(R"(zone="a\"\\\\x0a\\xff} 1\\x0afake 2"} 1)"));
}

TEST_CASE("Threads may count at once") {
    Metrics metrics(rows);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&metrics] {
            for (int i = 0; i < 500; ++i) {
                metrics.counter("updates_total", {std::to_string(i % 7), "NOERROR"}).increment();
                if (i % 100 == 0) static_cast<void>(metrics.render());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    double sum = 0;
    for (int i = 0; i < 7; ++i) {
        sum += metrics.counter("updates_total", {std::to_string(i), "NOERROR"}).value();
    }
    CHECK(sum == 2'000);
}

}  // namespace chorale::runtime
