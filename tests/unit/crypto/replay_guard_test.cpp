// RFC 8945 5.2.3: a request is accepted once, and none that is older than the last.
#include "tests/support/catch.hpp"
#include "tests/unit/crypto/tsig_support.hpp"

namespace chorale::crypto {
namespace {

using namespace test;

Bytes mac_of(std::uint32_t number) {
    Bytes mac(32, 7);
    for (int i = 0; i < 4; ++i) mac[std::size_t(i)] = static_cast<Byte>(number >> 8 * i);
    return mac;
}

TEST_CASE("Older is refused, equal is told apart by its MAC, newer is admitted (5.2.3)") {
    ReplayGuard guard;
    const dns::Name key = name("a.example."), shouted = name("A.EXAMPLE."),
                    other = name("b.example.");
    CHECK_FALSE(guard.latest(key).has_value());
    CHECK(guard.admit(key, 100, mac_of(1)));
    CHECK_FALSE(guard.admit(key, 100, mac_of(1)));
    CHECK(guard.admit(key, 100, mac_of(2)));
    CHECK_FALSE(guard.admit(shouted, 100, mac_of(2)));
    CHECK_FALSE(guard.admit(key, 99, mac_of(3)));
    CHECK(guard.admit(key, 101, mac_of(1)));
    CHECK_FALSE(guard.admit(key, 100, mac_of(4)));
    CHECK(guard.latest(key) == 101U);
    CHECK(guard.admit(other, 5, mac_of(1)));
    CHECK(guard.latest(other) == 5U);
}

TEST_CASE("is_fresh says what admit would, and remembers nothing") {
    ReplayGuard guard;
    const dns::Name key = name("a.example.");
    CHECK(guard.is_fresh(key, 100, mac_of(1)));
    CHECK(guard.is_fresh(key, 100, mac_of(1)));
    CHECK(guard.admit(key, 100, mac_of(1)));
    CHECK_FALSE(guard.is_fresh(key, 100, mac_of(1)));
    CHECK(guard.is_fresh(key, 100, mac_of(2)));
}

TEST_CASE("At most 10,000 requests of one key bear the same second") {
    ReplayGuard guard;
    const dns::Name key = name("a.example.");
    for (std::uint32_t i = 0; i < ReplayGuard::most_in_one_second; ++i) {
        REQUIRE(guard.admit(key, 100, mac_of(i)));
    }
    CHECK_FALSE(guard.admit(key, 100, mac_of(0xffffff)));
    CHECK_FALSE(guard.admit(key, 100, mac_of(0)));
    CHECK(guard.admit(key, 101, mac_of(0)));
}

TEST_CASE(
    "After a restart no request is admitted twice, and honest ones of the same second "
    "are admitted") {
    const dns::Name key = name("a.example.");
    for (const std::uint32_t count : {1U, 2U, 255U, 256U, 257U, 1000U}) {
        INFO(count << " requests in the second");
        ReplayGuard before;
        for (std::uint32_t i = 0; i < count; ++i) REQUIRE(before.admit(key, 100, mac_of(i)));
        const Bytes state = before.export_state(key);
        CHECK(state.size() <= 8 + 16 * ReplayGuard::most_exported);
        ReplayGuard after;
        REQUIRE(after.import_state(key, state).has_value());
        CHECK(after.latest(key) == 100U);
        for (std::uint32_t i = 0; i < count; ++i) CHECK_FALSE(after.admit(key, 100, mac_of(i)));
        CHECK_FALSE(after.admit(key, 99, mac_of(5000)));
        // Too many to be stored: that one second is lost, nothing else.
        const bool is_stored_whole = count <= ReplayGuard::most_exported;
        CHECK(after.is_fresh(key, 100, mac_of(5000)) == is_stored_whole);
        ReplayGuard twice;
        REQUIRE(twice.import_state(key, after.export_state(key)).has_value());
        CHECK(twice.is_fresh(key, 100, mac_of(5000)) == is_stored_whole);
        CHECK_FALSE(twice.is_fresh(key, 100, mac_of(0)));
        CHECK(after.admit(key, 101, mac_of(0)));
    }
}

TEST_CASE("An import adds to what is known: the later second wins, the same one is united") {
    const dns::Name key = name("a.example.");
    const auto state_at = [&key](std::uint64_t second, std::uint32_t mac) {
        ReplayGuard guard;
        guard.admit(key, second, mac_of(mac));
        return guard.export_state(key);
    };
    ReplayGuard guard;
    CHECK(guard.export_state(key).empty());
    guard.admit(key, 100, mac_of(1));
    REQUIRE(guard.import_state(key, state_at(99, 2)).has_value());
    CHECK(guard.latest(key) == 100U);
    REQUIRE(guard.import_state(key, state_at(100, 3)).has_value());
    CHECK_FALSE(guard.is_fresh(key, 100, mac_of(1)));
    CHECK_FALSE(guard.is_fresh(key, 100, mac_of(3)));
    CHECK(guard.is_fresh(key, 100, mac_of(2)));
    REQUIRE(guard.import_state(key, state_at(0xffffffffffff, 4)).has_value());
    CHECK(guard.latest(key) == 0xffffffffffffU);
}

TEST_CASE("A damaged state is refused and changes nothing") {
    const dns::Name key = name("a.example.");
    ReplayGuard source;
    source.admit(key, 100, mac_of(1));
    source.admit(key, 100, mac_of(2));
    const Bytes state = source.export_state(key);
    ReplayGuard guard;
    for (std::size_t length = 0; length < state.size(); ++length) {
        const bool is_whole = length >= 8 && (length - 8) % 16 == 0;
        if (is_whole) continue;
        INFO("cut to " << length);
        CHECK(guard.import_state(key, BytesView(state).first(length)).has_error());
    }
    for (const std::size_t octet : {0U, 1U}) {
        Bytes changed = state;
        changed[octet] ^= 0x40;
        CHECK(guard.import_state(key, changed).has_error());
    }
    Bytes too_many = state;
    too_many.resize(8 + 16 * (ReplayGuard::most_exported + 1));
    CHECK(guard.import_state(key, too_many).has_error());
    CHECK_FALSE(guard.latest(key).has_value());
    CHECK(guard.import_state(key, state).has_value());
}

}  // namespace
}  // namespace chorale::crypto
