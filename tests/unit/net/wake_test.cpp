#include "common/net/wake.hpp"

#include "tests/unit/net/lab.hpp"

using namespace chorale;
using namespace chorale::net;
using namespace chorale::net::test;

TEST_CASE("an event wakes all who wait and stays", "[net][wake]") {
    Lab lab;
    auto event = lab.call([&] { return std::make_unique<Event>(lab.executor()); });
    auto first = lab.start(event->wait(deadline_after(patience)));
    auto second = lab.start(event->wait(no_deadline));
    lab.call([&] { event->set(); });
    CHECK(Lab::finished(std::move(first)).has_value());
    CHECK(Lab::finished(std::move(second)).has_value());
    CHECK(lab.await(event->wait(deadline_after(patience))).has_value());
    lab.call([&] { event.reset(); });
}

TEST_CASE("a wait ends with timeout at its deadline", "[net][wake]") {
    Lab lab;
    auto event = lab.call([&] { return std::make_unique<Event>(lab.executor()); });
    auto signal = lab.call([&] { return std::make_unique<CoalescingSignal>(lab.executor()); });
    const auto began = std::chrono::steady_clock::now();
    const auto waited = lab.await(event->wait(deadline_after(Duration(30))));
    REQUIRE(waited.has_error());
    CHECK(waited.error().kind() == ErrorKind::timeout);
    CHECK(std::chrono::steady_clock::now() - began >= Duration(30));
    CHECK(lab.await(signal->wait(deadline_after(Duration(1)))).error().kind() ==
          ErrorKind::timeout);
    // Afterwards it works as before.
    lab.call([&] {
        signal->notify();
        event->set();
    });
    CHECK(lab.await(signal->wait(deadline_after(patience))).has_value());
    CHECK(lab.await(event->wait(deadline_after(patience))).has_value());
    lab.call([&] {
        event.reset();
        signal.reset();
    });
}

TEST_CASE("a signal remembers one notification", "[net][wake]") {
    Lab lab;
    auto signal = lab.call([&] { return std::make_unique<CoalescingSignal>(lab.executor()); });
    lab.call([&] {
        for (int count = 0; count < 5; ++count) signal->notify();
    });
    CHECK(lab.await(signal->wait(deadline_after(patience))).has_value());
    CHECK(lab.await(signal->wait(deadline_after(Duration(1)))).has_error());
    lab.call([&] { signal.reset(); });
}

TEST_CASE("who waits is called off when the event goes", "[net][wake]") {
    Lab lab;
    auto event = lab.call([&] { return std::make_unique<Event>(lab.executor()); });
    auto waiting = lab.start(event->wait(no_deadline));
    lab.call([&] { event.reset(); });
    const auto waited = Lab::finished(std::move(waiting));
    REQUIRE(waited.has_error());
    CHECK(waited.error().kind() == ErrorKind::cancelled);
}

TEST_CASE("a wait that never ends goes with its io_context", "[net][wake]") {
    auto lab = std::make_unique<Lab>();
    auto event = lab->call([&] { return std::make_unique<Event>(lab->executor()); });
    auto waiting = lab->start(event->wait(no_deadline));
    lab->call([] {});
    lab.reset();
    CHECK_THROWS(waiting.get());  // broken promise
}

TEST_CASE("a completion brings the outcome of another thread", "[net][wake]") {
    Lab lab;
    SECTION("a value") {
        Completion<std::string> completion(lab.executor());
        auto waiting = lab.start(completion.wait(deadline_after(patience)));
        std::thread worker([done = completion.callback()] { done(std::string("stored")); });
        const Result<std::string> outcome = Lab::finished(std::move(waiting));
        worker.join();
        CHECK(outcome.value() == "stored");
    }
    SECTION("an error, before anybody waits; the second call does not count") {
        Completion<void> completion(lab.executor());
        std::thread worker([done = completion.callback()] {
            done(Error(ErrorKind::storage, "disk full"));
            done(success());
        });
        worker.join();
        const Result<void> outcome = lab.await(completion.wait(deadline_after(patience)));
        REQUIRE(outcome.has_error());
        CHECK(outcome.error().kind() == ErrorKind::storage);
    }
    SECTION("too late, and after the completion is gone") {
        std::function<void(Result<void>)> done;
        {
            Completion<void> completion(lab.executor());
            done = completion.callback();
            const Result<void> outcome = lab.await(completion.wait(deadline_after(Duration(1))));
            REQUIRE(outcome.has_error());
            CHECK(outcome.error().kind() == ErrorKind::timeout);
        }
        std::thread worker([&done] { done(success()); });
        worker.join();
        lab.call([] {});
    }
}

TEST_CASE("a deadline guard calls off once, and not after its scope", "[net][deadline]") {
    Lab lab;
    int calls = 0;
    Event called(lab.executor());
    auto guard = lab.call([&] {
        return std::make_unique<DeadlineGuard>(lab.executor(), deadline_after(Duration(5)), [&] {
            ++calls;
            called.set();
        });
    });
    CHECK(lab.await(called.wait(deadline_after(patience))).has_value());
    lab.call([&] {
        CHECK(guard->expired());
        CHECK(guard->error("read", asio::error::operation_aborted).kind() == ErrorKind::timeout);
        guard.reset();
    });
    CHECK(calls == 1);

    // The timer's callback is queued already when the scope ends.
    lab.call([&] {
        DeadlineGuard late(lab.executor(), deadline_after(Duration(0)), [&] { ++calls; });
        CHECK(!late.expired());
        CHECK(late.error("read", asio::error::connection_reset).kind() == ErrorKind::network);
        CHECK(late.error("read", asio::error::operation_aborted).kind() == ErrorKind::cancelled);
    });
    lab.call([] {});
    CHECK(calls == 1);
}
