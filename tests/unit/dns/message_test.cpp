#include "common/dns/message.hpp"

#include "common/dns/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/dns/random_messages.hpp"
#include "tests/unit/dns/same_message.hpp"

using namespace chorale;
using namespace chorale::dns;

namespace {

Name name(const std::string& text) { return Name::from_text(text).value(); }
Record record(const std::string& line) { return record_from_text(line).value(); }

Message query(const std::string& qname, Type type) {
    Message message;
    message.header.id = 0x1234;
    message.questions.push_back({name(qname), type, Class::IN});
    return message;
}

// A message put together by hand: records in the order given, counts as they are.
struct Raw {
    Bytes octets;

    explicit Raw(std::uint16_t questions, std::uint16_t answers, std::uint16_t authority,
                 std::uint16_t additional, Opcode opcode = Opcode::QUERY) {
        Header header;
        header.id = 7;
        header.opcode = std::uint8_t(opcode);
        header.question_count = questions;
        header.answer_count = answers;
        header.authority_count = authority;
        header.additional_count = additional;
        WireWriter writer(octets);
        header.write(writer);
    }
    Raw& question(const std::string& qname, Type type = Type::SOA) {
        WireWriter writer(octets);
        writer.name(name(qname));
        writer.u16(std::uint16_t(type));
        writer.u16(1);
        return *this;
    }
    Raw& add(const std::string& owner, Type type, std::uint16_t klass, std::uint32_t ttl,
             const Bytes& rdata) {
        WireWriter writer(octets);
        writer.name(name(owner));
        writer.u16(std::uint16_t(type));
        writer.u16(klass);
        writer.u32(ttl);
        writer.u16(static_cast<std::uint16_t>(rdata.size()));
        writer.octets(rdata);
        return *this;
    }
    Raw& opt(const Bytes& options = {}, const std::string& owner = ".", std::uint32_t ttl = 0,
             std::uint16_t udp = 1232) {
        return add(owner, Type::OPT, udp, ttl, options);
    }
    Raw& tsig(std::uint16_t klass = 255, std::uint32_t ttl = 0) {
        return add("key.", Type::TSIG, klass, ttl, Bytes(20));
    }
    // SIG with that type covered.
    Raw& sig(std::uint16_t covered) {
        Bytes rdata(18);
        rdata[0] = static_cast<Byte>(covered >> 8);
        rdata[1] = static_cast<Byte>(covered);
        append(rdata, name("msa.example.").wire());
        append(rdata, Bytes(64, 1));
        return add(".", Type::SIG, 255, 0, rdata);
    }
};

std::string parse_fault(const Raw& raw) {
    const ParseOutcome outcome = parse_message(raw.octets);
    CHECK(outcome.message.has_value() == outcome.failure.reason.empty());
    return outcome.failure.reason;
}

}  // namespace

TEST_CASE("Header: every flag has its place, Z, AD and CD are ignored (RFC 1035 4.1.1)") {
    const struct {
        Bytes flags;
        void (*check)(const Header&);
    } rows[] = {
        {{0x80, 0x00}, [](const Header& header) { CHECK(header.is_response); }},
        {{0x28, 0x00}, [](const Header& header) { CHECK(header.opcode == 5); }},
        {{0x04, 0x00}, [](const Header& header) { CHECK(header.is_authoritative); }},
        {{0x02, 0x00}, [](const Header& header) { CHECK(header.is_truncated); }},
        {{0x01, 0x00}, [](const Header& header) { CHECK(header.recursion_desired); }},
        {{0x00, 0x80}, [](const Header& header) { CHECK(header.recursion_available); }},
        {{0x00, 0x09}, [](const Header& header) { CHECK(header.rcode == 9); }},
    };
    for (const auto& row : rows) {
        Bytes octets{0xab, 0xcd};
        append(octets, row.flags);
        append(octets, Bytes{0, 1, 0, 2, 0, 3, 0, 4});
        octets[3] |= 0x70;
        WireReader reader(octets);
        const Header header = Header::read(reader);
        CHECK(header.id == 0xabcd);
        CHECK(header.question_count == 1);
        CHECK(header.answer_count == 2);
        CHECK(header.authority_count == 3);
        CHECK(header.additional_count == 4);
        row.check(header);
        Bytes written;
        WireWriter writer(written);
        header.write(writer);
        octets[3] &= 0x8f;  // Z is sent as zero
        CHECK(written == octets);
    }
}

TEST_CASE("Fewer than 12 octets and responses are never answered (RFC 8906)") {
    for (std::size_t octets = 0; octets < 12; ++octets) {
        CHECK_FALSE(parse_message(Bytes(octets)).failure.is_answerable);
    }
    Raw request(1, 0, 0, 0);
    CHECK(parse_message(request.octets).failure.is_answerable);
    request.octets[2] |= 0x80;
    const ParseOutcome outcome = parse_message(request.octets);
    CHECK_FALSE(outcome.message);
    CHECK_FALSE(outcome.failure.is_answerable);
}

TEST_CASE("A malformed request is answered with ID, opcode, question and OPT") {
    Raw raw(1, 0, 1, 1, Opcode::UPDATE);
    raw.question("Zone.Example.").add("a.", Type::A, 1, 0, Bytes(3)).opt();
    const ParseOutcome outcome = parse_message(raw.octets);
    REQUIRE_FALSE(outcome.message);
    REQUIRE(outcome.failure.is_answerable);
    CHECK(outcome.failure.has_edns);
    const Message answer = make_response(outcome.failure, Rcode::FORMERR);
    const auto parsed = parse_message(write_message(answer));
    REQUIRE(parsed.message);
    CHECK(parsed.message->header.id == 7);
    CHECK(parsed.message->header.is_response);
    CHECK(parsed.message->opcode() == Opcode::UPDATE);
    CHECK(parsed.message->rcode() == Rcode::FORMERR);
    CHECK(parsed.message->edns);
    REQUIRE(parsed.message->questions.size() == 1);
    CHECK(is_identical(parsed.message->questions[0].name, name("Zone.Example.")));
}

TEST_CASE("Sections that are cut or too long are malformed") {
    CHECK(parse_fault(Raw(1, 0, 0, 0)) == "malformed question");
    CHECK(parse_fault(Raw(2, 0, 0, 0).question("a.")) == "malformed question");
    CHECK(parse_fault(Raw(1, 1, 0, 0).question("a.")) ==
          "malformed record 1 of the answer section");
    CHECK(parse_fault(Raw(0, 0, 0xffff, 0xffff)) == "more than 5000 records");
    Raw trailing = Raw(1, 0, 0, 0).question("a.");
    trailing.octets.push_back(0);
    CHECK(parse_fault(trailing) == "octets after the last record");
    // Every shorter message is malformed, and no octet beyond it is read.
    const Bytes whole = Raw(1, 1, 1, 1)
                            .question("a.example.")
                            .add("b.", Type::MX, 1, 5, {0, 1, 1, 'c', 0})
                            .add("b.", Type::A, 1, 5, Bytes(4))
                            .opt({0, 10, 0, 1, 5})
                            .octets;
    REQUIRE(parse_message(whole).message);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + std::ptrdiff_t(size));
        CHECK_FALSE(parse_message(cut).message);
    }
}

TEST_CASE("The number of records is limited, and that of questions apart") {
    const auto parses = [](unsigned records, std::size_t limit) {
        Raw raw(1, static_cast<std::uint16_t>(records), 0, 0);
        raw.question("a.");
        for (unsigned i = 0; i < records; ++i) raw.add("a.", Type::A, 1, 0, Bytes(4));
        return parse_message(raw.octets, {limit}).message.has_value();
    };
    CHECK(parses(9, 10));
    CHECK(parses(10, 10));
    CHECK_FALSE(parses(11, 10));
    CHECK_FALSE(parses(0, 0));
}

TEST_CASE("TSIG is last, once, class ANY, TTL 0 (RFC 8945 5.1)") {
    const Raw good = Raw(1, 0, 0, 2).question("a.").opt().tsig();
    const auto outcome = parse_message(good.octets);
    REQUIRE(outcome.message);
    REQUIRE(outcome.message->tsig);
    CHECK(outcome.message->tsig->record.owner == name("key."));
    CHECK(outcome.message->tsig->offset == 12 + 7 + 11);
    CHECK(outcome.message->additional.empty());
    CHECK(outcome.message->edns);

    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 2).tsig().tsig()).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 2).tsig().opt()).empty());
    CHECK_FALSE(parse_fault(Raw(0, 1, 0, 0).tsig()).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 1, 0).tsig()).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 1).tsig(1)).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 1).tsig(255, 1)).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 1).tsig(255, 0x80000000)).empty());
}

TEST_CASE("SIG(0) is last and not beside TSIG (RFC 2931 3.1); other SIGs are records") {
    const auto good = parse_message(Raw(1, 0, 0, 1).question("a.").sig(0).octets);
    REQUIRE(good.message);
    REQUIRE(good.message->sig0);
    CHECK(good.message->sig0->offset == 12 + 7);
    CHECK(good.message->additional.empty());

    CHECK(parse_fault(Raw(0, 0, 0, 2).sig(0).tsig()) == "SIG(0) beside TSIG (RFC 2931 3.1)");
    const auto covering = parse_message(Raw(0, 0, 0, 1).sig(1).octets);
    REQUIRE(covering.message);
    CHECK_FALSE(covering.message->sig0);
    CHECK(covering.message->additional.size() == 1);
    const auto not_last = parse_message(Raw(0, 0, 0, 2).sig(0).opt().octets);
    REQUIRE(not_last.message);
    CHECK_FALSE(not_last.message->sig0);
    CHECK(not_last.message->additional.size() == 1);
    // Its RDATA is checked although its class is ANY.
    CHECK_FALSE(parse_fault(Raw(0, 0, 0, 1).add(".", Type::SIG, 255, 0, Bytes(10))).empty());
}

TEST_CASE("EDNS: what an OPT says (RFC 6891 6.1.3)") {
    const auto outcome = parse_message(
        Raw(0, 0, 0, 1).opt({0, 10, 0, 2, 0xaa, 0xbb, 0, 12, 0, 0}, ".", 0x17008000, 4096).octets);
    REQUIRE(outcome.message);
    const Edns& edns = outcome.message->edns.value();
    CHECK(edns.udp_octets == 4096);
    CHECK(edns.extended_rcode == 0x17);
    CHECK(edns.version == 0);
    CHECK(edns.dnssec_ok);
    REQUIRE(edns.options.size() == 2);
    CHECK(edns.find(option_cookie)->value == Bytes{0xaa, 0xbb});
    CHECK(edns.find(option_padding)->value.empty());
    CHECK(edns.find(option_keepalive) == nullptr);
    CHECK(outcome.message->rcode() == Rcode(0x170));
}

TEST_CASE("EDNS: sizes below 512 count as 512 (RFC 6891 6.2.3)") {
    for (const auto& [sent, read] : {std::pair<std::uint16_t, std::uint16_t>{0, 512},
                                     {511, 512},
                                     {512, 512},
                                     {513, 513},
                                     {65535, 65535}}) {
        const auto outcome = parse_message(Raw(0, 0, 0, 1).opt({}, ".", 0, sent).octets);
        REQUIRE(outcome.message);
        CHECK(outcome.message->edns->udp_octets == read);
    }
}

TEST_CASE("EDNS: what is FORMERR, always with an OPT in the answer (RFC 6891 6.1.1, 7)") {
    const Raw rows[] = {
        Raw(0, 0, 0, 2).opt().opt(),
        Raw(0, 0, 0, 1).opt({}, "a."),
        Raw(0, 0, 0, 1).opt({0, 10, 0, 3, 1, 2}),
        Raw(0, 0, 0, 1).opt({0, 10, 0}),
        Raw(0, 0, 0, 1).opt({0}),
        Raw(0, 0, 0, 2).tsig().opt(),
        Raw(0, 0, 0, 2).add("a.", Type::A, 1, 0, Bytes(5)).opt(),
    };
    for (const Raw& raw : rows) {
        const ParseOutcome outcome = parse_message(raw.octets);
        CHECK_FALSE(outcome.message);
        CHECK(outcome.failure.has_edns);
    }
    const ParseOutcome in_answer = parse_message(Raw(0, 1, 0, 0).opt().octets);
    CHECK_FALSE(in_answer.message);
    CHECK_FALSE(in_answer.failure.has_edns);
}

TEST_CASE("EDNS: a later version is parsed, so that BADVERS can be answered (RFC 6891 6.1.3)") {
    const auto outcome =
        parse_message(Raw(1, 0, 0, 1).question("a.").opt({1, 2, 3}, ".", 0x00010000).octets);
    REQUIRE(outcome.message);
    CHECK(outcome.message->edns->version == 1);
    const Message answer = make_response(*outcome.message, Rcode::BADVERS);
    CHECK(answer.rcode() == Rcode::BADVERS);
    const auto again = parse_message(write_message(answer));
    REQUIRE(again.message);
    CHECK(again.message->rcode() == Rcode::BADVERS);
    CHECK(again.message->edns->version == 0);
}

TEST_CASE("A response has the ID, opcode, RD and question of its request, case kept") {
    Message request = query("wWw.Example.", Type::TXT);
    request.header.opcode = std::uint8_t(Opcode::NOTIFY);
    request.header.recursion_desired = true;
    request.header.is_authoritative = true;
    Message answer = make_response(request, Rcode::REFUSED);
    CHECK(answer.header.id == 0x1234);
    CHECK(answer.header.is_response);
    CHECK(answer.opcode() == Opcode::NOTIFY);
    CHECK(answer.header.recursion_desired);
    CHECK_FALSE(answer.header.is_authoritative);
    CHECK(answer.rcode() == Rcode::REFUSED);
    REQUIRE(answer.questions.size() == 1);
    CHECK(is_identical(answer.questions[0].name, name("wWw.Example.")));
    CHECK_FALSE(answer.edns);  // no OPT in, none out

    request.edns.emplace();
    request.edns->udp_octets = 4096;
    request.edns->dnssec_ok = true;
    request.edns->options.push_back({option_cookie, Bytes(8)});
    answer = make_response(request, Rcode::NOERROR);
    REQUIRE(answer.edns);
    CHECK(answer.edns->udp_octets == 1232);
    CHECK(answer.edns->dnssec_ok);  // RFC 3225 3
    CHECK(answer.edns->options.empty());
}

TEST_CASE("UPDATE: empty RDATA for every type, class ANY as it is, NONE checked (RFC 2136 2.5)") {
    const auto kept = parse_message(Raw(1, 0, 4, 0, Opcode::UPDATE)
                                        .question("z.")
                                        .add("z.", Type::NS, 255, 0, {})
                                        .add("z.", Type::ANY, 255, 0, {})
                                        .add("z.", Type::NS, 255, 0, {0xff, 0xff})
                                        .add("z.", Type::A, 254, 0, {1, 2, 3, 4})
                                        .octets);
    REQUIRE(kept.message);
    REQUIRE(kept.message->authority.size() == 4);
    CHECK(kept.message->authority[2].rdata == Bytes{0xff, 0xff});
    // What never was a name goes out as it came.
    const auto again = parse_message(write_message(*kept.message));
    REQUIRE(again.message);
    CHECK(is_same(*kept.message, *again.message));

    for (const Type type : {Type::A, Type::NS, Type::SOA, Type::DNSKEY, Type::TXT, Type(65280)}) {
        CHECK(parse_fault(Raw(0, 0, 1, 0).add("z.", type, 1, 0, {})).empty());
    }
    CHECK_FALSE(parse_fault(Raw(0, 0, 1, 0).add("z.", Type::A, 254, 0, Bytes(3))).empty());
    CHECK_FALSE(parse_fault(Raw(0, 0, 1, 0).add("z.", Type::A, 1, 0, Bytes(5))).empty());
}

TEST_CASE("A TTL with its top bit set counts as zero (RFC 2181 8)") {
    for (const auto& [sent, read] :
         {std::pair<std::uint32_t, std::uint32_t>{0x7fffffff, 0x7fffffff},
          {0x80000000, 0},
          {0xffffffff, 0}}) {
        const auto outcome =
            parse_message(Raw(0, 1, 0, 0).add("a.", Type::A, 1, sent, Bytes(4)).octets);
        REQUIRE(outcome.message);
        CHECK(outcome.message->answers[0].ttl == read);
    }
}

TEST_CASE("Names in RDATA are decompressed only where RFC 3597 4 allows it") {
    const auto with_pointer = [](Type type, const Bytes& prefix, const Bytes& rest = {}) {
        Raw raw(1, 1, 0, 0);
        raw.question("zone.example.");
        Bytes rdata = prefix;
        append(rdata, Bytes{1, 'n', 0xc0, 12});
        append(rdata, rest);
        return parse_message(raw.add("a.", type, 1, 0, rdata).octets);
    };
    const Name expected = name("n.zone.example.");
    const struct {
        Type type;
        std::size_t prefix;
        std::size_t rest;
        bool is_allowed;
    } rows[] = {
        {Type::NS, 0, 0, true},    {Type::CNAME, 0, 0, true}, {Type::PTR, 0, 0, true},
        {Type::MX, 2, 0, true},    {Type::SRV, 6, 0, true},   {Type::DNAME, 0, 0, true},
        {Type::AFSDB, 2, 0, true}, {Type::KX, 2, 0, true},    {Type::SIG, 18, 9, true},
        {Type::NAPTR, 7, 0, true}, {Type::MB, 0, 0, true},    {Type::RRSIG, 18, 9, false},
        {Type::NSEC, 0, 0, false}, {Type::SVCB, 2, 0, false}, {Type::HTTPS, 2, 0, false},
    };
    for (const auto& row : rows) {
        INFO(to_text(row.type));
        const auto outcome = with_pointer(row.type, Bytes(row.prefix), Bytes(row.rest, 1));
        CHECK(outcome.message.has_value() == row.is_allowed);
        if (!outcome.message) continue;
        Bytes rdata(row.prefix);
        append(rdata, expected.wire());
        append(rdata, Bytes(row.rest, 1));
        CHECK(outcome.message->answers[0].rdata == rdata);
    }
    // Without a description, or for private use, it is carried as it is.
    for (const Type type : {Type::MSIGNER, Type(65280)}) {
        const auto outcome = with_pointer(type, {1});
        REQUIRE(outcome.message.has_value());
        CHECK(outcome.message->answers[0].rdata == Bytes{1, 1, 'n', 0xc0, 12});
    }
}

TEST_CASE("RDATA that no longer fits when decompressed is malformed") {
    // NXT: a name, then anything. 201 octets of name by a pointer of 2.
    const std::string owner(50, 'x');
    const std::string qname = owner + '.' + owner + '.' + owner + '.' + owner.substr(0, 46) + '.';
    const auto parses = [&](std::size_t rest) {
        Raw raw(1, 1, 0, 0);
        raw.question(qname);
        Bytes rdata{0xc0, 12};
        rdata.resize(2 + rest, 7);
        return parse_message(raw.add(".", Type::NXT, 1, 0, rdata).octets).message.has_value();
    };
    const std::size_t name_size = name(qname).wire().size();
    CHECK(parses(65535 - name_size));
    CHECK_FALSE(parses(65536 - name_size));
}

TEST_CASE("Writing: owners and RFC 1035 names are compressed, others not (RFC 3597 4)") {
    Message message = query("zone.example.", Type::ANY);
    message.answers.push_back(record("zone.example. 1 IN NS ns.zone.example."));
    const Bytes compressed = write_message(message);
    CHECK(compressed.size() == 12 + 14 + 4 + (2 + 10 + 3 + 2));
    message.answers[0] = record("zone.example. 1 IN SRV 0 0 0 ns.zone.example.");
    CHECK(write_message(message).size() == 12 + 14 + 4 + (2 + 10 + 6 + 17));
    message.answers[0] = record("zone.example. 1 IN SOA zone.example. zone.example. 1 2 3 4 5");
    CHECK(write_message(message).size() == 12 + 14 + 4 + (2 + 10 + 2 + 2 + 20));
    message.answers[0] = record(". 1 IN NS .");
    CHECK(write_message(message).size() == 12 + 14 + 4 + (1 + 10 + 1));
}

TEST_CASE("Writing: only names with the same case share octets (RFC 5936 3.4)") {
    Message message = query("Zone.Example.", Type::ANY);
    for (const char* owner : {"a.zone.example.", "a.Zone.Example.", "A.zone.example."}) {
        message.answers.push_back(record(std::string(owner) + " 1 IN A 192.0.2.1"));
    }
    const auto again = parse_message(write_message(message));
    REQUIRE(again.message);
    CHECK(is_same(message, *again.message));
}

TEST_CASE("Writing: pointers reach offsets below 0x4000 only (RFC 1035 4.1.4)") {
    // The name "tail." begins at each offset around the limit once.
    for (std::size_t offset = 0x3ffd; offset <= 0x4002; ++offset) {
        Bytes octets(12);
        RecordWriter writer(octets);
        Record filler;
        filler.type = Type(65280);
        filler.rdata.resize(offset - 12 - 11);
        writer.record(filler.view());
        REQUIRE(writer.size() == offset);
        const Record tail = record("tail. 1 IN A 192.0.2.1");
        writer.record(tail.view());
        const std::size_t first = writer.size() - offset;
        writer.record(tail.view());
        const std::size_t second = writer.size() - offset - first;
        CHECK(second == (offset < 0x4000 ? 2U : 6U) + 14);
        octets[7] = 3;
        RecordReader reader(octets);
        RecordView view;
        for (int i = 0; i < 3; ++i) REQUIRE(reader.next(view));
        CHECK(view.owner == tail.owner);
        CHECK_FALSE(reader.next(view));
        CHECK_FALSE(reader.failed());
    }
}

TEST_CASE("Writing into a buffer that holds something before the message") {
    Bytes octets{1, 2, 3};
    octets.resize(15);
    RecordWriter writer(octets, 3);
    writer.question({name("a.example."), Type::A, Class::IN});
    writer.record(record("a.example. 1 IN A 192.0.2.1").view());
    CHECK(writer.size() == octets.size() - 3);
    octets[8] = 1;
    octets[10] = 1;
    const auto outcome = parse_message(BytesView(octets).subspan(3));
    REQUIRE(outcome.message);
    CHECK(outcome.message->answers[0].owner == name("a.example."));
}

TEST_CASE("Writing: 20,000 different names stay right while the table grows") {
    Bytes octets(12);
    RecordWriter writer(octets);
    std::vector<Record> records;
    for (int i = 0; octets.size() < 64000; ++i) {
        records.push_back(record(std::to_string(i * 7919 % 20000) + ".x" + std::to_string(i % 9) +
                                 ".example. 1 IN NS ns" + std::to_string(i % 50) + ".example."));
        writer.record(records.back().view());
    }
    octets[6] = static_cast<Byte>(records.size() >> 8);
    octets[7] = static_cast<Byte>(records.size());
    RecordReader reader(octets);
    RecordView view;
    for (const Record& expected : records) {
        REQUIRE(reader.next(view));
        if (!is_identical(view.owner, expected.owner) || to_bytes(view.rdata) != expected.rdata) {
            FAIL(to_text(expected.view()));
        }
    }
    CHECK_FALSE(reader.next(view));
    CHECK_FALSE(reader.failed());
}

TEST_CASE("RecordReader: all sections in order, with offsets") {
    const Raw raw = Raw(1, 2, 1, 2)
                        .question("z.")
                        .add("a.", Type::A, 1, 5, {1, 2, 3, 4})
                        .add("b.", Type::MX, 1, 6, {0, 1, 0xc0, 12})
                        .add("c.", Type::TXT, 1, 7, {1, 'x'})
                        .opt({0, 9, 0, 0})
                        .tsig();
    RecordReader reader(raw.octets);
    CHECK(reader.header().answer_count == 2);
    REQUIRE(reader.questions().size() == 1);
    CHECK(reader.questions()[0].name == name("z."));
    const struct {
        Type type;
        int section;
        std::size_t offset;
        Bytes rdata;
    } rows[] = {{Type::A, 0, 19, {1, 2, 3, 4}},
                {Type::MX, 0, 36, {0, 1, 1, 'z', 0}},
                {Type::TXT, 1, 53, {1, 'x'}},
                {Type::OPT, 2, 68, {0, 9, 0, 0}},
                {Type::TSIG, 2, 83, Bytes(20)}};
    RecordView view;
    for (const auto& row : rows) {
        REQUIRE(reader.next(view));
        CHECK(view.type == row.type);
        CHECK(reader.section() == row.section);
        CHECK(reader.record_offset() == row.offset);
        CHECK(to_bytes(view.rdata) == row.rdata);
    }
    CHECK_FALSE(reader.next(view));
    CHECK_FALSE(reader.failed());
    CHECK_FALSE(reader.next(view));

    for (std::size_t size = 0; size < raw.octets.size(); ++size) {
        const Bytes short_octets(raw.octets.begin(), raw.octets.begin() + std::ptrdiff_t(size));
        RecordReader cut(short_octets);
        while (cut.next(view)) {
        }
        CHECK(cut.failed());
    }
    Bytes trailing = raw.octets;
    trailing.push_back(0);
    RecordReader longer(trailing);
    while (longer.next(view)) {
    }
    CHECK(longer.failed());
}

TEST_CASE("Written and parsed again, a message is the same: 100,000 random ones") {
    RandomMessages random(2136);
    for (int i = 0; i < 100000; ++i) {
        const Message message = random.message();
        const Bytes octets = write_message(message);
        const ParseOutcome outcome = parse_message(octets);
        if (!outcome.message || !is_same(message, *outcome.message)) {
            FAIL("message " << i << ": " << outcome.failure.reason);
        }
    }
}

TEST_CASE("Any change of an octet is survived: 100,000 damaged messages") {
    RandomMessages random(8906);
    std::size_t accepted = 0;
    for (int i = 0; i < 100000; ++i) {
        Bytes octets = write_message(random.message());
        for (unsigned changes = 1 + random.below(3); changes > 0; --changes) {
            octets[random.below(unsigned(octets.size()))] = random.octet();
        }
        const ParseOutcome outcome = parse_message(octets);
        CHECK(outcome.message.has_value() == outcome.failure.reason.empty());
        RecordReader reader(octets);
        RecordView view;
        while (reader.next(view)) {
        }
        if (!outcome.message) continue;
        ++accepted;
        if (reader.failed()) FAIL("the two ways of reading differ, message " << i);
        const ParseOutcome again = parse_message(write_message(*outcome.message));
        if (!again.message || !is_same(*outcome.message, *again.message)) FAIL("message " << i);
    }
    CHECK(accepted > 1000);
}
