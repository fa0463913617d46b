#include "msa/core/roster.hpp"

#include "proto/digests.hpp"
#include "tests/support/catch.hpp"

using namespace chorale;
using namespace chorale::msa;

namespace {

dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

Bytes record(Byte state, std::string_view identity) {
    Bytes rdata{state};
    append(rdata, name(identity).wire());
    return rdata;
}

struct Read {
    explicit Read(const std::vector<Bytes>& rdatas) : roster(read_roster(rdatas, observations)) {}
    std::vector<std::string> observations;
    Roster roster;
};

}  // namespace

TEST_CASE("A roster names each provider with its state, in canonical order") {
    const Read read(
        {record(2, "msa.example."), record(1, "a.msa.example."), record(1, "Alpha.example.")});
    REQUIRE(read.roster.entries.size() == 3);
    CHECK(read.roster.entries[0].identity.to_text() == "alpha.example.");
    CHECK(read.roster.entries[1].identity.to_text() == "msa.example.");
    CHECK(read.roster.entries[2].identity.to_text() == "a.msa.example.");
    CHECK(read.roster.of(name("ALPHA.example.")) == Wanted::on);
    CHECK(read.roster.of(name("msa.example.")) == Wanted::off);
    CHECK(read.roster.of(name("other.example.")) == Wanted::absent);
    CHECK(read.observations.empty());
}

TEST_CASE("No MSIGNER RRset is something else than one that says nothing") {
    CHECK_FALSE(Read({}).roster.is_present);
    const Read read({record(3, "msa.example.")});
    CHECK(read.roster.is_present);
    CHECK(read.roster.entries.empty());
}

TEST_CASE("A state that is neither ON nor OFF is read as neither") {
    for (const unsigned state : {0U, 3U, 127U, 128U, 255U}) {
        const Read read(
            {record(static_cast<Byte>(state), "msa.example."), record(1, "b.example.")});
        CHECK(read.roster.of(name("msa.example.")) == Wanted::absent);
        CHECK(read.roster.of(name("b.example.")) == Wanted::on);
        REQUIRE(read.observations.size() == 1);
        CHECK_THAT(read.observations[0],
                   Catch::Contains("msa.example. ignored: state " + std::to_string(state)));
    }
}

TEST_CASE("RDATA that is not a state and one whole name is left out and reported") {
    auto trailing = record(1, "msa.example.");
    trailing.push_back(0);
    auto pointer = Bytes{1, 0xc0, 0x0c};
    for (const Bytes& rdata : {Bytes{}, Bytes{1}, Bytes{1, 3, 'm'}, trailing, pointer}) {
        const Read read({rdata});
        CHECK(read.roster.entries.empty());
        CHECK(read.observations.size() == 1);
    }
}

TEST_CASE("An identity with both states is a conflict, in any order and case") {
    for (const Byte first : {Byte(1), Byte(2)}) {
        const Read read({record(first, "MSA.example."),
                         record(static_cast<Byte>(3 - first), "msa.EXAMPLE."),
                         record(first, "msa.example.")});
        REQUIRE(read.roster.entries.size() == 1);
        CHECK(read.roster.entries[0].wanted == Wanted::conflict);
        CHECK(read.observations.size() == 1);
    }
}

TEST_CASE("Rosters that mean the same have the same hash, others do not") {
    const Read one({record(1, "a.example."), record(2, "b.example.")});
    const Read same({record(2, "B.example."), record(7, "c.example."), record(1, "a.example."),
                     record(1, "A.example.")});
    const Read other({record(1, "a.example."), record(1, "b.example.")});
    CHECK(one.roster.hash == same.roster.hash);
    CHECK(one.roster.hash != other.roster.hash);
    CHECK(one.roster.hash ==
          proto::roster_hash({{2, name("b.example.")}, {1, name("a.example.")}}));
}
