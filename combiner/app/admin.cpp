#include "combiner/app/admin.hpp"

#include <boost/asio/co_spawn.hpp>

#include "combiner/app/admin_documents.hpp"
#include "common/base/encoding.hpp"
#include "common/http/json.hpp"
#include "common/http/problem.hpp"
#include "common/http/target.hpp"

namespace chorale::combiner {

namespace asio = boost::asio;
using http::Access;
using http::HttpRequest;
using http::HttpResponse;
using http::Method;
using http::PathParameters;
using runtime::log::Level;

namespace {

// A change of the zone that is under way may be a large transfer.
constexpr Duration turn_time = std::chrono::seconds(20);
constexpr Duration read_time = std::chrono::seconds(20);

// What a route does: shows something at once, or takes its time.
using Show = HttpResponse (*)(Service&, const HttpRequest&, const PathParameters&);
using Perform = asio::awaitable<HttpResponse> (*)(Service*, HttpRequest, PathParameters);

struct Row {
    Method method;
    const char* pattern;
    Access access;
    std::variant<Show, Perform> action;
    std::vector<std::string_view> query = {};  // parameters that it knows
};

const std::vector<Row>& rows();

// ---- what a request says ------------------------------------------------------------------------

Result<dns::Name> zone_name(const std::string& text) {
    if (text == root_zone_segment) return dns::Name();
    auto name = dns::Name::from_text(text);
    if (!name) return name.error().in("zone");
    return name;
}

// The zone of the path. Errors: malformed, not_found.
Result<std::shared_ptr<ServedZone>> zone_of(const Service& service,
                                            const PathParameters& parameters) {
    const auto name = zone_name(parameters.get("zone"));
    if (!name) return name.error();
    auto zone = service.find(*name);
    if (!zone) return Error(ErrorKind::not_found, "no zone " + name->to_text());
    return zone;
}

Result<std::uint64_t> number_of(const HttpRequest& request, std::string_view parameter,
                                std::uint64_t least, std::uint64_t most, std::uint64_t unasked) {
    const auto text = request.query_value(parameter);
    if (!text) return unasked;
    const auto number = parse_decimal<std::uint64_t>(*text, most);
    if (!number || *number < least) {
        return malformed(std::string(parameter) + ": expected a number from " +
                         std::to_string(least) + " to " + std::to_string(most) + ", got \"" +
                         std::string(*text) + '"');
    }
    return *number;
}

Result<std::size_t> limit_of(const HttpRequest& request, ListBounds bounds) {
    return number_of(request, "limit", 1, bounds.most, bounds.unasked);
}

Result<bool> flag_of(const HttpRequest& request, std::string_view parameter) {
    const auto text = request.query_value(parameter);
    if (!text || *text == "false") return false;
    if (*text == "true") return true;
    return malformed(std::string(parameter) + ": expected true or false, got \"" +
                     std::string(*text) + '"');
}

Result<void> check_query(const HttpRequest& request, const std::vector<std::string_view>& known) {
    for (const auto& [name, value] : request.query) {
        if (std::ranges::find(known, name) == known.end()) {
            return malformed("unknown query parameter \"" + name + '"');
        }
    }
    return success();
}

// ---- reading ------------------------------------------------------------------------------------

HttpResponse text_response(std::string content_type, std::string body) {
    HttpResponse response;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    return response;
}

HttpResponse show_health(Service&, const HttpRequest&, const PathParameters&) {
    return text_response("text/plain; charset=utf-8", "ok\n");
}

HttpResponse show_readiness(Service& service, const HttpRequest&, const PathParameters&) {
    if (service.is_ready()) return http::json_response(200, {{"ready", true}});
    HttpResponse response = http::problem(503, "zones are not loaded, or have expired");
    auto document = parse_json(response.body);
    (*document)["zones"] = unready_zones(service, service.surroundings().now());
    response.body = to_json_text(*document);
    return response;
}

HttpResponse show_metrics(Service& service, const HttpRequest&, const PathParameters&) {
    runtime::Metrics& metrics = service.surroundings().metrics;
    for (const auto& [state, count] : count_by_state(service, service.surroundings().now())) {
        metrics.gauge("chorale_combiner_zones", {state}).set(static_cast<double>(count));
    }
    std::size_t records = 0, octets = 0;
    for (const auto& [name, zone] : service.zones()) {
        if (!zone->combined()) continue;
        records += zone->combined()->record_count();
        octets += zone->combined()->octets();
    }
    const auto set = [&](std::string_view name, std::uint64_t value) {
        metrics.gauge(name).set(static_cast<double>(value));
    };
    const net::DnsServerCounters& served = service.dns_server().counters();
    set("chorale_combiner_records", records);
    set("chorale_combiner_octets", octets);
    set("chorale_combiner_connections", served.connections_now);
    set("chorale_combiner_udp_dropped_total", served.udp_dropped_busy);
    set("chorale_combiner_log_lines_lost_total", runtime::log::lost_lines());
    return text_response("text/plain; version=0.0.4; charset=utf-8", metrics.render());
}

HttpResponse show_status(Service& service, const HttpRequest&, const PathParameters&) {
    return http::json_response(200, status_document(service));
}

HttpResponse show_zones(Service& service, const HttpRequest& request, const PathParameters&) {
    const auto limit = limit_of(request, zone_list_bounds);
    if (!limit) return http::problem(limit.error());
    std::optional<dns::Name> after;
    if (const auto text = request.query_value("after")) {
        const auto name = zone_name(std::string(*text));
        if (!name) return http::problem(name.error());
        after = *name;
    }
    return http::json_response(200,
                               zone_list(service, after, *limit, service.surroundings().now()));
}

HttpResponse show_zone(Service& service, const HttpRequest&, const PathParameters& parameters) {
    const auto zone = zone_of(service, parameters);
    if (!zone) return http::problem(zone.error());
    return http::json_response(200, zone_document(service, **zone, service.surroundings().now()));
}

HttpResponse show_overlay(Service& service, const HttpRequest&, const PathParameters& parameters) {
    const auto zone = zone_of(service, parameters);
    if (!zone) return http::problem(zone.error());
    return http::json_response(200, overlay_document(**zone));
}

HttpResponse show_timers(Service& service, const HttpRequest& request, const PathParameters&) {
    const auto limit = limit_of(request, timer_list_bounds);
    if (!limit) return http::problem(limit.error());
    return http::json_response(200, timer_list(service, *limit, service.surroundings().now()));
}

HttpResponse show_transfers(Service& service, const HttpRequest& request, const PathParameters&) {
    const auto limit = limit_of(request, transfer_list_bounds);
    if (!limit) return http::problem(limit.error());
    return http::json_response(200, transfer_list(service, *limit));
}

HttpResponse show_events(Service& service, const HttpRequest& request, const PathParameters&) {
    const auto limit = limit_of(request, event_list_bounds);
    if (!limit) return http::problem(limit.error());
    const auto after = number_of(request, "after", 0, std::numeric_limits<std::int64_t>::max(), 0);
    if (!after) return http::problem(after.error());
    std::string zone;
    if (const auto text = request.query_value("zone")) {
        const auto name = zone_name(std::string(*text));
        if (!name) return http::problem(name.error());
        zone = name->to_text();
    }
    return http::json_response(200,
                               event_list(service.surroundings().events, *after, zone, *limit));
}

asio::awaitable<HttpResponse> show_audit(Service* service, HttpRequest request, PathParameters) {
    const auto limit = limit_of(request, audit_list_bounds);
    if (limit.has_error()) co_return http::problem(limit.error());
    const auto surroundings = service->shared_surroundings();
    net::Completion<std::vector<AuditEntry>> read(surroundings->io.get_executor());
    // The worker tells success or failure only; what it read waits here.
    auto entries = std::make_shared<std::vector<AuditEntry>>();
    store::CommitWorker::Job job = [entries, most = *limit](store::Database& database) {
        auto found = load_audit(database, most);
        if (!found) return Result<void>(found.error());
        *entries = std::move(*found);
        return success();
    };
    const bool is_accepted = surroundings->worker.read(
        std::move(job), [entries, done = read.callback()](Result<void> outcome) {
            if (outcome.has_error()) return done(outcome.error());
            done(std::move(*entries));
        });
    if (!is_accepted) co_return http::problem(503, "too many changes wait to be written");
    Result<std::vector<AuditEntry>> found = co_await read.wait(net::deadline_after(read_time));
    if (found.has_error()) co_return http::problem(found.error());
    co_return http::json_response(200, audit_list(*found));
}

// ---- changing -----------------------------------------------------------------------------------

// Problems of a change: what is over a limit may be tried again later.
HttpResponse problem_of_change(const Error& error) {
    if (error.kind() == ErrorKind::limit) return http::problem(503, error.message());
    return http::problem(error);
}

// Carries out a change that is written down before it is made, so that none is
// made that nobody could find out about; a failure is written down after it.
asio::awaitable<Result<void>> audited(Service* service, std::string peer, std::string what,
                                      std::function<asio::awaitable<Result<void>>()> carry_out) {
    const auto surroundings = service->shared_surroundings();
    const std::string who = "admin " + peer;
    const auto row = [&](std::string text) -> store::CommitWorker::Job {
        return [at = surroundings->now(), who, text](store::Database& database) {
            return add_audit(database, at, who, text);
        };
    };
    const auto tell = [&](Level level, const char* name, const std::string& reason) {
        EventFields fields = {{"who", who}, {"what", what}};
        if (!reason.empty()) fields.emplace_back("reason", reason);
        surroundings->events.record(surroundings->now(), level, name, std::move(fields));
    };
    store::CommitWorker::Job intent = row(what);
    Result<void> written = co_await commit(surroundings, std::move(intent), 0);
    if (written.has_error()) {
        tell(Level::error, "admin.change.failed", written.error().message());
        co_return written.error().in("audit");
    }
    asio::awaitable<Result<void>> running = carry_out();
    Result<void> done = co_await std::move(running);
    if (done.has_value()) {
        tell(Level::info, "admin.change", "");
        co_return done;
    }
    tell(Level::warning, "admin.change.failed", done.error().message());
    store::CommitWorker::Job failure = row(what + ": not done: " + done.error().message());
    Result<void> noted = co_await commit(surroundings, std::move(failure), 0);
    // The event has it as well.
    static_cast<void>(noted);
    co_return done;
}

// The zone's turn, for a zone that is still there.
asio::awaitable<Result<net::Slots::Hold>> take_turn(std::shared_ptr<ServedZone> zone) {
    Result<net::Slots::Hold> turn = co_await zone->turn().take(net::deadline_after(turn_time));
    if (turn.has_error()) {
        co_return Error(ErrorKind::timeout, "another change of the zone is under way: try again");
    }
    if (zone->is_removed()) {
        co_return Error(ErrorKind::not_found, "the zone was removed meanwhile");
    }
    co_return turn;
}

HttpResponse zone_response(Service& service, unsigned status, const ServedZone& zone) {
    return http::json_response(status, zone_document(service, zone, service.surroundings().now()));
}

HttpResponse no_content() {
    HttpResponse response;
    response.status = 204;
    return response;
}

struct NewZone {
    dns::Name name;
    std::string template_name;
};

Result<NewZone> read_new_zone(const HttpRequest& request) {
    const auto document = parse_json(request.body);
    if (!document) return document.error();
    ObjectReader reader(*document, "zone");
    const std::string text = reader.required_text("name");
    NewZone zone;
    zone.template_name = reader.required_text("template");
    const auto finished = reader.finish();
    if (!finished) return finished.error();
    const auto name = dns::Name::from_text(text);
    if (!name) return name.error().in("zone: name");
    zone.name = name->to_lower();
    return zone;
}

asio::awaitable<HttpResponse> add_zone(Service* service, HttpRequest request, PathParameters) {
    const Result<NewZone> read = read_new_zone(request);
    if (read.has_error()) co_return http::problem(read.error());
    const NewZone& asked = *read;
    const Configuration& configuration = *service->surroundings().configuration;
    if (!configuration.templates.contains(asked.template_name)) {
        co_return http::problem(422,
                                "the configuration has no template \"" + asked.template_name + '"');
    }
    if (service->zones().size() >= configuration.limits.zones) {
        co_return http::problem(409, "there are as many zones as limits.zones allows");
    }
    const auto carry_out = [service, asked] {
        return service->add_zone(asked.name, asked.template_name);
    };
    Result<void> added = co_await audited(
        service, request.peer, "add " + asked.name.to_text() + " template " + asked.template_name,
        carry_out);
    if (added.has_error()) co_return problem_of_change(added.error());
    const auto zone = service->find(asked.name);
    if (!zone) co_return http::problem(404, "the zone was removed meanwhile");
    HttpResponse response = zone_response(*service, 201, *zone);
    const std::string segment =
        asked.name.view().is_root() ? std::string(root_zone_segment) : asked.name.to_text();
    response.headers.add("Location", "/admin/v1/zones/" + http::encode_path_segment(segment));
    co_return response;
}

asio::awaitable<HttpResponse> remove_zone(Service* service, HttpRequest request,
                                          PathParameters parameters) {
    const auto zone = zone_of(*service, parameters);
    if (zone.has_error()) co_return http::problem(zone.error());
    const dns::Name name = (*zone)->name();
    const auto carry_out = [service, name] { return service->remove_zone(name); };
    Result<void> removed =
        co_await audited(service, request.peer, "remove " + name.to_text(), carry_out);
    if (removed.has_error()) co_return problem_of_change(removed.error());
    co_return no_content();
}

asio::awaitable<Result<void>> begin_refresh(std::shared_ptr<ServedZone> zone, bool is_forced) {
    if (zone->is_removed()) {
        co_return Error(ErrorKind::not_found, "the zone was removed meanwhile");
    }
    zone->request_refresh(is_forced);
    co_return success();
}

asio::awaitable<HttpResponse> refresh_zone(Service* service, HttpRequest request,
                                           PathParameters parameters) {
    const auto found = zone_of(*service, parameters);
    if (found.has_error()) co_return http::problem(found.error());
    const Result<bool> is_forced = flag_of(request, "force");
    if (is_forced.has_error()) co_return http::problem(is_forced.error());
    const std::shared_ptr<ServedZone> zone = *found;
    if (zone->is_frozen()) co_return http::problem(409, "the zone is frozen: thaw it first");
    const auto carry_out = [zone, forced = *is_forced] { return begin_refresh(zone, forced); };
    const std::string what = "refresh " + zone->name().to_text() + (*is_forced ? " force" : "");
    Result<void> begun = co_await audited(service, request.peer, what, carry_out);
    if (begun.has_error()) co_return problem_of_change(begun.error());
    co_return zone_response(*service, 202, *zone);
}

asio::awaitable<Result<void>> set_frozen_in_turn(std::shared_ptr<ServedZone> zone, bool is_frozen) {
    Result<net::Slots::Hold> turn = co_await take_turn(zone);
    if (turn.has_error()) co_return turn.error();
    Result<void> changed = co_await zone->change_frozen(is_frozen);
    co_return changed;
}

asio::awaitable<HttpResponse> change_frozen(Service* service, HttpRequest request,
                                            PathParameters parameters, bool is_frozen) {
    const auto found = zone_of(*service, parameters);
    if (found.has_error()) co_return http::problem(found.error());
    const std::shared_ptr<ServedZone> zone = *found;
    const auto carry_out = [zone, is_frozen] { return set_frozen_in_turn(zone, is_frozen); };
    const std::string what = (is_frozen ? "freeze " : "thaw ") + zone->name().to_text();
    Result<void> changed = co_await audited(service, request.peer, what, carry_out);
    if (changed.has_error()) co_return problem_of_change(changed.error());
    co_return zone_response(*service, 200, *zone);
}

asio::awaitable<HttpResponse> freeze_zone(Service* service, HttpRequest request,
                                          PathParameters parameters) {
    return change_frozen(service, std::move(request), std::move(parameters), true);
}

asio::awaitable<HttpResponse> thaw_zone(Service* service, HttpRequest request,
                                        PathParameters parameters) {
    return change_frozen(service, std::move(request), std::move(parameters), false);
}

asio::awaitable<Result<void>> clear_in_turn(std::shared_ptr<ServedZone> zone, dns::Type type) {
    Result<net::Slots::Hold> turn = co_await take_turn(zone);
    if (turn.has_error()) co_return turn.error();
    // As for UPDATE: what is frozen stands still, and without the owner's zone
    // there is nothing to combine.
    if (zone->is_frozen()) {
        co_return Error(ErrorKind::conflict, "the zone is frozen: thaw it first");
    }
    if (!zone->owner()) co_return Error(ErrorKind::conflict, "the zone is not loaded yet");
    Overlay overlay = zone->overlay();
    if (overlay.erase(type) == 0) {
        co_return Error(ErrorKind::not_found, "no " + dns::to_text(type) + " in the overlay");
    }
    Result<void> changed = co_await zone->change_overlay(std::move(overlay), std::nullopt);
    co_return changed;
}

asio::awaitable<HttpResponse> clear_overlay(Service* service, HttpRequest request,
                                            PathParameters parameters) {
    const auto found = zone_of(*service, parameters);
    if (found.has_error()) co_return http::problem(found.error());
    const auto type = dns::type_from_text(parameters.get("type"));
    if (type.has_error()) co_return http::problem(type.error());
    const std::shared_ptr<ServedZone> zone = *found;
    const bool is_there = zone->overlay().contains(*type);
    if (!is_there) co_return http::problem(404, "no " + dns::to_text(*type) + " in the overlay");
    const auto carry_out = [zone, cleared = *type] { return clear_in_turn(zone, cleared); };
    const std::string what = "clear " + dns::to_text(*type) + " of " + zone->name().to_text();
    Result<void> changed = co_await audited(service, request.peer, what, carry_out);
    if (changed.has_error()) co_return problem_of_change(changed.error());
    co_return no_content();
}

// ---- the table ----------------------------------------------------------------------------------

const std::vector<Row>& rows() {
    static const std::vector<Row> table = {
        {Method::get, "/healthz", Access::open, &show_health},
        {Method::get, "/readyz", Access::open, &show_readiness},
        {Method::get, "/metrics", Access::open, &show_metrics},
        {Method::get, "/admin/v1/status", Access::token, &show_status},
        {Method::get, "/admin/v1/zones", Access::token, &show_zones, {"after", "limit"}},
        {Method::post, "/admin/v1/zones", Access::token, &add_zone},
        {Method::get, "/admin/v1/zones/{zone}", Access::token, &show_zone},
        {Method::delete_, "/admin/v1/zones/{zone}", Access::token, &remove_zone},
        {Method::post, "/admin/v1/zones/{zone}/refresh", Access::token, &refresh_zone, {"force"}},
        {Method::post, "/admin/v1/zones/{zone}/freeze", Access::token, &freeze_zone},
        {Method::post, "/admin/v1/zones/{zone}/thaw", Access::token, &thaw_zone},
        {Method::get, "/admin/v1/zones/{zone}/overlay", Access::token, &show_overlay},
        {Method::delete_, "/admin/v1/zones/{zone}/overlay/{type}", Access::token, &clear_overlay},
        {Method::get, "/admin/v1/timers", Access::token, &show_timers, {"limit"}},
        {Method::get, "/admin/v1/events", Access::token, &show_events, {"after", "limit", "zone"}},
        {Method::get, "/admin/v1/transfers", Access::token, &show_transfers, {"limit"}},
        {Method::get, "/admin/v1/audit", Access::token, &show_audit, {"limit"}},
    };
    return table;
}

http::Handler handler_of(Service& service, const Row& row, Show show) {
    return http::immediately(
        [&service, &row, show](const HttpRequest& request, const PathParameters& parameters) {
            const auto checked = check_query(request, row.query);
            if (!checked) return http::problem(checked.error());
            return show(service, request, parameters);
        });
}

// A change that has begun goes on to its end, whether its client waits or not: it
// runs by itself, and the HTTP server cannot call it off half-way.
http::Handler handler_of(Service& service, const Row& row, Perform perform) {
    return http::later([&service, &row, perform](HttpRequest request, PathParameters parameters,
                                                 http::Reply reply) {
        const auto checked = check_query(request, row.query);
        if (!checked) return reply(http::problem(checked.error()));
        asio::co_spawn(
            service.surroundings().io, perform(&service, std::move(request), std::move(parameters)),
            [reply](const std::exception_ptr& thrown, HttpResponse response) {
                reply(thrown ? http::problem(500, "internal error") : std::move(response));
            });
    });
}

}  // namespace

http::Router admin_routes(Service& service) {
    http::Router router;
    for (const Row& row : rows()) {
        router.add(
            row.method, row.pattern, row.access,
            std::visit([&](auto action) { return handler_of(service, row, action); }, row.action));
    }
    return router;
}

std::string print_admin_routes() {
    std::string text;
    for (const Row& row : rows()) {
        text += std::string(http::to_text(row.method)) + ' ' + row.pattern +
                (row.access == Access::token ? " token" : " open");
        for (const std::string_view parameter : row.query) text += ' ' + std::string(parameter);
        text += '\n';
    }
    return text;
}

}  // namespace chorale::combiner
