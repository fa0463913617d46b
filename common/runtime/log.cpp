#include "common/runtime/log.hpp"

#include <poll.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace chorale::runtime::log {
namespace {

constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

std::string_view to_text(Level level) { return level_names[static_cast<std::size_t>(level)]; }

Instant now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// Writes whole lines and gives up rather than wait for a reader who does not read. poll() says yes
// only if a pipe or socket takes a line of longest_line at once, so that write() does not block
// either, and the mode of the descriptor, which others share, need not be changed.
class PatientWriter {
public:
    // For the first line that does not go out; while the reader stands still none waits.
    static constexpr int patience_milliseconds = 100;

    void aim(int descriptor) {
        descriptor_ = descriptor;
        is_stalled_ = false;
    }

    bool write(std::string_view line) {
        // What is left of a line that was torn must not swallow this one.
        if (is_torn_ && !send("\n")) return false;
        is_torn_ = false;
        return send(line);
    }

private:
    bool send(std::string_view octets) {
        const std::size_t whole = octets.size();
        while (!octets.empty()) {
            pollfd readiness{descriptor_, POLLOUT, 0};
            const int ready = ::poll(&readiness, 1, is_stalled_ ? 0 : patience_milliseconds);
            is_stalled_ = ready == 0;
            if (ready == 0) break;
            const auto sent = ::write(descriptor_, octets.data(), octets.size());
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) break;
            octets.remove_prefix(static_cast<std::size_t>(sent));
        }
        if (!octets.empty() && octets.size() < whole) is_torn_ = true;
        return octets.empty();
    }

    int descriptor_ = STDERR_FILENO;
    bool is_stalled_ = false;
    bool is_torn_ = false;
};

class Sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    void configure(Output output) {
        const std::lock_guard lock(mutex_);
        writer_.aim(output.descriptor);
        format_ = output.format;
    }
    std::uint64_t lost() const { return lost_; }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        if (untold_ > 0) {
            const Field fields[] = {{"lines", untold_}};
            if (writer_.write(render(now(), format_, Level::warning, "log.lost", fields) + '\n')) {
                untold_ = 0;
            }
        }
        std::string line(message.payload.data(), message.payload.size());
        line.push_back('\n');
        if (untold_ > 0 || !writer_.write(line)) {
            ++untold_;
            ++lost_;
        }
    }
    void flush_() override {}

private:
    PatientWriter writer_;
    Format format_ = Format::logfmt;
    std::uint64_t untold_ = 0;
    std::atomic<std::uint64_t> lost_ = 0;
};

struct Log {
    Log() : sink(std::make_shared<Sink>()), logger("chorale", sink) {
        logger.set_level(spdlog::level::trace);  // what is urgent enough, is_enabled() decides
    }
    std::atomic<Level> level = Level::info;
    std::atomic<Format> format = Format::logfmt;
    std::shared_ptr<Sink> sink;
    spdlog::logger logger;
};

// Never destroyed: what ends last may still have something to say.
Log& the_log() {
    static Log* const log = new Log;
    return *log;
}

// Room for what closes a line: a quote, `,"truncated":true`, a brace.
constexpr std::size_t tail = 24;
constexpr std::size_t longest_escape = 5;

// Escapes for both formats: JSON allows no other than these, and \xNN stands as \\xNN there, so
// that a value reads the same in both.
void append_escaped(std::string& line, unsigned char octet, Format format) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (octet) {
        case '"': line += "\\\""; return;
        case '\\': line += "\\\\"; return;
        case '\n': line += "\\n"; return;
        case '\r': line += "\\r"; return;
        case '\t': line += "\\t"; return;
        default: break;
    }
    if (octet >= 0x20 && octet < 0x7f) {
        line.push_back(static_cast<char>(octet));
        return;
    }
    line += format == Format::json ? "\\\\x" : "\\x";
    line.push_back(digits[octet >> 4U]);
    line.push_back(digits[octet & 0xFU]);
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char character : text) {
        const auto octet = static_cast<unsigned char>(character);
        if (octet <= 0x20 || octet >= 0x7f || octet == '"' || octet == '\\' || octet == '=') {
            return true;
        }
    }
    return false;
}

// False if the text did not fit as a whole.
bool append_text(std::string& line, std::string_view text, Format format) {
    const bool is_quoted = format == Format::json || needs_quotes(text);
    if (is_quoted) line.push_back('"');
    bool is_whole = true;
    for (const char character : text) {
        if (line.size() + longest_escape + tail > longest_line) {
            is_whole = false;
            break;
        }
        append_escaped(line, static_cast<unsigned char>(character), format);
    }
    if (is_quoted) line.push_back('"');
    return is_whole;
}

template <class Number>
void append_number(std::string& line, Number number) {
    char text[40];
    const auto [end, failure] = std::to_chars(text, text + sizeof text, number);
    assert(failure == std::errc());
    line.append(text, end);
}

bool append_value(std::string& line, const Value& value, Format format) {
    struct Visitor {
        std::string& line;
        Format format;
        bool operator()(std::string_view text) const { return append_text(line, text, format); }
        bool operator()(bool flag) const {
            line += flag ? "true" : "false";
            return true;
        }
        bool operator()(std::int64_t number) const {
            append_number(line, number);
            return true;
        }
        bool operator()(std::uint64_t number) const {
            append_number(line, number);
            return true;
        }
        bool operator()(double number) const {
            // JSON has no word for them.
            if (!std::isfinite(number)) {
                return append_text(line,
                                   std::isnan(number) ? "nan"
                                   : number > 0       ? "inf"
                                                      : "-inf",
                                   format);
            }
            append_number(line, number);
            return true;
        }
    };
    return std::visit(Visitor{line, format}, value.any());
}

void append_name(std::string& line, std::string_view name, Format format) {
    if (format == Format::json) {
        if (line.size() > 1) line.push_back(',');
        line.append("\"").append(name).append("\":");
    } else {
        if (!line.empty()) line.push_back(' ');
        line.append(name).push_back('=');
    }
}

}  // namespace

void configure(Output output) {
    Log& log = the_log();
    log.sink->configure(output);
    log.format = output.format;
    log.level = output.level;
}

bool is_enabled(Level level) { return level >= the_log().level.load(); }

void event(Level level, std::string_view name, Fields fields) {
    if (!is_enabled(level)) return;
    Log& log = the_log();
    const std::string line = render(now(), log.format, level, name, fields);
    log.logger.log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t lost_lines() { return the_log().sink->lost(); }

std::string render(Instant at, Format format, Level level, std::string_view name, Fields fields) {
    std::string line;
    line.reserve(256);
    if (format == Format::json) line.push_back('{');
    const std::string time = chorale::to_text(at);
    const Field heads[] = {{"time", time}, {"level", to_text(level)}, {"event", name}};
    bool is_whole = true;
    for (const auto part : {Fields(heads), fields}) {
        for (const Field& field : part) {
            is_whole = is_whole && line.size() + field.name.size() + 48 + tail <= longest_line;
            if (!is_whole) break;
            append_name(line, field.name, format);
            is_whole = append_value(line, field.value, format);
        }
    }
    if (!is_whole) {
        append_name(line, "truncated", format);
        line += "true";
    }
    if (format == Format::json) line.push_back('}');
    assert(line.size() <= longest_line);
    return line;
}

// ---- RateLimitedLog ----------------------------------------------------------------------------

struct RateLimitedLog::Table {
    struct Entry {
        Instant written;
        std::uint64_t suppressed = 0;
    };
    // What is counted for a key that has become quiet.
    struct Count {
        std::string key;
        std::uint64_t suppressed;
    };

    bool is_over(const Entry& entry, Instant at) const {
        return at < entry.written || at - entry.written >= interval;  // clocks are set back, too
    }
    std::vector<Count> take_quiet(Instant at);

    const Duration interval;
    const std::size_t most_keys;
    std::mutex mutex;
    std::unordered_map<std::string, Entry> entries;
    // No entry is over before; spares looking at all of a full table for every event.
    Instant nothing_before{};
    std::uint64_t without_entry = 0;
};

namespace {

// A key of the table is the event's name, a NUL and the caller's key.
constexpr std::size_t longest_key = 512;

void write_counts(const std::string& key, std::uint64_t suppressed) {
    const auto end = key.find('\0');
    const std::string_view all(key);
    event(Level::info, "log.suppressed",
          {{"of", all.substr(0, end)}, {"key", all.substr(end + 1)}, {"count", suppressed}});
}

}  // namespace

std::vector<RateLimitedLog::Table::Count> RateLimitedLog::Table::take_quiet(Instant at) {
    std::vector<Count> counts;
    nothing_before = at + interval;
    for (auto entry = entries.begin(); entry != entries.end();) {
        if (is_over(entry->second, at)) {
            if (entry->second.suppressed > 0) {
                counts.push_back({entry->first, entry->second.suppressed});
            }
            entry = entries.erase(entry);
        } else {
            nothing_before = std::min(nothing_before, entry->second.written + interval);
            ++entry;
        }
    }
    return counts;
}

RateLimitedLog::RateLimitedLog(Duration interval, std::size_t most_keys)
    : table_(new Table{.interval = interval, .most_keys = most_keys, .mutex = {}, .entries = {}}) {}

RateLimitedLog::~RateLimitedLog() = default;

bool RateLimitedLog::event(Instant at, Level level, std::string_view name, std::string_view key,
                           Fields fields) {
    if (!is_enabled(level)) return false;
    std::string whole(name);
    whole.push_back('\0');
    whole.append(key.substr(0, longest_key));

    std::uint64_t suppressed = 0;
    std::vector<Table::Count> quiet;
    bool is_written = true;
    {
        const std::lock_guard lock(table_->mutex);
        const auto known = table_->entries.find(whole);
        if (known != table_->entries.end()) {
            is_written = table_->is_over(known->second, at);
            if (is_written) {
                suppressed = known->second.suppressed;
                known->second = {at, 0};
            } else {
                ++known->second.suppressed;
            }
        } else {
            if (table_->entries.size() >= table_->most_keys && at >= table_->nothing_before) {
                quiet = table_->take_quiet(at);
            }
            is_written = table_->entries.size() < table_->most_keys;
            if (is_written) {
                table_->entries.emplace(std::move(whole), Table::Entry{at, 0});
            } else {
                ++table_->without_entry;
            }
        }
    }
    for (const auto& count : quiet) write_counts(count.key, count.suppressed);
    if (!is_written) return false;
    std::vector<Field> all(fields.begin(), fields.end());
    if (suppressed > 0) all.push_back({"suppressed", suppressed});
    log::event(level, name, all);
    return true;
}

void RateLimitedLog::flush(Instant at) {
    std::vector<Table::Count> quiet;
    std::uint64_t without_entry = 0;
    {
        const std::lock_guard lock(table_->mutex);
        quiet = table_->take_quiet(at);
        without_entry = std::exchange(table_->without_entry, 0);
    }
    for (const auto& count : quiet) write_counts(count.key, count.suppressed);
    if (without_entry > 0) log::event(Level::info, "log.suppressed", {{"count", without_entry}});
}

}  // namespace chorale::runtime::log
