#include "common/base/instant.hpp"

#include "tests/support/catch.hpp"

namespace chorale {

TEST_CASE("An instant is written as RFC 3339 section 5.6 says, in UTC with milliseconds") {
    const std::pair<std::int64_t, const char*> cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951'782'400'000, "2000-02-29T00:00:00.000Z"},
        {1'769'860'800'123, "2026-01-31T12:00:00.123Z"},
        {2'147'483'648'000, "2038-01-19T03:14:08.000Z"},  // beyond 31 bits
        {4'294'967'296'000, "2106-02-07T06:28:16.000Z"},  // beyond 32 bits
        {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
    };
    for (const auto& [milliseconds, text] : cases) {
        CHECK(to_text(from_unix_milliseconds(milliseconds)) == text);
    }
}

TEST_CASE("Unix times go both ways, and seconds are rounded down") {
    for (const std::int64_t milliseconds :
         {std::int64_t{-1'001}, std::int64_t{0}, std::int64_t{1'769'860'800'123}}) {
        CHECK(to_unix_milliseconds(from_unix_milliseconds(milliseconds)) == milliseconds);
    }
    CHECK(to_unix_seconds(from_unix_milliseconds(1'999)) == 1);
    CHECK(to_unix_seconds(from_unix_milliseconds(-1)) == -1);
    CHECK(to_unix_seconds(from_unix_milliseconds(-1'000)) == -1);
}

}  // namespace chorale
