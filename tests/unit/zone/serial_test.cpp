#include "common/zone/serial.hpp"

#include "tests/support/catch.hpp"

namespace chorale::zone {
namespace {

// RFC 1982 3.2 word for word, with SERIAL_BITS = 8.
bool is_newer_in_8_bits(unsigned s1, unsigned s2) {
    return s1 != s2 && ((s1 < s2 && s2 - s1 > 128) || (s1 > s2 && s1 - s2 < 128));
}

TEST_CASE("RFC 1982 3.2: serials compare like their 8-bit analogue, all pairs", "[serial]") {
    // Multiples of 2^24 modulo 2^32 behave as octets modulo 2^8.
    unsigned wrong = 0;
    for (unsigned i = 0; i < 256; ++i) {
        for (unsigned j = 0; j < 256; ++j) {
            const Serial a = Serial(i) << 24, b = Serial(j) << 24;
            if (is_newer(a, b) != is_newer_in_8_bits(i, j)) ++wrong;
            if (are_comparable(a, b) == ((i ^ j) == 128)) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("RFC 1982 3.2: serials at the edges", "[serial]") {
    struct Row {
        Serial a, b;
        bool newer, comparable;
    };
    const Row rows[] = {
        {0, 0, false, true},           {1, 0, true, true},
        {0, 1, false, true},           {0, 0xffffffff, true, true},  // the wrap
        {0xffffffff, 0, false, true},  {0x7fffffff, 0, true, true},
        {0x80000000, 0, false, false},  // 2^31 apart: undefined
        {0, 0x80000000, false, false}, {0x80000001, 0, false, true},
        {0, 0x80000001, true, true},   {5, 0xfffffff0, true, true},
    };
    for (const Row& row : rows) {
        CAPTURE(row.a, row.b);
        CHECK(is_newer(row.a, row.b) == row.newer);
        CHECK(are_comparable(row.a, row.b) == row.comparable);
    }
}

}  // namespace
}  // namespace chorale::zone
