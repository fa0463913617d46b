#include "common/dns/name.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/dns/random_messages.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

Name name(const std::string& text) { return Name::from_text(text).value(); }

std::string label(std::size_t octets) { return std::string(octets, 'x'); }

// Four labels and the root: `octets` in wire form.
std::string name_of(std::size_t octets) {
    return label(63) + '.' + label(63) + '.' + label(63) + '.' + label(octets - 3 * 64 - 2) + '.';
}

}  // namespace

TEST_CASE("Name text: escapes and their canonical print (RFC 1035 5.1)") {
    const struct {
        const char* text;
        const char* printed;
    } rows[] = {
        {".", "."},
        {"example.", "example."},
        {"example", "example."},
        {"Zone.EXAMPLE.", "Zone.EXAMPLE."},
        {"a\\.b.example.", "a\\.b.example."},
        {"a\\046b.example.", "a\\.b.example."},
        {"\\000\\255.example.", "\\000\\255.example."},
        {"\\a\\b.", "ab."},
        {"sp\\ ace.", "sp\\032ace."},
        {"quote\\\".", "quote\\\"."},
        {"\\@.", "\\@."},
        {"\\$x.", "\\$x."},
        {"back\\\\slash.", "back\\\\slash."},
        {"*.example.", "*.example."},
        {"_dns._tcp.msa.example.", "_dns._tcp.msa.example."},
    };
    for (const auto& row : rows) {
        INFO(row.text);
        const auto read = Name::from_text(row.text);
        REQUIRE(read.has_value());
        CHECK(read->to_text() == row.printed);
        CHECK(is_identical(name(row.printed), *read));
    }
}

TEST_CASE("Name text: what is malformed") {
    for (const char* text : {"", "..", ".a.", "a..b.", "a\\", "a\\25.", "a\\256.", "a\\2x5.",
                             "a b.", "\"a\".", "a\tb."}) {
        INFO(text);
        CHECK_FALSE(Name::from_text(text).has_value());
    }
}

TEST_CASE("Name text: relative names are completed by the origin") {
    const Name origin = name("zone.example.");
    CHECK(Name::from_text("www", origin).value() == name("www.zone.example."));
    CHECK(Name::from_text("@", origin).value() == origin);
    CHECK(Name::from_text("www.", origin).value() == name("www."));
    CHECK(Name::from_text("a\\.", origin).value().view().label_count() == 3);
}

TEST_CASE("Name limits at, below and above (RFC 1035 3.1)") {
    CHECK(Name::from_text(label(62) + '.').has_value());
    CHECK(Name::from_text(label(63) + '.').has_value());
    CHECK_FALSE(Name::from_text(label(64) + '.').has_value());
    CHECK(name(name_of(254)).wire().size() == 254);
    CHECK(name(name_of(255)).wire().size() == 255);
    CHECK_FALSE(Name::from_text(name_of(256)).has_value());
    // The origin counts.
    const std::string relative = label(63) + '.' + label(63) + '.' + label(63) + '.' + label(50);
    CHECK(Name::from_text(relative, name("123456789.")).has_value());
    CHECK(Name::from_text(relative, name("1234567890.")).has_value());
    CHECK_FALSE(Name::from_text(relative, name("12345678901.")).has_value());
    std::string labels;
    for (int i = 0; i < 127; ++i) labels += "a.";
    CHECK(name(labels).view().label_count() == 127);
    CHECK_FALSE(Name::from_text(labels + "a.").has_value());
}

TEST_CASE("Name wire: one uncompressed name that fills the octets") {
    CHECK(Name::from_wire(Bytes{0}).has_value());
    CHECK(Name::from_wire(Bytes{1, 'a', 0}).has_value());
    for (const Bytes& octets : {Bytes{}, Bytes{1}, Bytes{1, 'a'}, Bytes{0, 0}, Bytes{1, 'a', 0, 0},
                                Bytes{0xc0, 0}, Bytes{0x40, 0}, Bytes{0x80, 0}}) {
        CHECK_FALSE(Name::from_wire(octets).has_value());
    }
    Bytes longest = to_bytes(name(name_of(255)).wire());
    CHECK(Name::from_wire(longest).has_value());
    longest.insert(longest.begin(), {1, 'a'});
    CHECK_FALSE(Name::from_wire(longest).has_value());
}

TEST_CASE("Names are compared without case and keep it (RFC 4343)") {
    const Name a = name("Zone.Example."), b = name("zOnE.eXaMpLe.");
    CHECK(a == b);
    CHECK_FALSE(is_identical(a, b));
    CHECK(hash_ignoring_case(a) == hash_ignoring_case(b));
    CHECK(is_identical(a.to_lower(), name("zone.example.")));
    // Only ASCII letters: '[' is '{' without the bit, 0xC4 is no letter.
    CHECK_FALSE(name("[.") == name("{."));
    CHECK_FALSE(name("\\196.") == name("\\228."));
    CHECK_FALSE(name("a.b.") == name("a\\.b."));
}

TEST_CASE("At or below: by labels, not by text") {
    const Name apex = name("example.");
    CHECK(name("example.").view().is_at_or_below(apex));
    CHECK(name("WWW.Example.").view().is_at_or_below(apex));
    CHECK(name("a.b.example.").view().is_at_or_below(Name()));
    CHECK_FALSE(name("notexample.").view().is_at_or_below(apex));
    CHECK_FALSE(name("example.org.").view().is_at_or_below(apex));
    CHECK_FALSE(Name().view().is_at_or_below(apex));
    // The octets 7 "example" 0 lie at the end of this single label.
    CHECK_FALSE(name("x\\007example.").view().is_at_or_below(apex));
}

TEST_CASE("Canonical order: the example of RFC 4034 6.1") {
    const char* in_order[] = {"example.",         "a.example.",      "yljkjljk.a.example.",
                              "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
                              "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
    for (std::size_t i = 0; i < std::size(in_order); ++i) {
        for (std::size_t k = 0; k < std::size(in_order); ++k) {
            INFO(in_order[i] << " and " << in_order[k]);
            const int order = compare_canonical(name(in_order[i]), name(in_order[k]));
            CHECK((order < 0) == (i < k));
            CHECK((order > 0) == (i > k));
        }
    }
}

TEST_CASE("Canonical keys have the order of names: 100,000 random pairs") {
    RandomMessages random(6840);
    std::size_t equal_pairs = 0;
    for (int i = 0; i < 100000; ++i) {
        const Name a = random.name(), b = random.name();
        Bytes key_a, key_b;
        append_canonical_key(a, key_a);
        append_canonical_key(b, key_b);
        const int by_name = compare_canonical(a, b), by_key = compare(key_a, key_b);
        const bool agree = (by_name < 0) == (by_key < 0) && (by_name > 0) == (by_key > 0);
        if (!agree || (by_name == 0) != (a == b)) FAIL(a.to_text() << " and " << b.to_text());
        equal_pairs += a == b;
    }
    CHECK(equal_pairs > 100);
}

TEST_CASE("Every name comes back from its text: 100,000 random names") {
    RandomMessages random(1035);
    for (int i = 0; i < 100000; ++i) {
        const Name a = random.name();
        const auto b = Name::from_text(a.to_text());
        if (!b || !is_identical(a, *b)) FAIL(a.to_text());
    }
}
