#include "combiner/app/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "combiner/app/service.hpp"

namespace chorale::combiner {
namespace {

int check(const std::string& file) {
    const auto configuration = load_combiner_configuration(file);
    if (!configuration) {
        std::fprintf(stderr, "%s\n", configuration.error().to_text().c_str());
        return 2;
    }
    std::printf("%s: good: %zu zones, %zu catalogs, %zu keys\n", file.c_str(),
                (*configuration)->zones.size(), (*configuration)->catalogs.size(),
                (*configuration)->keys.size());
    return 0;
}

}  // namespace

int run_command_line(int argument_count, char** arguments) {
    CLI::App app("Combines an owner's zone with what its multi-signer agent adds.", "combiner");
    app.set_version_flag("--version", "combiner " CHORALE_VERSION);
    app.require_subcommand(1);
    std::string file = "/etc/chorale/combiner.toml";
    const auto add = [&](const char* name, const char* text) {
        CLI::App* command = app.add_subcommand(name, text);
        command->add_option("--config", file, "configuration file")->capture_default_str();
        return command;
    };
    const CLI::App* run = add("run", "serve, until SIGTERM; SIGHUP reads the configuration again");
    const CLI::App* checked = add("check", "check the configuration file and say what is wrong");
    try {
        app.parse(argument_count, arguments);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : 2;
    }
    if (run->parsed()) return run_combiner(file);
    if (checked->parsed()) return check(file);
    return 2;
}

}  // namespace chorale::combiner
