#include "combiner/app/configuration.hpp"

#include <algorithm>

#include "common/base/encoding.hpp"
#include "common/runtime/files.hpp"

namespace chorale::combiner {
namespace {

using runtime::at_least;
using runtime::between;
using runtime::KeyRow;
using runtime::Occurs;
using runtime::one_of;
using runtime::Section;
using runtime::Type;
using runtime::with_port;

constexpr std::int64_t year = 366LL * 24 * 3600;

std::vector<KeyRow> zone_keys() {
    return {
        {"primaries", Type::texts, runtime::optional,
         "owner's servers by name, tried in this order", between(1, 16), R"(["owner"])"},
        {"secondaries", Type::texts, std::vector<std::string>{},
         "servers by name that fetch the combined zone", between(0, 256)},
        {"updaters", Type::texts, std::vector<std::string>{}, "agents by name that may send UPDATE",
         between(0, 256)},
        {"serial", Type::enumeration, "follow", "where the combined zone's serial comes from",
         one_of({"follow", "increment", "unixtime"})},
        {"ixfr", Type::boolean, true, "ask primaries for incremental transfers"},
        {"refresh_min", Type::seconds, 30, "least time between refreshes, whatever the SOA says",
         between(0, year)},
        {"refresh_max", Type::seconds, 28 * 24 * 3600, "most time between refreshes",
         between(1, year)},
        {"retry_min", Type::seconds, 10, "least time between tries after a failure",
         between(0, year)},
        {"retry_max", Type::seconds, 14 * 24 * 3600, "most time between tries after a failure",
         between(1, year)},
        {"expire_max", Type::seconds, year,
         "most time a zone is served without hearing from its owner", between(1, year)},
        {"journal_size", Type::octets, "4 MiB", "deltas kept for outgoing IXFR, per zone",
         between(0, 1LL << 32)},
    };
}

std::vector<KeyRow> limit_keys() {
    return {
        {"connections", Type::integer, 10000, "TCP connections in all", between(1, 1000000)},
        {"connections_per_prefix", Type::integer, 64, "TCP connections of one /24 or /56",
         between(1, 1000000)},
        {"connection_idle_time", Type::seconds, 10, "an idle TCP connection is closed after",
         between(1, 3600)},
        {"message_time", Type::seconds, 5, "a message must be complete after", between(1, 3600)},
        {"write_progress_time", Type::seconds, 10, "a client that reads nothing is closed after",
         between(1, 3600)},
        {"unread_output", Type::octets, "256 KiB",
         "unread output at which a connection is read no more", between(4096, 1LL << 30)},
        {"requests_per_connection", Type::integer, 16, "requests in work per TCP connection",
         between(1, 1000)},
        {"udp_requests", Type::integer, 256, "UDP requests in work", between(1, 100000)},
        {"message_records", Type::integer, 5000, "records in one message", between(1, 65535)},
        {"update_records", Type::integer, 1000, "records in one UPDATE", between(1, 65535)},
        {"updates_pending", Type::integer, 100,
         "UPDATE messages in work; further ones get SERVFAIL", between(1, 100000)},
        {"transfers_in", Type::integer, 20, "incoming transfers at a time", between(1, 10000)},
        {"transfers_out", Type::integer, 100,
         "outgoing transfers at a time; further ones get SERVFAIL", between(1, 100000)},
        {"notifies", Type::integer, 100, "NOTIFY messages on their way at a time",
         between(1, 10000)},
        {"transfer_total_time", Type::seconds, 7200, "a transfer must be complete after",
         between(1, 86400)},
        {"transfer_idle_time", Type::seconds, 60, "a transfer that makes no progress ends after",
         between(1, 86400)},
        {"transfer_max_octets", Type::octets, "4 GiB", "octets of one incoming transfer",
         between(512, 1LL << 40)},
        {"transfer_max_records", Type::integer, 50000000, "records of one zone or transfer",
         between(1, 1000000000)},
        {"transfer_max_messages", Type::integer, 4000000, "messages of one incoming transfer",
         between(1, 1000000000)},
        {"transfer_max_records_per_rrset", Type::integer, 100, "records of one RRset",
         between(1, 65535)},
        {"transfer_max_types_per_name", Type::integer, 100, "types at one name", between(1, 65535)},
        {"zones", Type::integer, 100000, "zones in all", between(1, 10000000)},
        {"http_connections", Type::integer, 256, "connections to the admin listener",
         between(1, 10000)},
    };
}

}  // namespace

const runtime::Schema& configuration_schema() {
    static const runtime::Schema schema = {
        {"dns",
         Occurs::once,
         "The DNS service.",
         {
             {"listen",
              Type::addresses,
              std::vector<std::string>{"127.0.0.1:53", "[::1]:53"},
              "addresses for UDP and TCP",
              {1, 64, {}, 53}},
         }},
        {"state",
         Occurs::once,
         "What survives a restart.",
         {
             {"directory", Type::path, "/var/lib/chorale/combiner",
              "folder of the database; made if it is missing"},
         }},
        {"admin",
         Occurs::once,
         "The admin interface.",
         {
             {"listen", Type::endpoint, "127.0.0.1:8301", "loopback address, or \"unix:/path\"",
              with_port(8301)},
             {"token_file", Type::path, "/etc/chorale/combiner.token",
              "file (mode 0600) with the bearer token"},
         }},
        {"log",
         Occurs::once,
         "The event log, on stderr.",
         {
             {"level", Type::enumeration, "info", "least urgent event that is written",
              one_of({"debug", "info", "warning", "error"})},
             {"format", Type::enumeration, "logfmt", "form of a line", one_of({"logfmt", "json"})},
         }},
        {"limits", Occurs::once, "Bounds on what others can cause.", limit_keys()},
        {"key",
         Occurs::any,
         "A TSIG key.",
         {
             {"name", Type::text, runtime::required, "name of the key", between(1, 1000),
              "\"owner-xfr.\""},
             {"algorithm", Type::enumeration, "hmac-sha256", "HMAC",
              one_of({"hmac-sha256", "hmac-sha384", "hmac-sha512"})},
             {"secret", Type::secret, runtime::optional, "the secret in base64; or secret_file",
              between(1, 4096), "\"c2VjcmV0IG9mIGEgcmVhc29uYWJsZSBsZW5ndGg=\""},
             {"secret_file",
              Type::path,
              runtime::optional,
              "file (mode 0600) with the secret in base64",
              {},
              "\"/etc/chorale/owner-xfr.secret\""},
         }},
        {"primary",
         Occurs::any,
         "A server of a zone owner.",
         {
             {"name", Type::text, runtime::required, "its name in this file", between(1, 200),
              "\"owner\""},
             {"addresses",
              Type::addresses,
              runtime::required,
              "its addresses, tried in this order",
              {1, 16, {}, 53},
              "[\"192.0.2.1:53\"]"},
             {"key", Type::text, runtime::optional, "TSIG key for requests to it", between(1, 1000),
              "\"owner-xfr.\""},
         }},
        {"secondary",
         Occurs::any,
         "A server that fetches combined zones: the signer.",
         {
             {"name", Type::text, runtime::required, "its name in this file", between(1, 200),
              "\"signer\""},
             {"addresses",
              Type::addresses,
              runtime::required,
              "its addresses; NOTIFY goes there, and it may transfer from there",
              {1, 16, {}, 53},
              "[\"127.0.0.1:5302\"]"},
             {"allow", Type::prefixes, std::vector<std::string>{},
              "further addresses that it may transfer from", between(0, 64)},
             {"key", Type::text, runtime::optional,
              "TSIG key, required on its requests and used for NOTIFY", between(1, 1000),
              "\"signer-xfr.\""},
             {"notify", Type::boolean, true, "send NOTIFY to it"},
         }},
        {"updater",
         Occurs::any,
         "An agent that may send UPDATE.",
         {
             {"name", Type::text, runtime::required, "its name in this file", between(1, 200),
              "\"msa\""},
             {"key", Type::text, runtime::required, "TSIG key of its UPDATE messages",
              between(1, 1000), "\"msa-update.\""},
             {"allow", Type::prefixes, std::vector<std::string>{},
              "addresses that it may send from; empty: any", between(0, 64)},
         }},
        {"template", Occurs::any, "How zones are served.",
         runtime::joined({{"name", Type::text, runtime::required, "its name in this file",
                           between(1, 200), "\"default\""}},
                         zone_keys())},
        {"zone", Occurs::any, "A zone; keys of its template may be given anew.",
         runtime::joined({{"name", Type::text, runtime::required, "its name", between(1, 1004),
                           "\"zone.example.\""},
                          {"template", Type::text, runtime::optional, "template by name",
                           between(1, 200), "\"default\""}},
                         runtime::overriding(zone_keys()))},
        {"catalog",
         Occurs::any,
         "A catalog zone (RFC 9432) that lists further zones.",
         {
             {"name", Type::text, runtime::required, "its name", between(1, 1004),
              "\"catalog.example.\""},
             {"primaries", Type::texts, runtime::required,
              "servers by name that it is fetched from", between(1, 16), "[\"owner\"]"},
             {"template", Type::text, runtime::required, "template of its members", between(1, 200),
              "\"default\""},
             {"groups",
              Type::texts_by_name,
              runtime::optional,
              "templates by group property (RFC 9432 4.4.2)",
              {},
              "{ fast = \"other\" }"},
         }},
    };
    return schema;
}

namespace {

// Turns the checked tree into typed values, and checks what needs more than one key.
class Reading {
public:
    explicit Reading(const runtime::ConfigurationTree& tree)
        : tree_(tree), configuration_(std::make_shared<Configuration>()) {}

    boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors>
    read() {
        read_daemon();
        read_limits();
        for (const Section& section : tree_.sections("key")) read_key(section);
        for (const Section& section : tree_.sections("primary")) read_primary(section);
        for (const Section& section : tree_.sections("secondary")) read_secondary(section);
        for (const Section& section : tree_.sections("updater")) read_updater(section);
        for (const Section& section : tree_.sections("template")) read_template(section);
        for (const Section& section : tree_.sections("zone")) read_zone(section);
        for (const Section& section : tree_.sections("catalog")) read_catalog_section(section);
        if (!errors_.empty()) return errors_;
        return std::shared_ptr<const Configuration>(configuration_);
    }

private:
    template <class Value>
    using Named = std::map<std::string, std::shared_ptr<const Value>>;

    void refuse(const Section& section, std::string_view key, std::string text) {
        errors_.add(section.error(key, std::move(text)));
    }

    void read_daemon() {
        const Section& dns = tree_.section("dns");
        for (const auto& address : dns.addresses("listen")) {
            configuration_->listen.push_back(to_net(address));
        }
        configuration_->state_directory = tree_.section("state").text("directory");
        const Section& admin = tree_.section("admin");
        const runtime::Endpoint& endpoint = admin.endpoint("listen");
        const auto* socket = std::get_if<runtime::SocketAddress>(&endpoint);
        const auto address = http::parse_http_address(
            socket ? socket->to_text() : "unix:" + std::get<std::string>(endpoint));
        if (!address) {
            refuse(admin, "listen", address.error().message());
        } else if (!address->is_loopback()) {
            refuse(admin, "listen",
                   "expected a loopback address or \"unix:/path\", got " + socket->to_text());
        } else {
            configuration_->admin = *address;
        }
        configuration_->token_file = admin.text("token_file");
        const Section& log = tree_.section("log");
        static const std::map<std::string, runtime::log::Level> levels = {
            {"debug", runtime::log::Level::debug},
            {"info", runtime::log::Level::info},
            {"warning", runtime::log::Level::warning},
            {"error", runtime::log::Level::error}};
        configuration_->log_level = levels.at(log.text("level"));
        configuration_->log_format = log.text("format") == "json" ? runtime::log::Format::json
                                                                  : runtime::log::Format::logfmt;
    }

    void read_limits() {
        const Section& from = tree_.section("limits");
        const auto count = [&](std::string_view key) {
            return static_cast<std::size_t>(from.integer(key));
        };
        Limits& limits = configuration_->limits;
        limits.server.connections = count("connections");
        limits.server.connections_per_prefix = count("connections_per_prefix");
        limits.server.idle = from.duration("connection_idle_time");
        limits.server.message = from.duration("message_time");
        limits.server.write_progress = from.duration("write_progress_time");
        limits.server.unread_output = from.octets("unread_output");
        limits.server.requests_per_connection = count("requests_per_connection");
        limits.server.udp_requests = count("udp_requests");
        limits.message_records = count("message_records");
        limits.update_records = count("update_records");
        limits.updates_pending = count("updates_pending");
        limits.transfers_in = count("transfers_in");
        limits.transfers_out = count("transfers_out");
        limits.notifies = count("notifies");
        limits.transfer_total_time = from.duration("transfer_total_time");
        limits.transfer_idle_time = from.duration("transfer_idle_time");
        limits.transfer.octets = limits.zone.octets = from.octets("transfer_max_octets");
        limits.transfer.records = limits.zone.records = count("transfer_max_records");
        limits.transfer.messages = count("transfer_max_messages");
        limits.zone.records_per_rrset = count("transfer_max_records_per_rrset");
        limits.zone.types_per_name = count("transfer_max_types_per_name");
        limits.zones = count("zones");
        limits.http.connections = count("http_connections");
    }

    void read_key(const Section& section) {
        crypto::TsigKey key;
        const auto name = dns::Name::from_text(section.text("name"));
        if (!name) return refuse(section, "name", name.error().message());
        key.name = *name;
        const auto algorithm = crypto::tsig_algorithm_from_text(section.text("algorithm"));
        if (!algorithm) return refuse(section, "algorithm", algorithm.error().message());
        key.algorithm = *algorithm;
        if (section.is_given("secret") == section.is_given("secret_file")) {
            return refuse(section, "secret", "expected either secret or secret_file");
        }
        const std::string_view source = section.is_given("secret") ? "secret" : "secret_file";
        Secret text;
        if (source == "secret") {
            text = section.secret("secret").copy();
        } else {
            auto read = runtime::read_secret_file(section.text("secret_file"));
            if (!read) return refuse(section, source, read.error().message());
            text = std::move(*read);
        }
        auto octets = from_base64(as_text(text.reveal()));
        if (!octets || octets->empty()) {
            return refuse(section, source, "expected a secret in base64");
        }
        key.secret = Secret(std::move(*octets));
        const auto added = configuration_->keys->add(std::move(key));
        if (!added) refuse(section, "name", "expected another name: " + added.error().message());
    }

    KeyPointer find_key(const Section& section) {
        if (!section.has("key")) return nullptr;
        const auto name = dns::Name::from_text(section.text("key"));
        const crypto::TsigKey* key = name ? configuration_->keys->find(*name) : nullptr;
        if (!key)
            refuse(section, "key",
                   "expected the name of a [[key]], got \"" + section.text("key") + '"');
        return key ? KeyPointer(configuration_->keys, key) : nullptr;
    }

    template <class Value>
    void add(const Section& section, Named<Value>& to, Value value) {
        std::string name = value.name;
        if (!to.emplace(name, std::make_shared<const Value>(std::move(value))).second) {
            refuse(section, "name", "expected another name: \"" + name + "\" is taken");
        }
    }

    void read_primary(const Section& section) {
        Primary primary;
        primary.name = section.text("name");
        for (const auto& address : section.addresses("addresses")) {
            primary.addresses.push_back(to_net(address));
        }
        primary.key = find_key(section);
        add(section, primaries_, std::move(primary));
    }

    void read_secondary(const Section& section) {
        Secondary secondary;
        secondary.name = section.text("name");
        for (const auto& address : section.addresses("addresses")) {
            secondary.addresses.push_back(to_net(address));
            secondary.allow.emplace_back(secondary.addresses.back().address(), 128);
        }
        for (const auto& prefix : section.prefixes("allow"))
            secondary.allow.push_back(to_net(prefix));
        secondary.key = find_key(section);
        secondary.notify = section.boolean("notify");
        add(section, secondaries_, std::move(secondary));
    }

    void read_updater(const Section& section) {
        Updater updater;
        updater.name = section.text("name");
        updater.key = find_key(section);
        for (const auto& prefix : section.prefixes("allow"))
            updater.allow.push_back(to_net(prefix));
        add(section, updaters_, std::move(updater));
    }

    template <class Value>
    void find_named(const Section& section, std::string_view key, const Named<Value>& from,
                    std::vector<std::shared_ptr<const Value>>& to) {
        if (!section.has(key)) return;
        to.clear();
        for (const std::string& name : section.texts(key)) {
            const auto found = from.find(name);
            if (found == from.end()) {
                std::string what(key);
                what = what == "primaries"     ? "primary"
                       : what == "secondaries" ? "secondary"
                                               : "updater";
                refuse(section, key, "expected names of [[" + what + "]], got \"" + name + '"');
            } else {
                to.push_back(found->second);
            }
        }
    }

    // Takes what the section says over what `settings` holds.
    void read_settings(const Section& section, ZoneSettings& settings) {
        find_named(section, "primaries", primaries_, settings.primaries);
        find_named(section, "secondaries", secondaries_, settings.secondaries);
        find_named(section, "updaters", updaters_, settings.updaters);
        if (section.has("serial"))
            settings.serial = *serial_policy_from_text(section.text("serial"));
        if (section.has("ixfr")) settings.ixfr = section.boolean("ixfr");
        const auto take = [&](std::string_view key, Duration& to) {
            if (section.has(key)) to = section.duration(key);
        };
        take("refresh_min", settings.refresh.refresh_least);
        take("refresh_max", settings.refresh.refresh_most);
        take("retry_min", settings.refresh.retry_least);
        take("retry_max", settings.refresh.retry_most);
        take("expire_max", settings.refresh.expire_most);
        if (section.has("journal_size")) settings.journal_octets = section.octets("journal_size");
        if (settings.refresh.refresh_least > settings.refresh.refresh_most) {
            refuse(section, "refresh_min", "expected at most refresh_max");
        }
        if (settings.refresh.retry_least > settings.refresh.retry_most) {
            refuse(section, "retry_min", "expected at most retry_max");
        }
    }

    void read_template(const Section& section) {
        auto settings = std::make_shared<ZoneSettings>();
        read_settings(section, *settings);
        const std::string& name = section.text("name");
        if (!configuration_->templates.emplace(name, std::move(settings)).second) {
            refuse(section, "name", "expected another name: \"" + name + "\" is taken");
        }
    }

    std::shared_ptr<const ZoneSettings> find_template(const Section& section, std::string_view key,
                                                      const std::string& name) {
        const auto found = configuration_->templates.find(name);
        if (found != configuration_->templates.end()) return found->second;
        refuse(section, key, "expected the name of a [[template]], got \"" + name + '"');
        return nullptr;
    }

    bool take_name(const Section& section, dns::Name& name) {
        const auto parsed = dns::Name::from_text(section.text("name"));
        if (!parsed) {
            refuse(section, "name", "expected a domain name: " + parsed.error().message());
            return false;
        }
        name = *parsed;
        if (!names_.emplace(name, true).second) {
            refuse(section, "name",
                   "expected another name: " + name.to_text() + " is configured already");
            return false;
        }
        return true;
    }

    void read_zone(const Section& section) {
        ConfiguredZone zone;
        if (!take_name(section, zone.name)) return;
        ZoneSettings settings;
        settings.journal_octets = std::size_t{4} << 20;
        if (section.has("template")) {
            zone.template_name = section.text("template");
            const auto base = find_template(section, "template", zone.template_name);
            if (!base) return;
            settings = *base;
        }
        read_settings(section, settings);
        if (settings.primaries.empty()) {
            return refuse(section, "primaries", "expected at least one, here or in the template");
        }
        zone.settings = std::make_shared<const ZoneSettings>(std::move(settings));
        configuration_->zones.push_back(std::move(zone));
    }

    void read_catalog_section(const Section& section) {
        ConfiguredCatalog catalog;
        if (!take_name(section, catalog.name)) return;
        ZoneSettings settings;
        find_named(section, "primaries", primaries_, settings.primaries);
        catalog.settings = std::make_shared<const ZoneSettings>(std::move(settings));
        catalog.member_template = section.text("template");
        check_member_template(section, "template", catalog.member_template);
        if (section.has("groups")) {
            catalog.templates_by_group = section.texts_by_name("groups");
            for (const auto& [group, name] : catalog.templates_by_group) {
                check_member_template(section, "groups." + group, name);
            }
        }
        configuration_->catalogs.push_back(std::move(catalog));
    }

    void check_member_template(const Section& section, std::string_view key,
                               const std::string& name) {
        const auto found = find_template(section, key, name);
        if (found && found->primaries.empty()) {
            refuse(section, key, "expected a template with primaries, \"" + name + "\" has none");
        }
    }

    static net::SocketAddress to_net(const runtime::SocketAddress& address) {
        return *net::SocketAddress::from_text(address.to_text());
    }
    static net::Prefix to_net(const runtime::Prefix& prefix) {
        return *net::Prefix::from_text(prefix.to_text());
    }

    const runtime::ConfigurationTree& tree_;
    std::shared_ptr<Configuration> configuration_;
    runtime::ConfigurationErrors errors_;
    Named<Primary> primaries_;
    Named<Secondary> secondaries_;
    Named<Updater> updaters_;
    std::map<dns::Name, bool, dns::CanonicalLess> names_;
};

boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors> interpret(
    const runtime::ConfigurationResult& tree, const std::string& file) {
    if (!tree) return tree.error();
    auto configuration = Reading(*tree).read();
    if (configuration) std::const_pointer_cast<Configuration>(*configuration)->file = file;
    return configuration;
}

}  // namespace

boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors>
load_combiner_configuration(const std::string& file) {
    const auto tree = runtime::load_configuration(configuration_schema(), file);
    auto configuration = interpret(tree, file);
    if (!configuration) return configuration;
    const auto token = runtime::read_secret_file((*configuration)->token_file);
    if (!token) {
        return runtime::ConfigurationErrors(tree->section("admin").error(
            "token_file", "expected a file with the token: " + token.error().message()));
    }
    return configuration;
}

boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors>
read_combiner_configuration(std::string_view toml, const std::string& file) {
    return interpret(runtime::parse_configuration(configuration_schema(), toml, file), file);
}

}  // namespace chorale::combiner
