#include "common/net/socket_address.hpp"

#include "tests/support/catch.hpp"

using namespace chorale;
using namespace chorale::net;
using boost::asio::ip::make_address;

TEST_CASE("a socket address reads and prints the same text", "[net][address]") {
    for (const char* text : {"127.0.0.1:53", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:53",
                             "[2001:db8::1]:8301", "[::]:0"}) {
        INFO(text);
        const Result<SocketAddress> address = SocketAddress::from_text(text);
        REQUIRE(address.has_value());
        CHECK(address->to_text() == text);
        CHECK(SocketAddress(address->tcp()) == *address);
        CHECK(SocketAddress(address->udp()) == *address);
    }
}

TEST_CASE("a default port stands in for a missing one only", "[net][address]") {
    struct Row {
        const char* text;
        const char* expected;
    };
    for (const Row row : {Row{"192.0.2.1", "192.0.2.1:53"}, Row{"192.0.2.1:54", "192.0.2.1:54"},
                          Row{"2001:db8::1", "[2001:db8::1]:53"}, Row{"[::1]", "[::1]:53"},
                          Row{"[::1]:54", "[::1]:54"}, Row{"::", "[::]:53"}}) {
        INFO(row.text);
        const Result<SocketAddress> address = SocketAddress::from_text(row.text, 53);
        REQUIRE(address.has_value());
        CHECK(address->to_text() == row.expected);
    }
}

TEST_CASE("what is no socket address is malformed", "[net][address]") {
    for (const char* text : {"", ":", ":53", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                             "127.0.0.1: 53", "127.0.0.256:53", "127.1:53", "localhost:53", "[::1",
                             "[::1]53", "[::1]:", "[127.0.0.1]:53", "[]:53", "::1:99999",
                             "127.0.0.1:53:54", " 127.0.0.1:53", "127.0.0.1:53 "}) {
        INFO(text);
        const Result<SocketAddress> strict = SocketAddress::from_text(text);
        REQUIRE(strict.has_error());
        CHECK(strict.error().kind() == ErrorKind::malformed);
        CHECK(SocketAddress::from_text(text, 53).has_error());
    }
    // Without a default there has to be a port.
    CHECK(SocketAddress::from_text("127.0.0.1").has_error());
    CHECK(SocketAddress::from_text("::1").has_error());
    CHECK(SocketAddress::from_text("[::1]").has_error());
}

TEST_CASE("an IPv4-mapped address is the IPv4 address (RFC 4291 2.5.5.2)", "[net][address]") {
    CHECK(SocketAddress(make_address("::ffff:192.0.2.1"), 53).to_text() == "192.0.2.1:53");
    CHECK(SocketAddress::from_text("[::ffff:192.0.2.1]:53")->to_text() == "192.0.2.1:53");
    CHECK(Prefix::from_text("192.0.2.0/24")->contains(make_address("::ffff:192.0.2.200")));
    CHECK(Prefix::from_text("::ffff:192.0.2.1")->to_text() == "192.0.2.1/32");
}

TEST_CASE("a prefix holds the addresses that begin with its bits", "[net][address]") {
    struct Row {
        const char* prefix;
        const char* address;
        bool is_in;
    };
    for (const Row row :
         {Row{"127.0.0.0/8", "127.255.255.255", true}, Row{"127.0.0.0/8", "128.0.0.0", false},
          Row{"127.0.0.0/8", "126.255.255.255", false}, Row{"127.0.0.0/8", "::1", false},
          Row{"0.0.0.0/0", "203.0.113.9", true}, Row{"0.0.0.0/0", "2001:db8::1", false},
          Row{"192.0.2.128/25", "192.0.2.127", false}, Row{"192.0.2.128/25", "192.0.2.128", true},
          Row{"192.0.2.7", "192.0.2.7", true}, Row{"192.0.2.7/32", "192.0.2.6", false},
          Row{"2001:db8::/33", "2001:db8:7fff::1", true},
          Row{"2001:db8::/33", "2001:db8:8000::1", false}, Row{"::1", "::1", true},
          Row{"::1", "::2", false}, Row{"::/0", "ffff::", true}}) {
        INFO(row.prefix << " and " << row.address);
        const Result<Prefix> prefix = Prefix::from_text(row.prefix);
        REQUIRE(prefix.has_value());
        CHECK(prefix->contains(make_address(row.address)) == row.is_in);
    }
}

TEST_CASE("a prefix is written with its length and without stray bits", "[net][address]") {
    CHECK(Prefix::from_text("10.0.0.0/8")->to_text() == "10.0.0.0/8");
    CHECK(Prefix::from_text("10.1.2.3")->to_text() == "10.1.2.3/32");
    CHECK(Prefix::from_text("2001:db8::")->to_text() == "2001:db8::/128");
    CHECK(Prefix(make_address("192.0.2.77"), 24).to_text() == "192.0.2.0/24");
    CHECK(Prefix(make_address("2001:db8:1:2ff::1"), 56).to_text() == "2001:db8:1:200::/56");
    for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8",
                             "::/129", "10.0.0.1/8", "2001:db8::1/64", "example.org/8"}) {
        INFO(text);
        CHECK(Prefix::from_text(text).has_error());
    }
}
