#include "proto/rrset_payload.hpp"

#include <algorithm>

#include "common/crypto/dnskey.hpp"
#include "common/dns/rdata.hpp"
#include "proto/edns_codec.hpp"

namespace chorale::proto {
namespace {

bool is_key(dns::Type type) { return type == dns::Type::DNSKEY || type == dns::Type::CDNSKEY; }

Result<void> check_records(const dns::RRset& rrset) {
    if (rrset.ttl > longest_ttl) return malformed("TTL " + std::to_string(rrset.ttl));
    if (rrset.rdatas.size() > most_records) {
        return malformed("more than " + std::to_string(most_records) + " records");
    }
    const Bytes* before = nullptr;
    for (const Bytes& rdata : rrset.rdatas) {
        if (const auto read = dns::check_rdata(rrset.type, rdata); !read) return read.error();
        if (is_key(rrset.type) && !crypto::is_delete_sentinel(rrset.type, rdata)) {
            if (const char* fault = crypto::public_key_fault(rdata)) return malformed(fault);
        }
        if (before && dns::compare_rdata(rrset.type, *before, rdata) >= 0) {
            return malformed("records twice or out of canonical order");
        }
        before = &rdata;
    }
    return success();
}

// Sorts what another may have sent in any order.
void sort_records(dns::RRset& rrset) {
    std::sort(rrset.rdatas.begin(), rrset.rdatas.end(), [&](const Bytes& a, const Bytes& b) {
        return dns::compare_rdata(rrset.type, a, b) < 0;
    });
}

dns::Message with_edns() {
    dns::Message message;
    message.edns.emplace();
    return message;
}

}  // namespace

Result<void> check_rrsets(const RRsets& rrsets, dns::NameView zone,
                          std::span<const dns::Type> types) {
    for (const dns::Type type : types) {
        if (!rrsets.contains(type)) return malformed(dns::to_text(type) + " is missing");
    }
    if (rrsets.size() != types.size()) return malformed("RRsets that do not belong here");
    for (const auto& [type, rrset] : rrsets) {
        const std::string where = dns::to_text(type);
        if (rrset.type != type || !(rrset.owner.view() == zone)) {
            return malformed(where + ": of another type or owner");
        }
        if (const auto checked = check_records(rrset); !checked) return checked.error().in(where);
    }
    return success();
}

Result<dns::Name> contribution_name(dns::NameView zone, dns::NameView identity) {
    Bytes wire = to_bytes(zone.wire().first(zone.wire().size() - 1));
    append(wire, identity.wire());
    if (wire.size() > dns::max_name_octets) {
        return Error(ErrorKind::limit, "the name of the contribution of " + identity.to_text() +
                                           " to " + zone.to_text() + " would have " +
                                           std::to_string(wire.size()) + " octets");
    }
    return dns::Name::from_wire(wire);
}

std::optional<dns::Name> zone_of_contribution(dns::NameView name, dns::NameView identity) {
    if (!name.is_at_or_below(identity)) return std::nullopt;
    Bytes wire = to_bytes(name.wire().first(name.wire().size() - identity.wire().size()));
    wire.push_back(0);
    const auto zone = dns::Name::from_wire(wire);
    if (!zone) return std::nullopt;
    return *zone;
}

dns::Message make_contribution_query(const dns::Name& contribution_name, dns::Type type) {
    dns::Message query = with_edns();
    query.questions.push_back({contribution_name, type, dns::Class::IN});
    return query;
}

dns::Message make_contribution_answer(const dns::Message& query, const dns::RRset& rrset) {
    dns::Message answer = dns::make_response(query, dns::Rcode::NOERROR);
    answer.header.is_authoritative = true;
    for (const Bytes& rdata : rrset.rdatas) {
        answer.answers.push_back(
            {query.questions.front().name, rrset.type, dns::Class::IN, rrset.ttl, rdata});
    }
    return answer;
}

Result<dns::RRset> read_contribution_answer(const dns::Message& answer,
                                            const dns::Name& contribution_name,
                                            const dns::Name& zone, dns::Type type) {
    if (!answer.header.is_response || answer.opcode() != dns::Opcode::QUERY ||
        answer.questions.size() != 1 || answer.questions.front().type != type ||
        answer.questions.front().klass != dns::Class::IN ||
        !(answer.questions.front().name == contribution_name)) {
        return malformed("not an answer to the question");
    }
    if (answer.rcode() != dns::Rcode::NOERROR) {
        return Error(ErrorKind::refused, "answered " + dns::to_text(answer.rcode()));
    }
    if (answer.header.is_truncated || !answer.header.is_authoritative) {
        return malformed("an answer that is truncated or not authoritative");
    }
    dns::RRset rrset{zone, type, 0, {}};
    for (const dns::Record& record : answer.answers) {
        if (record.type != type || record.klass != dns::Class::IN ||
            !(record.owner == contribution_name)) {
            return malformed("an answer with another record");
        }
        // RFC 2181 5.2: TTLs that differ are an error, which the lowest one mends.
        rrset.ttl = rrset.empty() ? record.ttl : std::min(rrset.ttl, record.ttl);
        rrset.rdatas.push_back(record.rdata);
    }
    sort_records(rrset);
    if (const auto checked = check_records(rrset); !checked) return checked.error();
    return rrset;
}

dns::Message make_instruction(const Instruction& instruction, const CodePoints& code_points) {
    dns::Message update;
    update.header.opcode = static_cast<std::uint8_t>(dns::Opcode::UPDATE);
    const dns::Name& zone = instruction.message.zone;
    update.questions.push_back({zone, dns::Type::SOA, dns::Class::IN});
    for (const dns::Type type : controlled_types) {
        const dns::RRset& rrset = instruction.rrsets.at(type);
        update.authority.push_back({zone, type, dns::Class::ANY, 0, {}});
        for (const Bytes& rdata : rrset.rdatas) {
            update.authority.push_back({zone, type, dns::Class::IN, rrset.ttl, rdata});
        }
    }
    add_option(update, instruction.message, code_points);
    return update;
}

Result<DecodedInstruction> decode_instruction(const dns::Message& update,
                                              const CodePoints& code_points) {
    if (update.opcode() != dns::Opcode::UPDATE || update.header.is_response) {
        return malformed("not an UPDATE");
    }
    auto decoded = decode_message(update, code_points);
    if (!decoded) return decoded.error();
    const dns::Name& zone = decoded->message.zone;
    if (!update.answers.empty()) return malformed("an instruction with prerequisites");
    RRsets rrsets;
    for (const dns::Record& record : update.authority) {
        const std::string where = dns::to_text(record.type);
        if (!(record.owner == zone)) return malformed(where + ": another owner than the zone");
        if (record.klass == dns::Class::ANY && record.ttl == 0 && record.rdata.empty()) {
            if (!rrsets.try_emplace(record.type, dns::RRset{zone, record.type, 0, {}}).second) {
                return malformed(where + ": deleted twice");
            }
            continue;
        }
        const auto at = rrsets.find(record.type);
        if (record.klass != dns::Class::IN || at == rrsets.end()) {
            return malformed(where + ": neither deletes its RRset nor follows that");
        }
        dns::RRset& rrset = at->second;
        if (!rrset.empty() && rrset.ttl != record.ttl) return malformed(where + ": two TTLs");
        rrset.ttl = record.ttl;
        rrset.rdatas.push_back(record.rdata);
    }
    for (auto& [type, rrset] : rrsets) sort_records(rrset);
    if (const auto checked = check_rrsets(rrsets, zone, controlled_types); !checked) {
        return checked.error();
    }
    return DecodedInstruction{{std::move(decoded->message), std::move(rrsets)},
                              std::move(decoded->notes)};
}

}  // namespace chorale::proto
