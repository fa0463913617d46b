#include "proto/json_codec.hpp"

#include <algorithm>

#include "common/base/encoding.hpp"
#include "common/base/json.hpp"
#include "common/dns/rdata.hpp"

namespace chorale::proto {
namespace {

// A body of ours has an object with an array of objects, or of texts two levels down.
constexpr JsonLimits limits{.depth = 8, .nodes = 5000};
constexpr std::size_t most_names = 64;  // of capabilities
constexpr std::uint32_t most_u32 = 0xffffffff;

std::string to_hex_octets(std::uint64_t value) {
    Bytes octets;
    dns::WireWriter(octets).u64(value);
    return to_hex(octets);
}

std::uint64_t from_octets(BytesView octets) { return dns::WireReader(octets).u64(); }

// Presentation form without what only zone files have: "@", and other octets than
// ASCII, which two readers would take for two names.
Result<dns::Name> read_name(std::string_view text) {
    const auto is_ascii = [](char octet) { return static_cast<unsigned char>(octet) < 0x80; };
    if (text.empty() || text == "@" || !std::all_of(text.begin(), text.end(), is_ascii)) {
        return malformed("expected a domain name");
    }
    return dns::Name::from_text(text);
}

// Reads members in the forms that only this interface has; errors stick in `reader`.
class FactReader {
public:
    FactReader(const Json& document, std::string where) : reader_(document, std::move(where)) {
        reader_.ignore_unknown_members();
    }
    ObjectReader& plain() { return reader_; }

    // 64 bits as decimal text, since many readers of JSON keep 53 (RFC 7493 2.2); a
    // number is taken, too.
    std::optional<std::uint64_t> u64(std::string_view member) {
        const Json* value = reader_.optional_value(member);
        if (value == nullptr) return std::nullopt;
        if (value->is_number_unsigned()) return value->get<std::uint64_t>();
        if (value->is_number_integer() && *value == 0) return 0;  // -0
        if (value->is_string()) {
            const auto number = parse_decimal<std::uint64_t>(value->get_ref<const std::string&>());
            if (number) return *number;
        }
        reader_.refuse(member, "expected a whole number of at most 64 bits");
        return std::nullopt;
    }
    std::uint64_t required_u64(std::string_view member) { return required(member, u64(member)); }

    std::uint32_t required_u32(std::string_view member) {
        return static_cast<std::uint32_t>(reader_.required_number(member, 0, most_u32));
    }

    std::optional<dns::Name> name(std::string_view member) {
        const auto text = reader_.optional_text(member);
        if (!text) return std::nullopt;
        auto name = read_name(*text);
        if (name) return std::move(*name);
        reader_.refuse(member, name.error().message());
        return std::nullopt;
    }
    dns::Name required_name(std::string_view member) { return required(member, name(member)); }

    // Exactly `count` octets as hexadecimal digits.
    std::optional<Bytes> hex(std::string_view member, std::size_t count) {
        const auto text = reader_.optional_text(member);
        if (!text) return std::nullopt;
        auto octets = from_hex(*text);
        if (octets && octets->size() == count) return std::move(*octets);
        reader_.refuse(member, "expected " + std::to_string(2 * count) + " hexadecimal digits");
        return std::nullopt;
    }
    std::optional<crypto::Sha256> digest(std::string_view member) {
        crypto::Sha256 digest{};
        const auto octets = hex(member, digest.size());
        if (!octets) return std::nullopt;
        std::copy(octets->begin(), octets->end(), digest.begin());
        return digest;
    }

    // The octet, or names of bits; names that nobody defined are like unknown bits.
    template <class Bit>
    Capabilities<Bit> capabilities(std::string_view member, Decoded& decoded) {
        const Json* value = reader_.optional_value(member);
        if (value != nullptr && value->is_array()) {
            const auto names = reader_.optional_texts(member, most_names);
            std::uint8_t octet = 0;
            for (const std::string& name : names.value_or(std::vector<std::string>())) {
                const auto bit = from_text<Bit>(name);
                if (bit) octet = static_cast<std::uint8_t>(octet | static_cast<std::uint8_t>(*bit));
            }
            return read_capabilities<Bit>(octet, decoded);
        }
        const auto octet = reader_.required_number(member, 0, 255);
        return read_capabilities<Bit>(static_cast<std::uint8_t>(octet), decoded);
    }

    Result<void> finish() { return reader_.finish(); }

private:
    template <class Value>
    Value required(std::string_view member, std::optional<Value> value) {
        if (!value) reader_.refuse(member, "is missing");
        return std::move(value).value_or(Value());
    }

    ObjectReader reader_;
};

// --- PeerMessage

Json evidence_document(const Evidence& evidence) {
    Json document = {{"dnskey_ttl", evidence.dnskey_ttl},
                     {"ns_ttl", evidence.ns_ttl},
                     {"max_ttl", evidence.max_ttl},
                     {"signed_serial", evidence.signed_serial}};
    if (evidence.hold_end) {
        document["hold_end"] = std::to_string(evidence.hold_end->time_since_epoch().count());
    }
    return document;
}

Json document_of(const PeerMessage& message) {
    Json document = {{"transport", message.transports.octet()},
                     {"synchronization", message.synchronizations.octet()},
                     {"zone", message.zone.to_text()}};
    if (message.changed) document["changed"] = dns::to_text(*message.changed);
    if (message.sequence) {
        document["sequence"] = {{"boot", to_hex_octets(message.sequence->boot)},
                                {"counter", std::to_string(message.sequence->counter)}};
    }
    if (message.identity) document["identity"] = message.identity->to_text();
    if (message.interval) document["interval"] = message.interval->count();
    if (message.roster) document["roster"] = to_hex(*message.roster);
    if (message.epoch) document["epoch"] = std::to_string(*message.epoch);
    for (const RungReport& report : message.rungs) {
        document["rungs"].push_back({{"process", to_text(report.process)},
                                     {"subject", report.subject.to_text()},
                                     {"rung", to_text(report.rung)},
                                     {"status", to_text(report.status)}});
    }
    if (message.evidence) document["evidence"] = evidence_document(*message.evidence);
    if (message.term) {
        document["term"] = {{"number", std::to_string(message.term->number)},
                            {"identity", message.term->identity.to_text()}};
    }
    if (message.reason) document["reason"] = *message.reason;
    if (message.vote) {
        document["vote"] = {{"granted", message.vote->is_granted},
                            {"term", std::to_string(message.vote->term)}};
    }
    if (message.contribution) document["contribution"] = to_hex(*message.contribution);
    if (message.is_recovering) document["recovery"] = true;
    if (message.echo) {
        document["echo"] = {{"epoch", std::to_string(message.echo->epoch)},
                            {"steps", message.echo->steps}};
    }
    return document;
}

Result<std::optional<RungReport>> read_rung(const Json& document) {
    FactReader reader(document, "rungs");
    const auto process = from_text<ProcessKind>(reader.plain().required_text("process"));
    dns::Name subject = reader.required_name("subject");
    const auto rung = from_text<Rung>(reader.plain().required_text("rung"));
    const auto status = from_text<RungStatus>(reader.plain().required_text("status"));
    if (const auto read = reader.finish(); !read) return read.error();
    if (!process || !rung || !status) return std::optional<RungReport>();
    return std::optional(RungReport{*process, std::move(subject), *rung, *status});
}

Result<void> read_rungs(const Json& array, Decoded& decoded) {
    for (const Json& document : array) {
        auto report = read_rung(document);
        if (!report) return report.error();
        if (*report) {
            decoded.message.rungs.push_back(std::move(**report));
        } else {
            decoded.note(Note::unknown_value);
        }
    }
    return success();
}

Result<Evidence> read_evidence(const Json& document) {
    FactReader reader(document, "evidence");
    Evidence evidence;
    evidence.dnskey_ttl = reader.required_u32("dnskey_ttl");
    evidence.ns_ttl = reader.required_u32("ns_ttl");
    evidence.max_ttl = reader.required_u32("max_ttl");
    evidence.signed_serial = reader.required_u32("signed_serial");
    const std::uint64_t hold_end = reader.u64("hold_end").value_or(0);
    const auto latest = latest_hold_end.time_since_epoch().count();
    if (hold_end > static_cast<std::uint64_t>(latest)) {
        reader.plain().refuse("hold_end", "beyond the year 9999");
    } else if (hold_end != 0) {
        evidence.hold_end =
            std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(hold_end)));
    }
    if (const auto read = reader.finish(); !read) return read.error();
    return evidence;
}

Result<Sequence> read_sequence(const Json& document) {
    FactReader reader(document, "sequence");
    const auto boot = reader.hex("boot", sizeof(std::uint64_t));
    if (!boot) reader.plain().refuse("boot", "is missing");
    const Sequence sequence{boot ? from_octets(*boot) : 0, reader.required_u64("counter")};
    if (const auto read = reader.finish(); !read) return read.error();
    return sequence;
}

Result<Term> read_term(const Json& document) {
    FactReader reader(document, "term");
    Term term;
    term.number = reader.required_u64("number");
    term.identity = reader.required_name("identity");
    if (const auto read = reader.finish(); !read) return read.error();
    return term;
}

Result<Vote> read_vote(const Json& document) {
    FactReader reader(document, "vote");
    Vote vote;
    vote.is_granted = reader.plain().required_boolean("granted");
    vote.term = reader.required_u64("term");
    if (const auto read = reader.finish(); !read) return read.error();
    return vote;
}

Result<Echo> read_echo(const Json& document) {
    FactReader reader(document, "echo");
    Echo echo;
    echo.epoch = reader.required_u64("epoch");
    echo.steps = static_cast<std::uint8_t>(reader.plain().required_number("steps", 0, 255));
    if (const auto read = reader.finish(); !read) return read.error();
    return echo;
}

// Reads the member, if it is there, with `read`.
template <class Fact>
Result<void> read_member(FactReader& reader, std::string_view member,
                         Result<Fact> (*read)(const Json&), std::optional<Fact>& target) {
    const Json* document = reader.plain().optional_object(member);
    if (document == nullptr) return success();
    auto fact = read(*document);
    if (!fact) return fact.error();
    target = std::move(*fact);
    return success();
}

Result<void> read_facts(FactReader& reader, Decoded& decoded) {
    PeerMessage& message = decoded.message;
    message.transports = reader.capabilities<Transport>("transport", decoded);
    message.synchronizations = reader.capabilities<Synchronization>("synchronization", decoded);
    message.zone = reader.required_name("zone");
    if (const auto changed = reader.plain().optional_text("changed")) {
        message.changed = contributed_from_text(*changed);
        if (!message.changed) reader.plain().refuse("changed", "nobody contributes such RRsets");
    }
    message.identity = reader.name("identity");
    const auto interval = reader.plain().optional_number("interval", 1, longest_interval.count());
    if (interval) message.interval = std::chrono::seconds(*interval);
    message.roster = reader.digest("roster");
    message.epoch = reader.u64("epoch");
    message.reason = reader.plain().optional_text("reason");
    message.contribution = reader.digest("contribution");
    message.is_recovering = reader.plain().optional_boolean("recovery").value_or(false);

    if (const Json* rungs = reader.plain().optional_array("rungs", most_rungs)) {
        if (const auto read = read_rungs(*rungs, decoded); !read) return read;
    }
    if (const auto read = read_member(reader, "sequence", read_sequence, message.sequence); !read)
        return read;
    if (const auto read = read_member(reader, "evidence", read_evidence, message.evidence); !read)
        return read;
    if (const auto read = read_member(reader, "term", read_term, message.term); !read) return read;
    if (const auto read = read_member(reader, "vote", read_vote, message.vote); !read) return read;
    return read_member(reader, "echo", read_echo, message.echo);
}

Result<Decoded> read_message(const Json& document, Operation operation, Purpose purpose) {
    FactReader reader(document, "body");
    Decoded decoded;
    decoded.message.operation = operation;
    if (const auto read = read_facts(reader, decoded); !read) return read.error();
    if (const auto read = reader.finish(); !read) return read.error();
    if (const auto checked = check(decoded.message, purpose); !checked) return checked.error();
    return decoded;
}

// --- RRsets

Json document_of(const RRsets& rrsets) {
    Json document = Json::object();
    for (const auto& [type, rrset] : rrsets) {
        Json rdatas = Json::array();
        for (const Bytes& rdata : rrset.rdatas) rdatas.push_back(to_base64(rdata));
        document[dns::to_text(type)] = {{"ttl", rrset.ttl}, {"rdata", std::move(rdatas)}};
    }
    return document;
}

Result<dns::RRset> read_rrset(const Json& document, const dns::Name& zone, dns::Type type) {
    ObjectReader reader(document, dns::to_text(type));
    reader.ignore_unknown_members();
    dns::RRset rrset{zone, type, 0, {}};
    rrset.ttl = static_cast<std::uint32_t>(reader.required_number("ttl", 0, longest_ttl));
    for (const std::string& text : reader.required_texts("rdata", most_records)) {
        auto rdata = from_base64(text);
        if (!rdata) return rdata.error().in(dns::to_text(type));
        rrset.rdatas.push_back(std::move(*rdata));
    }
    if (const auto read = reader.finish(); !read) return read.error();
    std::sort(rrset.rdatas.begin(), rrset.rdatas.end(),
              [&](const Bytes& a, const Bytes& b) { return dns::compare_rdata(type, a, b) < 0; });
    if (rrset.empty()) rrset.ttl = 0;
    return rrset;
}

// Exactly the given types: another one would be an RRset that somebody meant to be held.
Result<RRsets> read_rrsets(const Json& document, const dns::Name& zone,
                           std::span<const dns::Type> types) {
    ObjectReader reader(document, "rrsets");
    RRsets rrsets;
    for (const dns::Type type : types) {
        const Json* member = reader.required_object(dns::to_text(type));
        if (member == nullptr) continue;
        auto rrset = read_rrset(*member, zone, type);
        if (!rrset) return rrset.error();
        rrsets.emplace(type, std::move(*rrset));
    }
    if (const auto read = reader.finish(); !read) return read.error();
    if (const auto checked = check_rrsets(rrsets, zone, types); !checked) return checked.error();
    return rrsets;
}

Result<Json> parse(std::string_view text) {
    if (text.size() > most_json_octets) return Error(ErrorKind::limit, "a body above 1 MiB");
    return parse_json(text, limits);
}

}  // namespace

std::string encode_json(const PeerMessage& message) { return to_json_text(document_of(message)); }

Result<Decoded> decode_json(std::string_view text, Operation operation, Purpose purpose) {
    const auto document = parse(text);
    if (!document) return document.error();
    return read_message(*document, operation, purpose);
}

std::string encode_json(const Contribution& contribution) {
    Json document = {{"zone", contribution.zone.to_text()},
                     {"identity", contribution.identity.to_text()},
                     {"rrsets", document_of(contribution.rrsets)}};
    if (contribution.epoch) document["epoch"] = std::to_string(*contribution.epoch);
    return to_json_text(document);
}

Result<Contribution> decode_contribution(std::string_view text) {
    const auto document = parse(text);
    if (!document) return document.error();
    FactReader reader(*document, "contribution");
    Contribution contribution;
    contribution.zone = reader.required_name("zone");
    contribution.identity = reader.required_name("identity");
    contribution.epoch = reader.u64("epoch");
    const Json* rrsets = reader.plain().required_object("rrsets");
    if (const auto read = reader.finish(); !read) return read.error();
    auto read = read_rrsets(*rrsets, contribution.zone, contributed_types);
    if (!read) return read.error();
    contribution.rrsets = std::move(*read);
    return contribution;
}

std::string encode_json(const Instruction& instruction) {
    Json document = document_of(instruction.message);
    document["rrsets"] = document_of(instruction.rrsets);
    return to_json_text(document);
}

Result<DecodedInstruction> decode_instruction(std::string_view text) {
    const auto document = parse(text);
    if (!document) return document.error();
    auto decoded = read_message(*document, Operation::state, Purpose::instruction);
    if (!decoded) return decoded.error();
    ObjectReader reader(*document, "body");
    reader.ignore_unknown_members();
    const Json* rrsets = reader.required_object("rrsets");
    if (const auto read = reader.finish(); !read) return read.error();
    auto read = read_rrsets(*rrsets, decoded->message.zone, controlled_types);
    if (!read) return read.error();
    return DecodedInstruction{{std::move(decoded->message), std::move(*read)},
                              std::move(decoded->notes)};
}

}  // namespace chorale::proto
