#include "common/net/slots.hpp"

#include <algorithm>

namespace chorale::net {

namespace asio = boost::asio;

namespace detail {

void SlotsState::give_back() {
    --in_use;
    hand_out();
}

void SlotsState::hand_out() {
    while (in_use < count && !waiting.empty()) {
        const std::shared_ptr<Waiting> next = waiting.front();
        waiting.pop_front();
        if (next->is_over) continue;
        ++in_use;
        next->granted.set();
    }
}

}  // namespace detail

asio::awaitable<Result<Slots::Hold>> Slots::take(Deadline deadline) {
    const std::shared_ptr<detail::SlotsState> state = state_;
    if (state->in_use < state->count && state->waiting.empty()) {
        ++state->in_use;
        co_return Hold(state);
    }
    auto place = std::make_shared<detail::SlotsState::Waiting>(state->executor);
    state->waiting.push_back(place);
    const Result<void> granted = co_await place->granted.wait(deadline);
    if (place->granted.is_set()) co_return Hold(state);
    place->is_over = true;
    std::erase(state->waiting, place);
    co_return granted.error();
}

bool Slots::try_take(Hold& hold) {
    if (state_->in_use >= state_->count || !state_->waiting.empty()) return false;
    ++state_->in_use;
    hold = Hold(state_);
    return true;
}

void Slots::set_count(std::size_t count) {
    state_->count = count;
    state_->hand_out();
}

std::size_t Slots::in_use() const { return state_->in_use; }

std::size_t Slots::waiting() const { return state_->waiting.size(); }

}  // namespace chorale::net
