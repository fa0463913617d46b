#include "common/zone/xfr_interpreter.hpp"

#include "tests/unit/zone/zone_fixture.hpp"

namespace chorale::zone::test {
namespace {

using Progress = XfrInterpreter::Progress;

struct Outcome {
    Progress progress = Progress::more;
    std::string error;  // "" when there is none
    ErrorKind kind = ErrorKind::unspecified;
    CollectingSink sink;
    std::optional<Serial> primary_serial;
    bool is_incremental = false;
};

Outcome interpret(const std::vector<Bytes>& messages, std::optional<Serial> have = std::nullopt,
                  const TransferLimits& limits = {}) {
    Outcome outcome;
    XfrInterpreter interpreter(apex(), 7, have, limits);
    for (const Bytes& message : messages) {
        const auto fed = interpreter.feed(message, outcome.sink);
        if (!fed) {
            outcome.error = fed.error().message();
            outcome.kind = fed.error().kind();
            break;
        }
        outcome.progress = *fed;
    }
    outcome.primary_serial = interpreter.primary_serial();
    outcome.is_incremental = interpreter.is_incremental();
    return outcome;
}

const dns::Question axfr_question{name("zone.example."), Type::AXFR, Class::IN};
const dns::Question ixfr_question{name("zone.example."), Type::IXFR, Class::IN};
const Record host = a("h.zone.example.", 1);
const Record other = a("o.zone.example.", 1);

TEST_CASE("RFC 5936 2.2: a zone in one message, in many, in one record each", "[xfr]") {
    const std::vector<Record> stream = {soa(5), host, other, soa(5)};
    for (std::size_t each = 1; each <= stream.size(); ++each) {
        CAPTURE(each);
        std::vector<Bytes> messages;
        for (std::size_t i = 0; i < stream.size(); i += each) {
            const std::size_t end = std::min(i + each, stream.size());
            const std::vector<Record> part(stream.begin() + std::ptrdiff_t(i),
                                           stream.begin() + std::ptrdiff_t(end));
            messages.push_back(
                answer(part, 7, i == 0 ? std::optional(axfr_question) : std::nullopt));
        }
        const Outcome outcome = interpret(messages);
        CHECK(outcome.error == "");
        CHECK(outcome.progress == Progress::complete);
        CHECK(outcome.sink.zones == 1);
        CHECK(outcome.sink.records.size() == 3);
        CHECK(outcome.primary_serial == 5U);
        CHECK_FALSE(outcome.is_incremental);
    }
}

TEST_CASE("RFC 1995 4: the forms of an answer to IXFR", "[xfr]") {
    struct Row {
        const char* what;
        std::vector<Record> records;
        Progress progress;
        int zones;
        std::size_t deltas;
    };
    const Row rows[] = {
        {"up to date", {soa(3)}, Progress::up_to_date, 0, 0},
        {"the primary is behind", {soa(2)}, Progress::up_to_date, 0, 0},
        {"not comparable", {soa(3U + 0x80000000U)}, Progress::up_to_date, 0, 0},
        {"a newer SOA alone is a beginning", {soa(4)}, Progress::more, 0, 0},
        {"a whole zone", {soa(5), host, soa(5)}, Progress::complete, 1, 0},
        {"a whole zone of SOA alone", {soa(5), soa(5)}, Progress::complete, 1, 0},
        {"a whole zone of the same serial", {soa(3), host, soa(3)}, Progress::complete, 1, 0},
        {"one delta", {soa(5), soa(3), host, soa(5), other, soa(5)}, Progress::complete, 0, 1},
        {"an empty delta", {soa(5), soa(3), soa(5), soa(5)}, Progress::complete, 0, 1},
        {"two deltas",
         {soa(5), soa(3), host, soa(4), other, soa(4), other, soa(5), host, soa(5)},
         Progress::complete,
         0,
         2},
        {"a delta, and the next announced",
         {soa(5), soa(3), host, soa(4), other, soa(4)},
         Progress::more,
         0,
         1},
        {"over the wrap",
         {soa(1), soa(3), soa(0x7fffffff), soa(0x7fffffff), soa(0xfffffffe), soa(0xfffffffe),
          soa(1), soa(1)},
         Progress::complete,
         0,
         3},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        // SOA serials of the last row: 3 -> 2^31-1 -> 2^32-2 -> 1, announced 1 is
        // newer than none of the first two, so the primary has gone all around.
        const bool is_around = std::string_view(row.what) == "over the wrap";
        const Outcome outcome = interpret({answer(row.records, 7, ixfr_question)}, 3);
        if (is_around) {
            CHECK(outcome.error.find("goes past") != std::string::npos);
            continue;
        }
        CHECK(outcome.error == "");
        CHECK(outcome.progress == row.progress);
        CHECK(outcome.sink.zones == row.zones);
        CHECK(outcome.sink.deltas.size() == row.deltas);
        CHECK(outcome.is_incremental ==
              (row.deltas > 0 || std::string_view(row.what) == "an empty delta"));
    }
    const Outcome around = interpret({answer({soa(1), soa(0xfffffff0), host, soa(0xffffffff),
                                              soa(0xffffffff), soa(1), other, soa(1)},
                                             7, ixfr_question)},
                                     0xfffffff0);
    CHECK(around.error == "");
    CHECK(around.progress == Progress::complete);
    REQUIRE(around.sink.deltas.size() == 2);
    CHECK(around.sink.deltas[0].from() == 0xfffffff0);
    CHECK(around.sink.deltas[1].to() == 1);
    CHECK(around.sink.deltas[0].removed.size() == 1);
    CHECK(around.sink.deltas[1].added.size() == 1);
}

TEST_CASE("RFC 5936 2.2, RFC 1995 4: lies of a primary are errors that say so", "[xfr]") {
    const auto with_flags = [](Bytes message, std::size_t at, Byte set) {
        message[at] = static_cast<Byte>(message[at] ^ set);
        return message;
    };
    Record chaos = host;
    chaos.klass = Class::CH;
    Record soa_of_class_any = soa(5);
    soa_of_class_any.klass = Class::ANY;
    soa_of_class_any.rdata.clear();
    const dns::Question other_zone{name("other.example."), Type::AXFR, Class::IN};
    const dns::Question other_class{name("zone.example."), Type::AXFR, Class::CH};
    const dns::Question other_type{name("zone.example."), Type::SOA, Class::IN};
    const Bytes good = answer({soa(5), host, soa(5)}, 7, axfr_question);
    Bytes longer = good;
    longer.push_back(0);
    Bytes two_questions = good;
    two_questions[5] = 2;
    const Record without_rdata = record("h.zone.example.", Type::A, {});
    const Record soa_without_rdata = record("zone.example.", Type::SOA, {});
    const Record other_minimum = [] {
        Record changed = soa(5);
        changed.rdata.back() ^= 1;
        return changed;
    }();
    struct Row {
        const char* what;
        std::optional<Serial> have;
        std::vector<Bytes> messages;
        const char* expected;
    };
    const auto axfr = [](const std::vector<Record>& records) {
        return std::vector<Bytes>{answer(records, 7, axfr_question)};
    };
    const auto ixfr = [](const std::vector<Record>& records) {
        return std::vector<Bytes>{answer(records, 7, ixfr_question)};
    };
    const Row rows[] = {
        {"empty octets", {}, {Bytes{}}, "shorter than a header"},
        {"eleven octets", {}, {Bytes(11)}, "shorter than a header"},
        {"no response", {}, {with_flags(good, 2, 0x80)}, "no response"},
        {"another ID", {}, {answer({soa(5), soa(5)}, 8)}, "another ID"},
        {"another ID later", {}, {answer({soa(5)}), answer({host}, 8)}, "another ID"},
        {"another opcode", {}, {with_flags(good, 2, 0x28)}, "opcode"},
        {"truncated", {}, {with_flags(good, 2, 0x02)}, "truncated"},
        {"REFUSED", {}, {answer({}, 7, axfr_question, 5)}, "the primary answers REFUSED"},
        {"NOTAUTH", {}, {answer({}, 7, axfr_question, 9)}, "the primary answers NOTAUTH"},
        {"SERVFAIL later", {}, {answer({soa(5)}), answer({}, 7, {}, 2)}, "SERVFAIL"},
        {"question for another zone", {}, {answer({soa(5)}, 7, other_zone)}, "another question"},
        {"question of another class", {}, {answer({soa(5)}, 7, other_class)}, "another question"},
        {"question of another type", {}, {answer({soa(5)}, 7, other_type)}, "another question"},
        {"IXFR answered, AXFR asked", {}, ixfr({soa(5), soa(5)}), "another question"},
        {"AXFR answered, IXFR asked", 3, axfr({soa(5), soa(5)}), "another question"},
        {"another question later",
         {},
         {answer({soa(5)}, 7, axfr_question), answer({host}, 7, other_zone)},
         "another question"},
        {"two questions", {}, {two_questions}, "question"},
        {"no records", {}, axfr({}), "without records"},
        {"octets after the end", {}, {longer}, "cannot be read to its end"},
        {"begins with A", {}, axfr({host, soa(5)}), "does not begin with SOA"},
        {"SOA of another zone first", {}, axfr({soa(5, "other.example.")}), "another zone"},
        {"SOA of another zone within",
         {},
         axfr({soa(5), soa(5, "sub.zone.example.")}),
         "SOA of another zone in the stream: sub.zone.example."},
        {"SOA of another zone in a delta", 3, ixfr({soa(5), soa(3), soa(5, "other.example.")}),
         "another zone"},
        {"class CH", {}, axfr({soa(5), chaos}), "class other than IN"},
        {"SOA of class ANY", {}, axfr({soa_of_class_any}), "class other than IN"},
        {"SOA without RDATA", {}, axfr({soa_without_rdata}), "SOA: no RDATA"},
        {"second SOA without RDATA", 3, ixfr({soa(5), soa_without_rdata}), "SOA: no RDATA"},
        {"A without RDATA", {}, axfr({soa(5), without_rdata}), "h.zone.example. A: no RDATA"},
        {"A without RDATA in a delta", 3, ixfr({soa(5), soa(3), without_rdata}), "no RDATA"},
        {"ends with another serial",
         {},
         axfr({soa(5), host, soa(6)}),
         "another SOA than it began with (serial 6, announced 5)"},
        {"ends with another SOA of the serial",
         {},
         axfr({soa(5), host, other_minimum}),
         "another SOA than it began with"},
        {"more after the end", {}, axfr({soa(5), host, soa(5), other}), "after the final SOA"},
        {"a message after the end", {}, {good, answer({other})}, "after the final SOA"},
        {"more after the last delta", 3, ixfr({soa(5), soa(3), soa(5), soa(5), host}),
         "after the final SOA"},
        {"AXFR in the form of a delta",
         {},
         axfr({soa(5), soa(3), host, soa(5), soa(5)}),
         "another SOA than it began with"},
        {"delta from another serial", 3, ixfr({soa(5), soa(4), soa(5), soa(5)}),
         "starts at serial 4, asked for was 3"},
        {"delta back", 3, ixfr({soa(5), soa(3), soa(2)}), "from serial 3 to 2 goes back"},
        {"delta to itself", 3, ixfr({soa(5), soa(3), soa(3)}), "goes back"},
        {"delta over 2^31", 3, ixfr({soa(5), soa(3), soa(3U + 0x80000000U)}), "goes back"},
        {"broken chain", 3, ixfr({soa(6), soa(3), soa(4), soa(5)}), "4 is followed by 5"},
        {"past the announced serial", 3, ixfr({soa(5), soa(3), soa(6), soa(6)}), "goes past"},
        {"two SOAs of one serial", 3, ixfr({soa(5), soa(3), other_minimum, soa(5)}),
         "two SOAs of serial 5 differ"},
        {"other SOA announced", 3, ixfr({other_minimum, soa(3), soa(5), soa(5)}),
         "another SOA than it began with"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        const Outcome outcome = interpret(row.messages, row.have);
        CAPTURE(outcome.error);
        CHECK(outcome.error.find(row.expected) != std::string::npos);
        const bool is_refusal = std::string_view(row.expected).find("answers") == 12 ||
                                std::string_view(row.expected) == "SERVFAIL";
        CHECK(outcome.kind == (is_refusal ? ErrorKind::refused : ErrorKind::malformed));
    }
}

TEST_CASE("A stream cut at any message, record or octet is not complete", "[xfr]") {
    struct Row {
        std::vector<Record> stream;
        std::optional<Serial> have;
    };
    const Row rows[] = {
        {{soa(5), host, other, soa(5)}, {}},
        {{soa(5), host, other, soa(5)}, 3},
        {{soa(5), soa(3), host, soa(4), other, soa(4), soa(5), host, soa(5)}, 3},
    };
    for (const Row& row : rows) {
        const dns::Question question = row.have ? ixfr_question : axfr_question;
        for (std::size_t cut = 1; cut < row.stream.size(); ++cut) {
            const std::vector<Record> part(row.stream.begin(),
                                           row.stream.begin() + std::ptrdiff_t(cut));
            const Outcome together = interpret({answer(part, 7, question)}, row.have);
            CHECK(together.error == "");
            CHECK(together.progress == Progress::more);
            std::vector<Bytes> messages;
            for (const Record& one : part) messages.push_back(answer({one}));
            const Outcome apart = interpret(messages, row.have);
            CHECK(apart.error == "");
            CHECK(apart.progress == Progress::more);
        }
        const Bytes whole = answer(row.stream, 7, question);
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            const Outcome outcome = interpret({to_bytes(BytesView(whole).first(cut))}, row.have);
            CHECK(outcome.error != "");
        }
    }
}

TEST_CASE("A message with any octet changed is an error or a stream", "[xfr]") {
    const Bytes whole =
        answer({soa(5), soa(3), host, soa(5), mx("m.zone.example.", 1, "h.zone.example."), soa(5)},
               7, ixfr_question);
    std::size_t good = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            Bytes changed = whole;
            changed[at] = static_cast<Byte>(value);
            const Outcome outcome = interpret({changed}, 3);
            if (outcome.error.empty() && outcome.progress == Progress::complete) ++good;
        }
    }
    CHECK(good > 256);
}

TEST_CASE("RFC 5936 2.2.1, 2.2.5, RFC 9103: what a message may have besides", "[xfr]") {
    // OPT and other additional records, no question, no AA, a later question,
    // messages without records.
    Bytes with_opt = answer({soa(5)}, 7, axfr_question);
    with_opt[11] = 1;
    append(with_opt, Bytes{0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0});
    const Outcome outcome = interpret({with_opt, answer({}), answer({host}, 7, axfr_question),
                                       answer({}), answer({soa(5)}), answer({})});
    CHECK(outcome.error == "");
    CHECK(outcome.progress == Progress::complete);
    CHECK(outcome.sink.records.size() == 2);
    // TSIG, verified by whoever received the message (RFC 8945 5.3.1).
    Bytes with_tsig = answer({soa(5), host, soa(5)}, 7, axfr_question);
    with_tsig[11] = 1;
    append(with_tsig, Bytes{1, 'k', 0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 3, 1, 2, 3});
    CHECK(interpret({with_tsig}).progress == Progress::complete);
    // Names may change their case between messages.
    const Outcome in_capitals =
        interpret({answer({soa(5)}), answer({soa(5, "ZONE.example.", "NS.Zone.Example.")})});
    CHECK(in_capitals.error == "");
    CHECK(in_capitals.progress == Progress::complete);
}

TEST_CASE("Limits of a transfer hold at the limit and not one beyond", "[xfr]") {
    const std::vector<Bytes> messages = {answer({soa(5), host}), answer({other}), answer({soa(5)})};
    std::size_t octets = 0;
    for (const Bytes& message : messages) octets += message.size();
    const auto is_limited = [&](const TransferLimits& limits) {
        const Outcome outcome = interpret(messages, {}, limits);
        if (!outcome.error.empty()) CHECK(outcome.kind == ErrorKind::limit);
        return !outcome.error.empty();
    };
    for (const int more : {-1, 0, 1}) {
        const auto moved = [more](std::size_t value) {
            return std::size_t(std::ptrdiff_t(value) + more);
        };
        CAPTURE(more);
        TransferLimits limits;
        limits.messages = moved(3);
        CHECK(is_limited(limits) == (more < 0));
        limits = {};
        limits.records = moved(4);
        CHECK(is_limited(limits) == (more < 0));
        limits = {};
        limits.octets = moved(octets);
        CHECK(is_limited(limits) == (more < 0));
    }
}

TEST_CASE("What the builder of the zone refuses ends the transfer", "[xfr]") {
    class RefusingSink : public CollectingSink {
    public:
        Result<void> add(const RecordView&) override { return Error(ErrorKind::limit, "full"); }
        Result<void> add_delta(ZoneDelta) override { return Error(ErrorKind::conflict, "no"); }
    };
    RefusingSink sink;
    XfrInterpreter whole(apex(), 7, std::nullopt, {});
    const auto fed = whole.feed(answer({soa(5), host}), sink);
    REQUIRE_FALSE(fed.has_value());
    CHECK(fed.error().message() == "full");
    XfrInterpreter incremental(apex(), 7, 3, {});
    const auto refused = incremental.feed(answer({soa(5), soa(3), soa(5), soa(5)}), sink);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind() == ErrorKind::conflict);
}

}  // namespace
}  // namespace chorale::zone::test
