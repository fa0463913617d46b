#include "common/zone/xfr_packer.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

std::shared_ptr<const ZoneSnapshot> shared(const std::vector<Record>& records) {
    static ChunkIds ids;
    return std::make_shared<const ZoneSnapshot>(built(records, ids));
}

dns::Message parsed(const Bytes& octets) {
    const dns::ParseOutcome outcome = dns::parse_message(octets, {100000});
    INFO(outcome.failure.reason);
    REQUIRE(outcome.message.has_value());
    return *outcome.message;
}

TEST_CASE("RFC 5936 2.2: header, question and sections of every message", "[xfr]") {
    std::vector<Record> records = {soa(5), refer("zone.example.", Type::NS, "ns.zone.example.")};
    for (int i = 0; i < 5000; ++i) {
        records.push_back(a("h" + std::to_string(i) + ".zone.example.", 1));
    }
    TransferQuery wanted = query(Type::AXFR, 0x1234);
    wanted.question.name = name("ZONE.example.");  // case of the question is kept
    wanted.recursion_desired = true;
    wanted.has_edns = true;
    const std::vector<Bytes> messages = packed(AxfrPacker(shared(records), wanted));
    REQUIRE(messages.size() > 4);
    std::size_t answers = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const dns::Message message = parsed(messages[i]);
        CHECK(message.header.id == 0x1234);
        CHECK(message.header.is_response);
        CHECK(message.header.is_authoritative);
        CHECK_FALSE(message.header.is_truncated);
        CHECK(message.header.recursion_desired);
        CHECK_FALSE(message.header.recursion_available);
        CHECK(message.header.opcode == 0);
        CHECK(message.rcode() == dns::Rcode::NOERROR);
        CHECK(message.questions.size() == (i == 0 ? 1U : 0U));
        CHECK(message.edns.has_value() == (i == 0));
        CHECK(message.authority.empty());
        CHECK(message.additional.empty());
        CHECK_FALSE(message.answers.empty());
        answers += message.answers.size();
        if (i == 0) {
            CHECK(is_identical(message.questions[0].name, wanted.question.name));
            CHECK(message.questions[0].type == Type::AXFR);
            CHECK(message.answers[0].type == Type::SOA);
        }
        if (i + 1 == messages.size()) {
            REQUIRE(message.answers.size() == 1);
            CHECK(message.answers[0].type == Type::SOA);
        }
    }
    CHECK(answers == records.size() + 1);
}

TEST_CASE("A head larger than a message is sent in several", "[xfr]") {
    std::vector<Record> records = {soa(5)};
    for (unsigned i = 0; i < 99; ++i) {
        Bytes key(1200, 0);
        key[0] = 1;
        key[2] = 3;
        key[3] = 15;
        key[5] = static_cast<Byte>(i);
        records.push_back(record("zone.example.", Type::DNSKEY, key));
    }
    const std::size_t room = record_most_octets - apex().wire().size() - 10;
    Bytes largest(room, 1);
    largest[2] = 3;
    records.push_back(record("zone.example.", Type::DNSKEY, largest));
    TransferQuery wanted = query(Type::AXFR);
    wanted.has_edns = true;
    wanted.reserved = 500;
    std::size_t answers = 0;
    for (const Bytes& message : packed(AxfrPacker(shared(records), wanted))) {
        CHECK(message.size() + wanted.reserved <= dns::max_message_octets);
        answers += parsed(message).answers.size();
    }
    CHECK(answers == records.size() + 1);
}

TEST_CASE("The largest record fits into any transfer with everything around it", "[xfr]") {
    const std::string label(63, 'x');
    const std::string longest =
        label + '.' + label + '.' + label + '.' + std::string(48, 'y') + ".zone.example.";
    const std::size_t room = record_most_octets - name(longest).wire().size() - 10;
    const Record largest = record(longest, Type(65280), Bytes(room, 1));
    TransferQuery wanted = query(Type::IXFR);
    wanted.has_edns = true;
    wanted.reserved = 600;
    for (const Bytes& message : packed(AxfrPacker(shared({soa(5), largest}), wanted))) {
        CHECK(message.size() + wanted.reserved <= dns::max_message_octets);
        parsed(message);
    }
    ZoneDelta delta{soa(4), soa(5), {}, {}};
    delta.removed.add(largest.view());
    delta.added.add(largest.view());
    for (const Bytes& message : packed(IxfrPacker(delta, wanted))) {
        CHECK(message.size() + wanted.reserved <= dns::max_message_octets);
        parsed(message);
    }
}

TEST_CASE("RFC 5936 2.2: the smallest zone is its SOA twice", "[xfr]") {
    const std::vector<Bytes> messages = packed(AxfrPacker(shared({soa(5)}), query(Type::AXFR)));
    std::vector<Record> all;
    for (const Bytes& message : messages) {
        for (const Record& one : parsed(message).answers) all.push_back(one);
    }
    REQUIRE(all.size() == 2);
    CHECK(is_identical(all[0].view(), all[1].view()));
}

TEST_CASE("RFC 1995 4: a delta goes as SOA pairs, deletions first", "[xfr]") {
    ZoneDelta delta{soa(4), soa(5), {}, {}};
    delta.removed.add(a("r.zone.example.", 1).view());
    delta.added.add(a("a.zone.example.", 1).view());
    const std::vector<Bytes> messages = packed(IxfrPacker(delta, query(Type::IXFR)));
    REQUIRE(messages.size() == 1);
    const std::vector<Record> answers = parsed(messages[0]).answers;
    REQUIRE(answers.size() == 6);
    const std::vector<Record> expected = {
        soa(5), soa(4), a("r.zone.example.", 1), soa(5), a("a.zone.example.", 1), soa(5)};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(is_identical(answers[i].view(), expected[i].view()));
    }
}

TEST_CASE("RFC 1995 2, 4: a single SOA says all", "[xfr]") {
    ChunkIds ids;
    const ZoneSnapshot zone = built({soa(5), a("h.zone.example.", 1)}, ids);
    const TransferMessage message = pack_single_soa(zone, query(Type::IXFR));
    CHECK(message.body.empty());
    const dns::Message parts = parsed(joined(message));
    REQUIRE(parts.answers.size() == 1);
    CHECK(is_identical(parts.answers[0].view(), soa(5).view()));
    CHECK(parts.questions.size() == 1);
}

TEST_CASE("Two readers of one zone do not disturb each other", "[xfr]") {
    std::vector<Record> records = {soa(5)};
    for (int i = 0; i < 5000; ++i) {
        records.push_back(a("h" + std::to_string(i) + ".zone.example.", 1));
    }
    const auto zone = shared(records);
    const std::vector<Bytes> alone = packed(AxfrPacker(zone, query(Type::AXFR)));
    AxfrPacker first(zone, query(Type::AXFR)), second(zone, query(Type::AXFR, 8));
    TransferMessage message, other;
    for (const Bytes& expected : alone) {
        REQUIRE(first.next(message));
        REQUIRE(second.next(other));
        CHECK(joined(message) == expected);
        CHECK(other.head[1] == 8);
        CHECK(equal(other.body, message.body));
        CHECK(other.body.data() == message.body.data());  // shared, not copied
    }
    CHECK_FALSE(first.next(message));
    CHECK_FALSE(first.next(message));
    CHECK_FALSE(second.next(other));
}

}  // namespace
}  // namespace chorale::zone::test
