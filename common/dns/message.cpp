#include "common/dns/message.hpp"

#include <cassert>
#include <cstring>

#include "common/dns/rdata.hpp"

namespace chorale::dns {
namespace {

constexpr std::uint32_t max_ttl = 0x7fffffff;       // RFC 2181 8
constexpr std::size_t max_pointer_offset = 0x4000;  // RFC 1035 4.1.4: 14 bits
constexpr std::uint32_t dnssec_ok_bit = 0x8000;     // RFC 3225 3

// Records whose RDATA is not of the form that their type has in a zone.
bool has_unread_rdata(Type type, Class klass) {
    if (type == Type::TSIG || type == Type::OPT) return true;
    // UPDATE deletes with class ANY (RFC 2136 2.5.2); SIG(0) has class ANY too.
    return klass == Class::ANY && type != Type::SIG;
}

// Reads one record into the two buffers, which `record` then refers to.
bool read_record(WireReader& reader, Bytes& owner, Bytes& rdata, RecordView& record) {
    owner.clear();
    rdata.clear();
    record.owner = reader.name(owner);
    const BytesView fixed = reader.octets(10);
    if (reader.failed()) return false;
    record.type = Type(fixed[0] << 8 | fixed[1]);
    record.klass = Class(fixed[2] << 8 | fixed[3]);
    record.ttl = std::uint32_t(fixed[4]) << 24 | std::uint32_t(fixed[5]) << 16 |
                 std::uint32_t(fixed[6]) << 8 | fixed[7];
    // RFC 2181 8: a TTL with the top bit set counts as zero.
    if (record.klass == Class::IN && record.ttl > max_ttl) record.ttl = 0;
    const std::size_t length = std::size_t(fixed[8]) << 8 | fixed[9];
    if (length == 0) {
        record.rdata = {};
        return true;
    }
    if (has_unread_rdata(record.type, record.klass)) {
        append(rdata, reader.octets(length));
    } else if (!read_rdata(reader, record.type, length, rdata)) {
        return false;
    }
    record.rdata = rdata;
    return !reader.failed();
}

Question read_question(WireReader& reader) {
    Question question;
    question.name = reader.name();
    question.type = Type(reader.u16());
    question.klass = Class(reader.u16());
    return question;
}

// The reason why the record is no OPT that may stand here; empty if it is one.
std::string read_edns(const RecordView& record, std::optional<Edns>& target) {
    if (target) return "a second OPT (RFC 6891 6.1.1)";
    if (!record.owner.is_root()) return "OPT whose owner is not the root (RFC 6891 6.1.2)";
    Edns& edns = target.emplace();
    edns.udp_octets = std::max<std::uint16_t>(512, std::uint16_t(record.klass));
    edns.extended_rcode = static_cast<std::uint8_t>(record.ttl >> 24);
    edns.version = static_cast<std::uint8_t>(record.ttl >> 16);
    edns.dnssec_ok = (record.ttl & dnssec_ok_bit) != 0;
    if (edns.version != 0) return {};  // BADVERS; what its options look like is unknown
    WireReader reader(record.rdata);
    while (!reader.at_end()) {
        EdnsOption option;
        option.code = reader.u16();
        option.value = to_bytes(reader.octets(reader.u16()));
        if (reader.failed()) return "EDNS option that overruns its OPT";
        edns.options.push_back(std::move(option));
    }
    return reader.failed() ? "OPT with an option cut short" : "";
}

// Puts one additional record where it belongs; gives the reason why it may not be there.
std::string sort_additional(Message& message, const RecordView& record, std::size_t offset,
                            bool is_last) {
    if (record.type == Type::OPT) return read_edns(record, message.edns);
    if (record.type == Type::TSIG) {
        if (!is_last) return "TSIG that is not the last record (RFC 8945 5.1)";
        if (record.klass != Class::ANY || record.ttl != 0) {
            return "TSIG whose class is not ANY or whose TTL is not 0 (RFC 8945 4.2)";
        }
        for (const Record& other : message.additional) {
            if (is_sig0(other.view())) return "SIG(0) beside TSIG (RFC 2931 3.1)";
        }
        message.tsig = TransactionSignature{to_record(record), offset};
        return {};
    }
    if (is_last && is_sig0(record)) {
        message.sig0 = TransactionSignature{to_record(record), offset};
        return {};
    }
    message.additional.push_back(to_record(record));
    return {};
}

// The reason why the octets after the header are malformed; empty if they are not.
std::string read_sections(WireReader& reader, const MessageLimits& limits, Message& message,
                          ParseFailure& failure) {
    const Header& header = message.header;
    const std::size_t claimed =
        std::size_t(header.answer_count) + header.authority_count + header.additional_count;
    for (unsigned i = 0; i < header.question_count; ++i) {
        if (i >= limits.records) return "more questions than the limit";
        Question question = read_question(reader);
        if (reader.failed()) return "malformed question";
        message.questions.push_back(std::move(question));
    }
    failure.questions = message.questions;
    if (claimed > limits.records) {
        return "more than " + std::to_string(limits.records) + " records";
    }
    struct Section {
        std::vector<Record>* records;
        std::uint16_t count;
        const char* field;
    };
    const Section sections[] = {{&message.answers, header.answer_count, "answer"},
                                {&message.authority, header.authority_count, "authority"},
                                {&message.additional, header.additional_count, "additional"}};
    Bytes owner, rdata;
    for (const Section& section : sections) {
        for (unsigned i = 1; i <= section.count; ++i) {
            RecordView record;
            const std::size_t offset = reader.offset();
            if (!read_record(reader, owner, rdata, record)) {
                return "malformed record " + std::to_string(i) + " of the " + section.field +
                       " section";
            }
            if (section.records == &message.additional) {
                std::string reason = sort_additional(message, record, offset, i == section.count);
                if (!reason.empty()) return reason;
                continue;
            }
            if (record.type == Type::OPT || record.type == Type::TSIG) {
                return to_text(record.type) + " outside the additional section";
            }
            section.records->push_back(to_record(record));
        }
    }
    return reader.at_end() ? "" : "octets after the last record";
}

// Whether an OPT stands among the additional records, for a message that is
// malformed elsewhere: the answer then needs one (RFC 6891 7).
bool has_opt(BytesView octets) {
    WireReader reader(octets);
    const Header header = Header::read(reader);
    for (unsigned i = 0; i < header.question_count && !reader.failed(); ++i) {
        reader.skip_name();
        reader.skip(4);
    }
    const std::size_t before = std::size_t(header.answer_count) + header.authority_count;
    for (std::size_t i = 0; i < before + header.additional_count && !reader.failed(); ++i) {
        reader.skip_name();
        const Type type = Type(reader.u16());
        reader.skip(6);
        if (!reader.failed() && type == Type::OPT && i >= before) return true;
        reader.skip(reader.u16());
    }
    return false;
}

Record edns_record(const Edns& edns) {
    Record record;
    record.type = Type::OPT;
    record.klass = Class(edns.udp_octets);
    record.ttl = std::uint32_t(edns.extended_rcode) << 24 | std::uint32_t(edns.version) << 16 |
                 (edns.dnssec_ok ? dnssec_ok_bit : 0);
    WireWriter writer(record.rdata);
    for (const EdnsOption& option : edns.options) {
        assert(option.value.size() <= 0xffff);
        writer.u16(option.code);
        writer.u16(static_cast<std::uint16_t>(option.value.size()));
        writer.octets(option.value);
    }
    return record;
}

Header response_header(const Header& request) {
    Header header;
    header.id = request.id;
    header.is_response = true;
    header.opcode = request.opcode;
    header.recursion_desired = request.recursion_desired;
    return header;
}

}  // namespace

bool is_sig0(const RecordView& record) {
    return record.type == Type::SIG && record.rdata.size() >= 2 && record.rdata[0] == 0 &&
           record.rdata[1] == 0;
}

Header Header::read(WireReader& reader) {
    Header header;
    header.id = reader.u16();
    const unsigned flags = reader.u16();
    header.is_response = (flags & 0x8000) != 0;
    header.opcode = flags >> 11 & 0xf;
    header.is_authoritative = (flags & 0x0400) != 0;
    header.is_truncated = (flags & 0x0200) != 0;
    header.recursion_desired = (flags & 0x0100) != 0;
    header.recursion_available = (flags & 0x0080) != 0;
    header.rcode = flags & 0xf;
    header.question_count = reader.u16();
    header.answer_count = reader.u16();
    header.authority_count = reader.u16();
    header.additional_count = reader.u16();
    return header;
}

void Header::write(WireWriter& writer) const {
    assert(opcode < 16 && rcode < 16);
    writer.u16(id);
    writer.u16(static_cast<std::uint16_t>(
        (is_response ? 0x8000 : 0) | (opcode & 0xf) << 11 | (is_authoritative ? 0x0400 : 0) |
        (is_truncated ? 0x0200 : 0) | (recursion_desired ? 0x0100 : 0) |
        (recursion_available ? 0x0080 : 0) | (rcode & 0xf)));
    writer.u16(question_count);
    writer.u16(answer_count);
    writer.u16(authority_count);
    writer.u16(additional_count);
}

const EdnsOption* Edns::find(std::uint16_t code) const {
    const auto found = std::ranges::find(options, code, &EdnsOption::code);
    return found == options.end() ? nullptr : &*found;
}

Rcode Message::rcode() const {
    return Rcode((edns ? edns->extended_rcode << 4 : 0) | header.rcode);
}

void Message::set_rcode(Rcode rcode) {
    const auto code = std::uint16_t(rcode);
    assert(code < 16 || edns);
    header.rcode = code & 0xf;
    if (edns) edns->extended_rcode = static_cast<std::uint8_t>(code >> 4);
}

ParseOutcome parse_message(BytesView octets, const MessageLimits& limits) {
    ParseOutcome outcome;
    ParseFailure& failure = outcome.failure;
    WireReader reader(octets);
    Message message;
    message.header = Header::read(reader);
    if (reader.failed()) {
        failure.reason = "fewer octets than a header has";
        return outcome;
    }
    failure.header = message.header;
    failure.is_answerable = !message.header.is_response;
    failure.reason = read_sections(reader, limits, message, failure);
    if (failure.reason.empty()) {
        outcome.failure = {};
        outcome.message = std::move(message);
    } else {
        failure.has_edns = has_opt(octets);
    }
    return outcome;
}

Bytes write_message(const Message& message) {
    Header header = message.header;
    const auto count = [](std::size_t records) {
        assert(records <= 0xffff);
        return static_cast<std::uint16_t>(records);
    };
    header.question_count = count(message.questions.size());
    header.answer_count = count(message.answers.size());
    header.authority_count = count(message.authority.size());
    header.additional_count = count(message.additional.size() + (message.edns ? 1 : 0));
    Bytes octets;
    octets.reserve(512);
    WireWriter writer(octets);
    header.write(writer);
    RecordWriter records(octets);
    for (const Question& question : message.questions) records.question(question);
    for (const auto* section : {&message.answers, &message.authority, &message.additional}) {
        for (const Record& record : *section) records.record(record.view());
    }
    if (message.edns) records.record(edns_record(*message.edns).view());
    return octets;
}

Message make_response(const Message& request, Rcode rcode) {
    Message response;
    response.header = response_header(request.header);
    if (request.questions.size() == 1) response.questions = request.questions;  // RFC 9619
    if (request.edns) {
        response.edns.emplace();
        response.edns->dnssec_ok = request.edns->dnssec_ok;  // RFC 3225 3
    }
    response.set_rcode(rcode);
    return response;
}

Message make_response(const ParseFailure& failure, Rcode rcode) {
    assert(failure.is_answerable);
    Message response;
    response.header = response_header(failure.header);
    if (failure.questions.size() == 1) response.questions = failure.questions;
    if (failure.has_edns) response.edns.emplace();
    response.set_rcode(rcode);
    return response;
}

RecordReader::RecordReader(BytesView message) : reader_(message), header_(Header::read(reader_)) {
    for (unsigned i = 0; i < header_.question_count && !reader_.failed(); ++i) {
        questions_.push_back(read_question(reader_));
    }
    left_[0] = header_.answer_count;
    left_[1] = header_.authority_count;
    left_[2] = header_.additional_count;
    owner_.reserve(max_name_octets);
    rdata_.reserve(512);
}

bool RecordReader::next(RecordView& record) {
    while (section_ < 2 && left_[section_] == 0) ++section_;
    if (left_[section_] == 0) {
        if (!reader_.at_end()) reader_.fail();
        return false;
    }
    --left_[section_];
    record_offset_ = reader_.offset();
    if (read_record(reader_, owner_, rdata_, record)) return true;
    reader_.fail();
    return false;
}

namespace {

constexpr std::size_t least_slots = 64;
constexpr std::size_t most_slots = 16384;  // all suffixes below offset 0x4000 fit into half of it
// Names made to collide cost no more than this; they are then not compressed.
constexpr std::size_t most_probes = 16;

template <class Number>
std::uint64_t number_at(const Byte* at) {
    Number number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

// Of a label with its length octet, eight octets at a time.
std::uint32_t hash_label(const Byte* label, std::uint32_t of_parent) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    const auto mixed = [](std::uint64_t hash, std::uint64_t octets) {
        hash = (hash ^ octets) * odd;
        return hash ^ hash >> 29;
    };
    std::size_t left = *label + 1U;
    std::uint64_t hash = of_parent;
    for (; left >= 8; left -= 8, label += 8) hash = mixed(hash, number_at<std::uint64_t>(label));
    if (left >= 4) {
        // The two halves overlap.
        hash = mixed(hash, number_at<std::uint32_t>(label) << 32 |
                               number_at<std::uint32_t>(label + left - 4));
    } else if (left > 0) {
        hash = mixed(hash, std::uint64_t(label[0]) << 16 | std::uint64_t(label[left / 2]) << 8 |
                               label[left - 1]);
    }
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

// Whether the name written at `offset` of `message` is `suffix`, octet for octet.
bool is_written_at(BytesView message, std::size_t offset, BytesView suffix) {
    std::size_t at = offset;
    while (true) {
        const std::size_t length = message[at];
        if (length >= 0xc0) {
            at = (length & 0x3f) << 8 | message[at + 1];
            continue;
        }
        if (std::memcmp(&message[at], suffix.data(), std::min(length + 1, suffix.size())) != 0) {
            return false;
        }
        if (length == 0) return true;
        at += length + 1;
        suffix = suffix.subspan(length + 1);
    }
}

}  // namespace

RecordWriter::RecordWriter(Bytes& message, std::size_t message_start)
    : message_(message), start_(message_start), table_(least_slots) {
    assert(message.size() >= message_start + header_octets);
}

void RecordWriter::question(const Question& question) {
    const std::size_t before = message_.size();
    message_.resize(before + question.name.wire().size());
    const Byte* const end = put(question.name, message_.data() + before);
    message_.resize(static_cast<std::size_t>(end - message_.data()));
    WireWriter writer(message_);
    writer.u16(std::uint16_t(question.type));
    writer.u16(std::uint16_t(question.klass));
}

void RecordWriter::record(const RecordView& record) {
    assert(record.rdata.size() <= 0xffff);
    // Room for what compression would not shorten, given back at the end.
    const std::size_t before = message_.size();
    message_.resize(before + record.owner.wire().size() + 10 + record.rdata.size());
    Byte* at = put(record.owner, message_.data() + before);
    const auto type = std::uint16_t(record.type);
    const auto klass = std::uint16_t(record.klass);
    const Byte fixed[8] = {static_cast<Byte>(type >> 8),        static_cast<Byte>(type),
                           static_cast<Byte>(klass >> 8),       static_cast<Byte>(klass),
                           static_cast<Byte>(record.ttl >> 24), static_cast<Byte>(record.ttl >> 16),
                           static_cast<Byte>(record.ttl >> 8),  static_cast<Byte>(record.ttl)};
    at = std::copy(std::begin(fixed), std::end(fixed), at);
    Byte* const length = at;
    at += 2;
    BytesView left = record.rdata;
    const auto copy = [&](std::size_t octets) {
        at = std::copy_n(left.begin(), octets, at);
        left = left.subspan(octets);
    };
    const NameLayout layout = name_layout(record.type);
    if (layout.compresses && left.size() >= layout.prefix) {
        copy(layout.prefix);
        for (unsigned i = 0; i < layout.count; ++i) {
            // RDATA that never was a name (class ANY in an UPDATE) goes out as it is.
            const std::size_t octets = name_octets(left);
            if (octets == 0) break;
            at = put(NameView::trust(left.first(octets)), at);
            left = left.subspan(octets);
        }
    }
    copy(left.size());
    const auto written = static_cast<std::size_t>(at - length - 2);
    length[0] = static_cast<Byte>(written >> 8);
    length[1] = static_cast<Byte>(written);
    message_.resize(static_cast<std::size_t>(at - message_.data()));
}

Byte* RecordWriter::put(NameView name, Byte* at) {
    const BytesView wire = name.wire();
    const Byte* const octets = wire.data();
    // The hash of a suffix needs that of its parent: from the root up.
    Byte label_at[128];
    std::uint32_t hash_at[128];
    std::size_t labels = 0;
    for (std::size_t i = 0; octets[i] != 0; i += octets[i] + 1U) {
        label_at[labels++] = static_cast<Byte>(i);
    }
    std::uint32_t hash = 0;
    for (std::size_t i = labels; i-- > 0;) {
        hash = hash_label(octets + label_at[i], hash);
        hash_at[i] = hash;
    }
    const BytesView message = BytesView(message_).subspan(start_);
    const std::uint32_t* const table = table_.data();
    const std::size_t mask = table_.size() - 1;
    std::size_t fresh = labels;  // labels before the longest suffix that is there already
    std::size_t pointer = 0;
    for (std::size_t i = 0; i < labels && pointer == 0; ++i) {
        for (std::size_t probe = 0; probe < most_probes; ++probe) {
            const std::uint32_t slot = table[(hash_at[i] + probe) & mask];
            if (slot == 0) break;
            if ((slot >> 16) == (hash_at[i] & 0xffff) &&
                is_written_at(message, slot & 0xffff, wire.subspan(label_at[i]))) {
                pointer = slot & 0xffff;
                fresh = i;
                break;
            }
        }
    }
    const auto offset = static_cast<std::size_t>(at - message.data());
    if (pointer == 0) {
        at = std::copy(wire.begin(), wire.end(), at);
    } else {
        at = std::copy_n(wire.begin(), label_at[fresh], at);
        *at++ = static_cast<Byte>(0xc0 | pointer >> 8);
        *at++ = static_cast<Byte>(pointer);
    }
    for (std::size_t i = 0; i < fresh; ++i) remember(hash_at[i], offset + label_at[i]);
    return at;
}

void RecordWriter::remember(std::uint32_t hash, std::size_t offset) {
    if (offset >= max_pointer_offset) return;
    if (suffixes_ * 2 >= table_.size() && table_.size() < most_slots) {
        // The 16 bits of the hash that a slot keeps are enough for the largest table.
        std::vector<std::uint32_t> former(table_.size() * 4);
        former.swap(table_);
        suffixes_ = 0;
        for (const std::uint32_t slot : former) {
            if (slot != 0) remember(slot >> 16, slot & 0xffff);
        }
    }
    const std::size_t mask = table_.size() - 1;
    for (std::size_t probe = 0; probe < most_probes; ++probe) {
        std::uint32_t& slot = table_[(hash + probe) & mask];
        if (slot != 0) continue;
        slot = (hash & 0xffff) << 16 | static_cast<std::uint32_t>(offset);
        ++suffixes_;
        return;
    }
}

}  // namespace chorale::dns
