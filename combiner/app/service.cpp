#include "combiner/app/service.hpp"

#include <malloc.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <set>

#include "combiner/app/admin.hpp"
#include "common/runtime/files.hpp"
#include "common/store/transaction.hpp"

namespace chorale::combiner {

namespace asio = boost::asio;
using runtime::log::Level;

namespace {

constexpr Duration stop_grace = std::chrono::seconds(5);

// The folder of the database, made if it is missing (mode 0700).
Result<void> prepare_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return success();
    return Error(ErrorKind::storage, path + ": " + std::strerror(errno));
}

Result<Secret> read_token(const std::string& file) {
    auto token = runtime::read_secret_file(file);
    if (!token) return token.error().in("admin.token_file");
    return token;
}

}  // namespace

struct SignalWatch {
    explicit SignalWatch(asio::io_context& io) : set(io, SIGTERM, SIGINT, SIGHUP) {}
    asio::signal_set set;
};

Service::Service(std::shared_ptr<Surroundings> surroundings, StoredState stored)
    : surroundings_(std::move(surroundings)),
      list_turn_(surroundings_->io.get_executor(), 1),
      front_(surroundings_, *this),
      dns_server_(surroundings_->io.get_executor(), surroundings_->configuration->limits.server,
                  [this](net::Request request, std::shared_ptr<net::ReplyStream> stream) {
                      return front_.handle(std::move(request), std::move(stream));
                  }),
      started_at_(surroundings_->now()),
      configured_at_(started_at_) {
    load(std::move(stored));
}

Service::~Service() = default;

std::shared_ptr<ServedZone> Service::find(dns::NameView name) const {
    const auto found = zones_.find(name);
    return found == zones_.end() ? nullptr : found->second;
}

bool Service::is_ready() const {
    const Instant now = surroundings_->now();
    const Configuration& configuration = *surroundings_->configuration;
    // Zones that are new in the configuration are taken up a moment later.
    const auto is_taken_up = [this](const auto& configured) {
        return zones_.contains(configured.name);
    };
    if (!std::ranges::all_of(configuration.zones, is_taken_up)) return false;
    if (!std::ranges::all_of(configuration.catalogs, is_taken_up)) return false;
    return std::ranges::all_of(zones_, [&](const auto& entry) {
        return entry.second->combined() && !entry.second->is_expired(now);
    });
}

// ---- start and stop
// ------------------------------------------------------------------------------

Result<void> Service::start() {
    const auto configuration = surroundings_->configuration;
    for (const net::SocketAddress& address : configuration->listen) {
        const auto bound = dns_server_.listen(address);
        if (!bound) return bound.error().in("dns.listen");
        dns_addresses_.push_back(*bound);
    }
    auto token = read_token(configuration->token_file);
    if (!token) return token.error();
    http::HttpServerSettings settings;
    settings.limits = configuration->limits.http;
    settings.token = std::move(*token);
    admin_ = std::make_unique<http::HttpServer>(surroundings_->io.get_executor(),
                                                admin_routes(*this), std::move(settings));
    const auto admin_address = admin_->listen(configuration->admin);
    if (!admin_address) return admin_address.error().in("admin.listen");
    admin_address_ = *admin_address;
    signals_ = std::make_unique<SignalWatch>(surroundings_->io);
    await_signal();
    asio::co_spawn(surroundings_->io, [this] { return apply_configuration(); }, asio::detached);
    for (const auto& [name, zone] : zones_) zone->start();
    std::string addresses;
    for (const auto& address : dns_addresses_) {
        addresses += (addresses.empty() ? "" : " ") + address.to_text();
    }
    surroundings_->events.record(started_at_, Level::info, "combiner.ready",
                                 {{"version", CHORALE_VERSION},
                                  {"dns", addresses},
                                  {"admin", http::to_text(*admin_address)},
                                  {"zones", std::to_string(zones_.size())}});
    return success();
}

void Service::await_signal() {
    signals_->set.async_wait([this](const boost::system::error_code& failure, int number) {
        if (failure) return;
        if (number == SIGHUP) {
            // The outcome is in the log.
            static_cast<void>(reload());
            await_signal();
        } else {
            stop();
        }
    });
}

void Service::stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    surroundings_->events.record(surroundings_->now(), Level::info, "combiner.stopping", {});
    asio::co_spawn(surroundings_->io, [this] { return close_all(); }, asio::detached);
}

asio::awaitable<void> Service::close_all() {
    co_await dns_server_.stop(net::deadline_after(stop_grace));
    net::Event closed(surroundings_->io.get_executor());
    admin_->stop(stop_grace, [&closed] { closed.set(); });
    Result<void> waited = co_await closed.wait(net::deadline_after(2 * stop_grace));
    static_cast<void>(waited);
    for (const auto& [name, zone] : zones_) zone->retire();
    signals_->set.cancel();
    surroundings_->io.stop();
}

// ---- which zones
// ---------------------------------------------------------------------------------

std::string Service::template_for(const ConfiguredCatalog& catalog,
                                  const CatalogMember& member) const {
    for (const std::string& group : member.groups) {
        const auto known = catalog.templates_by_group.find(group);
        if (known != catalog.templates_by_group.end()) return known->second;
    }
    return catalog.member_template;
}

std::shared_ptr<const ZoneSettings> Service::settings_of(const StoredZone& zone) const {
    const auto& configuration = *surroundings_->configuration;
    for (const ConfiguredZone& configured : configuration.zones) {
        if (configured.name == zone.name) return configured.settings;
    }
    for (const ConfiguredCatalog& catalog : configuration.catalogs) {
        if (catalog.name == zone.name) return catalog.settings;
    }
    if (zone.source == ZoneSource::configuration) return nullptr;
    if (zone.source == ZoneSource::catalog && !catalogs_.contains(zone.catalog)) return nullptr;
    const auto found = configuration.templates.find(zone.template_name);
    if (found == configuration.templates.end() || found->second->primaries.empty()) return nullptr;
    return found->second;
}

std::vector<Service::Wanted> Service::wanted_by_configuration() const {
    std::vector<Wanted> wanted;
    for (const ConfiguredZone& zone : surroundings_->configuration->zones) {
        StoredZone row;
        row.name = zone.name;
        row.template_name = zone.template_name;
        wanted.push_back({std::move(row), zone.settings});
    }
    for (const ConfiguredCatalog& catalog : surroundings_->configuration->catalogs) {
        StoredZone row;
        row.name = catalog.name;
        wanted.push_back({std::move(row), catalog.settings});
    }
    return wanted;
}

void Service::load(StoredState stored) {
    for (const ConfiguredCatalog& catalog : surroundings_->configuration->catalogs) {
        catalogs_[catalog.name].configured = catalog;
    }
    for (auto& [key, state] : stored.replay_states) {
        const auto imported = surroundings_->replay_guard.import_state(key, state);
        if (!imported) {
            surroundings_->events.record(started_at_, Level::error, "replay_state.unreadable",
                                         {{"key", key.to_text()}});
        }
    }
    for (StoredZone& zone : stored.zones) {
        auto settings = settings_of(zone);
        if (!settings) {
            surroundings_->events.record(
                started_at_, Level::warning, "zone.sleeping",
                {{"zone", zone.name.to_text()},
                 {"reason", "neither the configuration nor a catalog asks for it"}});
            sleeping_[zone.name] = zone.id;
            continue;
        }
        make_zone(std::move(zone), std::move(settings));
    }
    for (auto& [name, catalog] : catalogs_) {
        const auto zone = find(name);
        if (!zone || !zone->owner()) continue;
        auto members = read_catalog(*zone->owner());
        if (members) catalog.members = std::move(*members);
    }
}

void Service::make_zone(StoredZone stored, std::shared_ptr<const ZoneSettings> settings) {
    const dns::Name name = stored.name;
    auto zone = std::make_shared<ServedZone>(surroundings_, std::move(stored), std::move(settings));
    zones_[name] = zone;
    watch_catalog(zone);
}

void Service::watch_catalog(const std::shared_ptr<ServedZone>& zone) {
    if (!is_catalog(zone->name())) {
        zone->on_owner_changed = nullptr;
        return;
    }
    zone->on_owner_changed = [this](ServedZone& changed) {
        asio::co_spawn(
            surroundings_->io, [this, name = changed.name()] { return follow_catalog(name); },
            asio::detached);
    };
}

asio::awaitable<Result<void>> Service::adopt(std::vector<Wanted> wanted) {
    // The rows are made, or woken, in one transaction.
    struct Adoption {
        std::vector<Wanted> wanted;
        std::vector<std::optional<std::int64_t>> sleeping_rows;
    };
    if (zones_.size() + wanted.size() > surroundings_->configuration->limits.zones) {
        co_return Error(ErrorKind::limit, "more zones than limits.zones allows");
    }
    auto adoption = std::make_shared<Adoption>();
    for (Wanted& each : wanted) {
        const auto row = sleeping_.find(each.zone.name);
        adoption->sleeping_rows.push_back(row == sleeping_.end() ? std::nullopt
                                                                 : std::optional(row->second));
    }
    adoption->wanted = std::move(wanted);
    store::CommitWorker::Job job = [adoption](store::Database& database) -> Result<void> {
        for (std::size_t i = 0; i < adoption->wanted.size(); ++i) {
            StoredZone& zone = adoption->wanted[i].zone;
            const auto row = adoption->sleeping_rows[i];
            if (!row) {
                const auto inserted = insert_zone(database, zone);
                if (!inserted) return inserted;
                continue;
            }
            auto loaded = load_zone(database, *row);
            if (!loaded) return loaded.error();
            if (loaded->zones.size() != 1) return Error(ErrorKind::storage, "a zone's row is gone");
            StoredZone content = std::move(loaded->zones.front());
            content.source = zone.source;
            content.template_name = zone.template_name;
            content.catalog = zone.catalog;
            content.catalog_label = zone.catalog_label;
            const auto moved = set_membership(database, content);
            if (!moved) return moved;
            zone = std::move(content);
        }
        return success();
    };
    Result<void> stored = co_await commit(surroundings_, std::move(job), 0);
    if (stored.has_error()) co_return stored;
    for (Wanted& each : adoption->wanted) {
        const dns::Name name = each.zone.name;
        sleeping_.erase(name);
        make_zone(std::move(each.zone), std::move(each.settings));
        zones_.at(name)->start();
    }
    co_return success();
}

asio::awaitable<Result<void>> Service::drop(std::vector<dns::Name> names) {
    std::vector<std::int64_t> rows;
    for (const dns::Name& name : names) {
        const auto zone = find(name);
        if (!zone) continue;
        rows.push_back(zone->stored().id);
    }
    store::CommitWorker::Job job = [rows](store::Database& database) -> Result<void> {
        for (const std::int64_t row : rows) {
            const auto removed = combiner::remove_zone(database, row);
            if (!removed) return removed;
        }
        return success();
    };
    Result<void> stored = co_await commit(surroundings_, std::move(job), 0);
    if (stored.has_error()) co_return stored;
    for (const dns::Name& name : names) {
        const auto zone = find(name);
        if (!zone) continue;
        zone->retire();
        zones_.erase(name);
        surroundings_->events.record(surroundings_->now(), Level::info, "zone.removed",
                                     {{"zone", name.to_text()}});
    }
    co_return success();
}

void Service::let_sleep(const dns::Name& name) {
    const auto zone = find(name);
    sleeping_[name] = zone->stored().id;
    zone->retire();
    zones_.erase(name);
    surroundings_->events.record(
        surroundings_->now(), Level::warning, "zone.sleeping",
        {{"zone", name.to_text()},
         {"reason", "neither the configuration nor a catalog asks for it"}});
}

// ---- configuration
// -------------------------------------------------------------------------------

Result<void> Service::reload() {
    const std::string file = surroundings_->configuration->file;
    auto read = load_combiner_configuration(file);
    const auto fail = [&](const std::string& reason) -> Result<void> {
        surroundings_->events.record(surroundings_->now(), Level::error, "configuration.refused",
                                     {{"reason", reason}, {"kept", "the one before"}});
        return malformed(reason);
    };
    if (!read) return fail(read.error().to_text());
    auto token = read_token((*read)->token_file);
    if (!token) return fail(token.error().message());
    const auto& before = *surroundings_->configuration;
    const bool needs_restart = before.listen != (*read)->listen ||
                               before.state_directory != (*read)->state_directory ||
                               http::to_text(before.admin) != http::to_text((*read)->admin);
    surroundings_->configuration = *read;
    configured_at_ = surroundings_->now();
    admin_->set_token(std::move(*token));
    const Limits& limits = (*read)->limits;
    dns_server_.set_limits(limits.server);
    surroundings_->transfers_in.set_count(limits.transfers_in);
    surroundings_->transfers_out.set_count(limits.transfers_out);
    surroundings_->notifies.set_count(limits.notifies);
    runtime::log::configure({(*read)->log_level, (*read)->log_format});
    surroundings_->events.record(configured_at_, Level::info, "configuration.read",
                                 {{"file", file}});
    if (needs_restart) {
        surroundings_->events.record(configured_at_, Level::warning, "configuration.needs_restart",
                                     {{"reason", "listen addresses or state directory changed"}});
    }
    asio::co_spawn(surroundings_->io, [this] { return apply_configuration(); }, asio::detached);
    return success();
}

asio::awaitable<void> Service::apply_configuration() {
    Result<net::Slots::Hold> turn = co_await list_turn_.take(net::no_deadline);
    const auto configuration = surroundings_->configuration;
    std::map<dns::Name, Catalog, dns::CanonicalLess> catalogs;
    for (const ConfiguredCatalog& catalog : configuration->catalogs) {
        Catalog& entry = catalogs[catalog.name];
        const auto known = catalogs_.find(catalog.name);
        if (known != catalogs_.end()) entry.members = std::move(known->second.members);
        entry.configured = catalog;
    }
    catalogs_ = std::move(catalogs);

    std::vector<Wanted> missing;
    std::vector<std::shared_ptr<ServedZone>> moved;
    for (Wanted& wanted : wanted_by_configuration()) {
        const auto zone = find(wanted.zone.name);
        if (!zone) {
            missing.push_back(std::move(wanted));
        } else if (zone->stored().source != ZoneSource::configuration) {
            zone->set_membership(ZoneSource::configuration, wanted.zone.template_name, {}, {});
            moved.push_back(zone);
        }
    }
    // Sources of zones that the configuration has taken over; failing to write
    // that down costs nothing but doing it again after a restart.
    for (const auto& zone : moved) {
        StoredZone row;
        row.id = zone->stored().id;
        row.template_name = zone->stored().template_name;
        auto shared = std::make_shared<StoredZone>(std::move(row));
        store::CommitWorker::Job job = [shared](store::Database& database) {
            return combiner::set_membership(database, *shared);
        };
        Result<void> stored = co_await commit(surroundings_, std::move(job), 0);
        if (stored.has_error()) zone->note_error("storage", stored.error().message());
    }
    std::vector<dns::Name> unwanted;
    for (const auto& [name, zone] : zones_) {
        const auto settings = settings_of(zone->stored());
        if (!settings) {
            unwanted.push_back(name);
        } else if (settings != zone->settings()) {
            zone->apply_settings(settings);
        }
        watch_catalog(zone);
    }
    for (const dns::Name& name : unwanted) let_sleep(name);
    if (!missing.empty()) {
        Result<void> adopted = co_await adopt(std::move(missing));
        if (adopted.has_error()) {
            surroundings_->events.record(surroundings_->now(), Level::error, "zones.not_added",
                                         {{"reason", adopted.error().message()}});
        }
    }
    turn->release();
    for (const auto& [name, catalog] : catalogs_) {
        const auto zone = find(name);
        if (zone && zone->owner()) {
            asio::co_spawn(
                surroundings_->io, [this, changed = name] { return follow_catalog(changed); },
                asio::detached);
        }
    }
}

// ---- catalogs
// ------------------------------------------------------------------------------------

asio::awaitable<void> Service::follow_catalog(dns::Name name) {
    Result<net::Slots::Hold> turn = co_await list_turn_.take(net::no_deadline);
    const auto entry = catalogs_.find(name);
    const auto catalog_zone = find(name);
    if (entry == catalogs_.end() || !catalog_zone || !catalog_zone->owner()) co_return;
    auto read = read_catalog(*catalog_zone->owner());
    if (read.has_error()) {
        // RFC 9432 5.1: a broken catalog changes nothing.
        catalog_zone->note_error("catalog", read.error().message());
        co_return;
    }
    Catalog& catalog = entry->second;
    catalog.members = std::move(*read);
    std::vector<Wanted> added;
    std::vector<dns::Name> dropped;
    for (const auto& [member_name, member] : catalog.members) {
        const std::string template_name = template_for(catalog.configured, member);
        const auto settings = surroundings_->configuration->templates.at(template_name);
        const auto zone = find(member_name);
        Wanted wanted;
        wanted.zone.name = member_name;
        wanted.zone.source = ZoneSource::catalog;
        wanted.zone.template_name = template_name;
        wanted.zone.catalog = name;
        wanted.zone.catalog_label = member.unique_label;
        wanted.settings = settings;
        if (!zone) {
            added.push_back(std::move(wanted));
            continue;
        }
        const StoredZone& stored = zone->stored();
        bool is_ours = stored.source == ZoneSource::catalog && stored.catalog == name;
        if (!is_ours && stored.source == ZoneSource::catalog) {
            // RFC 9432 4.4.1: the other catalog has to say that the zone moves here.
            const auto other = catalogs_.find(stored.catalog);
            if (other != catalogs_.end()) {
                const auto there = other->second.members.find(member_name);
                is_ours = there != other->second.members.end() &&
                          there->second.has_change_of_ownership &&
                          there->second.change_of_ownership == name;
            }
        }
        if (!is_ours) {
            surroundings_->events.record(
                surroundings_->now(), Level::warning, "catalog.member.ignored",
                {{"catalog", name.to_text()},
                 {"zone", member_name.to_text()},
                 {"reason", "it belongs to " + std::string(to_text(stored.source))}});
            continue;
        }
        const bool is_reset = stored.catalog == name && stored.catalog_label != member.unique_label;
        if (is_reset) {
            // RFC 9432 5.6: another label means that its state shall be forgotten.
            dropped.push_back(member_name);
            added.push_back(std::move(wanted));
            continue;
        }
        if (stored.catalog == name && stored.template_name == template_name) continue;
        zone->set_membership(ZoneSource::catalog, template_name, name, member.unique_label);
        auto row = std::make_shared<StoredZone>(std::move(wanted.zone));
        row->id = stored.id;
        store::CommitWorker::Job job = [row](store::Database& database) {
            return combiner::set_membership(database, *row);
        };
        Result<void> moved = co_await commit(surroundings_, std::move(job), 0);
        if (moved.has_error()) zone->note_error("storage", moved.error().message());
        zone->apply_settings(settings);
    }
    for (const auto& [zone_name, zone] : zones_) {
        const StoredZone& stored = zone->stored();
        if (stored.source == ZoneSource::catalog && stored.catalog == name &&
            !catalog.members.contains(zone_name)) {
            dropped.push_back(zone_name);
        }
    }
    const std::size_t dropped_count = dropped.size(), added_count = added.size();
    Result<void> done = success();
    if (!dropped.empty()) done = co_await drop(std::move(dropped));
    if (done.has_value() && !added.empty()) done = co_await adopt(std::move(added));
    if (done.has_error()) {
        catalog_zone->note_error("catalog", done.error().message());
        co_return;
    }
    surroundings_->events.record(surroundings_->now(), Level::info, "catalog.followed",
                                 {{"catalog", name.to_text()},
                                  {"serial", std::to_string(catalog_zone->owner()->serial())},
                                  {"added", std::to_string(added_count)},
                                  {"removed", std::to_string(dropped_count)}});
}

// ---- what an administrator asks for
// --------------------------------------------------------------

asio::awaitable<Result<void>> Service::add_zone(dns::Name name, std::string template_name) {
    Result<net::Slots::Hold> turn = co_await list_turn_.take(net::no_deadline);
    const auto& templates = surroundings_->configuration->templates;
    const auto found = templates.find(template_name);
    if (found == templates.end()) {
        co_return Error(ErrorKind::not_found, "no template \"" + template_name + '"');
    }
    if (found->second->primaries.empty()) {
        co_return Error(ErrorKind::conflict, "template \"" + template_name + "\" has no primaries");
    }
    if (find(name)) co_return Error(ErrorKind::conflict, name.to_text() + " is there already");
    std::vector<Wanted> wanted(1);
    wanted[0].zone.name = name;
    wanted[0].zone.source = ZoneSource::admin;
    wanted[0].zone.template_name = template_name;
    wanted[0].settings = found->second;
    Result<void> adopted = co_await adopt(std::move(wanted));
    co_return adopted;
}

asio::awaitable<Result<void>> Service::remove_zone(dns::Name name) {
    Result<net::Slots::Hold> turn = co_await list_turn_.take(net::no_deadline);
    const auto zone = find(name);
    if (!zone) co_return Error(ErrorKind::not_found, "no zone " + name.to_text());
    if (zone->stored().source != ZoneSource::admin) {
        co_return Error(ErrorKind::conflict, name.to_text() + " comes from the " +
                                                 std::string(to_text(zone->stored().source)) +
                                                 ": take it out there");
    }
    std::vector<dns::Name> names = {name};
    Result<void> dropped = co_await drop(std::move(names));
    co_return dropped;
}

// ---- the program
// ---------------------------------------------------------------------------------

namespace {

// Rows of configured zones that the store does not have, so that every one of
// them is answered for from the first request on.
Result<void> add_missing_zones(store::Database& database, const Configuration& configuration,
                               StoredState& stored) {
    std::set<dns::Name, dns::CanonicalLess> known;
    for (const StoredZone& zone : stored.zones) known.insert(zone.name);
    auto transaction = store::Transaction::begin(database);
    if (!transaction) return transaction.error();
    const auto add = [&](const dns::Name& name, const std::string& template_name) -> Result<void> {
        if (known.contains(name)) return success();
        StoredZone row;
        row.name = name;
        row.template_name = template_name;
        const auto inserted = insert_zone(database, row);
        if (inserted) stored.zones.push_back(std::move(row));
        return inserted;
    };
    for (const ConfiguredZone& zone : configuration.zones) {
        const auto added = add(zone.name, zone.template_name);
        if (!added) return added;
    }
    for (const ConfiguredCatalog& catalog : configuration.catalogs) {
        const auto added = add(catalog.name, {});
        if (!added) return added;
    }
    return transaction->commit();
}

}  // namespace

int run_combiner(const std::string& configuration_file) {
    auto configuration = load_combiner_configuration(configuration_file);
    if (!configuration) {
        std::fputs(configuration.error().to_text().c_str(), stderr);
        return 2;
    }
    const auto fail = [](const Error& error) {
        std::fprintf(stderr, "combiner: %s\n", error.message().c_str());
        return 1;
    };
    runtime::log::configure({(*configuration)->log_level, (*configuration)->log_format});
    const auto prepared = prepare_directory((*configuration)->state_directory);
    if (!prepared) return fail(prepared.error().in("state.directory"));
    auto database = store::Database::open((*configuration)->state_directory + "/combiner.db",
                                          combiner_database_options());
    if (!database) return fail(database.error());
    auto stored = load_all(*database);
    if (!stored) return fail(stored.error());
    const auto added = add_missing_zones(*database, **configuration, *stored);
    if (!added) return fail(added.error());

    asio::io_context io(1);
    auto surroundings = std::make_shared<Surroundings>(io, *configuration, std::move(*database),
                                                       stored->next_chunk_id);
    Service service(surroundings, std::move(*stored));
    const auto started = service.start();
    if (!started) return fail(started.error());
    io.run();
    // What was accepted is written before the end.
    surroundings->worker.stop();
    surroundings->builder.join();
    return 0;
}

}  // namespace chorale::combiner
