#include "combiner/core/notify.hpp"

#include <algorithm>

namespace chorale::combiner {

void NotifyMachine::published(zone::Serial serial, Instant now) {
    wanted_ = serial;
    tries_ = 0;
    due_at_ = now;
}

std::optional<zone::Serial> NotifyMachine::begin(Instant now) {
    if (is_on_its_way_ || !due_at_ || *due_at_ > now) return std::nullopt;
    is_on_its_way_ = true;
    sent_ = *wanted_;
    ++tries_;
    return sent_;
}

void NotifyMachine::acknowledged(Instant now) {
    is_on_its_way_ = false;
    acknowledged_serial_ = sent_;
    acknowledged_at_ = now;
    if (sent_ == *wanted_) due_at_.reset();
}

void NotifyMachine::not_implemented() {
    is_on_its_way_ = false;
    if (sent_ == *wanted_) due_at_.reset();
}

void NotifyMachine::failed(Instant now) {
    is_on_its_way_ = false;
    if (sent_ != *wanted_) return;  // published() has set the time anew
    const unsigned doublings = std::min(tries_ > 0 ? tries_ - 1 : 0U, 20U);
    due_at_ = now + std::min<Duration>(backoff_.first * (1LL << doublings), backoff_.most);
}

}  // namespace chorale::combiner
