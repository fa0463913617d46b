// Points in time as values; only a shell reads a clock.
#pragma once

#include <chrono>
#include <string>

namespace chorale {

using Duration = std::chrono::milliseconds;
// Wall clock, UTC, millisecond resolution: what is stored, shown and compared with TTLs.
using Instant = std::chrono::sys_time<Duration>;

inline std::int64_t to_unix_milliseconds(Instant at) { return at.time_since_epoch().count(); }
inline Instant from_unix_milliseconds(std::int64_t count) { return Instant(Duration(count)); }
inline std::int64_t to_unix_seconds(Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

// RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.000Z.
std::string to_text(Instant at);

}  // namespace chorale
