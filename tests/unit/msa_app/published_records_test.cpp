// What a provider and a zone's owner write into their zones, to the letter.
#include "msa/app/published_records.hpp"

#include "common/dns/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"

namespace chorale::msa {
namespace {

Identity identity(std::string_view text = "msa.example.") {
    return Identity::from_text(text).value();
}

HostAddress address(std::string_view text) { return HostAddress::from_text(text).value(); }

Publication publication(std::vector<HostAddress> addresses) {
    crypto::Sha256 pin;
    pin.fill(0xab);
    return {.identity = identity(),
            .dns_port = 5399,
            .api_port = 8443,
            .ttl = 300,
            .addresses = std::move(addresses),
            .key_rdata = {2, 0, 3, 15, 1, 2, 3},
            .tls_pin = pin};
}

std::string text_of(const Publication& what) {
    std::string text;
    for (const dns::Record& record : published_records(what)) {
        text += dns::to_text(record.view()) + '\n';
    }
    return text;
}

}  // namespace

TEST_CASE("A provider publishes URI, SVCB, addresses, KEY and TLSA (Locating Remote MSAs)") {
    const std::string tlsa = "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB";
    CHECK(text_of(
              publication({address("192.0.2.1"), address("2001:db8::1"), address("192.0.2.2")})) ==
          "_dns._tcp.msa.example. 300 IN URI 10 10 \"dns://dns.msa.example:5399/\"\n"
          "dns.msa.example. 300 IN SVCB 1 . port=5399 ipv4hint=192.0.2.1,192.0.2.2 "
          "ipv6hint=2001:db8::1\n"
          "dns.msa.example. 300 IN A 192.0.2.1\n"
          "dns.msa.example. 300 IN AAAA 2001:db8::1\n"
          "dns.msa.example. 300 IN A 192.0.2.2\n"
          "dns.msa.example. 300 IN KEY 512 3 15 AQID\n"
          "_https._tcp.msa.example. 300 IN URI 10 10 \"https://api.msa.example:8443/\"\n"
          "api.msa.example. 300 IN SVCB 1 . port=8443 ipv4hint=192.0.2.1,192.0.2.2 "
          "ipv6hint=2001:db8::1\n"
          "api.msa.example. 300 IN A 192.0.2.1\n"
          "api.msa.example. 300 IN AAAA 2001:db8::1\n"
          "api.msa.example. 300 IN A 192.0.2.2\n"
          "_8443._tcp.api.msa.example. 300 IN TLSA 3 1 1 " +
              tlsa + '\n');
}

TEST_CASE("A family without addresses has no hint") {
    const std::string text = text_of(publication({address("2001:db8::1")}));
    CHECK_THAT(text, Catch::Contains("SVCB 1 . port=5399 ipv6hint=2001:db8::1\n"));
    CHECK_THAT(text, !Catch::Contains("ipv4hint"));
}

TEST_CASE("What is published can be read back, whatever the name and the ports") {
    for (const char* name : {"example.", "MSA.example.", "_msa.1.example."}) {
        Publication what = publication({address("192.0.2.1"), address("2001:db8::1")});
        what.identity = identity(name);
        what.dns_port = 1;
        what.api_port = 65535;
        const auto read = dns::records_from_text(text_of(what), dns::NameView());
        REQUIRE(read);
        const auto written = published_records(what);
        REQUIRE(read->size() == written.size());
        for (std::size_t at = 0; at < written.size(); ++at) {
            INFO(dns::to_text(written[at].view()));
            CHECK(is_identical((*read)[at].owner, written[at].owner));
            CHECK((*read)[at].type == written[at].type);
            CHECK((*read)[at].rdata == written[at].rdata);
            CHECK((*read)[at].owner.view().is_at_or_below(what.identity.name()));
        }
    }
}

TEST_CASE("Addresses are those of one host") {
    for (const char* text : {"192.0.2.1", "2001:db8::1", "127.0.0.1", "::1", "223.255.255.255",
                             "fe80::1", "64:ff9b::192.0.2.1"}) {
        INFO(text);
        CHECK(HostAddress::from_text(text).has_value());
    }
    for (const char* text :
         {"", "192.0.2", "192.0.2.1:53", "192.0.2.256", "192.0.2.01x", "msa.example", "[::1]",
          "fe80::1%lo", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1",
          "::ffff:192.0.2.1", "\\#", "192.0.2.1 192.0.2.2", "192.0.2.0/24"}) {
        INFO(text);
        const auto read = HostAddress::from_text(text);
        REQUIRE_FALSE(read);
        CHECK(read.error().kind() == ErrorKind::malformed);
    }
    const std::pair<const char*, bool> local[] = {
        {"127.0.0.1", true},  {"127.255.0.1", true},  {"169.254.1.1", true}, {"::1", true},
        {"fe80::1", true},    {"febf::1", true},      {"10.0.0.1", false},   {"169.253.1.1", false},
        {"fec0::1", false},   {"2001:db8::1", false}, {"::2", false},        {"fd00::1", false},
        {"192.0.2.1", false}, {"128.0.0.1", false}};
    for (const auto& [text, is_local] : local) {
        INFO(text);
        CHECK(address(text).is_local() == is_local);
    }
}

TEST_CASE("An owner writes MSIGNER in the form of unknown types (RFC 3597 5)") {
    const dns::Name zone = dns::Name::from_text("zone.example.").value();
    const std::string text =
        msigner_text(zone, 600, 1, {identity("msa.example."), identity("B.example.")});
    CHECK(text ==
          "; zone.example. 600 IN MSIGNER ON msa.example.\n"
          "zone.example. 600 IN TYPE65281 \\# 14 01036D7361076578616D706C6500\n"
          "; zone.example. 600 IN MSIGNER ON B.example.\n"
          "zone.example. 600 IN TYPE65281 \\# 12 010142076578616D706C6500\n");
    const auto read = dns::records_from_text(text, dns::NameView());
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    // The comment says of each what our own reader makes of the line below it.
    for (const dns::Record& record : *read) {
        CHECK_THAT(text, Catch::Contains("; " + dns::to_text(record.view()) + '\n'));
    }
    CHECK_THAT(msigner_text(zone, 600, 2, {identity()}),
               Catch::Contains("MSIGNER OFF msa.example.\n") &&
                   Catch::Contains("\\# 14 02036D7361076578616D706C6500\n"));
}

}  // namespace chorale::msa
