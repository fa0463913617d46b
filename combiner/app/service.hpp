// The running combiner: its zones, where they come from (configuration, admin
// interface, catalogs), its listeners, reload and stop.
#pragma once

#include <unordered_map>

#include "combiner/app/dns_front.hpp"
#include "combiner/core/catalog.hpp"
#include "common/http/server.hpp"

namespace chorale::combiner {

class Service final : public ZoneDirectory {
public:
    Service(std::shared_ptr<Surroundings> surroundings, StoredState stored);
    ~Service() override;
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    // Begins to listen and to keep zones current. Errors name the address.
    Result<void> start();
    // Finishes what is under way, within a few seconds; then the io_context ends.
    void stop();
    // Reads the configuration file again; on an error the old one stays.
    Result<void> reload();

    using Zones =
        std::unordered_map<dns::Name, std::shared_ptr<ServedZone>, dns::NameHash, dns::NameEqual>;
    const Zones& zones() const { return zones_; }
    std::shared_ptr<ServedZone> find(dns::NameView name) const override;
    bool is_catalog(dns::NameView name) const { return catalogs_.contains(dns::Name(name)); }
    Surroundings& surroundings() { return *surroundings_; }
    const std::shared_ptr<Surroundings>& shared_surroundings() const { return surroundings_; }
    Instant started_at() const { return started_at_; }
    Instant configured_at() const { return configured_at_; }
    const net::DnsServer& dns_server() const { return dns_server_; }
    // Where it listens, ports resolved.
    const std::vector<net::SocketAddress>& dns_addresses() const { return dns_addresses_; }
    const http::HttpAddress& admin_address() const { return admin_address_; }
    // Every configured zone (and catalog) is loaded and not expired.
    bool is_ready() const;

    // What an administrator asks for. Errors: conflict (it is there already, or
    // belongs to the configuration or a catalog), not_found, limit, storage.
    boost::asio::awaitable<Result<void>> add_zone(dns::Name name, std::string template_name);
    boost::asio::awaitable<Result<void>> remove_zone(dns::Name name);

private:
    // A zone that shall be served, and how.
    struct Wanted {
        StoredZone zone;  // without content
        std::shared_ptr<const ZoneSettings> settings;
    };
    struct Catalog {
        ConfiguredCatalog configured;
        CatalogMembers members;  // of the last good version
    };

    void load(StoredState stored);
    std::shared_ptr<const ZoneSettings> settings_of(const StoredZone& zone) const;
    std::string template_for(const ConfiguredCatalog& catalog, const CatalogMember& member) const;
    std::vector<Wanted> wanted_by_configuration() const;
    void make_zone(StoredZone stored, std::shared_ptr<const ZoneSettings> settings);
    void watch_catalog(const std::shared_ptr<ServedZone>& zone);

    boost::asio::awaitable<Result<void>> adopt(std::vector<Wanted> wanted);
    boost::asio::awaitable<Result<void>> drop(std::vector<dns::Name> names);
    void let_sleep(const dns::Name& name);
    boost::asio::awaitable<void> follow_catalog(dns::Name name);
    boost::asio::awaitable<void> apply_configuration();
    boost::asio::awaitable<void> close_all();
    void await_signal();

    std::shared_ptr<Surroundings> surroundings_;
    Zones zones_;
    // Rows of zones that nothing asks for at present: a zone that is taken out of
    // the configuration by mistake comes back with its overlay.
    std::map<dns::Name, std::int64_t, dns::CanonicalLess> sleeping_;
    std::map<dns::Name, Catalog, dns::CanonicalLess> catalogs_;
    // Changes of the list of zones, one at a time.
    net::Slots list_turn_;
    DnsFront front_;
    net::DnsServer dns_server_;
    std::vector<net::SocketAddress> dns_addresses_;
    http::HttpAddress admin_address_;
    std::unique_ptr<http::HttpServer> admin_;
    std::unique_ptr<struct SignalWatch> signals_;
    Instant started_at_;
    Instant configured_at_;
    bool is_stopping_ = false;
};

// Runs until SIGTERM. Returns the exit code: 0 stopped, 1 could not run (said on
// stderr), 2 wrong configuration.
int run_combiner(const std::string& configuration_file);

}  // namespace chorale::combiner
