// Deadlines for network operations: an operation is called off by a timer, by cancelling or closing
// its socket. Errors say which: timeout, network or cancelled.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "common/base/instant.hpp"
#include "common/base/result.hpp"

namespace chorale::net {

// A point of the steady clock: what awaits are bounded by. Never stored or shown (see Instant).
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline deadline_after(Duration duration) {
    return std::chrono::steady_clock::now() + duration;
}
inline constexpr Deadline no_deadline = Deadline::max();

// Calls `cancel` once when the deadline passes, unless it has gone out of scope before. Lives in
// the scope of the operation:
//
//     DeadlineGuard guard(executor, deadline, [&socket] { socket.cancel(); });
//     co_await socket.async_connect(endpoint, redirect_error(use_awaitable, failure));
//     if (failure) co_return guard.error("connect", failure);
//
// If it spans several operations, look at expired() before each: cancelling hits only what runs.
class DeadlineGuard {
public:
    DeadlineGuard(boost::asio::any_io_executor executor, Deadline deadline,
                  std::function<void()> cancel);
    DeadlineGuard(const DeadlineGuard&) = delete;
    DeadlineGuard& operator=(const DeadlineGuard&) = delete;
    ~DeadlineGuard();

    bool expired() const;
    // What the failure of an operation in this scope means: timeout if the deadline has passed.
    Error error(std::string_view what, const boost::system::error_code& failure) const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

// operation_aborted: cancelled; timed_out: timeout; address in use: conflict; else network. The
// message is "what: reason".
Error network_error(std::string_view what, const boost::system::error_code& failure);
// The same from errno.
Error network_error(std::string_view what, int error_number);
Error timeout_error(std::string_view what);
Error cancelled_error(std::string_view what);

}  // namespace chorale::net
