#include "common/runtime/configuration.hpp"

#include <sys/stat.h>

#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"
#include "tests/unit/base/scratch.hpp"

namespace chorale::runtime {
namespace {

// One key of every type, sections of every kind.
Schema schema() {
    const std::vector<KeyRow> shared = {
        {"serial", Type::enumeration, "follow", "how serials are made",
         one_of({"follow", "increment", "unixtime"})},
        {"journal_size", Type::octets, 10 << 20, "what a journal may take",
         between(1 << 10, 1 << 30)},
    };
    return {
        {"dns",
         Occurs::once,
         "The DNS service.",
         {
             {"listen",
              Type::addresses,
              required,
              "UDP and TCP",
              {.least = 1, .most = 3, .port = 53},
              R"(["127.0.0.1:5301"])"},
             {"idle", Type::seconds, 10, "idle TCP connections are closed", between(1, 600)},
             {"patience", Type::seconds, 0.5, "how long to wait"},
             {"connections", Type::integer, 100, "TCP connections", between(1, 10'000)},
             {"answer_any", Type::boolean, false, "whether to"},
         }},
        {"admin",
         Occurs::at_most_once,
         "Administration.",
         {
             {"listen", Type::endpoint, required, "where"},
             {"token_file", Type::path, required, "bearer token"},
         }},
        {"key",
         Occurs::any,
         "A TSIG key.",
         {
             {"name", Type::text, required, "its name", between(1, 255)},
             {"secret", Type::secret, optional, "base64", between(4, 200), "\"c2VjcmV0\""},
         }},
        {"template", Occurs::any, "What zones have in common.",
         joined({{"name", Type::text, required, "its name"},
                 {"allow", Type::prefixes, list({"127.0.0.0/8", "::1/128"}), "who may"},
                 {"parent", Type::address, optional, "the parent's server"}},
                shared)},
        {"zone",
         Occurs::any,
         "A zone.",
         joined({{"name", Type::text, required, "its name"},
                 {"updaters", Type::texts, list({}), "who may", {.most = 2}}},
                overriding(shared)),
         {},
         3},
        {"catalog",
         Occurs::any,
         "A catalog.",
         {
             {"name", Type::text, required, "its name"},
             {"groups", Type::texts_by_name, optional, "templates by group"},
         },
         {
             {"limits", Occurs::once, "Its limits.", {{"zones", Type::integer, 5, "member zones"}}},
             {"source",
              Occurs::at_most_once,
              "Its source.",
              {{"a", Type::integer, required, "one"}}},
         }},
    };
}

constexpr const char* whole = R"(# a comment
[dns]
listen = ["127.0.0.1:5301", "[::1]:5302",
          "192.0.2.1"]
idle = 20
patience = 1.25
answer_any = true

[admin]
listen = "unix:/run/a.sock"
token_file = "/etc/token"

[[key]]
name = "a."
secret = "c2VjcmV0"

[[key]]
name = "b."

[[template]]
name = "default"
parent = "192.0.2.53:54"

[[zone]]
name = "zone.example."
updaters = ["msa"]
journal_size = "64 MiB"

[[catalog]]
name = "catalog.example."
[catalog.groups]
fast = "other"
"slow one" = "default"
[catalog.limits]
zones = 7
)";

ConfigurationTree parse(const std::string& toml) {
    auto tree = parse_configuration(schema(), toml, "f.toml");
    if (!tree) FAIL(tree.error().to_text());
    return std::move(*tree);
}

std::string errors_of(const std::string& toml) {
    const auto tree = parse_configuration(schema(), toml, "f.toml");
    return tree ? "none" : tree.error().to_text();
}

// A valid file but for what is put into [dns].
std::string dns_error(const std::string& line) {
    return errors_of("[dns]\nlisten = [\"127.0.0.1\"]\n" + line + "\n");
}

}  // namespace

TEST_CASE("Every type is read, and knows where it stands") {
    const auto tree = parse(whole);
    const Section& dns = tree.section("dns");
    REQUIRE(dns.addresses("listen").size() == 3);
    CHECK(dns.addresses("listen")[0].to_text() == "127.0.0.1:5301");
    CHECK(dns.addresses("listen")[1].to_text() == "[::1]:5302");
    CHECK(dns.addresses("listen")[2].to_text() == "192.0.2.1:53");
    CHECK(dns.duration("idle") == std::chrono::seconds(20));
    CHECK(dns.duration("patience") == std::chrono::milliseconds(1250));
    CHECK(dns.integer("connections") == 100);
    CHECK(dns.boolean("answer_any"));
    CHECK(dns.place().line == 2);
    CHECK(dns.place("listen").line == 3);
    CHECK(dns.place("patience").line == 6);
    CHECK(dns.place("connections").line == 2);  // not given: its section
    CHECK(dns.is_given("idle"));
    CHECK_FALSE(dns.is_given("connections"));

    REQUIRE(tree.has_section("admin"));
    CHECK(std::get<std::string>(tree.section("admin").endpoint("listen")) == "/run/a.sock");
    CHECK(tree.section("admin").text("token_file") == "/etc/token");

    REQUIRE(tree.sections("key").size() == 2);
    CHECK(tree.sections("key")[0].secret("secret") == Secret(to_bytes(as_bytes("c2VjcmV0"))));
    CHECK_FALSE(tree.sections("key")[1].has("secret"));
    CHECK(tree.sections("key")[1].place().line == 17);

    const Section& model = tree.sections("template")[0];
    CHECK(model.address("parent").to_text() == "192.0.2.53:54");
    CHECK(model.prefixes("allow")[1].to_text() == "::1/128");
    CHECK(model.text("serial") == "follow");
    CHECK(model.octets("journal_size") == 10U << 20U);

    const Section& zone = tree.sections("zone")[0];
    CHECK(zone.texts("updaters") == std::vector<std::string>{"msa"});
    CHECK(zone.octets("journal_size") == 64U << 20U);
    CHECK_FALSE(zone.has("serial"));  // the template's stands

    const Section& catalog = tree.sections("catalog")[0];
    CHECK(catalog.texts_by_name("groups").at("slow one") == "default");
    CHECK(catalog.error("groups.slow one", "no such template").to_text() ==
          "f.toml:33: catalog.groups.slow one: no such template");
    CHECK(catalog.section("limits").integer("zones") == 7);
    CHECK_FALSE(catalog.has_section("source"));
    CHECK(zone.error("name", "is twice here").to_text() == "f.toml:25: zone.name: is twice here");
}

TEST_CASE("Sections that are left out stand with their defaults") {
    const auto tree = parse("[dns]\nlisten = [\"127.0.0.1\"]\n");
    CHECK_FALSE(tree.has_section("admin"));
    CHECK(tree.sections("zone").empty());
    CHECK(tree.section("dns").duration("patience") == std::chrono::milliseconds(500));
    const Schema defaults = {
        {"log", Occurs::once, "Log.", {{"level", Type::text, "info", "level"}}}};
    const auto empty = parse_configuration(defaults, "", "f.toml");
    REQUIRE(empty.has_value());
    CHECK(empty->section("log").text("level") == "info");
}

TEST_CASE("Each bad value says where it is, what was expected and what there is") {
    const std::pair<const char*, const char*> cases[] = {
        {"idle = 0", "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got 0\n"},
        {"idle = 601", "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got 601\n"},
        {"idle = 600.001",
         "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got 600.001\n"},
        {"idle = nan", "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got nan\n"},
        {"idle = \"10\"",
         "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got \"10\"\n"},
        {"patience = -1", "f.toml:3: dns.patience: expected a number of seconds, got -1\n"},
        {"patience = 1e300", "f.toml:3: dns.patience: expected a number of seconds, got 1"},
        {"connections = 0",
         "f.toml:3: dns.connections: expected an integer from 1 to 10000, got 0\n"},
        {"connections = 1.0",
         "f.toml:3: dns.connections: expected an integer from 1 to 10000, got 1.0\n"},
        {"connections = true",
         "f.toml:3: dns.connections: expected an integer from 1 to 10000, got true\n"},
        {"answer_any = 1", "f.toml:3: dns.answer_any: expected true or false, got 1\n"},
        {"answer_any = [1]",
         "f.toml:3: dns.answer_any: expected true or false, got a list with an integer in it\n"},
        {"answer_any = 2024-01-01",
         "f.toml:3: dns.answer_any: expected true or false, got a date or time\n"},
        {"idel = 3", "f.toml:3: dns.idel: unknown key, did you mean \"idle\"?\n"},
        {"zzzzzz = 3",
         "f.toml:3: dns.zzzzzz: unknown key, known are: listen idle patience connections "
         "answer_any\n"},
        {"\"a\\nb\" = 3", "f.toml:3: dns.a\\x0Ab: unknown key"},
        {"[dns.more]", "f.toml:3: dns.more: unknown section"},
        {"[zones]", "f.toml:3: zones: unknown section, did you mean \"zone\"?\n"},
        {"[[zoen]]", "f.toml:3: zoen: unknown section, did you mean \"zone\"?\n"},
        {"[zone]", "f.toml:3: zone: expected sections [[zone]], got a table\n"},
        {"[[admin]]", "f.toml:3: admin: expected a section [admin], got [[admin]]\n"},
        {"[admin]\n",
         "f.toml:3: admin.listen: expected an IP address with port or \"unix:/path\", got nothing\n"
         "f.toml:3: admin.token_file: expected a path, got nothing\n"},
        {"[[zone]]\nname = 'a'\nserial = 'x'",
         "f.toml:5: zone.serial: expected one of \"follow\", \"increment\", \"unixtime\", got "
         "\"x\"\n"},
        {"[[zone]]\nname = 'a'\njournal_size = '1 MB'",
         "f.toml:5: zone.journal_size: expected a number of octets from 1024 to 1073741824 (or "
         "text as \"64 MiB\"), got \"1 MB\"\n"},
        {"[[zone]]\nname = 'a'\njournal_size = -1", "f.toml:5: zone.journal_size: expected"},
        {"[[zone]]\nname = 'a'\njournal_size = '2 GiB'", "f.toml:5: zone.journal_size: expected"},
        {"[[zone]]\nname = 'a'\njournal_size = '99999999999999999999 GiB'",
         "f.toml:5: zone.journal_size: expected"},
        {"[[zone]]\nname = 'a'\nupdaters = ['a', 'b', 'c']",
         "f.toml:5: zone.updaters: expected a list of at most 2 texts, got a list of 3\n"},
        {"[[zone]]\nname = 'a'\nupdaters = ['a', 2]",
         "f.toml:5: zone.updaters: expected a list of at most 2 texts, got a list with an integer "
         "in it\n"},
        {"[[zone]]\n[[zone]]\n",
         "f.toml:3: zone.name: expected text, got nothing\nf.toml:4: zone.name: expected text, got "
         "nothing\n"},
        {"zone = [1]\n", "f.toml:3: dns.zone: unknown key"},
        {"[[zone]]\nname='1'\n[[zone]]\nname='2'\n[[zone]]\nname='3'\n[[zone]]\nname='4'",
         "f.toml:3: zone: expected at most 3 sections, got 4\n"},
        {"[[template]]\nname = 'a'\nallow = [\n'127.0.0.1',\n'127.0.0.1/8']",
         "f.toml:7: template.allow: expected zero bits after the first 8 of the address, got "
         "\"127.0.0.1/8\"\n"},
        {"[[template]]\nname = 'a'\nparent = '192.0.2.1'",
         "f.toml:5: template.parent: expected an IP address with port, got \"192.0.2.1\"\n"},
        {"[admin]\nlisten = 'unix:'\ntoken_file = ''",
         "f.toml:4: admin.listen: expected an IP address with port or \"unix:/path\", got "
         "\"unix:\"\n"
         "f.toml:5: admin.token_file: expected a path, got \"\"\n"},
        {"[[catalog]]\nname = 'a'\n[catalog.groups]\nx = 1",
         "f.toml:5: catalog.groups: expected a table of name = \"text\", got a table with an "
         "integer in it\n"},
        {"[[catalog]]\nname = 'a'\n[catalog.limits]\nzone = 1",
         "f.toml:6: catalog.limits.zone: unknown key, did you mean \"zones\"?\n"},
        {"[[catalog]]\nname = 'a'\n[catalog.source]\n",
         "f.toml:5: catalog.source.a: expected an integer, got nothing\n"},
    };
    for (const auto& [line, expected] : cases) {
        INFO(line);
        CHECK_THAT(dns_error(line), Catch::StartsWith(expected));
    }
}

TEST_CASE("All errors are told at once, in the order of the file, and not too many") {
    const auto errors = errors_of("a = 1\n[dns]\nidle = 0\nlisten = []\n");
    CHECK(errors ==
          "f.toml:1: a: unknown key, known are: dns admin key template zone catalog\n"
          "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got 0\n"
          "f.toml:4: dns.listen: expected a list of 1 to 3 IP addresses with port (port 53 if "
          "omitted), got a list of 0\n");
    CHECK(errors_of("").find("f.toml:1: dns.listen: expected") == 0);
    std::string many = "[dns]\n";
    for (int i = 0; i < 200; ++i) many += "unknown" + std::to_string(i) + " = 1\n";
    const auto tree = parse_configuration(schema(), many, "f.toml");
    REQUIRE(tree.has_error());
    CHECK(tree.error().all().size() == ConfigurationErrors::most_errors);
}

TEST_CASE("A secret is never shown") {
    const std::string secret(201, 'x');
    const auto errors = dns_error("[[key]]\nname = 'a'\nsecret = '" + secret + "'");
    CHECK(errors ==
          "f.toml:5: key.secret: expected secret text with a length from 4 to 200 octets, got "
          "text of another length\n");
}

TEST_CASE("Strange values cannot forge lines") {
    const auto errors = dns_error("idle = \"\\u001b[31m\\nf.toml:1: all is well \\u20ac\"");
    CHECK(errors ==
          "f.toml:3: dns.idle: expected a number of seconds from 1 to 600, got "
          "\"\\x1B[31m\\x0Af.toml:1: all is well \\xE2\\x82\\xAC\"\n");
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
}

TEST_CASE("Errors of syntax say the line") {
    for (const char* toml :
         {"[dns]\nlisten = [\n\n", "[dns]\nidle = 1\nidle = 2\n", "[dns\n", "[dns]\n\xff\n",
          "[dns]\nidle = 007\n", "\n\n= 1\n", "[dns]\nlisten = \"abc\n", "[[#", "[#]", "a = [t\n]",
          "[[a", "'''", "\"", "a = \"\"\"", "a = \"\\", "a = \"\"\"\\", "a = \"\"\"\\ "}) {
        INFO(toml);
        const auto errors = errors_of(toml);
        CHECK_THAT(errors, Catch::StartsWith("f.toml:"));
        CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
    }
    CHECK_THAT(errors_of("[dns]\nidle = 1\nidle = 2\n"), Catch::StartsWith("f.toml:3: "));
}

TEST_CASE("Deep nesting is an error and no recursion without end") {
    std::string dotted = "a";
    for (int i = 0; i < 400'000; ++i) dotted += ".a";
    CHECK_THAT(errors_of("\n\n" + dotted + " = 1\n"),
               Catch::StartsWith("f.toml:3: expected a key of at most 16 parts"));
    CHECK_THAT(errors_of('[' + dotted + "]\n"), Catch::StartsWith("f.toml:1: "));
    CHECK_THAT(errors_of("a = {" + dotted + " = 1}\n"), Catch::StartsWith("f.toml:1: "));
    std::string quotes = "\"a\"";
    for (int i = 0; i < 100'000; ++i) quotes += " . 'a'";
    CHECK_THAT(errors_of(quotes + " = 1\n"), Catch::StartsWith("f.toml:1: "));
    CHECK_THAT(errors_of("a = " + std::string(100'000, '[')), Catch::StartsWith("f.toml:1: "));

    // Points in text and comments are none of a key.
    const std::string points(100, '.');
    CHECK(errors_of("# " + points +
                    "\n[dns]\nlisten = [\"127.0.0.1\", '::1', \"::2\"] # ...................\n"
                    "[[zone]]\nname = \"\"\"\n\\\n" +
                    points +
                    "\"\\\"\"\"\"\n"
                    "[[zone]]\nname = '" +
                    points + "'\n[[zone]]\nname = \"\\\"" + points + "\"\n") == "none");
}

TEST_CASE("Comments may be of any script; text has what is beyond ASCII as escapes") {
    const auto name_of = [](const std::string& toml) {
        return parse("[dns]\nlisten = ['::1']\n[[zone]] # \xc5\x80\nname = " + toml +
                     " # \xc5\x80\n")
            .sections("zone")[0]
            .text("name");
    };
    CHECK(name_of("\"\\u0140\"") == "\xc5\x80");
    CHECK(name_of(R"(""""#""""")") == "\"#\"\"");
    CHECK(name_of("'\\'") == "\\");
    CHECK(name_of("\"\"\"a\\\n  b\"\"\"") == "ab");
    CHECK(errors_of("\xEF\xBB\xBF[dns]\nlisten = ['::1']\n") == "none");
    for (const char* line : {"idle = \xc5\x80", "idle = 04\"\xc5\x80\"", "\"\xc5\x80\" = 1",
                             "idle = \"#\xc5\x80\"", "idle = '''#\xc5\x80", "\xc5\x80"}) {
        CHECK_THAT(dns_error(line),
                   Catch::StartsWith("f.toml:3: expected ASCII outside of comments"));
    }
}

TEST_CASE("Arbitrary octets never do harm") {
    std::uint32_t state = 1;
    const std::string base = whole;
    for (int round = 0; round < 2'000; ++round) {
        std::string toml = base;
        for (int change = 0; change < 4; ++change) {
            state = state * 1'664'525 + 1'013'904'223;
            const std::size_t at = (state >> 8) % toml.size();
            if (state % 3 == 0) {
                toml.erase(at, 1 + (state >> 5) % 20);
            } else {
                toml[at] = "=[]{}.\"'\n#\\a1-\xff"[(state >> 4) % 15];
            }
        }
        const auto tree = parse_configuration(schema(), toml, "f.toml");
        if (tree.has_error()) CHECK_FALSE(tree.error().empty());
    }
}

TEST_CASE("The sample is valid as it is and with everything switched on") {
    const std::string sample = print_sample(schema());
    CHECK_THAT(sample, Catch::Contains("[dns]\n"
                                       "# UDP and TCP: a list of 1 to 3 IP addresses with port "
                                       "(port 53 if omitted); required\n"
                                       "listen = [\"127.0.0.1:5301\"]\n"
                                       "# idle TCP connections are closed: a number of seconds "
                                       "from 1 to 600\n"
                                       "#idle = 10\n"));
    CHECK_THAT(sample, Catch::Contains("#journal_size = \"10 MiB\""));
    const auto tree = parse(sample);
    CHECK(tree.section("dns").duration("idle") == std::chrono::seconds(10));
    CHECK(tree.sections("zone").empty());

    std::string all_on;
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const bool is_switch =
            sample[i] == '#' && (i == 0 || sample[i - 1] == '\n') && sample[i + 1] != ' ';
        if (!is_switch) all_on.push_back(sample[i]);
    }
    const auto everything = parse(all_on);
    CHECK(everything.has_section("admin"));
    CHECK(everything.sections("catalog")[0].has_section("source"));
    for (const SectionRow& row : schema()) {
        const Section& section = row.occurs == Occurs::any ? everything.sections(row.name)[0]
                                                           : everything.section(row.name);
        for (const KeyRow& key : row.keys) {
            INFO(row.name << '.' << key.name);
            CHECK(section.is_given(key.name));
        }
    }
}

TEST_CASE("The reference has a row for every key") {
    const std::string reference = print_reference(schema());
    CHECK_THAT(reference, Catch::Contains("### `[[catalog]]`"));
    CHECK_THAT(reference, Catch::Contains("### `[catalog.limits]`"));
    CHECK_THAT(reference, Catch::Contains("| `idle` | `10` | a number of seconds from 1 to 600 | "
                                          "idle TCP connections are closed |\n"));
    CHECK_THAT(reference, Catch::Contains("| `listen` | required |"));
    CHECK_THAT(reference, Catch::Contains("| `secret` | none |"));
}

TEST_CASE("A file that cannot be read says so") {
    const Scratch scratch;
    const auto path = scratch.file("a.toml");
    const auto error_of = [&] {
        const auto tree = load_configuration(schema(), path);
        return tree ? std::string("none") : tree.error().to_text();
    };
    CHECK(error_of() == path + ": there is no such file\n");
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    CHECK(error_of() == path + ": is no regular file\n");
    std::filesystem::remove(path);
    std::ofstream(path) << whole;
    CHECK(error_of() == "none");
    std::ofstream(path) << '#' + std::string((1U << 20U) - 1, 'x');
    CHECK_THAT(error_of(), Catch::StartsWith(path + ":1: dns.listen: expected"));
    std::ofstream(path) << '#' + std::string(1U << 20U, 'x');
    CHECK(error_of() == path + ": is larger than 1048576 octets\n");
}

TEST_CASE("Addresses are read as RFC 4291 and RFC 5952 write them") {
    const std::pair<const char*, const char*> good[] = {
        {"192.0.2.1:53", "192.0.2.1:53"},
        {"192.0.2.1:0", "192.0.2.1:0"},
        {"192.0.2.1:65535", "192.0.2.1:65535"},
        {"[2001:DB8:0::1]:853", "[2001:db8::1]:853"},
        {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"},
    };
    for (const auto& [text, shown] : good) {
        INFO(text);
        const auto address = parse_socket_address(text);
        REQUIRE(address.has_value());
        CHECK(address->to_text() == shown);
    }
    for (const char* text : {"192.0.2.1", "2001:db8::1", "[2001:db8::1]"}) {
        INFO(text);
        CHECK(parse_socket_address(text).has_error());
        REQUIRE(parse_socket_address(text, 53).has_value());
        CHECK(parse_socket_address(text, 53)->port == 53);
    }
    for (const char* text : {"",
                             ":",
                             ":53",
                             "192.0.2.1:",
                             "192.0.2.1:65536",
                             "192.0.2.1:-1",
                             "192.0.2.1: 53",
                             "192.0.2.256:1",
                             "192.0.2:1",
                             "0x7f.0.0.1:1",
                             "127.1:1",
                             "host.example:53",
                             "[::1",
                             "[::1]53",
                             "[::1]:",
                             "[192.0.2.1]:53",
                             "::1:",
                             "[fe80::1%eth0]:53",
                             "fe80::1%lo",
                             "[]:53",
                             " 192.0.2.1:53",
                             "192.0.2.1:53 ",
                             "*:53"}) {
        INFO(text);
        CHECK(parse_socket_address(text, 53).has_error());
    }
    CHECK(parse_socket_address(std::string_view("192.0.2.1\0:53", 13), 53).has_error());
    CHECK(parse_socket_address(std::string(100'000, ':'), 53).has_error());
}

TEST_CASE("A prefix contains what begins like it") {
    const auto contains = [](const char* prefix, const char* address) {
        return parse_prefix(prefix)->contains(parse_socket_address(address, 1)->address);
    };
    CHECK(contains("127.0.0.0/8", "127.255.0.1"));
    CHECK_FALSE(contains("127.0.0.0/8", "128.0.0.1"));
    CHECK(contains("192.0.2.128/25", "192.0.2.128"));
    CHECK_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
    CHECK(contains("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(contains("192.0.2.1", "192.0.2.0"));
    CHECK(contains("0.0.0.0/0", "255.255.255.255"));
    CHECK_FALSE(contains("0.0.0.0/0", "::1"));
    CHECK(contains("::/0", "::1"));
    CHECK_FALSE(contains("::/0", "192.0.2.1"));
    CHECK(contains("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
    // RFC 4291 2.5.5.2: IPv4 that comes through an IPv6 socket.
    CHECK(contains("127.0.0.0/8", "::ffff:127.0.0.1"));
    CHECK_FALSE(contains("127.0.0.0/8", "::fffe:127.0.0.1"));

    for (const char* text : {"", "/", "127.0.0.1/", "127.0.0.0/33", "::/129", "127.0.0.1/8",
                             "127.0.0.0/-1", "127.0.0.0/8/8", "127/8", "2001:db8::1/64", "any"}) {
        INFO(text);
        CHECK(parse_prefix(text).has_error());
    }
    CHECK(parse_prefix("2001:db8::/32")->to_text() == "2001:db8::/32");
}

}  // namespace chorale::runtime
