// A bounded number of places for coroutines of the I/O thread: one place is a
// lock, more are a limit on what runs at a time. First come, first served.
#pragma once

#include <deque>
#include <memory>

#include "common/net/wake.hpp"

namespace chorale::net {

namespace detail {

struct SlotsState {
    SlotsState(boost::asio::any_io_executor where, std::size_t places)
        : executor(std::move(where)), count(places) {}

    void give_back();
    void hand_out();

    struct Waiting {
        explicit Waiting(boost::asio::any_io_executor executor) : granted(std::move(executor)) {}
        Event granted;
        bool is_over = false;  // gave up
    };
    boost::asio::any_io_executor executor;
    std::size_t count;
    std::size_t in_use = 0;
    std::deque<std::shared_ptr<Waiting>> waiting;
};

}  // namespace detail

class Slots {
public:
    Slots(boost::asio::any_io_executor executor, std::size_t count)
        : state_(std::make_shared<detail::SlotsState>(std::move(executor), count)) {}

    // A place, given back at the end of its life.
    class Hold {
    public:
        Hold() = default;
        Hold(Hold&& other) noexcept : state_(std::move(other.state_)) { other.state_ = nullptr; }
        Hold& operator=(Hold&& other) noexcept {
            release();
            state_ = std::move(other.state_);
            other.state_ = nullptr;
            return *this;
        }
        ~Hold() { release(); }
        void release() {
            if (state_) state_->give_back();
            state_ = nullptr;
        }

    private:
        friend class Slots;
        explicit Hold(std::shared_ptr<detail::SlotsState> state) : state_(std::move(state)) {}
        std::shared_ptr<detail::SlotsState> state_;
    };

    // Waits for a place. Errors: timeout, cancelled.
    boost::asio::awaitable<Result<Hold>> take(Deadline deadline);
    // A place if one is free and nobody waits.
    bool try_take(Hold& hold);
    // Takes effect as places are given back.
    void set_count(std::size_t count);
    std::size_t in_use() const;
    std::size_t waiting() const;

private:
    std::shared_ptr<detail::SlotsState> state_;
};

}  // namespace chorale::net
