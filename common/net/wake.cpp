#include "common/net/wake.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace chorale::net {

namespace detail {

// One wait; lives in the frame of its coroutine. The timer is its deadline and what wakes it.
struct Waiter {
    Waiter(std::shared_ptr<Waiters> where, Deadline deadline)
        : waiters(std::move(where)), timer(waiters->executor, deadline) {
        waiters->waiting.push_back(this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { std::erase(waiters->waiting, this); }

    std::shared_ptr<Waiters> waiters;
    boost::asio::steady_timer timer;
    std::optional<Wake> wake;
};

void Waiters::wake_all(Wake why) {
    // Taken off the list, so that a notification that comes before they run is remembered.
    const std::vector<Waiter*> woken = std::exchange(waiting, {});
    for (Waiter* waiter : woken) {
        waiter->wake = why;
        waiter->timer.cancel();
    }
}

boost::asio::awaitable<Result<void>> wait(std::shared_ptr<Waiters> waiters, Deadline deadline) {
    if (waiters->is_set) {
        if (waiters->resets) waiters->is_set = false;
        co_return success();
    }
    if (waiters->is_gone) co_return cancelled_error("wait");
    Waiter waiter(waiters, deadline);
    boost::system::error_code failure;
    co_await waiter.timer.async_wait(
        boost::asio::redirect_error(boost::asio::use_awaitable, failure));
    if (waiter.wake == Wake::notified) co_return success();
    // Without a wake-up but with a failure: the coroutine itself was cancelled.
    if (waiter.wake == Wake::gone || failure) co_return cancelled_error("wait");
    co_return timeout_error("wait");
}

namespace {

std::shared_ptr<Waiters> make_waiters(boost::asio::any_io_executor executor, bool resets) {
    auto waiters = std::make_shared<Waiters>(std::move(executor));
    waiters->resets = resets;
    return waiters;
}

void leave(Waiters& waiters) {
    waiters.is_gone = true;
    waiters.wake_all(Wake::gone);
}

}  // namespace

}  // namespace detail

Event::Event(boost::asio::any_io_executor executor)
    : waiters_(detail::make_waiters(std::move(executor), false)) {}

Event::~Event() { detail::leave(*waiters_); }

void Event::set() {
    waiters_->is_set = true;
    waiters_->wake_all(detail::Wake::notified);
}

boost::asio::awaitable<Result<void>> Event::wait(Deadline deadline) {
    return detail::wait(waiters_, deadline);
}

CoalescingSignal::CoalescingSignal(boost::asio::any_io_executor executor)
    : waiters_(detail::make_waiters(std::move(executor), true)) {}

CoalescingSignal::~CoalescingSignal() { detail::leave(*waiters_); }

void CoalescingSignal::notify() {
    if (waiters_->waiting.empty()) {
        waiters_->is_set = true;
    } else {
        waiters_->wake_all(detail::Wake::notified);
    }
}

boost::asio::awaitable<Result<void>> CoalescingSignal::wait(Deadline deadline) {
    return detail::wait(waiters_, deadline);
}

}  // namespace chorale::net
