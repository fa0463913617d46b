#include "msa/app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "common/dns/rdata.hpp"
#include "common/dns/rdata/msigner.hpp"
#include "common/dns/text.hpp"
#include "msa/app/key_directory.hpp"
#include "msa/app/published_records.hpp"

namespace chorale::msa {
namespace {

constexpr int done = 0, failed = 1, wrong_usage = 2;
constexpr const char* epilogue = "Exit codes: 0 done; 1 it could not be done; 2 wrong usage.";
constexpr std::uint32_t most_seconds = 0x7fffffff;  // of a TTL (RFC 2181 8)

int complain(int code, const std::string& text) {
    std::fprintf(stderr, "msa: %s\n", text.c_str());
    return code;
}
void warn(const std::string& text) { complain(done, text); }
int complain(int code, const Error& error) { return complain(code, error.message()); }

// Half a zone file must not be taken for a whole one.
int print(const std::string& text) {
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
        return complain(failed, "the output could not be written");
    }
    return done;
}

// CLI11 reads 010 as eight and 0x10 as sixteen; who writes a TTL or a port means neither.
std::string decimal_fault(const std::string& text) {
    const bool is_decimal = !text.empty() && text.front() != '0' &&
                            text.find_first_not_of("0123456789") == std::string::npos;
    return is_decimal ? "" : "expected a decimal number, got \"" + text + '"';
}

// An empty variable of a script is no wish for the default.
std::string emptiness_fault(const std::string& text) {
    return text.empty() ? "expected something, got nothing" : "";
}

// What was said, as it was said.
struct Words {
    std::string directory = "/etc/chorale/msa";
    std::string identity;
    std::vector<std::string> identities;
    std::string algorithm = "ed25519";
    std::string only;
    std::string zone;
    std::string state;
    std::vector<std::string> addresses;
    std::uint16_t dns_port = 53;
    std::uint16_t api_port = 443;
    std::uint32_t ttl = 3600;
};

int run_keygen(const Words& words) {
    KeyRequest request;
    request.directory = words.directory;
    if (!words.identity.empty()) {
        auto identity = Identity::from_text(words.identity);
        if (!identity) return complain(wrong_usage, identity.error().in("--identity"));
        request.identity = std::move(*identity);
    }
    if (words.algorithm != "ed25519") request.algorithm = crypto::Sig0Algorithm::ecdsap256sha256;
    if (!words.only.empty()) request.only = words.only == "sig0" ? KeyFile::sig0 : KeyFile::tls;
    const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    const auto made = make_keys(request, now);
    if (!made) {
        std::string text = made.error().message();
        if (made.error().kind() == ErrorKind::conflict) {
            text +=
                "; keys are never replaced, and nothing was changed. To make the other key "
                "alone, give --only";
        }
        return complain(failed, text);
    }
    std::string text;
    for (const MadeKey& key : *made) text += key.path + ": " + key.what + '\n';
    return print(text);
}

std::string zone_text(const Publication& publication) {
    std::string text = "; The agent of " + publication.identity.name().to_text() +
                       ": for the zone that this name lies in, which must be signed.\n";
    for (const dns::Record& record : published_records(publication)) {
        text += dns::to_text(record.view()) + '\n';
    }
    return text;
}

int run_records(const Words& words) {
    auto identity = Identity::from_text(words.identity);
    if (!identity) return complain(wrong_usage, identity.error().in("--identity"));
    std::vector<HostAddress> addresses;
    for (const std::string& word : words.addresses) {
        auto address = HostAddress::from_text(word);
        if (!address) return complain(wrong_usage, address.error().in("--address"));
        if (std::find(addresses.begin(), addresses.end(), *address) != addresses.end()) continue;
        if (address->is_local()) {
            warn(word +
                 " is local: peers refuse it unless they are configured to "
                 "take such addresses");
        }
        addresses.push_back(std::move(*address));
    }
    const auto key = read_sig0_key(words.directory, *identity);
    if (!key) return complain(failed, key.error());
    const auto pin = read_tls_pin(words.directory);
    if (!pin) return complain(failed, pin.error());
    return print(zone_text({.identity = std::move(*identity),
                            .dns_port = words.dns_port,
                            .api_port = words.api_port,
                            .ttl = words.ttl,
                            .addresses = std::move(addresses),
                            .key_rdata = key->key_rdata(),
                            .tls_pin = *pin}));
}

// By its word in any case, or its number. Other numbers can be read, but mean nothing.
Result<std::uint8_t> state_from_text(const std::string& text) {
    const std::vector<std::string> tokens = {text, "."};
    const auto rdata = dns::rdata_from_text(dns::Type::MSIGNER, tokens, dns::NameView());
    using dns::rdata::Msigner;
    if (!rdata || (rdata->front() != Msigner::on && rdata->front() != Msigner::off)) {
        return malformed("expected ON or OFF, got \"" + text + '"');
    }
    return rdata->front();
}

// The name under which its peers fetch a provider's contribution over DNS.
bool has_room_for(const dns::Name& zone, const Identity& identity) {
    return zone.wire().size() - 1 + identity.name().wire().size() <= dns::max_name_octets;
}

int run_record(const Words& words) {
    if (words.zone == "@") {
        return complain(wrong_usage, "--zone: expected the name of the zone, there is no origin");
    }
    const auto zone = dns::Name::from_text(words.zone);
    if (!zone) return complain(wrong_usage, zone.error().in("--zone"));
    const auto state = state_from_text(words.state);
    if (!state) return complain(wrong_usage, state.error().in("--state"));
    std::vector<Identity> identities;
    for (const std::string& word : words.identities) {
        auto identity = Identity::from_text(word);
        if (!identity) return complain(wrong_usage, identity.error().in("--identity"));
        const bool is_known =
            std::any_of(identities.begin(), identities.end(),
                        [&](const Identity& other) { return other.name() == identity->name(); });
        if (is_known) continue;
        if (!has_room_for(*zone, *identity)) {
            warn(zone->to_text() + " and " + identity->name().to_text() +
                 " are too long together for the DNS transport: they need the API");
        }
        identities.push_back(std::move(*identity));
    }
    return print(msigner_text(*zone, words.ttl, *state, identities));
}

// The commands, and what was said to them.
class CommandLine {
public:
    CommandLine() {
        app_.set_version_flag("--version", "msa " CHORALE_VERSION);
        app_.require_subcommand(1);
        app_.footer(epilogue);
        add_keygen();
        add_records();
        add_record();
    }

    int run(int argument_count, char** arguments) {
        try {
            app_.parse(argument_count, arguments);
        } catch (const CLI::ParseError& error) {
            return app_.exit(error) == 0 ? done : wrong_usage;
        }
        for (const auto& [command, action] : actions_) {
            if (command->parsed()) return action(words_);
        }
        return wrong_usage;
    }

private:
    using Action = int (*)(const Words&);

    CLI::App* add(const char* name, const char* text, Action action) {
        CLI::App* command = app_.add_subcommand(name, text);
        actions_.emplace_back(command, action);
        return command;
    }

    void add_directory(CLI::App* command) {
        command->add_option("--directory", words_.directory, "where the keys are")
            ->check(emptiness_fault)
            ->capture_default_str();
    }

    void add_ttl(CLI::App* command) {
        command->add_option("--ttl", words_.ttl, "seconds")
            ->check(CLI::Range(std::uint32_t{1}, most_seconds))
            ->check(decimal_fault)
            ->capture_default_str();
    }

    void add_keygen() {
        CLI::App* command = add("keygen", "make the keys of an agent", run_keygen);
        add_directory(command);
        command
            ->add_option("--identity", words_.identity,
                         "name of the agent, to stand in the certificate")
            ->check(emptiness_fault);
        command->add_option("--algorithm", words_.algorithm, "of the SIG(0) key")
            ->transform(CLI::IsMember({"ed25519", "ecdsap256sha256"}, CLI::ignore_case))
            ->capture_default_str();
        command->add_option("--only", words_.only, "make this key alone")
            ->transform(CLI::IsMember({"sig0", "tls"}, CLI::ignore_case));
    }

    void add_records() {
        CLI::App* command = add(
            "records", "print what a provider publishes for its agent to be found", run_records);
        add_directory(command);
        command->add_option("--identity", words_.identity, "name of the agent")->required();
        command
            ->add_option("--address", words_.addresses, "where it is reached, may be given again")
            ->required();
        add_port(command, "--dns-port", words_.dns_port, "port of the DNS transport");
        add_port(command, "--api-port", words_.api_port, "port of the API transport");
        add_ttl(command);
    }

    void add_port(CLI::App* command, const char* name, std::uint16_t& port, const char* text) {
        command->add_option(name, port, text)
            ->check(CLI::Range(std::uint16_t{1}, std::uint16_t{65535}))
            ->check(decimal_fault)
            ->capture_default_str();
    }

    void add_record() {
        CLI::App* command =
            add("record", "print the MSIGNER records that a zone's owner writes", run_record);
        command->add_option("--zone", words_.zone, "the owner's zone")->required();
        command->add_option("--state", words_.state, "ON or OFF")->required();
        command
            ->add_option("--identity", words_.identities, "name of the agent, may be given again")
            ->required();
        add_ttl(command);
    }

    CLI::App app_{"The agent of a provider that signs zones together with others.", "msa"};
    Words words_;
    std::vector<std::pair<CLI::App*, Action>> actions_;
};

}  // namespace

int run_command_line(int argument_count, char** arguments) {
    return CommandLine().run(argument_count, arguments);
}

}  // namespace chorale::msa
