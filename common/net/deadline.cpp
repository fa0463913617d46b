#include "common/net/deadline.hpp"

#include <boost/asio/error.hpp>
#include <string>

namespace chorale::net {

// Outlives the guard as long as the timer's callback is under way.
struct DeadlineGuard::State {
    State(boost::asio::any_io_executor executor, Deadline deadline, std::function<void()> call_off)
        : timer(std::move(executor), deadline), cancel(std::move(call_off)) {}

    boost::asio::steady_timer timer;
    std::function<void()> cancel;
    bool is_over = false;  // the operation's scope has ended
    bool has_expired = false;
};

DeadlineGuard::DeadlineGuard(boost::asio::any_io_executor executor, Deadline deadline,
                             std::function<void()> cancel)
    : state_(std::make_shared<State>(std::move(executor), deadline, std::move(cancel))) {
    if (deadline == no_deadline) return;
    state_->timer.async_wait([state = state_](const boost::system::error_code& failure) {
        // Once queued, this runs even though the timer is cancelled in between.
        if (failure || state->is_over) return;
        state->has_expired = true;
        state->cancel();
    });
}

DeadlineGuard::~DeadlineGuard() {
    state_->is_over = true;
    state_->cancel = nullptr;  // what it refers to may go now
    state_->timer.cancel();
}

bool DeadlineGuard::expired() const { return state_->has_expired; }

Error DeadlineGuard::error(std::string_view what, const boost::system::error_code& failure) const {
    return expired() ? timeout_error(what) : network_error(what, failure);
}

Error network_error(std::string_view what, const boost::system::error_code& failure) {
    if (failure == boost::asio::error::operation_aborted) return cancelled_error(what);
    const std::string text = std::string(what) + ": ";
    if (failure == boost::asio::error::eof) return {ErrorKind::network, text + "end of stream"};
    if (failure == boost::asio::error::timed_out) {
        return {ErrorKind::timeout, text + failure.message()};
    }
    if (failure == boost::asio::error::address_in_use) {
        return {ErrorKind::conflict, text + "the address is in use"};
    }
    return {ErrorKind::network, text + failure.message()};
}

Error network_error(std::string_view what, int error_number) {
    return network_error(what,
                         boost::system::error_code(error_number, boost::system::system_category()));
}

Error timeout_error(std::string_view what) {
    return {ErrorKind::timeout, std::string(what) + ": deadline passed"};
}

Error cancelled_error(std::string_view what) {
    return {ErrorKind::cancelled, std::string(what) + ": called off"};
}

}  // namespace chorale::net
