// The combiner's configuration: one table of keys (configuration.cpp), from which
// reading, errors, the sample file and the manual come, and the typed values that
// everything else uses. Immutable; SIGHUP makes a new one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "combiner/core/refresh.hpp"
#include "combiner/core/serial_plan.hpp"
#include "common/crypto/tsig.hpp"
#include "common/http/address.hpp"
#include "common/http/limits.hpp"
#include "common/net/dns_server.hpp"
#include "common/net/socket_address.hpp"
#include "common/runtime/configuration.hpp"
#include "common/runtime/log.hpp"
#include "common/zone/xfr_interpreter.hpp"
#include "common/zone/zone_builder.hpp"

namespace chorale::combiner {

// Keeps the keyring alive that the key lies in: a transfer that began before a
// reload still signs with it.
using KeyPointer = std::shared_ptr<const crypto::TsigKey>;

// An owner's server from which zones are fetched.
struct Primary {
    std::string name;
    std::vector<net::SocketAddress> addresses;
    KeyPointer key;  // null: unsigned
};

// A server that fetches combined zones: the signer.
struct Secondary {
    std::string name;
    std::vector<net::SocketAddress> addresses;  // NOTIFY goes there
    std::vector<net::Prefix> allow;             // may transfer: the addresses' hosts and more
    KeyPointer key;                             // required on its requests if set
    bool notify = true;
};

// An agent that may send UPDATE.
struct Updater {
    std::string name;
    KeyPointer key;                  // always set
    std::vector<net::Prefix> allow;  // empty: from anywhere
};

// How a zone is served.
struct ZoneSettings {
    std::vector<std::shared_ptr<const Primary>> primaries;
    std::vector<std::shared_ptr<const Secondary>> secondaries;
    std::vector<std::shared_ptr<const Updater>> updaters;
    SerialPolicy serial = SerialPolicy::follow;
    RefreshBounds refresh;
    bool ixfr = true;
    std::size_t journal_octets = 0;
};

struct ConfiguredZone {
    dns::Name name;
    std::string template_name;  // empty without
    std::shared_ptr<const ZoneSettings> settings;
};

struct ConfiguredCatalog {
    dns::Name name;
    std::shared_ptr<const ZoneSettings> settings;  // primaries and timers of the catalog itself
    std::string member_template;
    std::map<std::string, std::string> templates_by_group;
};

struct Limits {
    net::DnsServerLimits server;
    http::HttpLimits http;
    zone::ZoneLimits zone;
    zone::TransferLimits transfer;
    Duration transfer_total_time{};
    Duration transfer_idle_time{};
    std::size_t transfers_in = 0;
    std::size_t transfers_out = 0;
    std::size_t notifies = 0;
    std::size_t message_records = 0;
    std::size_t update_records = 0;
    std::size_t updates_pending = 0;
    std::size_t zones = 0;
};

struct Configuration {
    std::string file;
    std::vector<net::SocketAddress> listen;
    std::string state_directory;
    http::HttpAddress admin;
    std::string token_file;
    runtime::log::Level log_level = runtime::log::Level::info;
    runtime::log::Format log_format = runtime::log::Format::logfmt;
    Limits limits;
    std::shared_ptr<crypto::Keyring> keys = std::make_shared<crypto::Keyring>();
    std::map<std::string, std::shared_ptr<const ZoneSettings>> templates;
    std::vector<ConfiguredZone> zones;
    std::vector<ConfiguredCatalog> catalogs;
};

const runtime::Schema& configuration_schema();

// Reads and checks everything, secret files as well.
boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors>
load_combiner_configuration(const std::string& file);

// The same from text, `file` named in errors, without looking at the token file.
boost::system::result<std::shared_ptr<const Configuration>, runtime::ConfigurationErrors>
read_combiner_configuration(std::string_view toml, const std::string& file);

}  // namespace chorale::combiner
