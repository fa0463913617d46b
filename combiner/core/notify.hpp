// NOTIFY to one secondary about one zone (RFC 1996 3.6): sent until it is
// acknowledged, with back-off; a newer serial begins anew. Without clock or socket.
#pragma once

#include <optional>

#include "common/base/instant.hpp"
#include "common/zone/serial.hpp"

namespace chorale::combiner {

struct NotifyBackoff {
    Duration first = std::chrono::seconds(1);  // doubles with every try ...
    Duration most = std::chrono::minutes(15);  // ... up to this; never given up
};

class NotifyMachine {
public:
    explicit NotifyMachine(const NotifyBackoff& backoff = {}) : backoff_(backoff) {}

    // A new serial is served; also after a restart, for whatever serial there is.
    void published(zone::Serial serial, Instant now);
    // The serial to announce when a NOTIFY is to be sent now; it is then on its way.
    std::optional<zone::Serial> begin(Instant now);
    // The NOTIFY on its way was acknowledged, or cannot ever be (NOTIMP: RFC 1996 3.9).
    void acknowledged(Instant now);
    void not_implemented();
    void failed(Instant now);

    std::optional<Instant> next_wake_up() const { return is_on_its_way_ ? std::nullopt : due_at_; }
    std::optional<zone::Serial> acknowledged_serial() const { return acknowledged_serial_; }
    std::optional<Instant> acknowledged_at() const { return acknowledged_at_; }
    unsigned tries() const { return tries_; }

private:
    NotifyBackoff backoff_;
    std::optional<zone::Serial> wanted_;
    zone::Serial sent_ = 0;
    std::optional<Instant> due_at_;
    std::optional<zone::Serial> acknowledged_serial_;
    std::optional<Instant> acknowledged_at_;
    bool is_on_its_way_ = false;
    unsigned tries_ = 0;
};

}  // namespace chorale::combiner
