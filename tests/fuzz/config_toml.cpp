// Whatever a configuration file holds, there is a tree or at least one error that names the file,
// and no error is more than one line.
#include "common/runtime/configuration.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace chorale;
using namespace chorale::runtime;

namespace {

const Schema& schema() {
    static const Schema one_of_everything = {
        {"dns",
         Occurs::once,
         "",
         {
             {"listen", Type::addresses, list({"127.0.0.1"}), "", {.most = 3, .port = 53}},
             {"idle", Type::seconds, 10, "", between(1, 600)},
             {"connections", Type::integer, 100, "", between(1, 10'000)},
             {"answer", Type::boolean, false, ""},
         }},
        {"admin",
         Occurs::at_most_once,
         "",
         {
             {"listen", Type::endpoint, required, ""},
             {"token_file", Type::path, required, ""},
         }},
        {"key",
         Occurs::any,
         "",
         {
             {"name", Type::text, required, "", between(1, 255)},
             {"secret", Type::secret, optional, ""},
         }},
        {"zone",
         Occurs::any,
         "",
         {
             {"name", Type::text, required, ""},
             {"serial", Type::enumeration, "follow", "", one_of({"follow", "increment"})},
             {"journal", Type::octets, 10 << 20, ""},
             {"allow", Type::prefixes, list({"127.0.0.0/8"}), ""},
             {"parent", Type::address, optional, ""},
             {"updaters", Type::texts, list({}), "", {.most = 2}},
         },
         {},
         3},
        {"catalog",
         Occurs::any,
         "",
         {
             {"groups", Type::texts_by_name, optional, ""},
         },
         {
             {"limits", Occurs::once, "", {{"zones", Type::integer, 5, ""}}},
         }},
    };
    return one_of_everything;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
    const auto tree = parse_configuration(schema(), as_text({octets, size}), "file");
    if (tree) {
        require(tree->section("dns").addresses("listen").size() <= 3, "a list keeps its bound");
        require(tree->section("dns").duration("idle") >= std::chrono::seconds(1) &&
                    tree->section("dns").duration("idle") <= std::chrono::seconds(600),
                "a number keeps its bounds");
        require(tree->sections("zone").size() <= 3, "sections keep their bound");
        for (const Section& zone : tree->sections("zone")) {
            require(zone.is_given("name"), "what is required is there");
            for (const Prefix& prefix : zone.prefixes("allow")) {
                const auto again = parse_prefix(prefix.to_text());
                require(again && *again == prefix, "a prefix comes back from its text");
            }
            if (zone.has("parent")) {
                const auto again = parse_socket_address(zone.address("parent").to_text());
                require(again && *again == zone.address("parent"),
                        "an address comes back from its text");
            }
        }
        return 0;
    }
    require(!tree.error().empty(), "there is an error if there is no tree");
    for (const ConfigurationError& error : tree.error().all()) {
        require(error.place.file == "file" && error.place.line >= 1, "an error names its line");
        for (const char character : error.to_text()) {
            require(static_cast<unsigned char>(character) >= 0x20, "an error is one line");
        }
    }
    return 0;
}
