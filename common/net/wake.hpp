// Things that coroutines of the I/O thread wait for, other than sockets: something that happened
// (Event), something that happens again and again (CoalescingSignal), and the end of a job on
// another thread (Completion).
//
// All belong to the I/O thread; only what Completion::callback() gives may be called elsewhere. An
// Event or a CoalescingSignal may be destroyed while somebody waits: the wait then ends with the
// error cancelled.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/deadline.hpp"

namespace chorale::net {

namespace detail {
struct Waiter;
enum class Wake { notified, gone };
// Who waits at one Event or CoalescingSignal; outlives both while a wait runs.
struct Waiters {
    explicit Waiters(boost::asio::any_io_executor where) : executor(std::move(where)) {}
    boost::asio::any_io_executor executor;
    std::vector<Waiter*> waiting;
    bool is_set = false;
    bool resets = false;  // a wait consumes is_set
    bool is_gone = false;

    void wake_all(Wake why);
};
boost::asio::awaitable<Result<void>> wait(std::shared_ptr<Waiters> waiters, Deadline deadline);
}  // namespace detail

// Happens once and stays; everybody who waits, now or later, goes on.
class Event {
public:
    explicit Event(boost::asio::any_io_executor executor);
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event();

    void set();
    bool is_set() const { return waiters_->is_set; }
    // Errors: timeout, cancelled.
    boost::asio::awaitable<Result<void>> wait(Deadline deadline);

private:
    std::shared_ptr<detail::Waiters> waiters_;
};

// Happens again and again. notify() wakes all that wait; if nobody does, it is remembered once, so
// that the next wait returns at once: no wake-up is lost, many become one. Meant for one waiter in
// a loop that looks at the state itself.
class CoalescingSignal {
public:
    explicit CoalescingSignal(boost::asio::any_io_executor executor);
    CoalescingSignal(const CoalescingSignal&) = delete;
    CoalescingSignal& operator=(const CoalescingSignal&) = delete;
    ~CoalescingSignal();

    void notify();
    // Errors: timeout, cancelled.
    boost::asio::awaitable<Result<void>> wait(Deadline deadline);

private:
    std::shared_ptr<detail::Waiters> waiters_;
};

// The outcome of a job that another thread does:
//
//     net::Completion<void> committed(executor);
//     if (!worker.submit(job, committed.callback())) co_return refused;
//     Result<void> outcome = co_await committed.wait(deadline);
//
// The io_context must outlive the thread that calls back.
template <class T>
class Completion {
public:
    explicit Completion(boost::asio::any_io_executor executor)
        : state_(std::make_shared<State>(std::move(executor))) {}

    // From any thread; the first call counts, further ones are ignored. Copyable, and may be called
    // after the Completion is gone.
    std::function<void(Result<T>)> callback() {
        return [state = state_](Result<T> outcome) {
            boost::asio::post(state->executor, [state, outcome = std::move(outcome)]() mutable {
                if (state->outcome) return;
                state->outcome.emplace(std::move(outcome));
                state->done.set();
            });
        };
    }

    // Once. Errors: those of the job, timeout (the job may still run to its end), cancelled.
    boost::asio::awaitable<Result<T>> wait(Deadline deadline) { return wait_on(state_, deadline); }

private:
    struct State {
        explicit State(boost::asio::any_io_executor where) : executor(where), done(where) {}
        boost::asio::any_io_executor executor;
        Event done;
        std::optional<Result<T>> outcome;
    };

    static boost::asio::awaitable<Result<T>> wait_on(std::shared_ptr<State> state,
                                                     Deadline deadline) {
        Result<void> waited = co_await state->done.wait(deadline);
        if (waited.has_error()) co_return waited.error();
        co_return std::move(*state->outcome);
    }

    std::shared_ptr<State> state_;
};

}  // namespace chorale::net
