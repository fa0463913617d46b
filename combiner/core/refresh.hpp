// When a zone is fetched from its owner: SOA timers (RFC 1034 4.3.5, RFC 1035
// 3.3.13), NOTIFY (RFC 1996 3.11, 4.4), retry with back-off, expiry. A machine
// without clock or socket: events in, and what is to be done can be asked.
#pragma once

#include <optional>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/instant.hpp"
#include "common/zone/serial.hpp"

namespace chorale::combiner {

// Bounds on what an owner's SOA may ask for, and how a zone is tried that was
// never loaded.
struct RefreshBounds {
    Duration refresh_least = std::chrono::seconds(30);
    Duration refresh_most = std::chrono::hours(24 * 28);
    Duration retry_least = std::chrono::seconds(10);
    Duration retry_most = std::chrono::hours(24 * 14);
    Duration expire_most = std::chrono::hours(24 * 366);
    Duration first_retry = std::chrono::seconds(1);  // doubles up to first_retry_most
    Duration first_retry_most = std::chrono::seconds(60);
};

struct SoaTimers {
    Duration refresh, retry, expire;
};
// Of checked SOA RDATA.
SoaTimers soa_timers(BytesView soa_rdata);

class RefreshMachine {
public:
    explicit RefreshMachine(const RefreshBounds& bounds) : bounds_(bounds) {}

    // A zone from the store: it keeps its expiry, and is due for refresh now.
    void loaded(Instant now, const SoaTimers& timers, Instant expire_at);
    // A NOTIFY from an admitted sender, or an operator's wish. While a transfer
    // runs, one further refresh is remembered (RFC 1996 4.4).
    void notified(Instant now);
    // True when a refresh shall begin now; it is then running.
    bool begin(Instant now);
    // The running refresh is over. `jitter` in [0, 1) spreads retries of many zones.
    void succeeded(Instant now, const SoaTimers& timers);
    void failed(Instant now, double jitter);
    void set_frozen(bool is_frozen, Instant now);
    void set_bounds(const RefreshBounds& bounds) { bounds_ = bounds; }

    bool is_running() const { return is_running_; }
    bool is_frozen() const { return is_frozen_; }
    // Has a zone that may no longer be served (readings: SERVFAIL to its signer).
    bool is_expired(Instant now) const { return expire_at_ && now >= *expire_at_; }
    // When to look again: the next refresh, or the expiry; nothing while frozen.
    std::optional<Instant> next_wake_up(Instant now) const;
    std::optional<Instant> refresh_at() const { return due_at_; }
    std::optional<Instant> expire_at() const { return expire_at_; }
    unsigned failures() const { return failures_; }

private:
    Duration bounded_retry(double jitter) const;

    RefreshBounds bounds_;
    std::optional<SoaTimers> timers_;
    std::optional<Instant> due_at_ = Instant{};
    std::optional<Instant> expire_at_;
    bool is_running_ = false;
    bool is_wanted_again_ = false;
    bool is_frozen_ = false;
    unsigned failures_ = 0;
};

}  // namespace chorale::combiner
