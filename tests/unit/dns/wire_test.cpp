#include "common/dns/wire.hpp"

#include "tests/support/catch.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

// Reads a name that begins at `offset`; nothing if it is malformed.
std::string name_at(const Bytes& message, std::size_t offset) {
    WireReader reader(message);
    reader.seek(offset);
    Bytes octets;
    const NameView name = reader.name(octets);
    if (reader.failed()) {
        CHECK(octets.empty());
        return "malformed";
    }
    return name.to_text();
}

}  // namespace

TEST_CASE("Reading is sticky: after an overrun everything is zero") {
    const Bytes octets{1, 2, 3};
    WireReader reader(octets);
    CHECK(reader.u16() == 0x0102);
    CHECK(reader.u16() == 0);
    CHECK(reader.failed());
    CHECK(reader.u8() == 0);
    CHECK(reader.rest().empty());
    CHECK(reader.remaining() == 0);
    CHECK(reader.at_end());
}

TEST_CASE("Numbers of every width come back") {
    Bytes octets{9, 9};  // the writer counts from where it began
    WireWriter writer(octets);
    writer.u8(0xfe);
    writer.u16(0xfedc);
    writer.u32(0xfedcba98);
    writer.u48(0xfedcba987654);
    writer.u64(0xfedcba9876543210);
    writer.u16_at(1, 0x0102);
    CHECK(writer.size() == 21);
    WireReader reader(BytesView(octets).subspan(2));
    CHECK(reader.u8() == 0xfe);
    CHECK(reader.u16() == 0x0102);
    CHECK(reader.u32() == 0xfedcba98);
    CHECK(reader.u48() == 0xfedcba987654);
    CHECK(reader.u64() == 0xfedcba9876543210);
    CHECK(reader.at_end());
    CHECK_FALSE(reader.failed());
}

TEST_CASE("Compression: pointers to earlier names are followed (RFC 1035 4.1.4)") {
    const Bytes message{0, 3, 'c', 'o', 'm', 0, 1, 'a', 0xc0, 1, 1, 'b', 0xc0, 6, 0xc0, 10};
    CHECK(name_at(message, 1) == "com.");
    CHECK(name_at(message, 6) == "a.com.");
    CHECK(name_at(message, 10) == "b.a.com.");
    CHECK(name_at(message, 14) == "b.a.com.");
    WireReader reader(message);
    reader.seek(10);
    reader.skip_name();
    CHECK(reader.offset() == 14);
}

TEST_CASE("Compression: loops and pointers that do not go backwards are malformed") {
    const struct {
        const char* what;
        Bytes message;
        std::size_t offset;
    } rows[] = {
        {"to itself", {0xc0, 0}, 0},
        {"to itself, not first", {0, 0xc0, 1}, 1},
        {"forward", {0xc0, 2, 0}, 0},
        {"two that point to each other", {0xc0, 2, 0xc0, 0}, 2},
        {"to its own first label", {1, 'a', 0xc0, 0}, 0},
        {"beyond the message", {0, 0xff, 0xff}, 1},
        {"cut after its first octet", {0, 0xc0}, 1},
        {"into a label that runs over the end", {5, 'a', 0xc0, 0}, 2},
        {"label type 01", {0x41, 'a', 0}, 0},
        {"label type 10", {0x81, 'a', 0}, 0},
        {"label cut", {3, 'a', 'b'}, 0},
        {"no root", {1, 'a'}, 0},
        {"nothing", {}, 0},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        CHECK(name_at(row.message, row.offset) == "malformed");
    }
}

TEST_CASE("Compression: hops at, below and above the limit") {
    Bytes message{0};
    for (std::size_t to = 0; message.size() < 1 + 2 * 130U;) {
        const std::size_t at = message.size();
        message.push_back(static_cast<Byte>(0xc0 | to >> 8));
        message.push_back(static_cast<Byte>(to));
        to = at;
    }
    const auto after_hops = [](std::size_t hops) { return 1 + 2 * (hops - 1); };
    CHECK(name_at(message, after_hops(max_compression_hops - 1)) == ".");
    CHECK(name_at(message, after_hops(max_compression_hops)) == ".");
    CHECK(name_at(message, after_hops(max_compression_hops + 1)) == "malformed");
}

TEST_CASE("Compression: a name may not grow beyond 255 octets") {
    // Labels of 63, 63, 63 and the root: 193 octets at offset 0.
    Bytes message;
    for (int i = 0; i < 3; ++i) {
        message.push_back(63);
        message.resize(message.size() + 63, 'x');
    }
    message.push_back(0);
    for (const std::size_t label : {60U, 61U, 62U}) {  // 254, 255, 256 octets
        Bytes longer = message;
        longer.push_back(static_cast<Byte>(label));
        longer.resize(longer.size() + label, 'y');
        longer.push_back(0xc0);
        longer.push_back(0);
        CHECK((name_at(longer, message.size()) == "malformed") == (label == 62));
    }
}

TEST_CASE("A narrowed reader stops at its end, pointers reach the whole message") {
    const Bytes message{1, 'a', 0, 0xc0, 0, 1, 'b', 0};
    WireReader reader(message);
    reader.seek(3);
    const std::size_t end = reader.narrow(2);
    CHECK(reader.name() == Name::from_text("a.").value());
    CHECK(reader.at_end());
    reader.restore_end(end);
    CHECK(reader.name() == Name::from_text("b.").value());

    WireReader cut(message);
    cut.seek(5);
    cut.narrow(2);  // the root label lies outside
    (void)cut.name();
    CHECK(cut.failed());

    WireReader wide(message);
    wide.narrow(9);
    CHECK(wide.failed());
    WireReader far(message);
    far.seek(9);
    CHECK(far.failed());
}
