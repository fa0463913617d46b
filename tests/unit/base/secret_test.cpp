#include "common/base/secret.hpp"

#include <ostream>
#include <type_traits>

#include "tests/support/catch.hpp"

namespace chorale {
namespace {

Secret secret(std::string_view text) { return Secret(to_bytes(as_bytes(text))); }

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

}  // namespace

// Neither copied by accident nor printed: the compiler says no.
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Bytes, Secret>);

TEST_CASE("wipe() leaves zeros") {
    Bytes octets(1'000, 0xAA);
    wipe(octets);
    CHECK(octets == Bytes(1'000, 0));
    wipe({});
}

TEST_CASE("A secret that was moved from is empty, and a copy is asked for") {
    Secret a = secret("key");
    const Secret copy = a.copy();
    const Secret b = std::move(a);
    CHECK(a.empty());  // NOLINT(bugprone-use-after-move): that is the point
    CHECK(as_text(b.reveal()) == "key");
    CHECK(copy == b);
    Secret c = secret("other");
    c = b.copy();
    CHECK(c == b);
    Secret& same = c;
    c = std::move(same);
    CHECK(c == b);
}

TEST_CASE("A move makes no second copy of the octets") {
    Bytes octets(64, 0xAA);
    const Byte* const memory = octets.data();
    Secret a(std::move(octets));
    REQUIRE(a.reveal().data() == memory);
    Secret b = std::move(a);
    CHECK(b.reveal().data() == memory);
}

TEST_CASE("Secrets are compared by content") {
    CHECK(secret("") == secret(""));
    CHECK(secret("a") == secret("a"));
    CHECK_FALSE(secret("a") == secret("b"));
    CHECK_FALSE(secret("a") == secret("aa"));
}

}  // namespace chorale
