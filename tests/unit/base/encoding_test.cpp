#include "common/base/encoding.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"

namespace chorale {
namespace {

struct Vector {
    std::string_view octets, base64, base32hex, hex;
};

// RFC 4648 section 10; base32hex there has padding, which RFC 5155 3.3 leaves out.
constexpr Vector vectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "CO", "66"},
    {"fo", "Zm8=", "CPNG", "666F"},
    {"foo", "Zm9v", "CPNMU", "666F6F"},
    {"foob", "Zm9vYg==", "CPNMUOG", "666F6F62"},
    {"fooba", "Zm9vYmE=", "CPNMUOJ1", "666F6F6261"},
    {"foobar", "Zm9vYmFy", "CPNMUOJ1E8", "666F6F626172"},
};

template <class Decode>
void check_malformed(Decode decode, std::initializer_list<std::string_view> texts) {
    for (const auto text : texts) {
        INFO(text);
        const auto result = decode(text);
        REQUIRE_FALSE(result);
        CHECK(result.error().kind() == ErrorKind::malformed);
    }
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& character : result) {
        if (character >= 'A' && character <= 'Z') character = static_cast<char>(character + 32);
    }
    return result;
}

}  // namespace

TEST_CASE("The vectors of RFC 4648 section 10 hold both ways") {
    for (const auto& vector : vectors) {
        INFO(vector.octets);
        const auto octets = as_bytes(vector.octets);
        CHECK(to_base64(octets) == vector.base64);
        CHECK(to_base32hex(octets) == vector.base32hex);
        CHECK(to_hex(octets) == vector.hex);
        CHECK(as_text(*from_base64(vector.base64)) == vector.octets);
        CHECK(as_text(*from_base32hex(vector.base32hex)) == vector.octets);
        CHECK(as_text(*from_hex(vector.hex)) == vector.octets);
        // Case means nothing in base 16 and base 32 (RFC 4648 sections 7 and 8).
        CHECK(as_text(*from_base32hex(lower(vector.base32hex))) == vector.octets);
        CHECK(as_text(*from_hex(lower(vector.hex))) == vector.octets);
    }
}

TEST_CASE("All octets go through each encoding at each length") {
    Bytes octets;
    for (int length = 0; length < 300; ++length) {
        CHECK(*from_base64(to_base64(octets)) == octets);
        CHECK(*from_base32hex(to_base32hex(octets)) == octets);
        CHECK(*from_hex(to_hex(octets)) == octets);
        octets.push_back(static_cast<Byte>(length * 7));
    }
}

TEST_CASE("Base64 is strict (RFC 4648 sections 3.1 to 3.5)") {
    check_malformed(from_base64, {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=Zg=", "Zg==Zg==",
                                  "Zm9v Zg=", "Zm9v\n", "Zm9-", "Zm9_",
                                  "Zh==", "Zm9=", "Zm9v\xc3\xa9==", std::string_view("Zm9\0", 4)});
}

TEST_CASE("Base32hex has no padding and no stray bits") {
    check_malformed(from_base32hex, {"C", "CPN", "CPNMUO", "CP", "CO======", "CW", "C O", "C="});
}

TEST_CASE("Hex has an even number of digits") {
    check_malformed(from_hex, {"0", "000", "0g", "0x00", " 00", "0 0", "-1"});
}

TEST_CASE("A decimal number has digits and a bound, nothing else") {
    CHECK(*parse_decimal<std::uint16_t>("0") == 0);
    CHECK(*parse_decimal<std::uint16_t>("65535") == 65535);
    CHECK(*parse_decimal<std::uint16_t>("007") == 7);
    CHECK(*parse_decimal<std::uint32_t>("10", 10U) == 10);
    CHECK(*parse_decimal<std::uint64_t>("18446744073709551615") ==
          std::numeric_limits<std::uint64_t>::max());
    check_malformed([](std::string_view text) { return parse_decimal<std::uint16_t>(text); },
                    {"", " ", "65536", "-1", "+1", "1 ", " 1", "1.0", "0x1", "1e3",
                     "99999999999999999999999", std::string_view("1\0", 2)});
    CHECK_FALSE(parse_decimal<std::uint32_t>("11", 10U));
}

}  // namespace chorale
