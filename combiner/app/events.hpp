// What happened lately, for the log and for the admin interface.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "common/base/instant.hpp"
#include "common/runtime/log.hpp"

namespace chorale::combiner {

struct RecordedEvent {
    std::uint64_t id = 0;
    Instant at;
    runtime::log::Level level = runtime::log::Level::info;
    std::string name;
    std::vector<std::pair<std::string, std::string>> fields;
};

using EventFields = std::vector<std::pair<std::string, std::string>>;

// Writes each event to the log and remembers the newest.
class Events {
public:
    static constexpr std::size_t most_remembered = 1000;

    void record(Instant at, runtime::log::Level level, std::string name, EventFields fields);
    const std::deque<RecordedEvent>& newest() const { return remembered_; }

private:
    std::uint64_t next_id_ = 1;
    std::deque<RecordedEvent> remembered_;
};

}  // namespace chorale::combiner
