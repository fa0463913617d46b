// Code points, bounds of facts, and what the vectors do not reach.
#include "proto/peer_message.hpp"

#include "proto/edns_codec.hpp"
#include "proto/json_codec.hpp"
#include "tests/unit/proto/vectors.hpp"

namespace chorale::proto::test {

TEST_CASE("code points can be set, but not to nonsense (README 1)") {
    CHECK(check(CodePoints()).has_value());
    const auto fault_of = [](auto change) {
        CodePoints changed;
        change(changed);
        return !check(changed).has_value();
    };
    CHECK(fault_of([](CodePoints& c) { c.hello = 0; }));
    CHECK(fault_of([](CodePoints& c) { c.elect = c.state; }));
    CHECK(fault_of([](CodePoints& c) { c.option = 0; }));
    CHECK(fault_of([](CodePoints& c) { c.option = 65535; }));
    CHECK(fault_of([](CodePoints& c) { c.option = 10; }));
    CHECK(fault_of([](CodePoints& c) { c.dns_label = ""; }));
    CHECK(fault_of([](CodePoints& c) { c.api_label = "a..b"; }));
    CHECK_FALSE(fault_of([](CodePoints& c) { c.option = 65001; }));
}

TEST_CASE("other code points are other numbers on the wire") {
    CodePoints other;
    other.option = 65011;
    other.hello = 200;
    PeerMessage message;
    message.zone = name_of("zone.example.");
    const dns::Message notify = make_notify(message, other);
    CHECK(encode_option(message, other) == Bytes{200, 1, 1});
    CHECK(decode_message(notify, other).has_value());
    CHECK(verdict_of(decode_message(notify, CodePoints())) == "FORMERR");
    CHECK(verdict_of(decode_option(Bytes{1, 1, 1}, Purpose::request, other)) == "NOTIMP");
}

TEST_CASE("numbers and texts lead to one enumerator and back") {
    for (int number = 0; number < 256; ++number) {
        const auto octet = static_cast<std::uint8_t>(number);
        if (const auto kind = from_number<ProcessKind>(octet)) {
            CHECK(from_text<ProcessKind>(to_text(*kind)) == kind);
        }
        if (const auto rung = from_number<Rung>(octet)) {
            CHECK(from_text<Rung>(to_text(*rung)) == rung);
        }
        if (const auto status = from_number<RungStatus>(octet)) {
            CHECK(from_text<RungStatus>(to_text(*status)) == status);
        }
        CHECK(from_number<ProcessKind>(octet).has_value() == (number >= 1 && number <= 8));
        CHECK(from_number<Rung>(octet).has_value() == (number <= 6));
        CHECK(from_number<RungStatus>(octet).has_value() == (number >= 1 && number <= 5));
    }
    CHECK_FALSE(from_text<Rung>("").has_value());
    CHECK_FALSE(from_text<Rung>("KEY").has_value());
}

TEST_CASE("capabilities keep the baseline whatever happens (README 2.2)") {
    CHECK(Transports().has(Transport::dns));
    CHECK_FALSE(Transports().has(Transport::api));
    CHECK(Transports(0xfe).octet() == 0x03);
    const Synchronizations both = Synchronizations().with(Synchronization::peer);
    CHECK(both.octet() == 0x03);
    CHECK(both.common(Synchronizations()).octet() == 0x01);
    CHECK(both.common(both).has(Synchronization::peer));
}

TEST_CASE("a reason is made printable and short enough (README 2.4)") {
    struct Case {
        std::string from, to;
    };
    const std::string long_text(300, 'x');
    for (const Case& one : std::initializer_list<Case>{
             {"", ""},
             {"waits for the parent", "waits for the parent"},
             {"line\nline\x1b[31m", "line?line?[31m"},
             {"\xff\xc3\xa4\xc2\x85", "?\xc3\xa4?"},
             {std::string("\0", 1), "?"},
             {long_text, std::string(255, 'x')},
             {std::string(254, 'x') + "\xc3\xa4", std::string(254, 'x')},
             {std::string(253, 'x') + "\xc3\xa4", std::string(253, 'x') + "\xc3\xa4"}}) {
        PeerMessage message;
        message.reason = to_reason(one.from);
        CHECK(*message.reason == one.to);
        CHECK(check(message, Purpose::answer).has_value());
    }
}

TEST_CASE("a body above 1 MiB is a limit, not a malformation (README 7.3)") {
    const std::string text = "{\"x\":\"" + std::string(most_json_octets, 'x') + "\"}";
    CHECK(decode_json(text, Operation::hello, Purpose::request).error().kind() == ErrorKind::limit);
    CHECK(decode_contribution(text).error().kind() == ErrorKind::limit);
    CHECK(decode_instruction(text).error().kind() == ErrorKind::limit);
}

TEST_CASE("the name of a contribution leads back to its zone, or is too long (README 5.2)") {
    const dns::Name identity = name_of("MSA.example.");
    for (const char* text : {".", "example.", "a.b.zone.example."}) {
        const auto name = contribution_name(name_of(text), identity);
        REQUIRE(name.has_value());
        CHECK(zone_of_contribution(*name, name_of("msa.Example.")) == name_of(text));
    }
    CHECK(contribution_name(name_of("zone.example."), identity)->to_text() ==
          "zone.example.MSA.example.");
    CHECK_FALSE(zone_of_contribution(name_of("zone.example."), identity).has_value());
    CHECK_FALSE(zone_of_contribution(name_of("xmsa.example."), identity).has_value());
    const std::string label(63, 'x');
    const dns::Name long_zone = name_of(label + "." + label + "." + label + "." +
                                        std::string(48, 'y') + ".");  // 242 octets
    CHECK(contribution_name(long_zone, identity)->wire().size() == 254);
    CHECK(contribution_name(long_zone, name_of("msa2.example.")).has_value());
    CHECK(contribution_name(long_zone, name_of("msa23.example.")).error().kind() ==
          ErrorKind::limit);
}

TEST_CASE("a contribution that is asked for is the one that is answered (README 5.2)") {
    const dns::Name zone = name_of("zone.example."), identity = name_of("msa.example.");
    const dns::Name name = contribution_name(zone, identity).value();
    dns::RRset rrset{zone, dns::Type::NS, 300, {}};
    for (const char* text : {"b.example.", "a.example."}) {
        rrset.rdatas.push_back(to_bytes(name_of(text).wire()));
    }
    const dns::Message query = make_contribution_query(name, dns::Type::NS);
    const auto parsed =
        dns::parse_message(dns::write_message(make_contribution_answer(query, rrset)));
    REQUIRE(parsed.message);
    const auto read = read_contribution_answer(*parsed.message, name, zone, dns::Type::NS);
    REQUIRE(read.has_value());
    CHECK(read->ttl == 300);
    CHECK(read->rdatas == std::vector<Bytes>{rrset.rdatas[1], rrset.rdatas[0]});
    CHECK_FALSE(read_contribution_answer(*parsed.message, name, zone, dns::Type::CDS).has_value());
}

}  // namespace chorale::proto::test
