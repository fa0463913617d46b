#include "common/base/result.hpp"

#include <stdexcept>

#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"

namespace chorale {
namespace {

Result<int> half(int number) {
    if (number % 2 != 0) return malformed("odd");
    return number / 2;
}

}  // namespace

TEST_CASE("A result holds a value or the reason why there is none") {
    CHECK(*half(4) == 2);
    const auto failed = half(3);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind() == ErrorKind::malformed);
    CHECK(failed.error().message() == "odd");
    CHECK(success());
}

TEST_CASE("An error can be told with where it happened, and keeps its kind") {
    const Error error = Error(ErrorKind::storage, "disk full").in("commit").in("zone a.");
    CHECK(error.kind() == ErrorKind::storage);
    CHECK(error.message() == "zone a.: commit: disk full");
}

TEST_CASE("To take the value of an error is our mistake") {
    CHECK_THROWS_AS(half(3).value(), std::logic_error);
    CHECK_THROWS_WITH(half(3).value(), Catch::Contains("odd"));
}

}  // namespace chorale
