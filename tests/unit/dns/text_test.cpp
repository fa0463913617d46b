#include "common/dns/text.hpp"

#include "tests/support/catch.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

Name name(const std::string& text) { return Name::from_text(text).value(); }

std::string canonical(const std::string& line, const Name& origin = Name()) {
    const auto record = record_from_text(line, origin, 77);
    return record ? to_text(record->view()) : "error: " + record.error().message();
}

}  // namespace

TEST_CASE("Tokens: blanks, quotes, escapes, parentheses and comments (RFC 1035 5.1)") {
    const struct {
        const char* line;
        std::vector<std::string> tokens;
    } rows[] = {
        {"", {}},
        {"  ; only a comment", {}},
        {"a b\tc\r\n", {"a", "b", "c"}},
        {"a ( b\n c ) d ; e", {"a", "b", "c", "d"}},
        {"a(b)c", {"a", "b", "c"}},
        {"\"a b\" \"c;(\" \"\"", {"\"a b\"", "\"c;(\"", "\"\""}},
        {"\"a\"\"b\"", {"\"a\"", "\"b\""}},
        {"a\\ b \\; \\\"", {"a\\ b", "\\;", "\\\""}},
        {"\"a\\\"b\"", {"\"a\\\"b\""}},
        {"alpn=\"h2 h3\" port=1", {"alpn=\"h2 h3\"", "port=1"}},
    };
    for (const auto& row : rows) {
        INFO(row.line);
        CHECK(split_tokens(row.line).value() == row.tokens);
    }
    for (const char* line : {"\"open", "(open", "closed)", "a\\", "\"open\n\"", "a\nb"}) {
        INFO(line);
        CHECK_FALSE(split_tokens(line).has_value());
    }
}

TEST_CASE("A record: TTL and class may be missing and in any order") {
    const struct {
        const char* line;
        const char* text;
    } rows[] = {
        {"a.example. 60 IN A 192.0.2.1", "a.example. 60 IN A 192.0.2.1"},
        {"a.example. IN 60 A 192.0.2.1", "a.example. 60 IN A 192.0.2.1"},
        {"a.example. a 192.0.2.1", "a.example. 77 IN A 192.0.2.1"},
        {"a.example. in a 192.0.2.1", "a.example. 77 IN A 192.0.2.1"},
        {"a.example. 1h30m A 192.0.2.1", "a.example. 5400 IN A 192.0.2.1"},
        {"a.example. 0 CLASS3 TXT x", "a.example. 0 CH TXT \"x\""},
        {"a.example. 0 ANY A", "a.example. 0 ANY A"},
        {"a.example. 0 ANY ANY", "a.example. 0 ANY ANY"},
        {"a.example. 0 NONE A 192.0.2.1", "a.example. 0 NONE A 192.0.2.1"},
        {"a.example. 1 TYPE1 \\# 4 C0 00 0201", "a.example. 1 IN A 192.0.2.1"},
        {"a.example. 1 TYPE65280 \\# 0", "a.example. 1 IN TYPE65280 \\# 0"},
        {"a.example. 2147483647 A 192.0.2.1", "a.example. 2147483647 IN A 192.0.2.1"},
    };
    for (const auto& row : rows) CHECK(canonical(row.line) == row.text);
    CHECK(canonical("www MX 10 mail", name("zone.example.")) ==
          "www.zone.example. 77 IN MX 10 mail.zone.example.");
    for (const char* line :
         {"", "a.example.", "a.example. 60", "a.example. IN", "a.example. 60 IN NOTYPE x",
          "a.example. 60 60 A 192.0.2.1", "a.example. IN A", "a.example. IN ANY",
          "a.example. 2147483648 A 192.0.2.1", "a..example. A 192.0.2.1",
          "a.example. 9x A 192.0.2.1", "a.example. A 192.0.2.1 more"}) {
        INFO(line);
        CHECK_FALSE(record_from_text(line).has_value());
    }
}

TEST_CASE("A zone file: directives, blank owners, several lines") {
    const auto records = records_from_text(R"(; a zone
$ORIGIN Zone.example.
$TTL 1h
@       IN SOA ns hostmaster ( 1 ; serial
                 2h 15m 1w
                 300 )
        NS ns
	300 NS ns.other.example.

ns      A 192.0.2.1
        AAAA 2001:db8::1
$ORIGIN sub
x       TXT "two words" ( "and
)",
                                           name("example."));
    CHECK_FALSE(records.has_value());  // the quote is open
    CHECK(records.error().message().starts_with("line 13: "));

    const auto zone = records_from_text(R"($ORIGIN Zone.example.
$TTL 1h
@       IN SOA ns hostmaster ( 1 ; serial
                 2h 15m 1w
                 300 )
        NS ns
	300 NS ns.other.example.

ns      A 192.0.2.1
        AAAA 2001:db8::1
$ORIGIN sub
x       TXT "two words" ( "and"
   "more" ))",
                                        name("example."));
    REQUIRE(zone.has_value());
    std::vector<std::string> lines;
    for (const Record& record : *zone) lines.push_back(to_text(record.view()));
    CHECK(lines == std::vector<std::string>{
                       "Zone.example. 3600 IN SOA ns.Zone.example. hostmaster.Zone.example. 1 7200 "
                       "900 604800 300",
                       "Zone.example. 3600 IN NS ns.Zone.example.",
                       "Zone.example. 300 IN NS ns.other.example.",
                       "ns.Zone.example. 3600 IN A 192.0.2.1",
                       "ns.Zone.example. 3600 IN AAAA 2001:db8::1",
                       "x.sub.Zone.example. 3600 IN TXT \"two words\" \"and\" \"more\"",
                   });
}

TEST_CASE("A zone file: errors name the line") {
    const struct {
        const char* text;
        const char* error;
    } rows[] = {
        {"\n a A 192.0.2.1\n", "line 2: record without an owner"},
        {"a A 192.0.2.1\na A (\n 1\n)\n", "line 2: A: address: \"1\" is no IPv4 address"},
        {"$INCLUDE other\n", "line 1: the directive $INCLUDE is not known"},
        {"$TTL\n", "line 1: $TTL needs one argument"},
        {"a A 192.0.2.1\nb A 192.0.2.1 (", "line 2: open parenthesis"},
        {"a OPT \\# 0\n", "line 1: OPT is no type of data"},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        const auto zone = records_from_text(row.text, Name());
        REQUIRE_FALSE(zone.has_value());
        CHECK(zone.error().message() == row.error);
    }
    CHECK(records_from_text("", Name()).value().empty());
}
