#include "combiner/app/client_text.hpp"

#include <algorithm>
#include <charconv>

namespace chorale::combiner {

namespace {

// ---- values -------------------------------------------------------------------------------------

const Json& member(const Json& object, const char* name) {
    static const Json absent;
    if (!object.is_object()) return absent;
    const auto found = object.find(name);
    return found == object.end() ? absent : *found;
}

const Json& list_of(const Json& object, const char* name) {
    static const Json empty = Json::array();
    const Json& list = member(object, name);
    return list.is_array() ? list : empty;
}

std::string word(const Json& value) {
    if (value.is_string()) {
        const std::string text = printable(value.get_ref<const std::string&>());
        return text.empty() ? "-" : text;
    }
    if (value.is_null() || value.is_structured()) return "-";
    return to_json_text(value);
}

std::string word(const Json& object, const char* name) { return word(member(object, name)); }

bool is_true(const Json& object, const char* name) {
    const Json& value = member(object, name);
    return value.is_boolean() && value.get<bool>();
}

// ---- times --------------------------------------------------------------------------------------

// Of the form that our own to_text(Instant) writes.
std::optional<Instant> instant_of(const Json& value) {
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() < 20 || text.back() != 'Z') return std::nullopt;
    const auto number = [&](std::size_t at, std::size_t length) {
        int parsed = -1;
        std::from_chars(text.data() + at, text.data() + at + length, parsed);
        return parsed;
    };
    using namespace std::chrono;
    const year_month_day date(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                              day(static_cast<unsigned>(number(8, 2))));
    if (!date.ok()) return std::nullopt;
    return Instant(sys_days(date)) + hours(number(11, 2)) + minutes(number(14, 2)) +
           seconds(number(17, 2));
}

std::string to_text(Duration length) {
    const std::int64_t seconds = length / std::chrono::seconds(1);
    if (seconds < 120) return std::to_string(seconds) + 's';
    if (seconds < 120 * 60) return std::to_string(seconds / 60) + 'm';
    if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + 'h';
    return std::to_string(seconds / 86400) + 'd';
}

// "3m ago", "in 2h", "-".
std::string relative(const Json& value, Instant now) {
    const auto at = instant_of(value);
    if (!at) return word(value);
    return *at > now ? "in " + to_text(*at - now) : to_text(now - *at) + " ago";
}

std::string full(const Json& value, Instant now) {
    return value.is_null() ? "-" : word(value) + " (" + relative(value, now) + ')';
}

// ---- form ---------------------------------------------------------------------------------------

using Line = std::vector<std::string>;

// Columns as wide as they must be, two spaces between them, each line after `indent`.
std::string aligned(const std::vector<Line>& lines, const std::string& indent = "") {
    std::vector<std::size_t> widths;
    for (const Line& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
            widths[i] = std::max(widths[i], line[i].size());
        }
    }
    std::string text;
    for (Line line : lines) {
        while (!line.empty() && line.back().empty()) line.pop_back();
        text += indent;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += line[i];
            if (i + 1 < line.size()) text.append(widths[i] - line[i].size() + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

// A heading and what belongs to it; nothing at all without lines.
std::string part(const char* heading, const std::vector<Line>& lines) {
    if (lines.empty()) return "";
    return '\n' + std::string(heading) + '\n' + aligned(lines, "  ");
}

std::string joined(const Json& list) {
    std::string text;
    for (const Json& each : list) text += (text.empty() ? "" : ", ") + word(each);
    return text.empty() ? "-" : text;
}

std::string how_many(std::size_t shown, const Json& document) {
    const Json& total = member(document, "total");
    if (!total.is_number_unsigned() || total.get<std::size_t>() <= shown) return "";
    return '\n' + std::to_string(shown) + " of " + word(total) + " are shown\n";
}

// ---- a zone -------------------------------------------------------------------------------------

std::string transfer_words(const Json& transfer, const char* preposition, Instant now) {
    if (transfer.is_null()) return "";
    return word(transfer, "kind") + preposition + word(transfer, "from") + ", " +
           relative(member(transfer, "at"), now);
}

std::string notify_words(const Json& secondary, Instant now) {
    if (!is_true(secondary, "notify")) return "gets no NOTIFY";
    std::string text;
    const Json& serial = member(secondary, "notify_acknowledged_serial");
    text = serial.is_null() ? "no NOTIFY acknowledged"
                            : "acknowledged NOTIFY of " + word(serial) + ' ' +
                                  relative(member(secondary, "notify_acknowledged_at"), now);
    for (const Json& address : list_of(secondary, "addresses")) {
        const Json& at = member(address, "notify_at");
        if (at.is_null()) continue;
        text += "; next NOTIFY to " + word(address, "address") + ' ' + relative(at, now);
        if (!member(address, "last_error").is_null()) {
            text += " (" + word(address, "last_error") + ')';
        }
    }
    return text;
}

std::string serial_chain(const Json& zone, Instant now) {
    std::vector<Line> lines;
    const std::string combined = word(zone, "combined_serial");
    const std::string taken = transfer_words(member(zone, "last_transfer_in"), " from ", now);
    lines.push_back({"owner", word(zone, "owner_serial"),
                     taken.empty() ? "not transferred since the start, from " +
                                         joined(list_of(zone, "primaries"))
                                   : taken});
    lines.push_back({"-> combined", combined,
                     word(zone, "records") + " records, " + word(zone, "octets") + " octets"});
    for (const Json& secondary : list_of(zone, "secondaries")) {
        const Json& transfer = member(secondary, "last_transfer");
        const std::string given = transfer_words(transfer, " to ", now);
        const std::string serial = transfer.is_null() ? "-" : word(transfer, "serial");
        const bool is_behind = !transfer.is_null() && serial != combined;
        lines.push_back({"-> " + word(secondary, "name"), serial,
                         (is_behind ? "BEHIND, " : "") +
                             (given.empty() ? "not transferred since the start" : given) + "; " +
                             notify_words(secondary, now)});
    }
    return aligned(lines, "  ");
}

std::vector<Line> overlay_lines(const Json& document, Instant now) {
    std::vector<Line> lines;
    for (const Json& entry : list_of(document, "overlay")) {
        const std::string origin =
            "by " + word(entry, "updated_by") + ", " + relative(member(entry, "updated_at"), now);
        for (const Json& record : list_of(entry, "records")) {
            lines.push_back({word(entry, "type"), word(entry, "ttl"), origin, word(record)});
        }
    }
    return lines;
}

std::string timer_words(const Json& timers, Instant now) {
    std::string text = is_true(timers, "refreshing") ? "being refreshed now" : "";
    const auto add = [&](const char* what, const char* name) {
        const Json& at = member(timers, name);
        if (at.is_null()) return;
        text += (text.empty() ? "" : ", ") + std::string(what) + relative(at, now);
    };
    add("refresh ", "refresh_at");
    add("retry ", "retry_at");
    add("expiry ", "expire_at");
    const Json& failures = member(timers, "failures");
    if (failures.is_number() && failures != 0) text += ", failed in a row: " + word(failures);
    return text.empty() ? "-" : text;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    for (const char each : text) {
        const bool is_control = static_cast<unsigned char>(each) < 0x20 || each == 0x7f;
        shown += is_control ? '?' : each;
    }
    return shown;
}

std::string status_text(const Json& document, Instant now) {
    const Json& zones = member(document, "zones");
    const Json& listen = member(document, "listen");
    const Json& worker = member(document, "worker");
    const Json& transfers = member(document, "transfers");
    std::string states;
    for (const char* state : {"serving", "frozen", "loading", "expired"}) {
        const Json& count = member(zones, state);
        if (count == 0) continue;
        states += (states.empty() ? "" : ", ") + word(count) + ' ' + state;
    }
    return aligned({
        {"combiner", word(document, "version")},
        {"ready", is_true(document, "ready") ? "yes" : "no: not every zone is served"},
        {"zones", word(zones, "total") + (states.empty() ? "" : ": " + states)},
        {"catalogs", word(document, "catalogs")},
        {"started", full(member(document, "started_at"), now)},
        {"configured",
         full(member(document, "configured_at"), now) + ", " + word(document, "configuration")},
        {"DNS", joined(list_of(listen, "dns"))},
        {"admin", word(listen, "admin")},
        {"transfers", word(transfers, "in") + " in (" + word(transfers, "in_waiting") + " wait), " +
                          word(transfers, "out") + " out"},
        {"database", word(worker, "commits") + " commits, " + word(worker, "failed") +
                         " changes failed, " + word(worker, "waiting") + " wait"},
        {"log", word(document, "log_lines_lost") + " lines lost"},
    });
}

std::string zones_text(const Json& document) {
    std::vector<Line> lines = {
        {"ZONE", "STATE", "OWNER", "COMBINED", "RECORDS", "ERRORS", "SOURCE"}};
    for (const Json& zone : list_of(document, "zones")) {
        lines.push_back({word(zone, "name"), word(zone, "state"), word(zone, "owner_serial"),
                         word(zone, "combined_serial"), word(zone, "records"), word(zone, "errors"),
                         word(zone, "source")});
    }
    if (lines.size() == 1) return "no zones\n";
    return aligned(lines) + how_many(lines.size() - 1, document);
}

std::string zone_text(const Json& zone, Instant now) {
    std::string state = word(zone, "state");
    if (is_true(zone, "frozen") && state != "frozen") state += ", frozen";
    std::string text = word(zone, "name") + "  " + state + '\n' + serial_chain(zone, now);

    std::vector<Line> observations, errors;
    for (const Json& observation : list_of(zone, "observations")) {
        observations.push_back({word(observation)});
    }
    for (const Json& error : list_of(zone, "last_errors")) {
        errors.push_back(
            {relative(member(error, "at"), now), word(error, "what"), word(error, "text")});
    }
    text += part("Observations", observations);
    text += part("Last errors, newest first", errors);
    text += part("Overlay", overlay_lines(zone, now));

    std::string dropped;
    const Json& counts = member(zone, "dropped");
    if (counts.is_object()) {
        for (const auto& [type, count] : counts.items()) {
            dropped += (dropped.empty() ? "" : ", ") + word(count) + ' ' + printable(type);
        }
    }
    std::string source = word(zone, "source");
    if (!member(zone, "catalog").is_null()) source += ' ' + word(zone, "catalog");
    if (is_true(zone, "is_catalog")) source += ", is a catalog";
    const Json& journal = member(zone, "journal");
    text += part("More", {{"timers", timer_words(member(zone, "timers"), now)},
                          {"left out of the owner's zone", dropped.empty() ? "nothing" : dropped},
                          {"source", source},
                          {"template", word(zone, "template")},
                          {"updaters", joined(list_of(zone, "updaters"))},
                          {"serial", word(zone, "serial_policy")},
                          {"journal", word(journal, "deltas") + " changes, " +
                                          word(journal, "octets") + " octets"}});
    return text;
}

std::string overlay_text(const Json& document, Instant now) {
    const std::vector<Line> lines = overlay_lines(document, now);
    return lines.empty() ? "no overlay: the owner's zone as it is\n" : aligned(lines);
}

std::string events_text(const Json& document) {
    std::vector<Line> lines;
    for (const Json& event : list_of(document, "events")) {
        std::string fields;
        const Json& values = member(event, "fields");
        if (values.is_object()) {
            for (const auto& [name, value] : values.items()) {
                fields += (fields.empty() ? "" : " ") + printable(name) + '=' + word(value);
            }
        }
        lines.push_back({word(event, "at"), word(event, "level"), word(event, "event"), fields});
    }
    return lines.empty() ? "no events\n" : aligned(lines);
}

std::string timers_text(const Json& document, Instant now) {
    std::vector<Line> lines;
    for (const Json& timer : list_of(document, "timers")) {
        std::string whom = word(timer, "secondary");
        if (whom != "-") whom += " (" + word(timer, "address") + ')';
        lines.push_back({word(timer, "at"), relative(member(timer, "at"), now), word(timer, "what"),
                         word(timer, "zone"), whom == "-" ? "" : whom});
    }
    if (lines.empty()) return "nothing is planned\n";
    return aligned(lines) + how_many(lines.size(), document);
}

std::string transfers_text(const Json& document, Instant now) {
    std::vector<Line> lines;
    for (const Json& transfer : list_of(document, "transfers")) {
        const bool is_out = word(transfer, "direction") == "out";
        lines.push_back(
            {word(transfer, "at"), relative(member(transfer, "at"), now), word(transfer, "zone"),
             word(transfer, "serial"), word(transfer, "kind"),
             is_out ? "to " + word(transfer, "secondary") + " (" + word(transfer, "from") + ')'
                    : "from " + word(transfer, "from")});
    }
    if (lines.empty()) return "no transfers since the start\n";
    return aligned(lines) + how_many(lines.size(), document);
}

std::string audit_text(const Json& document) {
    std::vector<Line> lines;
    for (const Json& entry : list_of(document, "audit")) {
        lines.push_back({word(entry, "at"), word(entry, "who"), word(entry, "what")});
    }
    return lines.empty() ? "nothing was asked for yet\n" : aligned(lines);
}

}  // namespace chorale::combiner
