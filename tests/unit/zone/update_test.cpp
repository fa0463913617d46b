// RFC 2136, section by section.
#include "tests/unit/zone/update_support.hpp"

#include "tests/support/catch.hpp"

namespace chorale::zone {
namespace {

using namespace test;
using dns::Rcode;

const std::vector<std::string> content = {
    "@ 3600 IN SOA ns1 hostmaster 10 7200 3600 1209600 300",
    "@ 3600 IN NS ns1",
    "@ 3600 IN NS ns2.example.net.",
    "@ 600 IN DNSKEY 257 3 13 AAAA",
    "@ 600 IN TYPE65280 \\# 2 0102",
    "ns1 60 IN A 192.0.2.1",
    "ns1 60 IN A 192.0.2.2",
    "ns1 60 IN AAAA 2001:db8::1",
    "alias 60 IN CNAME ns1",
    "tree 60 IN DNAME example.net.",
    "cut 60 IN NS ns.cut",
    "a.empty.nonterminal 60 IN TXT one two",
    "services 60 IN WKS \\# 6 c000020106ff",
};

std::string rcode_of(const UpdateRefusal& refusal) { return to_text(refusal.rcode); }

TEST_CASE("Zone section: one SOA question (RFC 2136 3.1.1), of a class we have (3.1.2)") {
    struct Row {
        std::vector<dns::Question> questions;
        std::string rcode;
    };
    const dns::Question soa{name("@"), dns::Type::SOA, dns::Class::IN};
    const dns::Question other_type{name("@"), dns::Type::NS, dns::Class::IN};
    const dns::Question any_type{name("@"), dns::Type::ANY, dns::Class::IN};
    const dns::Question chaos{name("@"), dns::Type::SOA, dns::Class::CH};
    const dns::Question none{name("@"), dns::Type::SOA, dns::Class::NONE};
    const Row rows[] = {
        {{soa}, "NOERROR"},        {{}, "FORMERR"},         {{soa, soa}, "FORMERR"},
        {{other_type}, "FORMERR"}, {{any_type}, "FORMERR"}, {{chaos}, "NOTAUTH"},
        {{none}, "NOTAUTH"},
    };
    for (const Row& row : rows) {
        dns::Message message;
        message.questions = row.questions;
        const UpdateRefusal refusal = check_zone_section(message);
        CHECK(rcode_of(refusal) == row.rcode);
        CHECK(refusal.reason.empty() == !refusal.is_refusal());
    }
}

TEST_CASE("Prerequisites, one by one (RFC 2136 3.2.1 to 3.2.5)") {
    struct Row {
        const char* section;
        std::vector<std::string> prerequisites;
        std::string rcode;
    };
    const Row rows[] = {
        {"none at all", {}, "NOERROR"},
        {"TTL", {"ns1 1 ANY A"}, "FORMERR"},
        {"TTL", {"ns1 1 NONE MX"}, "FORMERR"},
        {"TTL", {"ns1 60 IN A 192.0.2.1", "ns1 0 IN A 192.0.2.2"}, "FORMERR"},
        {"TTL before zone", {"www.example.net. 1 ANY A"}, "FORMERR"},
        {"out of zone", {"www.example.net. 0 ANY A"}, "NOTZONE"},
        {"out of zone", {"example. 0 NONE ANY"}, "NOTZONE"},
        {"out of zone", {"notzone.example. 0 IN A 192.0.2.1"}, "NOTZONE"},
        {"zone in other case", {"NS1.ZONE.Example. 0 ANY A"}, "NOERROR"},
        {"RDATA with class ANY", {"ns1 0 ANY A 192.0.2.1"}, "FORMERR"},
        {"RDATA with class NONE", {"ns1 0 NONE A 192.0.2.9"}, "FORMERR"},
        {"another class", {"ns1 0 CH A 192.0.2.1"}, "FORMERR"},
        {"another class, empty", {"ns1 0 CH A"}, "FORMERR"},
        {"malformed RDATA", {"ns1 0 IN A"}, "FORMERR"},
        {"2.4.1 RRset exists", {"ns1 0 ANY A"}, "NOERROR"},
        {"2.4.1 RRset exists, unknown type", {"@ 0 ANY TYPE65280"}, "NOERROR"},
        {"2.4.1 no such type", {"ns1 0 ANY MX"}, "NXRRSET"},
        {"2.4.1 no such name", {"www 0 ANY A"}, "NXRRSET"},
        {"2.4.1 metatype", {"ns1 0 ANY AXFR"}, "NXRRSET"},
        {"2.4.1 a CNAME is not followed", {"alias 0 ANY A"}, "NXRRSET"},
        {"2.4.2 same set", {"ns1 0 IN A 192.0.2.1", "ns1 0 IN A 192.0.2.2"}, "NOERROR"},
        {"2.4.2 any order, name in any case",
         {"NS1 0 IN A 192.0.2.2", "ns1 0 IN A 192.0.2.1"},
         "NOERROR"},
        {"2.4.2 said twice",
         {"ns1 0 IN A 192.0.2.2", "ns1 0 IN A 192.0.2.1", "ns1 0 IN A 192.0.2.2"},
         "NOERROR"},
        {"2.4.2 names in RDATA without case",
         {"@ 0 IN NS NS2.example.NET.", "@ 0 IN NS nS1"},
         "NOERROR"},
        {"2.4.2 subset", {"ns1 0 IN A 192.0.2.1"}, "NXRRSET"},
        {"2.4.2 superset",
         {"ns1 0 IN A 192.0.2.1", "ns1 0 IN A 192.0.2.2", "ns1 0 IN A 192.0.2.3"},
         "NXRRSET"},
        {"2.4.2 another value", {"ns1 0 IN A 192.0.2.1", "ns1 0 IN A 192.0.2.3"}, "NXRRSET"},
        {"2.4.2 no RRset", {"www 0 IN A 192.0.2.1"}, "NXRRSET"},
        {"2.4.2 two RRsets",
         {"ns1 0 IN A 192.0.2.1", "ns1 0 IN AAAA 2001:db8::1", "ns1 0 IN A 192.0.2.2"},
         "NOERROR"},
        {"2.4.2 opaque type", {"@ 0 IN TYPE65280 \\# 2 0102"}, "NOERROR"},
        {"2.4.2 opaque type, with case", {"@ 0 IN TYPE65280 \\# 2 0142"}, "NXRRSET"},
        {"2.4.3 RRset does not exist", {"ns1 0 NONE MX"}, "NOERROR"},
        {"2.4.3 name does not exist", {"www 0 NONE A"}, "NOERROR"},
        {"2.4.3 RRset exists", {"ns1 0 NONE A"}, "YXRRSET"},
        {"2.4.4 name is in use", {"ns1 0 ANY ANY"}, "NOERROR"},
        {"2.4.4 name is not", {"www 0 ANY ANY"}, "NXDOMAIN"},
        {"2.4.4 an empty non-terminal is not in use", {"empty.nonterminal 0 ANY ANY"}, "NXDOMAIN"},
        {"2.4.5 name is not in use", {"www 0 NONE ANY"}, "NOERROR"},
        {"2.4.5 empty non-terminal", {"empty.nonterminal 0 NONE ANY"}, "NOERROR"},
        {"2.4.5 name is in use", {"ns1 0 NONE ANY"}, "YXDOMAIN"},
        {"the first fault counts", {"ns1 0 ANY A", "www 0 ANY ANY", "ns1 0 NONE A"}, "NXDOMAIN"},
        {"value-dependent ones come last", {"ns1 0 IN A 192.0.2.9", "ns1 0 NONE A"}, "YXRRSET"},
        {"a later format error beats them", {"ns1 0 IN A 192.0.2.9", "ns1 7 ANY A"}, "FORMERR"},
    };
    const ZoneInMemory zone(records(content));
    for (const Row& row : rows) {
        INFO(row.section);
        const UpdateRefusal refusal =
            check_prerequisites(update_message(row.prerequisites, {}), zone);
        CHECK(rcode_of(refusal) == row.rcode);
        CHECK(refusal.reason.empty() == !refusal.is_refusal());
    }
}

TEST_CASE("Pre-scan of all updates before any change (RFC 2136 3.4.1.3)") {
    struct Row {
        const char* what;
        std::vector<std::string> updates;
        std::string rcode;
    };
    const Row rows[] = {
        {"nothing", {}, "NOERROR"},
        {"add, delete RRset, delete name, delete RR",
         {"www 60 IN A 192.0.2.1", "www 0 ANY A", "www 0 ANY ANY", "www 0 NONE A 192.0.2.1"},
         "NOERROR"},
        {"apex, other case", {"ZONE.EXAMPLE. 0 ANY ANY"}, "NOERROR"},
        {"out of zone: parent", {"example. 60 IN A 192.0.2.1"}, "NOTZONE"},
        {"out of zone: ends alike", {"myzone.example. 60 IN A 192.0.2.1"}, "NOTZONE"},
        {"out of zone: the last of many",
         {"www 60 IN A 192.0.2.1", "www.example.net. 60 IN A 192.0.2.1"},
         "NOTZONE"},
        {"out of zone before class", {"www.example.net. 60 CH A 192.0.2.1"}, "NOTZONE"},
        {"another class", {"www 60 CH A 192.0.2.1"}, "FORMERR"},
        {"class ANY with TTL", {"www 1 ANY A"}, "FORMERR"},
        {"class ANY with RDATA", {"www 0 ANY A 192.0.2.1"}, "FORMERR"},
        {"class NONE with TTL", {"www 1 NONE A 192.0.2.1"}, "FORMERR"},
        {"class NONE without RDATA", {"www 0 NONE A"}, "FORMERR"},
        {"class NONE, empty RDATA of an unknown type", {"www 0 NONE TYPE65280"}, "NOERROR"},
        {"class IN without RDATA", {"www 60 IN A"}, "FORMERR"},
        {"class IN, DNSKEY without key", {"www 60 IN DNSKEY \\# 4 01010308"}, "FORMERR"},
        {"class IN, type ANY", {"www 60 IN ANY"}, "FORMERR"},
        {"class NONE, type ANY", {"www 0 NONE ANY"}, "FORMERR"},
        {"RRSIG added",
         {"www 60 IN RRSIG A 13 2 60 20300101000000 20200101000000 1 @ AAAA"},
         "REFUSED"},
        {"RRSIG deleted", {"www 0 ANY RRSIG"}, "REFUSED"},
        {"NSEC added", {"www 60 IN NSEC @ A"}, "REFUSED"},
        {"NSEC deleted", {"www 0 ANY NSEC"}, "REFUSED"},
        {"NSEC3 deleted", {"www 0 ANY NSEC3"}, "REFUSED"},
        {"NXT deleted", {"www 0 ANY NXT"}, "REFUSED"},
        {"NSEC3PARAM is up to policy", {"@ 0 ANY NSEC3PARAM"}, "NOERROR"},
        {"KEY, unknown type, MSIGNER",
         {"www 60 IN KEY 512 3 13 AAAA", "www 60 IN TYPE65280 \\# 0", "@ 60 IN MSIGNER ON a."},
         "NOERROR"},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const UpdateRefusal refusal = prescan(update_message({}, row.updates), name("@"));
        CHECK(rcode_of(refusal) == row.rcode);
        CHECK(refusal.reason.empty() == !refusal.is_refusal());
    }
}

TEST_CASE("Metatypes are FORMERR in every class, but for ANY ANY (RFC 2136 3.4.1.3)") {
    for (unsigned code = 0; code <= 260; ++code) {
        const auto type = dns::Type(code);
        INFO("type " << code);
        const bool is_meta = code == 0 || code == 41 || (code >= 128 && code <= 255);
        for (const dns::Class klass : {dns::Class::IN, dns::Class::NONE, dns::Class::ANY}) {
            dns::Message message = update_message({}, {});
            message.authority.push_back({name("www"), type, klass, 0, {}});
            const bool is_whole_name = klass == dns::Class::ANY && type == dns::Type::ANY;
            const UpdateRefusal refusal = prescan(message, name("@"));
            if (is_meta && !is_whole_name) {
                CHECK(rcode_of(refusal) == "FORMERR");
                CHECK(refusal.reason.find("a type that is no data") != std::string::npos);
            } else if (klass == dns::Class::ANY) {
                CHECK(refusal.reason.find("a type that is no data") == std::string::npos);
                CHECK(rcode_of(refusal) != "FORMERR");
            }
        }
    }
}

TEST_CASE("A refusal says which record and why") {
    const UpdateRefusal refusal = prescan(update_message({}, {"WWW 1 ANY A"}), name("@"));
    CHECK(refusal.reason == "update WWW.zone.example. ANY A: TTL is not 0");
    const ZoneInMemory zone(records(content));
    CHECK(check_prerequisites(update_message({"www 0 ANY ANY"}, {}), zone).reason ==
          "prerequisite www.zone.example. ANY ANY: the name is not in use");
}

// An UPDATE and what it leaves: RRsets as lines, "-" in front of a removed one.
std::vector<std::string> effect_of(const std::vector<std::string>& updates) {
    const ZoneInMemory zone(records(content));
    const dns::Message message = update_message({}, updates);
    REQUIRE(rcode_of(prescan(message, zone.apex())) == "NOERROR");
    std::vector<std::string> lines;
    for (const dns::RRset& rrset : apply_update(message, zone)) {
        if (rrset.empty()) {
            lines.push_back("-" + rrset.owner.to_text() + " " + to_text(rrset.type));
            CHECK(rrset.ttl == 0);
        }
        for (const Bytes& rdata : rrset.rdatas) {
            lines.push_back(dns::to_text(
                dns::RecordView{rrset.owner, rrset.type, dns::Class::IN, rrset.ttl, rdata}));
        }
    }
    return lines;
}

std::vector<std::string> as_lines(const std::vector<std::string>& expected) {
    std::vector<std::string> lines;
    for (const std::string& line : expected) {
        if (line[0] != '-') {
            lines.push_back(dns::to_text(record(line).view()));
            continue;
        }
        const std::size_t space = line.find(' ');
        lines.push_back("-" + name(line.substr(1, space - 1)).to_text() + line.substr(space));
    }
    return lines;
}

TEST_CASE("What an UPDATE does, rule by rule (RFC 2136 3.4.2)") {
    const std::string one_a = "ns1 60 IN A 192.0.2.1", two_a = "ns1 60 IN A 192.0.2.2";
    struct Row {
        const char* rule;
        std::vector<std::string> updates;
        std::vector<std::string> effect;
    };
    const Row rows[] = {
        {"no updates", {}, {}},
        // 3.4.2.2 Add
        {"add to a new name", {"www 5 IN A 192.0.2.9"}, {"www 5 IN A 192.0.2.9"}},
        {"add to an RRset, whose TTL becomes the new one (RFC 2181 5.2)",
         {"ns1 99 IN A 192.0.2.0"},
         {"ns1 99 IN A 192.0.2.0", "ns1 99 IN A 192.0.2.1", "ns1 99 IN A 192.0.2.2"}},
        {"a duplicate with the same TTL changes nothing", {one_a}, {}},
        {"a duplicate replaces the TTL",
         {"ns1 61 IN A 192.0.2.1"},
         {"ns1 61 IN A 192.0.2.1", "ns1 61 IN A 192.0.2.2"}},
        {"the last TTL wins, even if it is the first one again",
         {"ns1 61 IN A 192.0.2.1", one_a},
         {}},
        {"owner in other case: the zone keeps its spelling",
         {"NS1 60 IN MX 1 NS1"},
         {"ns1 60 IN MX 1 NS1"}},
        {"RDATA in other case is the same record, newly written",
         {"@ 3600 IN NS NS1"},
         {"@ 3600 IN NS NS1", "@ 3600 IN NS ns2.example.net."}},
        {"unknown types are compared by octets",
         {"@ 600 IN TYPE65280 \\# 2 0102", "@ 600 IN TYPE65280 \\# 1 01"},
         {"@ 600 IN TYPE65280 \\# 1 01", "@ 600 IN TYPE65280 \\# 2 0102"}},
        {"glue below a cut is data like any other",
         {"ns.cut 60 IN A 192.0.2.9"},
         {"ns.cut 60 IN A 192.0.2.9"}},
        // 3.4.2.2 SOA
        {"SOA with a greater serial replaces",
         {"@ 1 IN SOA ns1 hostmaster 11 1 1 1 1"},
         {"@ 1 IN SOA ns1 hostmaster 11 1 1 1 1"}},
        {"SOA with a greater serial by RFC 1982",
         {"@ 1 IN SOA ns1 hostmaster 2147483657 1 1 1 1"},
         {"@ 1 IN SOA ns1 hostmaster 2147483657 1 1 1 1"}},
        {"SOA 2^31 apart is ignored", {"@ 1 IN SOA ns1 hostmaster 2147483658 1 1 1 1"}, {}},
        {"SOA with the same serial is ignored", {"@ 1 IN SOA ns1 hostmaster 10 1 1 1 1"}, {}},
        {"SOA with a lower serial is ignored", {"@ 1 IN SOA ns1 hostmaster 9 1 1 1 1"}, {}},
        {"SOA with a lower serial by RFC 1982 is ignored",
         {"@ 1 IN SOA ns1 hostmaster 4294967295 1 1 1 1"},
         {}},
        {"SOA where there is none is ignored", {"ns1 1 IN SOA ns1 hostmaster 11 1 1 1 1"}, {}},
        {"serials are compared with the one before in the message",
         {"@ 1 IN SOA ns1 hostmaster 12 1 1 1 1", "@ 1 IN SOA ns1 hostmaster 11 1 1 1 1"},
         {"@ 1 IN SOA ns1 hostmaster 12 1 1 1 1"}},
        // 3.4.2.2 CNAME
        {"CNAME beside data is ignored", {"ns1 60 IN CNAME www"}, {}},
        {"data beside a CNAME is ignored", {"alias 60 IN A 192.0.2.9"}, {}},
        {"CNAME replaces a CNAME", {"alias 7 IN CNAME www"}, {"alias 7 IN CNAME www"}},
        {"CNAME at a new name", {"www 7 IN CNAME ns1"}, {"www 7 IN CNAME ns1"}},
        {"CNAME after the data was deleted, in order",
         {"ns1 0 ANY ANY", "ns1 7 IN CNAME www"},
         {"-ns1 A", "ns1 7 IN CNAME www", "-ns1 AAAA"}},
        {"CNAME before the data was deleted is ignored",
         {"ns1 7 IN CNAME www", "ns1 0 ANY ANY"},
         {"-ns1 A", "-ns1 AAAA"}},
        {"data after the CNAME was deleted",
         {"alias 0 ANY CNAME", "alias 7 IN A 192.0.2.9"},
         {"alias 7 IN A 192.0.2.9", "-alias CNAME"}},
        {"KEY may stand beside a CNAME (RFC 2181 10.1)",
         {"alias 7 IN KEY 512 3 13 AAAA"},
         {"alias 7 IN KEY 512 3 13 AAAA"}},
        // RFC 6672 5.2
        {"DNAME replaces a DNAME",
         {"tree 7 IN DNAME example.org."},
         {"tree 7 IN DNAME example.org."}},
        {"DNAME beside a CNAME is ignored", {"alias 7 IN DNAME example.org."}, {}},
        {"CNAME beside a DNAME is ignored", {"tree 7 IN CNAME ns1"}, {}},
        // WKS
        {"WKS of the same address and protocol replaces",
         {"services 60 IN WKS \\# 7 c000020106aabb"},
         {"services 60 IN WKS \\# 7 c000020106aabb"}},
        {"WKS of another protocol is added",
         {"services 60 IN WKS \\# 6 c000020111ff"},
         {"services 60 IN WKS \\# 6 c000020106ff", "services 60 IN WKS \\# 6 c000020111ff"}},
        // 3.4.2.3 Delete an RRset, or a name
        {"delete an RRset", {"ns1 0 ANY A"}, {"-ns1 A"}},
        {"delete an RRset that is absent", {"ns1 0 ANY MX", "www 0 ANY A"}, {}},
        {"delete a name", {"NS1 0 ANY ANY"}, {"-ns1 A", "-ns1 AAAA"}},
        {"delete a name that is absent", {"www 0 ANY ANY"}, {}},
        {"names below stay", {"empty.nonterminal 0 ANY ANY", "nonterminal 0 ANY ANY"}, {}},
        {"apex: SOA stays", {"@ 0 ANY SOA"}, {}},
        {"apex: NS stays", {"@ 0 ANY NS"}, {}},
        {"apex: all but SOA and NS go", {"@ 0 ANY ANY"}, {"-@ DNSKEY", "-@ TYPE65280"}},
        {"NS elsewhere goes", {"cut 0 ANY NS"}, {"-cut NS"}},
        // 3.4.2.4 Delete an RR
        {"delete one of two", {"ns1 0 NONE A 192.0.2.1"}, {two_a}},
        {"delete both", {"ns1 0 NONE A 192.0.2.1", "ns1 0 NONE A 192.0.2.2"}, {"-ns1 A"}},
        {"delete what is absent", {"ns1 0 NONE A 192.0.2.3", "www 0 NONE A 192.0.2.3"}, {}},
        {"names in RDATA without case", {"@ 0 NONE NS NS2.EXAMPLE.NET."}, {"@ 3600 IN NS ns1"}},
        {"apex: SOA stays", {"@ 0 NONE SOA ns1 hostmaster 10 7200 3600 1209600 300"}, {}},
        {"apex: the last NS stays",
         {"@ 0 NONE NS ns1", "@ 0 NONE NS ns2.example.net."},
         {"@ 3600 IN NS ns2.example.net."}},
        {"apex: replace the NS RRset: first add, then delete one by one",
         {"@ 60 IN NS new.example.net.", "@ 0 NONE NS ns1", "@ 0 NONE NS ns2.example.net."},
         {"@ 60 IN NS new.example.net."}},
        {"apex: delete first, then add: the last one is still there",
         {"@ 0 NONE NS ns1", "@ 0 NONE NS ns2.example.net.", "@ 60 IN NS new.example.net."},
         {"@ 60 IN NS new.example.net.", "@ 60 IN NS ns2.example.net."}},
        {"the last NS elsewhere goes", {"cut 0 NONE NS ns.cut"}, {"-cut NS"}},
        // In order
        {"delete and add again: nothing differs", {"ns1 0 ANY A", two_a, one_a}, {}},
        {"add and delete again: nothing differs", {"www 60 IN A 192.0.2.9", "www 0 ANY A"}, {}},
        {"replace an RRset, new TTL",
         {"@ 0 ANY DNSKEY", "@ 30 IN DNSKEY 257 3 13 BBBB"},
         {"@ 30 IN DNSKEY 257 3 13 BBBB"}},
        {"add what is deleted before", {"ns1 0 NONE A 192.0.2.1", one_a}, {}},
    };
    for (const Row& row : rows) {
        INFO(row.rule);
        std::vector<std::string> effect = effect_of(row.updates);
        std::vector<std::string> expected = as_lines(row.effect);
        CHECK(effect == expected);
    }
}

TEST_CASE("RDATA of a changed RRset is in canonical order without duplicates (RFC 4034 6.3)") {
    std::vector<std::string> updates;
    for (int i = 255; i >= 0; --i) {
        updates.push_back("ns1 60 IN A 192.0.2." + std::to_string(i * 7 % 256));
        updates.push_back("ns1 60 IN A 192.0.2." + std::to_string(i * 11 % 256));
    }
    const ZoneInMemory zone(records(content));
    const auto changed = apply_update(update_message({}, updates), zone);
    REQUIRE(changed.size() == 1);
    REQUIRE(changed[0].rdatas.size() == 256);
    for (std::size_t i = 0; i < 256; ++i) CHECK(changed[0].rdatas[i][3] == i);
}

}  // namespace
}  // namespace chorale::zone
