// DNS messages (RFC 1035 4, RFC 2136 2) with EDNS (RFC 6891). A message is
// parsed once into records; a transfer is read record by record instead
// (RecordReader).
#pragma once

#include <optional>

#include "common/dns/record.hpp"
#include "common/dns/wire.hpp"

namespace chorale::dns {

inline constexpr std::size_t header_octets = 12;

struct Header {
    std::uint16_t id = 0;
    bool is_response = false;       // QR
    std::uint8_t opcode = 0;        // 4 bits, Opcode or unknown
    bool is_authoritative = false;  // AA
    bool is_truncated = false;      // TC
    bool recursion_desired = false;
    bool recursion_available = false;
    std::uint8_t rcode = 0;  // 4 bits; the upper 8 are in EDNS
    std::uint16_t question_count = 0;
    std::uint16_t answer_count = 0;
    std::uint16_t authority_count = 0;
    std::uint16_t additional_count = 0;

    // Z, AD and CD are ignored when read and sent as zero.
    static Header read(WireReader& reader);
    void write(WireWriter& writer) const;
};

struct Question {
    Name name;
    Type type = Type::A;
    Class klass = Class::IN;
};

struct EdnsOption {
    std::uint16_t code = 0;
    Bytes value;
};

// RFC 6891 6.1.
struct Edns {
    std::uint16_t udp_octets = 1232;  // requestor's payload size; below 512 counts as 512
    std::uint8_t extended_rcode = 0;
    std::uint8_t version = 0;
    bool dnssec_ok = false;
    std::vector<EdnsOption> options;

    const EdnsOption* find(std::uint16_t code) const;
};

inline constexpr std::uint16_t option_cookie = 10;          // RFC 7873
inline constexpr std::uint16_t option_keepalive = 11;       // RFC 7828
inline constexpr std::uint16_t option_padding = 12;         // RFC 7830
inline constexpr std::uint16_t option_extended_error = 15;  // RFC 8914

// The TSIG or SIG(0) record at the end of a message, not among `additional`.
struct TransactionSignature {
    Record record;
    std::size_t offset = 0;  // where the record begins: what is before it was signed
};

// A signature of a message (RFC 2931 3), wherever in one it stands.
bool is_sig0(const RecordView& record);

struct Message {
    Header header;
    std::vector<Question> questions;  // UPDATE: the zone section
    std::vector<Record> answers;      // UPDATE: prerequisites
    std::vector<Record> authority;    // UPDATE: updates
    std::vector<Record> additional;   // without OPT, TSIG and SIG(0)
    std::optional<Edns> edns;
    std::optional<TransactionSignature> tsig;
    std::optional<TransactionSignature> sig0;

    Opcode opcode() const { return Opcode(header.opcode); }
    Rcode rcode() const;
    void set_rcode(Rcode rcode);  // above 15 needs edns
};

struct MessageLimits {
    std::size_t records = 5000;
};

// Why a message could not be parsed, with what is needed to answer it.
struct ParseFailure {
    // Fewer than 12 octets or QR set: nothing may be answered.
    bool is_answerable = false;
    Header header;
    std::vector<Question> questions;  // if that far
    bool has_edns = false;            // an OPT was there, so the answer needs one
    std::string reason;
};

// What parse_message gives: exactly one of the two is set.
struct ParseOutcome {
    std::optional<Message> message;
    ParseFailure failure;
};

// Parses a request or a response. Octets after the last record are malformed.
// TSIG anywhere but last, twice, or not class ANY with TTL 0 is malformed (RFC
// 8945 5.1), so is SIG(0) beside TSIG (RFC 2931 3.1), two OPTs, an OPT whose
// owner is not the root or whose options overrun (RFC 6891 6.1.1). RDATA of
// records in the answer, authority and additional sections is checked as
// read_rdata does, except empty RDATA, which UPDATE uses (RFC 2136 2.4).
ParseOutcome parse_message(BytesView octets, const MessageLimits& limits = {});

// The whole message without transaction signature, names compressed in owner
// position and where RFC 3597 4 allows it. OPT is written last.
Bytes write_message(const Message& message);

// An answer with the request's ID, opcode, RD and question (case kept) and, if
// the request had one, an OPT of our own.
Message make_response(const Message& request, Rcode rcode);
// The same for a request that could not be parsed, as far as it is known; only
// if it is answerable.
Message make_response(const ParseFailure& failure, Rcode rcode);

// Reads the records of one message in order without keeping them: for transfers.
class RecordReader {
public:
    explicit RecordReader(BytesView message);

    const Header& header() const { return header_; }
    const std::vector<Question>& questions() const { return questions_; }
    // The next record of all sections, in order; false at the end or after a
    // fault (then failed()). The view is valid until the next call. TSIG, SIG and
    // OPT come like any other record, TSIG's RDATA unread (opaque).
    bool next(RecordView& record);
    bool failed() const { return reader_.failed(); }
    // Offset at which the record given last begins.
    std::size_t record_offset() const { return record_offset_; }
    // 0 answer, 1 authority, 2 additional: of the record given last.
    int section() const { return section_; }

private:
    WireReader reader_;
    Header header_;
    std::vector<Question> questions_;
    std::uint32_t left_[3] = {0, 0, 0};
    int section_ = 0;
    std::size_t record_offset_ = 0;
    Bytes owner_;
    Bytes rdata_;
};

// Writes records with compression of owner names and of RFC 1035 types' RDATA
// (RFC 3597 4); a pointer is used only to a name with the same case (RFC 5936 3.4).
class RecordWriter {
public:
    // `message` holds a header already; offsets count from `message_start`.
    explicit RecordWriter(Bytes& message, std::size_t message_start = 0);

    void question(const Question& question);
    void record(const RecordView& record);
    std::size_t size() const { return message_.size() - start_; }

private:
    // Writes at `at`, where message_ has room for the whole name; returns its end.
    Byte* put(NameView name, Byte* at);
    void remember(std::uint32_t hash, std::size_t offset);
    Bytes& message_;
    std::size_t start_;
    // Suffixes written so far by open addressing: upper 16 bits of a slot are from
    // the hash of the suffix, the lower 16 its offset; 0 is a free slot.
    std::vector<std::uint32_t> table_;
    std::size_t suffixes_ = 0;
};

}  // namespace chorale::dns
