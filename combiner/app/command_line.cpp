#include "combiner/app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "combiner/app/admin.hpp"
#include "combiner/app/client.hpp"
#include "combiner/app/service.hpp"

namespace chorale::combiner {
namespace {

constexpr const char* epilogue =
    "Exit codes: 0 done; 1 the daemon says no, or could not run; 2 wrong usage or configuration;\n"
    "3 the daemon cannot be reached.";

int check(const std::string& file) {
    const auto configuration = load_combiner_configuration(file);
    if (!configuration) {
        std::fputs(configuration.error().to_text().c_str(), stderr);
        return 2;
    }
    std::printf("%s: good: %zu zones, %zu catalogs, %zu keys\n", file.c_str(),
                (*configuration)->zones.size(), (*configuration)->catalogs.size(),
                (*configuration)->keys->size());
    return 0;
}

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return 0;
}

// The commands, and what was said to them.
class CommandLine {
public:
    CommandLine() {
        app_.set_version_flag("--version", "combiner " CHORALE_VERSION);
        app_.require_subcommand(1);
        app_.footer(epilogue);
        add("run", "serve, until SIGTERM; SIGHUP reads the configuration again",
            [this] { return run_combiner(file_); });
        add("check", "check the configuration file and say what is wrong",
            [this] { return check(file_); });
        add_verbs();
        add_printers();
    }

    int run(int argument_count, char** arguments) {
        try {
            app_.parse(argument_count, arguments);
        } catch (const CLI::ParseError& error) {
            return app_.exit(error) == 0 ? 0 : 2;
        }
        for (const auto& [command, action] : actions_) {
            if (command->parsed()) return action();
        }
        return 2;
    }

private:
    using Action = std::function<int()>;

    CLI::App* add(const char* name, const char* text, Action action) {
        CLI::App* command = app_.add_subcommand(name, text);
        command->add_option("--config", file_, "configuration file")->capture_default_str();
        actions_.emplace_back(command, std::move(action));
        return command;
    }

    CLI::App* add_verb(const char* name, const char* text, Verb verb) {
        CLI::App* command = add(name, text, [this, verb] {
            request_.verb = verb;
            if (verb == Verb::overlay && !request_.type.empty()) request_.verb = Verb::clear;
            return run_client(file_, request_);
        });
        command->add_flag("--json", request_.prints_json, "print JSON");
        command->group("Asking a running combiner");
        return command;
    }

    CLI::App* add_zone_verb(const char* name, const char* text, Verb verb) {
        CLI::App* command = add_verb(name, text, verb);
        command->add_option("NAME", request_.zone, "zone")->required();
        return command;
    }

    CLI::App* add_list_verb(const char* name, const char* text, Verb verb) {
        CLI::App* command = add_verb(name, text, verb);
        command->add_option("--limit", request_.limit, "most entries to show");
        return command;
    }

    void add_verbs() {
        add_verb("status", "version, addresses, zones by state", Verb::status);
        add_verb("zones", "all zones, one a line", Verb::zones);
        add_zone_verb("zone", "one zone: state, serials, observations, errors, overlay",
                      Verb::zone);
        add_zone_verb("add", "serve a further zone, without restart", Verb::add)
            ->add_option("--template", request_.template_name, "template of the configuration")
            ->required();
        add_zone_verb("remove", "serve a zone no more that was added", Verb::remove);
        add_zone_verb("refresh", "ask the zone's primaries now", Verb::refresh)
            ->add_flag("--force", request_.is_forced,
                       "take the owner's zone as a whole, even if its serial is older");
        add_zone_verb("freeze", "let the zone stand still: no transfer in, no UPDATE",
                      Verb::freeze);
        add_zone_verb("thaw", "end that, and catch up", Verb::thaw);
        add_zone_verb("overlay", "what agents have put over the owner's zone", Verb::overlay)
            ->add_option("--clear", request_.type, "take the RRset of this type out");
        add_list_verb("events", "what happened lately", Verb::events)
            ->add_option("--zone", request_.zone, "of this zone only");
        add_list_verb("timers", "what will be done when", Verb::timers);
        add_list_verb("transfers", "the last transfer of each zone and server", Verb::transfers);
        add_list_verb("audit", "what administrators have changed", Verb::audit);
    }

    void add_printers() {
        const auto add_printer = [this](const char* name, const char* text, Action action) {
            CLI::App* command = app_.add_subcommand(name, text);
            actions_.emplace_back(command, std::move(action));
            return command;
        };
        add_printer("sample", "print a configuration file with every key",
                    [] { return print(runtime::print_sample(configuration_schema())); });
        add_printer("reference", "print what every key means, as Markdown",
                    [] { return print(runtime::print_reference(configuration_schema())); });
        // For the test that compares it with the OpenAPI document.
        add_printer("routes", "print the routes of the admin interface", [] {
            return print(print_admin_routes());
        })->group("");
    }

    CLI::App app_{"Combines an owner's zone with what its multi-signer agent adds.", "combiner"};
    std::string file_ = "/etc/chorale/combiner.toml";
    ClientRequest request_;
    std::vector<std::pair<CLI::App*, Action>> actions_;
};

}  // namespace

int run_command_line(int argument_count, char** arguments) {
    return CommandLine().run(argument_count, arguments);
}

}  // namespace chorale::combiner
