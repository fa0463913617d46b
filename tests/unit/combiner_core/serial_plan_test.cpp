// Serials of the combined zone.
#include "combiner/core/serial_plan.hpp"

#include "tests/support/catch.hpp"

namespace chorale::combiner {
namespace {

const Instant now = from_unix_milliseconds(1'700'000'000'000);

TEST_CASE("The next serial, by policy, last serial and the owner's (RFC 1982)") {
    const std::optional<zone::Serial> none;
    struct Row {
        SerialPolicy policy;
        std::optional<zone::Serial> last, owner;
        zone::Serial expected;
    };
    const Row rows[] = {
        // The first serial of all is the owner's.
        {SerialPolicy::follow, none, 5, 5},
        {SerialPolicy::increment, none, 5, 5},
        {SerialPolicy::unixtime, none, 5, 1'700'000'000},
        // An advance of the owner is followed, anything else is one more.
        {SerialPolicy::follow, 10, 11, 11},
        {SerialPolicy::follow, 10, 500, 500},
        {SerialPolicy::follow, 10, 10, 11},
        {SerialPolicy::follow, 10, 9, 11},
        {SerialPolicy::follow, 10, none, 11},
        // 2^31 apart is no advance (RFC 1982 3.2); one less is.
        {SerialPolicy::follow, 10, 10 + 0x80000000U, 11},
        {SerialPolicy::follow, 10, 10 + 0x7fffffffU, 10 + 0x7fffffffU},
        // Around the end of the number space; 0 is skipped.
        {SerialPolicy::follow, 0xffffffffU, none, 1},
        {SerialPolicy::follow, 0xfffffffeU, none, 0xffffffffU},
        {SerialPolicy::follow, 0xffffffffU, 3, 3},
        {SerialPolicy::increment, 10, 500, 11},
        {SerialPolicy::unixtime, 10, none, 1'700'000'000},
        {SerialPolicy::unixtime, 1'700'000'000, none, 1'700'000'001},
        {SerialPolicy::unixtime, 1'900'000'000, 2'000'000'000, 1'900'000'001},
    };
    for (const Row& row : rows) {
        CAPTURE(to_text(row.policy), row.last.value_or(0), row.owner.value_or(0));
        const zone::Serial serial = next_serial(row.policy, row.last, row.owner, now);
        CHECK(serial == row.expected);
        if (row.last) CHECK(zone::is_newer(serial, *row.last));
    }
}

TEST_CASE("Names of serial policies") {
    for (const auto policy :
         {SerialPolicy::follow, SerialPolicy::increment, SerialPolicy::unixtime}) {
        CHECK(serial_policy_from_text(to_text(policy)).value() == policy);
    }
    CHECK(serial_policy_from_text("date").has_error());
}

}  // namespace
}  // namespace chorale::combiner
