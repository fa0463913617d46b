#include "combiner/app/admin_documents.hpp"

#include <algorithm>

#include "common/dns/rdata.hpp"

namespace chorale::combiner {

namespace {

using chorale::to_text;

constexpr std::size_t most_unready_zones = 20;

// A value as it is shown, or null.
Json shown(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json shown(Instant at) { return to_text(at); }
template <class Number>
    requires std::integral<Number>
Json shown(Number number) {
    return number;
}
template <class Value>
Json shown(const std::optional<Value>& value) {
    return value ? shown(*value) : Json();
}

Json names_of(const auto& remotes) {
    Json names = Json::array();
    for (const auto& remote : remotes) names.push_back(remote->name);
    return names;
}

Json document_of(const LastTransfer& transfer) {
    return {{"serial", transfer.serial},
            {"kind", transfer.kind},
            {"at", to_text(transfer.at)},
            {"from", transfer.from}};
}

// ---- a zone -------------------------------------------------------------------------------------

// Of the owner's zone: when its primaries are asked, and when it may no longer be served.
struct RefreshTimes {
    std::optional<Instant> refresh_at, retry_at, expire_at;
};

RefreshTimes refresh_times(const ServedZone& zone) {
    const RefreshMachine& refresh = zone.refresh();
    RefreshTimes times;
    times.expire_at = refresh.expire_at();
    if (zone.is_frozen() || refresh.is_running()) return times;
    (refresh.failures() > 0 ? times.retry_at : times.refresh_at) = refresh.refresh_at();
    return times;
}

Json summary(const ServedZone& zone, Instant now) {
    const ZonePointer& combined = zone.combined();
    return {{"name", zone.name().to_text()},
            {"source", to_text(zone.stored().source)},
            {"template", shown(zone.stored().template_name)},
            {"state", state_of(zone, now)},
            {"frozen", zone.is_frozen()},
            {"owner_serial", zone.owner() ? Json(zone.owner()->serial()) : Json()},
            {"combined_serial", combined ? Json(combined->serial()) : Json()},
            {"records", combined ? combined->record_count() : 0},
            {"octets", combined ? combined->octets() : 0},
            {"errors", zone.last_errors().size()}};
}

Json address_document(const NotifyTarget& target) {
    return {{"address", target.address.to_text()},
            {"notify_acknowledged_serial", shown(target.machine.acknowledged_serial())},
            {"notify_acknowledged_at", shown(target.machine.acknowledged_at())},
            {"notify_at", shown(target.machine.next_wake_up())},
            {"notify_tries", target.machine.tries()},
            {"last_error", shown(target.last_error)}};
}

Json secondary_document(const ServedZone& zone, const Secondary& secondary) {
    const NotifyTarget* newest = nullptr;  // of several addresses, who acknowledged last
    Json addresses = Json::array();
    for (const NotifyTarget& target : zone.notify_targets()) {
        if (target.secondary->name != secondary.name) continue;
        addresses.push_back(address_document(target));
        const bool is_newer =
            !newest || target.machine.acknowledged_at() > newest->machine.acknowledged_at();
        if (is_newer) newest = &target;
    }
    const auto transfer = zone.last_transfers().find(secondary.name);
    return {{"name", secondary.name},
            {"notify", secondary.notify},
            {"notify_acknowledged_serial",
             newest ? shown(newest->machine.acknowledged_serial()) : Json()},
            {"notify_acknowledged_at", newest ? shown(newest->machine.acknowledged_at()) : Json()},
            {"last_transfer",
             transfer == zone.last_transfers().end() ? Json() : document_of(transfer->second)},
            {"addresses", std::move(addresses)}};
}

Json overlay_entries(const Overlay& overlay) {
    Json entries = Json::array();
    for (const auto& [type, entry] : overlay) {
        Json records = Json::array();
        for (const Bytes& rdata : entry.rrset.rdatas) {
            records.push_back(dns::rdata_to_text(type, rdata));
        }
        entries.push_back({{"type", dns::to_text(type)},
                           {"ttl", entry.rrset.ttl},
                           {"records", std::move(records)},
                           {"updated_by", entry.updated_by},
                           {"updated_at", to_text(entry.updated_at)}});
    }
    return entries;
}

// ---- lists --------------------------------------------------------------------------------------

struct Upcoming {
    Instant at;
    const char* what;
    const ServedZone* zone;
    const NotifyTarget* target = nullptr;
};

void add_upcoming(const ServedZone& zone, std::vector<Upcoming>& upcoming) {
    const auto add = [&](std::optional<Instant> at, const char* what,
                         const NotifyTarget* target = nullptr) {
        if (at) upcoming.push_back({*at, what, &zone, target});
    };
    const RefreshTimes times = refresh_times(zone);
    add(times.refresh_at, "refresh");
    add(times.retry_at, "retry");
    add(times.expire_at, "expire");
    for (const NotifyTarget& target : zone.notify_targets()) {
        add(target.machine.next_wake_up(), "notify", &target);
    }
}

struct PastTransfer {
    const LastTransfer* transfer;
    const ServedZone* zone;
    const std::string* secondary = nullptr;  // null: from a primary
};

// The first `limit` in the order of `is_before`.
template <class Entry, class Order>
void keep_first(std::vector<Entry>& entries, std::size_t limit, Order is_before) {
    const std::size_t kept = std::min(limit, entries.size());
    std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept),
                      entries.end(), is_before);
    entries.resize(kept);
}

std::string_view name_of(runtime::log::Level level) {
    switch (level) {
        case runtime::log::Level::debug: return "debug";
        case runtime::log::Level::info: return "info";
        case runtime::log::Level::warning: return "warning";
        case runtime::log::Level::error: return "error";
    }
    return "error";
}

bool concerns(const RecordedEvent& event, const std::string& zone) {
    return std::ranges::any_of(event.fields, [&](const auto& field) {
        return (field.first == "zone" || field.first == "catalog") &&
               http::equal_without_case(field.second, zone);
    });
}

}  // namespace

std::string_view state_of(const ServedZone& zone, Instant now) {
    if (!zone.combined()) return "loading";
    if (zone.is_expired(now)) return "expired";
    return zone.is_frozen() ? "frozen" : "serving";
}

std::map<std::string_view, std::size_t> count_by_state(const Service& service, Instant now) {
    std::map<std::string_view, std::size_t> counts;
    for (const char* state : zone_states) counts[state] = 0;
    for (const auto& [name, zone] : service.zones()) ++counts[state_of(*zone, now)];
    return counts;
}

Json status_document(Service& service) {
    const Surroundings& surroundings = service.surroundings();
    const Instant now = surroundings.now();
    Json zones = {{"total", service.zones().size()}};
    for (const auto& [state, count] : count_by_state(service, now)) zones[state] = count;
    Json dns = Json::array();
    for (const net::SocketAddress& address : service.dns_addresses()) {
        dns.push_back(address.to_text());
    }
    const store::CommitCounters commits = surroundings.worker.counters();
    const net::DnsServerCounters& served = service.dns_server().counters();
    return {
        {"version", CHORALE_VERSION},
        {"ready", service.is_ready()},
        {"now", to_text(now)},
        {"started_at", to_text(service.started_at())},
        {"configured_at", to_text(service.configured_at())},
        {"configuration", surroundings.configuration->file},
        {"listen", {{"dns", std::move(dns)}, {"admin", http::to_text(service.admin_address())}}},
        {"zones", std::move(zones)},
        {"catalogs", surroundings.configuration->catalogs.size()},
        {"worker",
         {{"waiting", surroundings.worker.waiting()},
          {"jobs", commits.jobs},
          {"failed", commits.failed},
          {"commits", commits.commits},
          {"refused", commits.refused}}},
        {"dns",
         {{"connections", served.connections_now},
          {"requests", served.requests_now},
          {"udp_requests", served.udp_requests},
          {"tcp_requests", served.tcp_requests}}},
        {"transfers",
         {{"in", surroundings.transfers_in.in_use()},
          {"in_waiting", surroundings.transfers_in.waiting()},
          {"out", surroundings.transfers_out.in_use()}}},
        {"log_lines_lost", runtime::log::lost_lines()}};
}

Json zone_document(const Service& service, const ServedZone& zone, Instant now) {
    const ZoneSettings& settings = *zone.settings();
    const StoredZone& stored = zone.stored();
    const RefreshTimes times = refresh_times(zone);
    Json document = summary(zone, now);
    document.erase("errors");
    document["catalog"] = stored.catalog_label.empty() ? Json() : Json(stored.catalog.to_text());
    document["is_catalog"] = service.is_catalog(zone.name());
    document["serial_policy"] = to_text(settings.serial);
    document["primaries"] = names_of(settings.primaries);
    document["updaters"] = names_of(settings.updaters);
    document["last_transfer_in"] =
        zone.last_transfer_in() ? document_of(*zone.last_transfer_in()) : Json();
    Json secondaries = Json::array();
    for (const auto& secondary : settings.secondaries) {
        secondaries.push_back(secondary_document(zone, *secondary));
    }
    document["secondaries"] = std::move(secondaries);
    document["overlay"] = overlay_entries(zone.overlay());
    Json dropped = Json::object();
    for (const auto& [type, count] : zone.dropped()) dropped[dns::to_text(type)] = count;
    document["dropped"] = std::move(dropped);
    document["observations"] = zone.observations(now);
    Json errors = Json::array();
    for (const ZoneError& error : zone.last_errors()) {
        errors.push_back({{"at", to_text(error.at)}, {"what", error.what}, {"text", error.text}});
    }
    document["last_errors"] = std::move(errors);
    document["timers"] = {{"refreshing", zone.refresh().is_running()},
                          {"failures", zone.refresh().failures()},
                          {"refresh_at", shown(times.refresh_at)},
                          {"retry_at", shown(times.retry_at)},
                          {"expire_at", shown(times.expire_at)}};
    document["journal"] = {{"deltas", zone.journal().size()}, {"octets", zone.journal().octets()}};
    return document;
}

Json overlay_document(const ServedZone& zone) {
    return {{"zone", zone.name().to_text()}, {"overlay", overlay_entries(zone.overlay())}};
}

Json zone_list(const Service& service, const std::optional<dns::Name>& after, std::size_t limit,
               Instant now) {
    std::vector<const ServedZone*> zones;
    for (const auto& [name, zone] : service.zones()) {
        if (!after || dns::compare_canonical(name, *after) > 0) zones.push_back(zone.get());
    }
    const std::size_t found = zones.size();
    keep_first(zones, limit, [](const ServedZone* a, const ServedZone* b) {
        return dns::compare_canonical(a->name(), b->name()) < 0;
    });
    Json list = Json::array();
    for (const ServedZone* zone : zones) list.push_back(summary(*zone, now));
    const bool has_more = found > zones.size();
    return {{"total", service.zones().size()},
            {"next", has_more ? Json(zones.back()->name().to_text()) : Json()},
            {"zones", std::move(list)}};
}

Json timer_list(const Service& service, std::size_t limit, Instant now) {
    std::vector<Upcoming> upcoming;
    for (const auto& [name, zone] : service.zones()) add_upcoming(*zone, upcoming);
    std::erase_if(upcoming, [now](const Upcoming& entry) {
        return entry.at < now && entry.what == std::string_view("expire");
    });
    const std::size_t found = upcoming.size();
    keep_first(upcoming, limit, [](const Upcoming& a, const Upcoming& b) {
        if (a.at != b.at) return a.at < b.at;
        return dns::compare_canonical(a.zone->name(), b.zone->name()) < 0;
    });
    Json list = Json::array();
    for (const Upcoming& entry : upcoming) {
        list.push_back(
            {{"at", to_text(entry.at)},
             {"what", entry.what},
             {"zone", entry.zone->name().to_text()},
             {"secondary", entry.target ? Json(entry.target->secondary->name) : Json()},
             {"address", entry.target ? Json(entry.target->address.to_text()) : Json()}});
    }
    return {{"total", found}, {"timers", std::move(list)}};
}

Json transfer_list(const Service& service, std::size_t limit) {
    std::vector<PastTransfer> transfers;
    for (const auto& [name, zone] : service.zones()) {
        if (zone->last_transfer_in()) transfers.push_back({&*zone->last_transfer_in(), zone.get()});
        for (const auto& [secondary, transfer] : zone->last_transfers()) {
            transfers.push_back({&transfer, zone.get(), &secondary});
        }
    }
    const std::size_t found = transfers.size();
    keep_first(transfers, limit, [](const PastTransfer& a, const PastTransfer& b) {
        return a.transfer->at > b.transfer->at;
    });
    Json list = Json::array();
    for (const PastTransfer& entry : transfers) {
        Json document = document_of(*entry.transfer);
        document["zone"] = entry.zone->name().to_text();
        document["direction"] = entry.secondary ? "out" : "in";
        document["secondary"] = entry.secondary ? Json(*entry.secondary) : Json();
        list.push_back(std::move(document));
    }
    return {{"total", found}, {"transfers", std::move(list)}};
}

Json event_list(const Events& events, std::uint64_t after_id, const std::string& zone,
                std::size_t limit) {
    std::vector<const RecordedEvent*> chosen;  // newest first
    for (auto at = events.newest().rbegin(); at != events.newest().rend(); ++at) {
        if (at->id <= after_id || chosen.size() == limit) break;
        if (zone.empty() || concerns(*at, zone)) chosen.push_back(&*at);
    }
    Json list = Json::array();
    for (auto at = chosen.rbegin(); at != chosen.rend(); ++at) {
        const RecordedEvent& event = **at;
        Json fields = Json::object();
        for (const auto& [name, value] : event.fields) fields[name] = value;
        list.push_back({{"id", event.id},
                        {"at", to_text(event.at)},
                        {"level", name_of(event.level)},
                        {"event", event.name},
                        {"fields", std::move(fields)}});
    }
    return {{"events", std::move(list)}};
}

Json audit_list(const std::vector<AuditEntry>& entries) {
    Json list = Json::array();
    for (const AuditEntry& entry : entries) {
        list.push_back({{"id", entry.id},
                        {"at", to_text(entry.at)},
                        {"who", entry.who},
                        {"what", entry.what}});
    }
    return {{"audit", std::move(list)}};
}

Json unready_zones(const Service& service, Instant now) {
    Json list = Json::array();
    const auto add = [&](const dns::Name& name, std::string_view state) {
        if (list.size() < most_unready_zones) {
            list.push_back({{"name", name.to_text()}, {"state", state}});
        }
    };
    // Zones that are new in the configuration are taken up a moment later.
    const auto add_missing = [&](const auto& configured) {
        for (const auto& each : configured) {
            if (!service.find(each.name)) add(each.name, "loading");
        }
    };
    const Configuration& configuration = *service.shared_surroundings()->configuration;
    add_missing(configuration.zones);
    add_missing(configuration.catalogs);
    for (const auto& [name, zone] : service.zones()) {
        const bool is_ready = zone->combined() && !zone->is_expired(now);
        if (!is_ready) add(name, state_of(*zone, now));
    }
    return list;
}

}  // namespace chorale::combiner
