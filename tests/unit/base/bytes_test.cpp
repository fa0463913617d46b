#include "common/base/bytes.hpp"

#include "tests/support/catch.hpp"

namespace chorale {

TEST_CASE("Octets are ordered as unsigned numbers, a shorter prefix first") {
    const std::string_view ascending[] = {"",
                                          std::string_view("\0", 1),
                                          std::string_view("\0\0", 2),
                                          "a",
                                          "aa",
                                          "ab",
                                          "b",
                                          "\x7f",
                                          "\x80",
                                          "\xff"};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            INFO(i << ' ' << j);
            const auto a = as_bytes(ascending[i]);
            const auto b = as_bytes(ascending[j]);
            const int order = compare(a, b);
            CHECK((order < 0) == (i < j));
            CHECK((order > 0) == (i > j));
            CHECK(equal(a, b) == (i == j));
            CHECK(equal_in_constant_time(a, b) == (i == j));
        }
    }
}

TEST_CASE("A difference in any bit of any octet is seen") {
    const Bytes a(33, 0x5a);
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes b = a;
            b[i] = static_cast<Byte>(b[i] ^ (1U << bit));
            CHECK_FALSE(equal_in_constant_time(a, b));
            CHECK_FALSE(equal(a, b));
        }
    }
}

TEST_CASE("Octets and text are views of each other") {
    const std::string text("a\0\xff", 3);
    CHECK(as_text(as_bytes(text)) == text);
    Bytes octets = to_bytes(as_bytes(text));
    append(octets, as_bytes("b"));
    append(octets, {});
    CHECK(as_text(octets) == std::string("a\0\xff"
                                         "b",
                                         4));
}

}  // namespace chorale
