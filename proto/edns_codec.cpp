#include "proto/edns_codec.hpp"

#include <array>

namespace chorale::proto {
namespace {

constexpr std::uint16_t udp_octets = 1232;

// Writes TYPE and room for LENGTH; its end fills the length in.
class TlvWriter {
public:
    TlvWriter(Bytes& target, TlvType type) : writer_(target) {
        writer_.u8(static_cast<std::uint8_t>(type));
        writer_.u16(0);
    }
    TlvWriter(const TlvWriter&) = delete;
    TlvWriter& operator=(const TlvWriter&) = delete;
    ~TlvWriter() { writer_.u16_at(1, static_cast<std::uint16_t>(writer_.size() - 3)); }

    dns::WireWriter* operator->() { return &writer_; }

private:
    dns::WireWriter writer_;
};

void write_body(const PeerMessage& message, Bytes& target) {
    if (message.sequence) {
        TlvWriter tlv(target, TlvType::sequence);
        tlv->u64(message.sequence->boot);
        tlv->u64(message.sequence->counter);
    }
    if (message.identity) TlvWriter(target, TlvType::identity)->name(*message.identity);
    if (message.interval) {
        TlvWriter(target, TlvType::interval)
            ->u32(static_cast<std::uint32_t>(message.interval->count()));
    }
    if (message.roster) TlvWriter(target, TlvType::roster)->octets(*message.roster);
    if (message.epoch) TlvWriter(target, TlvType::epoch)->u64(*message.epoch);
    for (const RungReport& report : message.rungs) {
        TlvWriter tlv(target, TlvType::rung);
        tlv->u8(static_cast<std::uint8_t>(report.process));
        tlv->name(report.subject);
        tlv->u8(static_cast<std::uint8_t>(report.rung));
        tlv->u8(static_cast<std::uint8_t>(report.status));
    }
    if (message.evidence) {
        const Evidence& evidence = *message.evidence;
        TlvWriter tlv(target, TlvType::evidence);
        tlv->u32(evidence.dnskey_ttl);
        tlv->u32(evidence.ns_ttl);
        tlv->u32(evidence.max_ttl);
        tlv->u32(evidence.signed_serial);
        const auto hold_end = evidence.hold_end.value_or(std::chrono::sys_seconds());
        tlv->u64(static_cast<std::uint64_t>(hold_end.time_since_epoch().count()));
    }
    if (message.term) {
        TlvWriter tlv(target, TlvType::term);
        tlv->u64(message.term->number);
        tlv->name(message.term->identity);
    }
    if (message.reason) TlvWriter(target, TlvType::reason)->octets(as_bytes(*message.reason));
    if (message.vote) {
        TlvWriter tlv(target, TlvType::vote);
        tlv->u8(message.vote->is_granted ? 1 : 0);
        tlv->u64(message.vote->term);
    }
    if (message.contribution) {
        TlvWriter(target, TlvType::contribution)->octets(*message.contribution);
    }
    if (message.is_recovering) TlvWriter(target, TlvType::recovery)->u8(1);
    if (message.echo) {
        TlvWriter tlv(target, TlvType::echo);
        tlv->u64(message.echo->epoch);
        tlv->u8(message.echo->steps);
    }
}

// A name in a TLV is never compressed, whatever a reader of messages would allow.
dns::Name read_name(dns::WireReader& reader) {
    const std::size_t octets = dns::name_octets(reader.message(), reader.offset());
    if (octets == 0) reader.fail();
    auto name = dns::Name::from_wire(reader.octets(octets));
    if (name) return std::move(*name);
    reader.fail();
    return {};
}

crypto::Sha256 read_digest(dns::WireReader& reader) {
    crypto::Sha256 digest{};
    const BytesView octets = reader.octets(digest.size());
    std::copy(octets.begin(), octets.end(), digest.begin());
    return digest;
}

bool read_bit(dns::WireReader& reader) {
    const std::uint8_t octet = reader.u8();
    if (octet > 1) reader.fail();
    return octet == 1;
}

void read_rung(dns::WireReader& reader, Decoded& decoded) {
    const auto process = from_number<ProcessKind>(reader.u8());
    dns::Name subject = read_name(reader);
    const auto rung = from_number<Rung>(reader.u8());
    const auto status = from_number<RungStatus>(reader.u8());
    if (reader.failed()) return;
    if (!process || !rung || !status) {
        decoded.note(Note::unknown_value);
        return;
    }
    decoded.message.rungs.push_back({*process, std::move(subject), *rung, *status});
}

Evidence read_evidence(dns::WireReader& reader) {
    Evidence evidence;
    evidence.dnskey_ttl = reader.u32();
    evidence.ns_ttl = reader.u32();
    evidence.max_ttl = reader.u32();
    evidence.signed_serial = reader.u32();
    const std::uint64_t hold_end = reader.u64();
    const auto latest = latest_hold_end.time_since_epoch().count();
    if (hold_end > static_cast<std::uint64_t>(latest)) {
        reader.fail();
    } else if (hold_end != 0) {
        evidence.hold_end =
            std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(hold_end)));
    }
    return evidence;
}

// The value of one TLV; `reader` holds nothing else. What is wrong makes it fail.
void read_fact(TlvType type, dns::WireReader& reader, Decoded& decoded) {
    PeerMessage& message = decoded.message;
    switch (type) {
        case TlvType::sequence:
            message.sequence.emplace();
            message.sequence->boot = reader.u64();
            message.sequence->counter = reader.u64();
            return;
        case TlvType::identity: message.identity = read_name(reader); return;
        case TlvType::interval: message.interval = std::chrono::seconds(reader.u32()); return;
        case TlvType::roster: message.roster = read_digest(reader); return;
        case TlvType::epoch: message.epoch = reader.u64(); return;
        case TlvType::rung: read_rung(reader, decoded); return;
        case TlvType::evidence: message.evidence = read_evidence(reader); return;
        case TlvType::term:
            message.term.emplace();
            message.term->number = reader.u64();
            message.term->identity = read_name(reader);
            return;
        case TlvType::reason: message.reason = as_text(reader.rest()); return;
        case TlvType::vote:
            message.vote.emplace();
            message.vote->is_granted = read_bit(reader);
            message.vote->term = reader.u64();
            return;
        case TlvType::contribution: message.contribution = read_digest(reader); return;
        case TlvType::recovery: message.is_recovering = read_bit(reader); return;
        case TlvType::echo:
            message.echo.emplace();
            message.echo->epoch = reader.u64();
            message.echo->steps = reader.u8();
            return;
    }
    decoded.note(Note::unknown_fact);
    reader.rest();
}

Result<void> read_body(dns::WireReader& reader, Decoded& decoded) {
    std::array<std::size_t, 256> seen{};
    while (!reader.at_end()) {
        const std::uint8_t type = reader.u8();
        dns::WireReader value(reader.octets(reader.u16()));
        if (reader.failed()) return malformed("a TLV that overruns the option");
        const std::string name = "TLV " + std::to_string(type);
        if (type == 0) return malformed("TLV 0");
        const bool is_known = type <= static_cast<std::uint8_t>(TlvType::echo);
        const std::size_t most = TlvType(type) == TlvType::rung ? most_rungs : 1;
        if (is_known && ++seen[type] > most) return malformed(name + " too often");
        read_fact(TlvType(type), value, decoded);
        if (value.failed() || !value.at_end()) return malformed(name + " with a wrong value");
    }
    return success();
}

// What NOTIFY asks about: SOA for the zone as such, or the RRset that is new.
Result<void> read_question(const dns::Message& message, PeerMessage& target) {
    if (message.questions.size() != 1 || message.questions.front().klass != dns::Class::IN) {
        return malformed("not one question of class IN");
    }
    const dns::Question& question = message.questions.front();
    target.zone = question.name;
    if (question.type != dns::Type::SOA) target.changed = question.type;
    return success();
}

}  // namespace

Bytes encode_option(const PeerMessage& message, const CodePoints& code_points) {
    Bytes value;
    value.push_back(code_points.number_of(message.operation));
    value.push_back(message.transports.octet());
    value.push_back(message.synchronizations.octet());
    write_body(message, value);
    return value;
}

Result<Decoded> decode_option(BytesView value, Purpose purpose, const CodePoints& code_points) {
    Decoded decoded;
    dns::WireReader reader(value);
    const std::uint8_t number = reader.u8();
    const std::uint8_t transports = reader.u8();
    const std::uint8_t synchronizations = reader.u8();
    if (reader.failed()) return malformed("an option of less than 3 octets");
    if (number == 0) return malformed("operation 0 is forbidden");
    const auto operation = code_points.operation_of(number);
    if (!operation) {
        return Error(ErrorKind::not_found, "operation " + std::to_string(number));
    }
    decoded.message.operation = *operation;
    decoded.message.transports = read_capabilities<Transport>(transports, decoded);
    decoded.message.synchronizations =
        read_capabilities<Synchronization>(synchronizations, decoded);
    if (!reader.at_end() && value[reader.offset()] == 0) {
        decoded.note(Note::reserved_octet);
        reader.skip(1);
    }
    if (const auto read = read_body(reader, decoded); !read) return read.error();
    if (const auto checked = check(decoded.message, purpose); !checked) return checked.error();
    return decoded;
}

dns::Message make_notify(const PeerMessage& message, const CodePoints& code_points) {
    dns::Message notify;
    notify.header.opcode = static_cast<std::uint8_t>(dns::Opcode::NOTIFY);
    notify.header.is_authoritative = true;  // RFC 1996 3.7
    notify.questions.push_back(
        {message.zone, message.changed.value_or(dns::Type::SOA), dns::Class::IN});
    add_option(notify, message, code_points);
    return notify;
}

void add_option(dns::Message& target, const PeerMessage& message, const CodePoints& code_points) {
    if (!target.edns) target.edns.emplace().udp_octets = udp_octets;
    target.edns->options.push_back({code_points.option, encode_option(message, code_points)});
}

Result<Decoded> decode_message(const dns::Message& message, const CodePoints& code_points) {
    const bool is_update = message.opcode() == dns::Opcode::UPDATE;
    if (!is_update && message.opcode() != dns::Opcode::NOTIFY) {
        return malformed("neither NOTIFY nor UPDATE");
    }
    const dns::EdnsOption* option = nullptr;
    if (message.edns) {
        for (const dns::EdnsOption& candidate : message.edns->options) {
            if (candidate.code != code_points.option) continue;
            if (option) return malformed("two Multi-Signer options");
            option = &candidate;
        }
    }
    if (!option) return malformed("no Multi-Signer option");
    const Purpose purpose = message.header.is_response ? Purpose::answer
                            : is_update                ? Purpose::instruction
                                                       : Purpose::request;
    auto decoded = decode_option(option->value, purpose, code_points);
    if (!decoded) return decoded;
    if (const auto read = read_question(message, decoded->message); !read) return read.error();
    if (is_update && decoded->message.changed) return malformed("a zone section without SOA");
    if (const auto checked = check(decoded->message, purpose); !checked) return checked.error();
    return decoded;
}

}  // namespace chorale::proto
