// The event log: one line on stderr per event, with fields, as logfmt or JSON.
//
//     log::info("peer.hello.refused", {{"zone", zone}, {"reason", reason}});
//     time=2026-01-31T12:00:00.000Z level=info event=peer.hello.refused zone=example. reason="..."
//
// Info: an operator wants to know. Warning: look today. Error: we failed a promise.
// Names and text come from strangers: every octet outside of printable ASCII is escaped, so that
// nobody can forge a line or talk to a terminal (CWE-117). A reader of stderr who stands still
// costs lines, which are counted, and never stops the daemon.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/base/instant.hpp"

namespace chorale::runtime::log {

enum class Level { debug, info, warning, error };
enum class Format { logfmt, json };

// What a field holds. Text is only looked at during the call.
class Value {
public:
    Value(std::string_view text) : value_(text) {}
    Value(const char* text) : value_(std::string_view(text)) {}
    Value(const std::string& text) : value_(std::string_view(text)) {}
    Value(bool flag) : value_(flag) {}
    template <std::floating_point Number>
    Value(Number number) : value_(static_cast<double>(number)) {}
    template <std::unsigned_integral Number>
    Value(Number number) : value_(static_cast<std::uint64_t>(number)) {}
    template <std::signed_integral Number>
    Value(Number number) : value_(static_cast<std::int64_t>(number)) {}

    using Any = std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double>;
    const Any& any() const { return value_; }

private:
    Any value_;
};

struct Field {
    std::string_view name;  // lower case letters, digits, underscore; not time, level, event
    Value value;
};
using Fields = std::span<const Field>;

struct Output {
    Level level = Level::info;  // less urgent events are not written
    Format format = Format::logfmt;
    int descriptor = 2;  // stays the caller's
};
// At the start and when configuration is read again; before it, info and logfmt to stderr.
void configure(Output output);

bool is_enabled(Level level);
void event(Level level, std::string_view name, Fields fields);

inline void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
    event(level, name, Fields(fields.begin(), fields.size()));
}
inline void debug(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::debug, name, fields);
}
inline void info(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::info, name, fields);
}
inline void warning(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::warning, name, fields);
}
inline void error(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::error, name, fields);
}

// Lines that could not be written since the start; the next line that can be is preceded by one
// which tells how many were lost.
std::uint64_t lost_lines();

// One line without its newline, at most longest_line octets; the writer of the above.
std::string render(Instant now, Format format, Level level, std::string_view name, Fields fields);
// A line of this length goes through a pipe in one piece (PIPE_BUF of Linux, with newline).
inline constexpr std::size_t longest_line = 4'095;

// For what a stranger can cause at will: the first event of a key is written, later ones within
// the interval are counted, and the count comes with the next line of that key (suppressed=N) or
// with flush(). Both its table and the number of lines in an interval are bounded: when the table
// is full, events of new keys are only counted. May be shared by threads.
class RateLimitedLog {
public:
    explicit RateLimitedLog(Duration interval = std::chrono::minutes(1),
                            std::size_t most_keys = 1'024);
    RateLimitedLog(const RateLimitedLog&) = delete;
    RateLimitedLog& operator=(const RateLimitedLog&) = delete;
    ~RateLimitedLog();

    // The key says what is one source: an address, a zone and reason. True if a line was written.
    bool event(Instant now, Level level, std::string_view name, std::string_view key,
               Fields fields);
    bool event(Instant now, Level level, std::string_view name, std::string_view key,
               std::initializer_list<Field> fields) {
        return event(now, level, name, key, Fields(fields.begin(), fields.size()));
    }

    // Once an interval: forgets keys that are quiet and writes log.suppressed for what they count.
    void flush(Instant now);

private:
    struct Table;
    std::unique_ptr<Table> table_;
};

}  // namespace chorale::runtime::log
