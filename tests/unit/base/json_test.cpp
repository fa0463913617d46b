#include "common/base/json.hpp"

#include <functional>

#include "tests/support/catch.hpp"

namespace chorale::test {

namespace {

std::string repeat(const std::string& text, std::size_t count) {
    std::string all;
    for (std::size_t at = 0; at < count; ++at) all += text;
    return all;
}

std::string nested(std::size_t depth) { return repeat("[", depth) + repeat("]", depth); }

// An array of `nodes` values, itself included.
std::string array_of(std::size_t nodes) { return "[0" + repeat(",0", nodes - 2) + "]"; }

std::string quoted(std::size_t octets) { return '"' + std::string(octets, 'a') + '"'; }

}  // namespace

TEST_CASE("JSON that RFC 8259 allows is read") {
    for (const char* text : {"null",
                             "true",
                             " false ",
                             "0",
                             "-0",
                             "-1",
                             "1.5",
                             "1e3",
                             "-1.25E-2",
                             R"("")",
                             R"("a")",
                             R"("\u0000\n\"\\\/")",
                             R"("\ud83d\ude00")",
                             "\"\xC3\xA4\"",
                             "[]",
                             "{}",
                             "[1,[2,{\"a\":[]}]]",
                             R"({"a":1,"b":{"a":1}})",
                             "\t\r\n {} \n",
                             "18446744073709551615",
                             "-9223372036854775808"}) {
        INFO(text);
        CHECK(parse_json(text).has_value());
    }
    CHECK(parse_json(R"({"b":[1,-2,true,null,"x"]})").value() ==
          Json{{"b", {1, -2, true, nullptr, "x"}}});
}

TEST_CASE("JSON that could be read in two ways is refused") {
    const std::string cases[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{1:2}",
        "tru",
        "True",
        "nul",
        "NaN",
        "Infinity",
        "-Infinity",
        "-",
        "+1",
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "{} {}",
        "{}x",
        "[1]]",
        "\"a",
        "'a'",
        "\"\t\"",
        "\"\n\"",
        R"("\x")",
        R"("\u12")",
        R"("\u12g4")",
        R"("\ud800")",
        R"("\ud800\u0041")",
        R"("\udc00")",
        "\"\x80\"",
        "\"\xC0\xAF\"",
        "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"",
        "\"\xC3",
        "{} // remark",
        "/* remark */ {}",
        "# remark\n{}",
        "\xEF\xBB\xBF{}",
        "\xEF\xBB{}",
        "\xFF\xFE{\0}\0",
        std::string("{}\0", 3),
        std::string("{}\0garbage", 10),
        std::string("\0{}", 3),
        std::string("\"a\0b\"", 5),
        std::string("\"\\\0\"", 4),
        R"({"a":1,"a":2})",
        R"({"a":1,"\u0061":2})",
        R"([{"b":{"a":1,"c":2,"a":3}}])",
        R"({"":1,"":2})",
    };
    for (const std::string& text : cases) {
        INFO(text);
        const auto parsed = parse_json(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error().kind() == ErrorKind::malformed);
        CHECK(parsed.error().message().starts_with("JSON: "));
    }
    CHECK(parse_json(R"({"a":1,"a":2})").error().message() == R"(JSON: duplicate name "a")");
}

TEST_CASE("JSON bounds hold at limit-1, limit and limit+1") {
    const struct {
        const char* name;
        std::function<std::string(std::size_t)> make;
        std::size_t limit;
    } cases[] = {
        {"depth", nested, 32},
        {"depth of objects",
         [](std::size_t depth) {
             return repeat("{\"a\":", depth - 1) + "{}" + repeat("}", depth - 1);
         },
         32},
        {"nodes", array_of, 50'000},
        {"nodes of an object",
         [](std::size_t nodes) {
             std::string text = "{";
             for (std::size_t at = 1; at < nodes; ++at) {
                 text += (at > 1 ? ",\"" : "\"") + std::to_string(at) + "\":0";
             }
             return text + "}";
         },
         50'000},
        {"string", quoted, 64 * 1024},
        {"string of escapes", [](std::size_t octets) { return '"' + repeat("\\n", octets) + '"'; },
         64 * 1024},
        {"name", [](std::size_t octets) { return '{' + quoted(octets) + ":1}"; }, 64 * 1024},
        {"digits of a fraction",
         [](std::size_t digits) { return "0." + std::string(digits - 1, '1'); }, 32},
        {"digits with exponent",
         [](std::size_t digits) { return "-1." + std::string(digits - 3, '0') + "e+10"; }, 32},
    };
    for (const auto& each : cases) {
        INFO(each.name);
        CHECK(parse_json(each.make(each.limit - 1)).has_value());
        CHECK(parse_json(each.make(each.limit)).has_value());
        const auto beyond = parse_json(each.make(each.limit + 1));
        REQUIRE_FALSE(beyond.has_value());
        CHECK(beyond.error().kind() == ErrorKind::limit);
    }
}

TEST_CASE("numbers that would change silently are refused") {
    for (const char* text :
         {"18446744073709551616", "-9223372036854775809", "99999999999999999999999999999999"}) {
        INFO(text);
        const auto parsed = parse_json(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error().kind() == ErrorKind::limit);
    }
    CHECK_FALSE(parse_json("1e999").has_value());
}

TEST_CASE("bombs of a body's size are refused quickly (CVE-2022-42003)") {
    constexpr std::size_t body = 1024 * 1024;
    for (const std::string& text :
         {std::string(body, '['), repeat("{\"a\":", body / 5), std::string(body, '9'),
          "1." + std::string(body, '9'), '"' + std::string(body, '\\'),
          '"' + std::string(body, 'a'), repeat("[],", body / 3), std::string(body, ' '),
          "-" + std::string(body, '0')}) {
        CHECK_FALSE(parse_json(text).has_value());
    }
}

TEST_CASE("JSON out never throws and never breaks") {
    CHECK(to_json_text(Json{{"b", 1}, {"a", "x"}}) == R"({"a":"x","b":1})");
    CHECK(to_json_text(Json("\xFFz")) == "\"\xEF\xBF\xBDz\"");
}

namespace {

struct ZoneRequest {
    std::string name;
    std::optional<std::string> source;
    std::int64_t serial = 0;
    bool frozen = false;
    std::vector<std::string> primaries;
};

Result<ZoneRequest> read_zone(const std::string& text) {
    const Result<Json> document = parse_json(text);
    if (!document) return document.error();
    ObjectReader reader(*document, "zone");
    ZoneRequest request;
    request.name = reader.required_text("name");
    request.source = reader.optional_text("template");
    request.serial = reader.required_number("serial", 0, 4'294'967'295);
    request.frozen = reader.optional_boolean("frozen").value_or(false);
    request.primaries = reader.optional_texts("primaries", 2).value_or(std::vector<std::string>());
    if (const auto read = reader.finish(); !read) return read.error();
    return request;
}

}  // namespace

TEST_CASE("an object is read member by member") {
    const auto full = read_zone(
        R"({"name":"a.","template":"t","serial":4294967295,"frozen":true,"primaries":["x","y"]})");
    REQUIRE(full.has_value());
    CHECK(full->name == "a.");
    CHECK(full->source == "t");
    CHECK(full->serial == 4'294'967'295);
    CHECK(full->frozen);
    CHECK(full->primaries == std::vector<std::string>{"x", "y"});
    const auto least = read_zone(R"({"name":"","serial":0})");
    REQUIRE(least.has_value());
    CHECK_FALSE(least->source);
}

TEST_CASE("an error in an object names the member") {
    const struct {
        const char* text;
        const char* message;
    } cases[] = {
        {"[]", "zone: expected an object"},
        {"null", "zone: expected an object"},
        {R"({"serial":1})", "zone: name: is missing"},
        {R"({"name":null,"serial":1})", "zone: name: expected a string"},
        {R"({"name":1,"serial":1})", "zone: name: expected a string"},
        {R"({"name":"a","template":[],"serial":1})", "zone: template: expected a string"},
        {R"({"name":"a"})", "zone: serial: is missing"},
        {R"({"name":"a","serial":"1"})",
         "zone: serial: expected a whole number from 0 to 4294967295"},
        {R"({"name":"a","serial":1.0})",
         "zone: serial: expected a whole number from 0 to 4294967295"},
        {R"({"name":"a","serial":-1})",
         "zone: serial: expected a whole number from 0 to 4294967295"},
        {R"({"name":"a","serial":4294967296})",
         "zone: serial: expected a whole number from 0 to 4294967295"},
        {R"({"name":"a","serial":18446744073709551615})",
         "zone: serial: expected a whole number from 0 to 4294967295"},
        {R"({"name":"a","serial":1,"frozen":0})", "zone: frozen: expected true or false"},
        {R"({"name":"a","serial":1,"primaries":["x","y","z"]})",
         "zone: primaries: expected an array of at most 2 values"},
        {R"({"name":"a","serial":1,"primaries":[1]})", "zone: primaries: expected strings only"},
        {R"({"name":"a","serial":1,"Frozen":true})", "zone: Frozen: unknown member"},
        {R"({"name":"a","serial":1,"is_admin":true})", "zone: is_admin: unknown member"},
    };
    for (const auto& each : cases) {
        INFO(each.text);
        const auto read = read_zone(each.text);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().kind() == ErrorKind::malformed);
        CHECK(read.error().message() == each.message);
        CHECK(read.error().kind() == ErrorKind::malformed);
    }
}

TEST_CASE("nested members are handed to another reader, unknown ones may be allowed") {
    const Json document = parse_json(R"({"a":{"b":[{"c":1}]},"x":0})").value();
    ObjectReader outer(document, "outer");
    outer.ignore_unknown_members();
    const Json* a = outer.required_object("a");
    CHECK(outer.optional_object("none") == nullptr);
    CHECK(outer.optional_array("none", 1) == nullptr);
    REQUIRE(outer.finish().has_value());
    REQUIRE(a != nullptr);
    ObjectReader inner(*a, "inner");
    const Json* b = inner.required_array("b", 1);
    REQUIRE(b != nullptr);
    CHECK(b->size() == 1);
    CHECK(inner.finish().has_value());
    ObjectReader wrong(document, "wrong");
    CHECK(wrong.required_array("a", 9) == nullptr);
    CHECK(wrong.required_object("x") == nullptr);
    CHECK_FALSE(wrong.required_boolean("y"));
    wrong.refuse("z", "comes too late to be the first");
    CHECK(wrong.finish().error().message() == "wrong: a: expected an array of at most 9 values");
}

}  // namespace chorale::test
