// Catalog zones (RFC 9432), as a consumer reads them.
#include "combiner/core/catalog.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/combiner_core/lab.hpp"

namespace chorale::combiner {
namespace {

const std::string base = R"(
@ 60 IN SOA invalid. invalid. 7 3600 600 86400 300
@ 60 IN NS invalid.
)";
const std::string version = "version 60 IN TXT \"2\"\n";

TEST_CASE("Catalog: members with their properties") {
    const auto members = read_catalog(lab::snapshot(base + version + R"(
one.zones 60 IN PTR One.example.
TWO.Zones 60 IN PTR two.example.
group.two.zones 60 IN TXT "fast"
group.two.zones 60 IN TXT "other-operator-s"
coo.two.zones 60 IN PTR other.catalog.
x.ext.two.zones 60 IN TXT "somebody else's"
ext 60 IN TXT "somebody else's"
)"))
                             .value();
    REQUIRE(members.size() == 2);
    const auto& one = members.at(*dns::Name::from_text("one.example."));
    CHECK(one.unique_label == "one");
    CHECK(one.groups.empty());
    CHECK_FALSE(one.has_change_of_ownership);
    const auto& two = members.at(*dns::Name::from_text("two.example."));
    CHECK(two.unique_label == "two");
    CHECK(two.groups == std::set<std::string>{"fast", "other-operator-s"});
    CHECK(two.has_change_of_ownership);
    CHECK(two.change_of_ownership.to_text() == "other.catalog.");
}

TEST_CASE("Catalog: an empty list is good") {
    CHECK(read_catalog(lab::snapshot(base + version)).value().empty());
}

TEST_CASE("Catalog: a broken one is refused as a whole (RFC 9432 5.1)") {
    const std::string rows[] = {
        "",
        "version 60 IN TXT \"1\"\n",
        "version 60 IN TXT \"2\" \"2\"\n",
        version + "version 60 IN TXT \"1\"\n",
        version + "a.zones 60 IN PTR x.example.\na.zones 60 IN PTR y.example.\n",
        version + "a.zones 60 IN PTR x.example.\nb.zones 60 IN PTR X.example.\n",
        version + "a.zones 60 IN PTR zone.example.\n",
        version + "a.zones 60 IN PTR x.example.\ngroup.a.zones 60 IN TXT \"p\" \"q\"\n",
        version +
            "a.zones 60 IN PTR x.example.\ncoo.a.zones 60 IN PTR c.\ncoo.a.zones 60 IN PTR d.\n",
    };
    for (const std::string& row : rows) {
        CAPTURE(row);
        CHECK(read_catalog(lab::snapshot(base + row)).has_error());
    }
}

}  // namespace
}  // namespace chorale::combiner
