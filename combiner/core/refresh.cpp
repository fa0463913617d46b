#include "combiner/core/refresh.hpp"

#include <algorithm>
#include <cassert>

namespace chorale::combiner {

SoaTimers soa_timers(BytesView soa_rdata) {
    assert(soa_rdata.size() >= 22);
    const BytesView numbers = soa_rdata.last(20);
    const auto seconds_at = [&](std::size_t at) {
        std::int64_t value = 0;
        for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | numbers[i];
        return Duration(std::chrono::seconds(value));
    };
    return {seconds_at(4), seconds_at(8), seconds_at(12)};
}

void RefreshMachine::loaded(Instant now, const SoaTimers& timers, Instant expire_at) {
    timers_ = timers;
    expire_at_ = expire_at;
    due_at_ = now;
}

void RefreshMachine::notified(Instant now) {
    if (is_running_) {
        is_wanted_again_ = true;
    } else {
        due_at_ = now;
    }
}

bool RefreshMachine::begin(Instant now) {
    if (is_running_ || is_frozen_ || !due_at_ || *due_at_ > now) return false;
    is_running_ = true;
    due_at_.reset();
    return true;
}

void RefreshMachine::succeeded(Instant now, const SoaTimers& timers) {
    is_running_ = false;
    failures_ = 0;
    timers_ = timers;
    const Duration refresh =
        std::clamp(timers.refresh, bounds_.refresh_least, bounds_.refresh_most);
    // An expiry before the first retry could only harm (RFC 1912 2.2).
    const Duration least =
        refresh + std::clamp(timers.retry, bounds_.retry_least, bounds_.retry_most);
    expire_at_ =
        now + std::clamp(timers.expire, std::min(least, bounds_.expire_most), bounds_.expire_most);
    due_at_ = is_wanted_again_ ? now : now + refresh;
    is_wanted_again_ = false;
}

void RefreshMachine::failed(Instant now, double jitter) {
    is_running_ = false;
    ++failures_;
    due_at_ = is_wanted_again_ ? now : now + bounded_retry(jitter);
    is_wanted_again_ = false;
}

void RefreshMachine::set_frozen(bool is_frozen, Instant now) {
    if (is_frozen_ && !is_frozen) due_at_ = now;
    is_frozen_ = is_frozen;
}

std::optional<Instant> RefreshMachine::next_wake_up(Instant now) const {
    std::optional<Instant> next;
    if (!is_running_ && !is_frozen_) next = due_at_;
    if (expire_at_ && *expire_at_ > now && (!next || *expire_at_ < *next)) next = expire_at_;
    return next;
}

Duration RefreshMachine::bounded_retry(double jitter) const {
    const unsigned doublings = std::min(failures_ > 0 ? failures_ - 1 : 0U, 10U);
    Duration retry = std::min(bounds_.first_retry * (1 << doublings), bounds_.first_retry_most);
    // A loaded zone waits as its owner's SOA asks; quick tries come first, since
    // most failures are a restart.
    if (timers_ && expire_at_) {
        const Duration asked = std::clamp(timers_->retry, bounds_.retry_least, bounds_.retry_most);
        retry = failures_ <= 2 ? std::min(retry, asked) : asked;
    }
    return retry + std::chrono::duration_cast<Duration>(retry * (jitter / 4));
}

}  // namespace chorale::combiner
