#include "combiner/app/events.hpp"

namespace chorale::combiner {

void Events::record(Instant at, runtime::log::Level level, std::string name, EventFields fields) {
    std::vector<runtime::log::Field> shown;
    shown.reserve(fields.size());
    for (const auto& [key, value] : fields) shown.push_back({key, std::string_view(value)});
    runtime::log::event(level, name, runtime::log::Fields(shown));
    if (level == runtime::log::Level::debug) return;
    remembered_.push_back({next_id_++, at, level, std::move(name), std::move(fields)});
    if (remembered_.size() > most_remembered) remembered_.pop_front();
}

}  // namespace chorale::combiner
