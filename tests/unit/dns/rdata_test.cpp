#include "common/dns/rdata.hpp"

#include "common/base/encoding.hpp"
#include "common/dns/rdata/csync.hpp"
#include "common/dns/rdata/dnskey.hpp"
#include "common/dns/rdata/msigner.hpp"
#include "common/dns/rdata/rrsig.hpp"
#include "common/dns/rdata/type_bitmap.hpp"
#include "common/dns/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/dns/random_messages.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

Name name(const std::string& text) { return Name::from_text(text).value(); }

Result<Bytes> from_text(Type type, const std::string& text) {
    const auto tokens = split_tokens(text);
    if (!tokens) return tokens.error();
    return rdata_from_text(type, *tokens, name("o.example."));
}

Bytes hex(std::string text) {
    std::erase(text, ' ');
    return from_hex(text).value();
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string result;
    for (; times > 0; --times) result += text;
    return result;
}

// RDATA as it stands in a message at offset 12 behind nothing.
bool reads(Type type, const Bytes& rdata, Bytes& target) {
    Bytes message(12);
    append(message, rdata);
    WireReader reader(message);
    reader.seek(12);
    const bool is_read = read_rdata(reader, type, rdata.size(), target);
    CHECK(is_read == !reader.failed());
    return is_read;
}

struct Row {
    Type type;
    std::string text;
    std::string printed;  // empty: as `text`
    std::string wire;     // hex, blanks for the eye
};

}  // namespace

TEST_CASE("RDATA of every typed type: text, its canonical print and the wire") {
    const Row rows[] = {
        {Type::A, "192.0.2.1", "", "C0000201"},
        {Type::A, "\\# 4 C0000201", "192.0.2.1", "C0000201"},
        {Type::AAAA, "2001:DB8:0:0:0:0:0:1", "2001:db8::1", "20010DB8000000000000000000000001"},
        {Type::NS, "ns.Example.", "", "026E73 074578616D706C65 00"},
        {Type::NS, "@", "o.example.", "016F 076578616D706C65 00"},
        {Type::NS, "\\# 4 026E7300", "ns.", "026E7300"},
        {Type::CNAME, ".", "", "00"},
        {Type::PTR, "a", "a.o.example.", "0161 016F 076578616D706C65 00"},
        {Type::DNAME, "a.", "", "0161 00"},
        {Type::MX, "10 mail.", "", "000A 046D61696C 00"},
        {Type::SOA, "ns. mb. 4294967295 1h 2H30m 1w 60", "ns. mb. 4294967295 3600 9000 604800 60",
         "026E7300 026D6200 FFFFFFFF 00000E10 00002328 00093A80 0000003C"},
        {Type::TXT, "one \"two words\" \"\" \\\"\\; \\007",
         "\"one\" \"two words\" \"\" \"\\\";\" \"\\007\"",
         "036F6E65 0974776F20776F726473 00 02223B 0107"},
        {Type::SPF, "\"v=spf1 -all\"", "", "0B763D73706631202D616C6C"},
        {Type::HINFO, "RFC8482 \"\"", "\"RFC8482\" \"\"", "07524643 38343832 00"},
        {Type::RP, "a. b.", "", "016100 016200"},
        {Type::AFSDB, "1 a.", "", "0001 016100"},
        {Type::SRV, "1 2 65535 a.", "", "0001 0002 FFFF 016100"},
        {Type::NAPTR, "100 50 \"s\" \"x+y\" \"!^.*$!a!\" .", "",
         "0064 0032 0173 03782B79 08215E2E2A24216121 00"},
        {Type::SSHFP, "1 2 aabb", "1 2 AABB", "01 02 AABB"},
        {Type::DS, "60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
         "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
         "EC45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118"},
        {Type::DS, "1 ECDSAP256SHA256 2 " + repeated("ab", 32), "1 13 2 " + repeated("AB", 32),
         "0001 0D 02" + repeated("AB", 32)},
        {Type::DS, "1 13 4 " + repeated("00", 48), "", "0001 0D 04" + repeated("00", 48)},
        {Type::DS, "1 13 99 00", "", "0001 0D 63 00"},
        {Type::CDS, "1 13 2 " + repeated("CD", 32), "", "0001 0D 02" + repeated("CD", 32)},
        {Type::CDS, "0 0 0 00", "", "0000 00 00 00"},
        {Type::DNSKEY, "257 3 13 AQID BAUG", "257 3 13 AQIDBAUG", "0101 03 0D 010203040506"},
        {Type::DNSKEY, "256 3 ed25519 AQI=", "256 3 15 AQI=", "0100 03 0F 0102"},
        {Type::CDNSKEY, "257 3 13 AQID", "", "0101 03 0D 010203"},
        {Type::CDNSKEY, "0 3 0 AA==", "", "0000 03 00 00"},
        {Type::KEY, "512 3 15 AQID", "", "0200 03 0F 010203"},
        {Type::KEY, "49152 3 15", "", "C000 03 0F"},
        {Type::CSYNC, "66 3 AAAA NS A", "66 3 A NS AAAA", "00000042 0003 00 04 60000008"},
        {Type::CSYNC, "0 0", "", "00000000 0000"},
        {Type::NSEC, "host.example. A MX RRSIG NSEC TYPE1234", "",
         "04686F7374 076578616D706C65 00 0006 400100000003 041B " + repeated("00", 26) + "20"},
        {Type::NSEC3,
         "1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM",
         "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM",
         "01 01 000C 04AABBCCDD 14 174EB2409FE28BCB4887A1836F957F0A8425E27B 0007 22010000000290"},
        {Type::NSEC3, "1 0 0 - 00", "", "01 00 0000 00 0100"},
        {Type::NSEC3PARAM, "1 0 0 -", "", "01 00 0000 00"},
        {Type::NSEC3PARAM, "1 0 65535 AB", "", "01 00 FFFF 01AB"},
        {Type::RRSIG, "A 5 3 86400 20030322173103 1045762263 2642 example.com. AQID",
         "A 5 3 86400 20030322173103 20030220173103 2642 example.com. AQID",
         "0001 05 03 00015180 3E7C9DD7 3E5510D7 0A52 076578616D706C65 03636F6D 00 010203"},
        {Type::RRSIG, "TYPE65281 13 0 0 21060207062815 19700101000000 0 . AA==",
         "MSIGNER 13 0 0 21060207062815 19700101000000 0 . AA==",
         "FF01 0D 00 00000000 FFFFFFFF 00000000 0000 00 00"},
        {Type::SIG, "TYPE0 15 0 0 20300101000000 20300101000000 7 msa.example. AQID", "",
         "0000 0F 00 00000000 70DBD880 70DBD880 0007 036D7361 076578616D706C65 00 010203"},
        {Type::TLSA, "3 1 1 00 ff", "3 1 1 00FF", "03 01 01 00FF"},
        {Type::URI, "10 1 \"https://api.msa.example/\"", "",
         "000A 0001 68747470733A2F2F6170692E6D73612E6578616D706C652F"},
        {Type::CAA, "128 issue \"ca.example; x=\\\"y\\\"\"", "",
         "80 056973737565 63612E6578616D706C653B20783D227922"},
        {Type::CAA, "0 iodef \"\"", "", "00 05696F646566"},
        {Type::ZONEMD, "2018031900 1 240 " + repeated("0f", 12),
         "2018031900 1 240 " + repeated("0F", 12), "7848B91C 01 F0" + repeated("0F", 12)},
        {Type::ZONEMD, "1 1 1 " + repeated("AA", 48), "", "00000001 01 01" + repeated("AA", 48)},
        {Type::SVCB, "0 alias.", "", "0000 05616C696173 00"},
        {Type::SVCB, "1 .", "", "0001 00"},
        {Type::SVCB, "1 . ipv4hint=192.0.2.1,192.0.2.2 port=53",
         "1 . port=53 ipv4hint=192.0.2.1,192.0.2.2",
         "0001 00 0003 0002 0035 0004 0008 C0000201 C0000202"},
        {Type::SVCB, "1 . ipv6hint=2001:db8::1", "",
         "0001 00 0006 0010 20010DB8000000000000000000000001"},
        // RFC 9460 appendix D.
        {Type::SVCB, "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
         "16 foo.example.org. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=192.0.2.1",
         "0010 03666F6F 076578616D706C65 036F7267 00 0000 0004 0001 0004 "
         "0001 0009 026832 0568332D3139 0004 0004 C0000201"},
        {Type::SVCB, "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
         "16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
         "0010 03666F6F 076578616D706C65 036F7267 00 0001 000C 08665C6F6F2C626172 026832"},
        {Type::SVCB, "1 foo.example.com. key667=\"hello\\210qoo\"", "",
         "0001 03666F6F 076578616D706C65 03636F6D 00 029B 0009 68656C6C6FD2716F6F"},
        {Type::SVCB, "1 foo.example.com. key667", "",
         "0001 03666F6F 076578616D706C65 03636F6D 00 029B 0000"},
        {Type::HTTPS, "1 . alpn=h2 no-default-alpn ech=AQID dohpath=\"/q{?dns}\" ohttp",
         "1 . alpn=\"h2\" no-default-alpn ech=AQID dohpath=\"/q{?dns}\" ohttp",
         "0001 00 0001 0003 026832 0002 0000 0005 0003 010203 0007 0008 2F717B3F646E737D 0008 "
         "0000"},
        {Type::MSIGNER, "ON msa.Example.", "", "01 036D7361 074578616D706C65 00"},
        {Type::MSIGNER, "off msa.example.", "OFF msa.example.", "02 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "1 msa.example.", "ON msa.example.", "01 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "0 msa.example.", "", "00 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "255 .", "", "FF 00"},
        {Type::MSIGNER, "ON DNS msa.example.", "ON msa.example.",
         "01 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "oFF api msa.example.", "OFF msa.example.",
         "02 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "ON msa.example. API", "ON msa.example.",
         "01 036D7361 076578616D706C65 00"},
        {Type::MSIGNER, "ON dns", "ON dns.o.example.", "01 03646E73 016F 076578616D706C65 00"},
        {Type(65280), "\\# 3 0a 0b0c", "\\# 3 0A0B0C", "0A0B0C"},
        {Type(65280), "\\# 0", "", ""},
        {Type::OPENPGPKEY, "\\# 1 00", "", "00"},
        {Type::MB, "\\# 3 016100", "", "016100"},
    };
    for (const Row& row : rows) {
        INFO(to_text(row.type) << ' ' << row.text);
        const auto octets = from_text(row.type, row.text);
        if (!octets) FAIL(octets.error().message());
        CHECK(to_hex(*octets) == to_hex(hex(row.wire)));
        const std::string printed = rdata_to_text(row.type, *octets);
        CHECK(printed == (row.printed.empty() ? row.text : row.printed));
        const auto again = from_text(row.type, printed);
        REQUIRE(again.has_value());
        CHECK(*again == *octets);
        CHECK(check_rdata(row.type, *octets).has_value());
        if (octets->empty()) continue;
        Bytes target{9};
        REQUIRE(reads(row.type, *octets, target));
        CHECK(Bytes(target.begin() + 1, target.end()) == *octets);
    }
}

TEST_CASE("RDATA that is malformed in text") {
    const struct {
        Type type;
        std::string text;
    } rows[] = {
        {Type::A, ""},
        {Type::A, "192.0.2"},
        {Type::A, "192.0.2.256"},
        {Type::A, "192.0.2.1 x"},
        {Type::A, "\\# 3 C00002"},
        {Type::A, "\\# 4 C00002"},
        {Type::A, "\\# 4 C000020G"},
        {Type::A, "\\#"},
        {Type::AAAA, "2001:db8"},
        {Type::NS, ""},
        {Type::NS, "a..b."},
        {Type::MX, "mail."},
        {Type::MX, "65536 mail."},
        {Type::MX, "-1 mail."},
        {Type::SOA, "ns. mb. 1 2 3 4"},
        {Type::SOA, "ns. mb. 1h 2 3 4 5"},
        {Type::SOA, "ns. mb. 1 2x 3 4 5"},
        {Type::SOA, "ns. mb. 1 7102w 3 4 5"},
        {Type::TXT, ""},
        {Type::TXT, std::string(256, 'x')},
        {Type::TXT, "\\25"},
        {Type::TXT, "\\256"},
        {Type::TXT, "a\"b\""},
        {Type::DS, "1 13 2 " + repeated("AB", 31)},
        {Type::DS, "1 13 2"},
        {Type::DS, "1 NOTHING 2 " + repeated("AB", 32)},
        {Type::DNSKEY, "257 3 13"},
        {Type::DNSKEY, "257 2 13 AQID"},
        {Type::DNSKEY, "257 3 13 AQI"},
        {Type::DNSKEY, "257 3 13 AQJ="},
        {Type::CDNSKEY, "0 3 0 AQ=="},
        {Type::CDS, "0 0 0 0"},
        {Type::CSYNC, "1 2 NOTYPE"},
        {Type::NSEC3, "1 1 12 - 0"},
        {Type::NSEC3, "1 1 12 zz 00"},
        {Type::RRSIG, "A 5 3 86400 20030230173103 20030220173103 2642 a. AQID"},
        {Type::RRSIG, "A 5 3 86400 20030322243103 20030220173103 2642 a. AQID"},
        {Type::RRSIG, "A 5 3 86400 21060207062816 20030220173103 2642 a. AQID"},
        {Type::RRSIG, "A 5 3 86400 20030322173103 20030220173103 2642 a."},
        {Type::TLSA, "3 1 1"},
        {Type::URI, "1 1 \"\""},
        {Type::URI, "1 1"},
        {Type::CAA, "0 is-sue \"a\""},
        {Type::CAA, "0 \"\" \"a\""},
        {Type::SVCB, "1"},
        {Type::SVCB, "1 . port=1 port=2"},
        {Type::SVCB, "1 . port"},
        {Type::SVCB, "1 . port=65536"},
        {Type::SVCB, "1 . alpn="},
        {Type::SVCB, "1 . alpn=h2,,h3"},
        {Type::SVCB, "1 . alpn=\"a\\\\b\""},
        {Type::SVCB, "1 . no-default-alpn"},
        {Type::SVCB, "1 . alpn=h2 no-default-alpn=x"},
        {Type::SVCB, "1 . mandatory=port"},
        {Type::SVCB, "1 . mandatory=mandatory"},
        {Type::SVCB, "1 . mandatory=port,port port=1"},
        {Type::SVCB, "1 . ipv4hint=::1"},
        {Type::SVCB, "1 . ipv4hint="},
        {Type::SVCB, "1 . key00667=x"},
        {Type::SVCB, "1 . key65536=x"},
        {Type::SVCB, "1 . nokey=x"},
        {Type::SVCB, "0 a. port=1"},
        {Type::MSIGNER, "ON"},
        {Type::MSIGNER, "MAYBE msa.example."},
        {Type::MSIGNER, "256 msa.example."},
        {Type::MSIGNER, "ON UDP msa.example."},
        {Type::MSIGNER, "ON DNS msa.example. API x"},
        {Type(65280), "abc"},
        {Type(65280), ""},
        {Type(65280), "\\# 1"},
        {Type(65280), "\\# 65536 00"},
        {Type::MB, "\\# 2 0161"},
    };
    for (const auto& row : rows) {
        INFO(to_text(row.type) << ' ' << row.text);
        const auto octets = from_text(row.type, row.text);
        CHECK_FALSE(octets.has_value());
        if (!octets) CHECK(octets.error().message().starts_with(to_text(row.type) + ": "));
    }
}

TEST_CASE("RDATA that is malformed on the wire") {
    const struct {
        Type type;
        std::string wire;
    } rows[] = {
        {Type::A, "C00002"},
        {Type::A, "C000020100"},
        {Type::AAAA, repeated("00", 15)},
        {Type::AAAA, repeated("00", 17)},
        {Type::NS, "0161"},
        {Type::NS, "01610000"},
        {Type::NS, "4161"},
        {Type::CNAME, "C0FF"},
        {Type::MX, "00"},
        {Type::MX, "000A"},
        {Type::SOA, "00 00" + repeated("00", 19)},
        {Type::SOA, "00 00" + repeated("00", 21)},
        {Type::SOA, "00"},
        {Type::TXT, "01"},
        {Type::TXT, "00 02 61"},
        {Type::SRV, "0001 0002 0003"},
        {Type::SRV, "0001 0002 0003 00 00"},
        {Type::NAPTR, "0001 0002 00 00"},
        {Type::NAPTR, "0001 0002 FF 00 00 00"},
        {Type::HINFO, "00"},
        {Type::SSHFP, "01 01"},
        {Type::DS, "0001 0D 02"},
        {Type::DS, "0001 0D 01" + repeated("00", 32)},
        {Type::DS, "0001 0D 03"},
        {Type::CDS, "0000 00 00 01"},
        {Type::CDS, "0001 00 02" + repeated("00", 32)},
        {Type::CDS, "0000 00 00"},
        {Type::DNSKEY, "0101 03 0D"},
        {Type::DNSKEY, "0101 00 0D 01"},
        {Type::DNSKEY, "0101 03"},
        {Type::CDNSKEY, "0101 03 0D"},
        {Type::CDNSKEY, "0000 03 00 0000"},
        {Type::KEY, "0200 03 0F"},
        {Type::CSYNC, "00000000 00"},
        {Type::CSYNC, "00000000 0000 00"},
        {Type::NSEC, "00 00 00"},
        {Type::NSEC, "00 00 21" + repeated("01", 33)},
        {Type::NSEC, "00 00 02 01 00"},
        {Type::NSEC, "00 01 01 01 00 01 01"},
        {Type::NSEC, "00 00 01 01 00 01 01"},
        {Type::NSEC, "00 00 03 01 01"},
        {Type::NSEC3, "01 00 0000 00 00"},
        {Type::NSEC3, "01 00 0000 00 02 00"},
        {Type::NSEC3PARAM, "01 00 0000"},
        {Type::NSEC3PARAM, "01 00 0000 00 00"},
        {Type::RRSIG, repeated("00", 18)},
        {Type::RRSIG, repeated("00", 19)},
        {Type::TLSA, "03 01 01"},
        {Type::URI, "0001 0001"},
        {Type::CAA, "00 00 61"},
        {Type::CAA, "00 02 61"},
        {Type::ZONEMD, "00000001 01 F0" + repeated("00", 11)},
        {Type::ZONEMD, "00000001 01 01" + repeated("00", 47)},
        {Type::SVCB, "0001"},
        {Type::SVCB, "0001 00 0003 0002 00"},
        {Type::SVCB, "0001 00 0003 0001 00"},
        {Type::SVCB, "0001 00 0003 0002 0001 0003 0002 0001"},
        {Type::SVCB, "0001 00 0004 0004 00000000 0003 0002 0001"},
        {Type::SVCB, "0001 00 0004 0005 0000000000"},
        {Type::SVCB, "0001 00 0006 0004 00000000"},
        {Type::SVCB, "0001 00 0001 0000"},
        {Type::SVCB, "0001 00 0001 0001 00"},
        {Type::SVCB, "0001 00 0001 0002 02 61"},
        {Type::SVCB, "0001 00 0000 0002 0003"},
        {Type::SVCB, "0001 00 0000 0002 0000 0003 0002 0001"},
        {Type::SVCB, "0001 00 0000 0004 0004 0003 0003 0002 0001 0004 0004 00000000"},
        {Type::SVCB, "0000 00 0003 0002 0001"},
        {Type::HTTPS, "0001 00 00"},
        {Type::MB, "0161"},
    };
    for (const auto& row : rows) {
        INFO(to_text(row.type) << ' ' << row.wire);
        const Bytes octets = hex(row.wire);
        CHECK_FALSE(check_rdata(row.type, octets).has_value());
        Bytes target{1, 2, 3};
        CHECK_FALSE(reads(row.type, octets, target));
        CHECK(target == Bytes{1, 2, 3});
        // Shown all the same.
        CHECK(rdata_to_text(row.type, octets) ==
              "\\# " + std::to_string(octets.size()) + ' ' + to_hex(octets));
    }
}

TEST_CASE("Limits of strings and names in RDATA, at and beyond") {
    CHECK(from_text(Type::TXT, std::string(255, 'x')).has_value());
    CHECK(from_text(Type::NSEC3PARAM, "1 0 0 " + repeated("AB", 255)).has_value());
    CHECK_FALSE(from_text(Type::NSEC3PARAM, "1 0 0 " + repeated("AB", 256)).has_value());
    // The longest RDATA is 65535 octets: 255 strings of 255 octets and one of 254.
    const std::string longest = repeated('"' + std::string(255, 'x') + "\" ", 255);
    CHECK(from_text(Type::TXT, longest + std::string(254, 'x')).has_value());
    CHECK_FALSE(from_text(Type::TXT, longest + std::string(255, 'x')).has_value());
    const Bytes name_255 = [] {
        Bytes octets;
        for (const std::size_t label : {63U, 63U, 63U, 61U}) {
            octets.push_back(static_cast<Byte>(label));
            octets.resize(octets.size() + label, 'x');
        }
        octets.push_back(0);
        return octets;
    }();
    REQUIRE(name_255.size() == 255);
    CHECK(check_rdata(Type::NS, name_255).has_value());
    Bytes name_256 = name_255;
    name_256[192]++;
    name_256.insert(name_256.end() - 1, 'x');
    CHECK_FALSE(check_rdata(Type::NS, name_256).has_value());
}

TEST_CASE("What lies under MSIGNER's private number is carried as it is (RFC 3597)") {
    for (const char* octets : {"", "01", "01 0161", "01 00 00", "01 C00C"}) {
        INFO(octets);
        CHECK(check_rdata(Type::MSIGNER, hex(octets)).has_value());
    }
    CHECK(rdata_to_text(Type::MSIGNER, hex("01")) == "\\# 1 01");
}

TEST_CASE("An error says which field is wrong") {
    CHECK(check_rdata(Type::DNSKEY, hex("0101")).error().message() ==
          "DNSKEY: protocol: cut short");
    CHECK(from_text(Type::MX, "x mail.").error().message() ==
          "MX: preference: expected a number from 0 to 65535, got \"x\"");
}

TEST_CASE("Canonical form lowers names of the listed types only (RFC 4034 6.2, RFC 6840 5.1)") {
    const auto canonical = [](Type type, const std::string& text) {
        Bytes target;
        append_canonical_rdata(type, from_text(type, text).value(), target);
        return rdata_to_text(type, target);
    };
    CHECK(canonical(Type::NS, "NS.Example.") == "ns.example.");
    CHECK(canonical(Type::MX, "77 MAIL.") == "77 mail.");
    CHECK(canonical(Type::SOA, "A. B. 1095189840 1 1 1 1") == "a. b. 1095189840 1 1 1 1");
    CHECK(canonical(Type::SRV, "16705 2 3 A.") == "16705 2 3 a.");
    CHECK(canonical(Type::NAPTR, "1 1 \"S\" \"X\" \"\" A.") == "1 1 \"S\" \"X\" \"\" a.");
    CHECK(canonical(Type::RRSIG, "A 5 3 1 20030322173103 20030220173103 2642 A. QUFB") ==
          "A 5 3 1 20030322173103 20030220173103 2642 a. QUFB");
    CHECK(canonical(Type::NSEC, "A. NS") == "A. NS");
    CHECK(canonical(Type::SVCB, "1 A.") == "1 A.");
    CHECK(canonical(Type::MSIGNER, "ON A.") == "ON A.");
    CHECK(canonical(Type::TXT, "ABC") == "\"ABC\"");
    // Octets that are no name stay as they are.
    Bytes target;
    append_canonical_rdata(Type::NS, hex("4142"), target);
    CHECK(target == hex("4142"));
}

TEST_CASE("RDATA has the order of its canonical form (RFC 4034 6.3)") {
    const auto order = [](Type type, const std::string& a, const std::string& b) {
        return compare_rdata(type, from_text(type, a).value(), from_text(type, b).value());
    };
    CHECK(order(Type::NS, "NS.example.", "ns.EXAMPLE.") == 0);
    CHECK(order(Type::NSEC, "A. NS", "a. NS") != 0);
    CHECK(order(Type::A, "10.0.0.1", "10.0.0.128") < 0);
    CHECK(order(Type::NS, "b.", "A.") > 0);
    CHECK(order(Type::MX, "1 b.", "2 A.") < 0);
    CHECK(order(Type::TXT, "a", "a b") < 0);
    CHECK(compare_rdata(Type::NS, {}, hex("00")) < 0);

    RandomMessages random(4034);
    std::size_t equal_pairs = 0;
    for (int i = 0; i < 100000; ++i) {
        const Record a = random.record(), b = random.record();
        Bytes x, y;
        append_canonical_rdata(a.type, a.rdata, x);
        append_canonical_rdata(a.type, b.rdata, y);  // of another type: anything may come
        const int by_rule = compare(x, y), ours = compare_rdata(a.type, a.rdata, b.rdata);
        if ((by_rule < 0) != (ours < 0) || (by_rule > 0) != (ours > 0)) {
            FAIL(to_text(a.type) << ' ' << to_hex(a.rdata) << ' ' << to_hex(b.rdata));
        }
        equal_pairs += ours == 0;
    }
    CHECK(equal_pairs > 50);
}

TEST_CASE("SOA serials are read and replaced in place") {
    const Bytes soa = from_text(Type::SOA, "ns. mb. 4294967295 2 3 4 5").value();
    CHECK(soa_serial(soa) == 4294967295);
    CHECK(rdata_to_text(Type::SOA, with_soa_serial(soa, 16909060)) == "ns. mb. 16909060 2 3 4 5");
}

TEST_CASE("Typed views and typed writing are each other's inverse") {
    const Bytes dnskey = from_text(Type::DNSKEY, "257 3 13 AQID").value();
    const auto key = rdata::view_as<rdata::Dnskey>(dnskey);
    REQUIRE(key.has_value());
    CHECK(key->flags == (rdata::Dnskey::zone_key | rdata::Dnskey::secure_entry_point));
    CHECK(key->algorithm == 13);
    CHECK(to_bytes(key->key) == Bytes{1, 2, 3});
    CHECK(rdata::to_rdata(*key) == dnskey);

    const Bytes rrsig =
        from_text(Type::RRSIG, "NS 13 2 60 20300101000000 20290101000000 7 a.example. AQID")
            .value();
    CHECK(rdata::to_rdata(rdata::view_as<rdata::Rrsig>(rrsig).value()) == rrsig);

    const Bytes types = rdata::type_bitmap({Type::AAAA, Type::NS, Type::A, Type::A});
    const Bytes csync = rdata::to_rdata(rdata::Csync{0, rdata::Csync::immediate, types});
    CHECK(rdata_to_text(Type::CSYNC, csync) == "0 1 A NS AAAA");
    CHECK(rdata::types_in_bitmap(types) == std::vector<Type>{Type::A, Type::NS, Type::AAAA});

    const Name identity = name("msa.example.");
    const Bytes msigner = rdata::to_rdata(rdata::Msigner{rdata::Msigner::on, identity});
    CHECK(rdata_to_text(Type::MSIGNER, msigner) == "ON msa.example.");
    const auto broken = rdata::view_as<rdata::Msigner>(hex("01"));
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().message() == "identity: cut short, too long or compressed");
}

TEST_CASE("RDATA comes back from its text: 50,000 random records") {
    RandomMessages random(3597);
    for (int i = 0; i < 50000; ++i) {
        const Record record = random.record();
        const auto again = record_from_text(to_text(record.view()));
        if (!again || again->rdata != record.rdata || !is_identical(again->owner, record.owner) ||
            again->ttl != record.ttl) {
            FAIL(to_text(record.view()));
        }
    }
}
