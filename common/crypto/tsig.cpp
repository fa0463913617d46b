#include "common/crypto/tsig.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace chorale::crypto {
namespace {

// The RDATA of a TSIG record (RFC 8945 4.2). Views into the octets read.
struct TsigFields {
    dns::Name algorithm;
    std::uint64_t time_signed = 0;  // seconds, 48 bits
    std::uint16_t fudge = static_cast<std::uint16_t>(tsig_fudge.count());
    BytesView mac;
    std::uint16_t original_id = 0;
    dns::TsigError error = dns::TsigError::none;
    BytesView other;
};

constexpr std::size_t longest_mac = EVP_MAX_MD_SIZE;

struct ComputedMac {
    std::array<Byte, longest_mac> octets;
    std::size_t size = 0;

    BytesView view() const { return BytesView(octets).first(size); }
};

struct AlgorithmRow {
    TsigAlgorithm algorithm;
    std::string_view text;
    std::size_t octets;
    const char* digest;  // OpenSSL's name of the hash function
};

constexpr AlgorithmRow algorithms[] = {
    {TsigAlgorithm::hmac_sha256, "hmac-sha256", 32, "SHA256"},
    {TsigAlgorithm::hmac_sha384, "hmac-sha384", 48, "SHA384"},
    {TsigAlgorithm::hmac_sha512, "hmac-sha512", 64, "SHA512"},
};

const AlgorithmRow& row_of(TsigAlgorithm algorithm) {
    for (const AlgorithmRow& row : algorithms) {
        if (row.algorithm == algorithm) return row;
    }
    assert(false && "an algorithm without a row");
    return algorithms[0];
}

dns::Name name_of(TsigAlgorithm algorithm) { return *dns::Name::from_text(row_of(algorithm).text); }

// RFC 8945 5.2.2.1: the larger of 10 octets and half of the hash.
std::size_t shortest_mac_of_protocol(TsigAlgorithm algorithm) {
    return std::max<std::size_t>(10, mac_octets(algorithm) / 2);
}

std::size_t shortest_mac_of_policy(const TsigKey& key) {
    return key.shortest_mac == 0 ? mac_octets(key.algorithm) : key.shortest_mac;
}

bool is_mac_length_allowed(const TsigKey& key, BytesView mac) {
    return mac.size() >= shortest_mac_of_protocol(key.algorithm) &&
           mac.size() <= mac_octets(key.algorithm);
}

// What can fail in OpenSSL with a key that was set up once is memory.
void check(int outcome) {
    if (outcome != 1) throw std::bad_alloc();
}

MacContext make_keyed(const TsigKey& key) {
    static EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    MacContext context(EVP_MAC_CTX_new(hmac));
    char digest[16];
    std::strncpy(digest, row_of(key.algorithm).digest, sizeof digest - 1);
    digest[sizeof digest - 1] = '\0';
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    const BytesView secret = key.secret.reveal();
    if (!context || EVP_MAC_init(context.get(), secret.data(), secret.size(), parameters) != 1) {
        return nullptr;
    }
    return context;
}

MacContext duplicate(const MacContext& context) {
    MacContext copy(EVP_MAC_CTX_dup(context.get()));
    check(copy != nullptr);
    return copy;
}

MacContext begin_mac(const TsigKey& key) {
    if (key.keyed) return duplicate(key.keyed);
    MacContext context = make_keyed(key);
    check(context != nullptr);
    return context;
}

void digest(const MacContext& context, BytesView octets) {
    check(EVP_MAC_update(context.get(), octets.data(), octets.size()));
}

// RFC 8945 4.3.1: a MAC that goes before, with its length.
void digest_prior_mac(const MacContext& context, BytesView mac) {
    const Byte length[2] = {static_cast<Byte>(mac.size() >> 8), static_cast<Byte>(mac.size())};
    digest(context, length);
    digest(context, mac);
}

// RFC 8945 4.3.2: the message as it was before the TSIG record, with the original
// ID. `additional_count` is that without TSIG.
void digest_message(const MacContext& context, BytesView message, std::uint16_t original_id,
                    std::uint16_t additional_count) {
    Byte header[dns::header_octets];
    std::memcpy(header, message.data(), sizeof header);
    header[0] = static_cast<Byte>(original_id >> 8);
    header[1] = static_cast<Byte>(original_id);
    header[10] = static_cast<Byte>(additional_count >> 8);
    header[11] = static_cast<Byte>(additional_count);
    digest(context, header);
    digest(context, message.subspan(dns::header_octets));
}

// RFC 8945 4.3.3; `timers_only` is 5.3.1, for messages after the first.
void digest_variables(const MacContext& context, dns::NameView key, const TsigFields& fields,
                      bool timers_only) {
    Bytes octets;
    octets.reserve(2 * dns::max_name_octets + 32);
    dns::WireWriter writer(octets);
    if (!timers_only) {
        dns::append_lower(key, octets);
        writer.u16(std::uint16_t(dns::Class::ANY));
        writer.u32(0);
        dns::append_lower(fields.algorithm, octets);
    }
    writer.u48(fields.time_signed);
    writer.u16(fields.fudge);
    if (!timers_only) {
        writer.u16(std::uint16_t(fields.error));
        writer.u16(static_cast<std::uint16_t>(fields.other.size()));
        writer.octets(fields.other);
    }
    digest(context, octets);
}

ComputedMac finish(const MacContext& context) {
    ComputedMac mac;
    check(EVP_MAC_final(context.get(), mac.octets.data(), &mac.size, mac.octets.size()));
    return mac;
}

std::uint16_t u16_at(BytesView octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

std::uint16_t additional_count(BytesView message) { return u16_at(message, 10); }

void increment_additional_count(std::span<Byte> message) {
    const std::uint16_t count = static_cast<std::uint16_t>(additional_count(message) + 1);
    message[10] = static_cast<Byte>(count >> 8);
    message[11] = static_cast<Byte>(count);
}

std::uint64_t seconds_of(Instant now) {
    return static_cast<std::uint64_t>(to_unix_seconds(now)) & 0xffffffffffffU;
}

bool is_within_fudge(const TsigFields& fields, Instant now) {
    const std::uint64_t here = seconds_of(now);
    const std::uint64_t apart =
        here > fields.time_signed ? here - fields.time_signed : fields.time_signed - here;
    return apart <= fields.fudge;
}

Bytes write_record(dns::NameView key, const TsigFields& fields) {
    Bytes record;
    dns::WireWriter writer(record);
    writer.name(key);
    writer.u16(std::uint16_t(dns::Type::TSIG));
    writer.u16(std::uint16_t(dns::Class::ANY));
    writer.u32(0);
    const std::size_t length_at = writer.size();
    writer.u16(0);
    writer.name(fields.algorithm);
    writer.u48(fields.time_signed);
    writer.u16(fields.fudge);
    writer.u16(static_cast<std::uint16_t>(fields.mac.size()));
    writer.octets(fields.mac);
    writer.u16(fields.original_id);
    writer.u16(std::uint16_t(fields.error));
    writer.u16(static_cast<std::uint16_t>(fields.other.size()));
    writer.octets(fields.other);
    writer.u16_at(length_at, static_cast<std::uint16_t>(writer.size() - length_at - 2));
    return record;
}

// RDATA alone, so a compressed algorithm name, which has nothing to point to,
// is malformed.
std::optional<TsigFields> read_fields(BytesView rdata) {
    dns::WireReader reader(rdata);
    TsigFields fields;
    fields.algorithm = reader.name();
    fields.time_signed = reader.u48();
    fields.fudge = reader.u16();
    const std::size_t mac_size = reader.u16();
    fields.mac = reader.octets(mac_size);
    fields.original_id = reader.u16();
    fields.error = dns::TsigError(reader.u16());
    const std::size_t other_size = reader.u16();
    fields.other = reader.octets(other_size);
    if (reader.failed() || !reader.at_end()) return std::nullopt;
    return fields;
}

bool is_same_algorithm(const TsigKey& key, const TsigFields& fields) {
    return fields.algorithm.view() == name_of(key.algorithm).view();
}

// In constant time, over the MAC's own length (RFC 8945 5.2.2).
bool is_mac_right(const ComputedMac& computed, BytesView mac) {
    return mac.size() <= computed.size &&
           equal_in_constant_time(computed.view().first(mac.size()), mac);
}

// Moves past a name without reading it; false: cut or not a name.
bool skip_name(BytesView message, std::size_t& at) {
    while (at < message.size()) {
        const Byte length = message[at];
        if (length >= 0xc0) {
            at += 2;
            return at <= message.size();
        }
        if (length > dns::max_label_octets) return false;
        at += length + 1U;
        if (length == 0) return true;
    }
    return false;
}

// What a client has to know of a message before it looks at the records: whether
// its counts and lengths are right, and where its TSIG is.
struct Outline {
    std::string fault;            // empty: none
    std::size_t tsig_offset = 0;  // 0: no TSIG
    std::size_t tsig_rdata = 0;
};

Outline outline_of(BytesView message) {
    Outline outline;
    if (message.size() < dns::header_octets) {
        outline.fault = "shorter than a header";
        return outline;
    }
    std::size_t at = dns::header_octets;
    bool is_whole = true;
    for (unsigned left = u16_at(message, 4); left > 0 && is_whole; --left) {
        is_whole = skip_name(message, at) && message.size() - at >= 4;
        at += 4;
    }
    const std::uint32_t additional = additional_count(message);
    std::uint32_t left = std::uint32_t{u16_at(message, 6)} + u16_at(message, 8) + additional;
    for (; left > 0 && is_whole; --left) {
        const std::size_t start = at;
        is_whole = skip_name(message, at) && message.size() - at >= 10;
        if (!is_whole) break;
        const auto type = dns::Type(u16_at(message, at));
        const std::size_t length = u16_at(message, at + 8);
        if (type == dns::Type::TSIG) {
            const bool is_plain = u16_at(message, at + 2) == std::uint16_t(dns::Class::ANY) &&
                                  u16_at(message, at + 4) == 0 && u16_at(message, at + 6) == 0;
            if (left != 1 || additional == 0 || !is_plain) {
                outline.fault = "TSIG out of place, or not class ANY with TTL 0 (RFC 8945 5.1)";
                return outline;
            }
            outline.tsig_offset = start;
            outline.tsig_rdata = at + 10;
        }
        at += 10;
        is_whole = message.size() - at >= length;
        at += length;
    }
    if (!is_whole) {
        outline.fault = "cut within a record";
    } else if (at != message.size()) {
        outline.fault = "octets after the last record";
    }
    return outline;
}

std::string describe(dns::TsigError error) {
    switch (error) {
        case dns::TsigError::none: return "no error";
        case dns::TsigError::BADSIG: return "BADSIG";
        case dns::TsigError::BADKEY: return "BADKEY";
        case dns::TsigError::BADTIME: return "BADTIME";
        case dns::TsigError::BADTRUNC: return "BADTRUNC";
    }
    return "TSIG error " + std::to_string(unsigned(error));
}

Error unauthorized(std::string message) { return {ErrorKind::unauthorized, std::move(message)}; }

// RFC 8945 5.3.2: unsigned, the client's time echoed.
Bytes unsigned_error_record(const dns::Record& tsig, const TsigFields& request,
                            dns::TsigError error) {
    TsigFields fields = request;
    fields.mac = {};
    fields.other = {};
    fields.error = error;
    return write_record(tsig.owner, fields);
}

}  // namespace

TsigVerdict verify_request(BytesView octets, const dns::Message& message, const Keyring& keyring,
                           Instant now, ReplayGuard* guard) {
    TsigVerdict verdict;
    if (!message.tsig) return verdict;
    using Outcome = TsigVerdict::Outcome;
    const dns::Record& record = message.tsig->record;
    const std::size_t offset = message.tsig->offset;
    assert(offset >= dns::header_octets && offset <= octets.size());
    const std::optional<TsigFields> fields = read_fields(record.rdata);
    if (!fields || record.klass != dns::Class::ANY || record.ttl != 0) {
        verdict.outcome = Outcome::form_error;
        return verdict;
    }
    verdict.time_signed = fields->time_signed;

    // RFC 8945 5.2.1. A known name with another algorithm is another key.
    const TsigKey* key = keyring.find(record.owner);
    if (!key || !is_same_algorithm(*key, *fields)) {
        verdict.outcome = Outcome::bad_key;
        verdict.error_record = unsigned_error_record(record, *fields, dns::TsigError::BADKEY);
        return verdict;
    }

    // 5.2.2 and 5.2.2.1.
    if (!is_mac_length_allowed(*key, fields->mac)) {
        verdict.outcome = Outcome::form_error;
        return verdict;
    }
    const MacContext context = begin_mac(*key);
    digest_message(context, octets.first(offset), fields->original_id,
                   static_cast<std::uint16_t>(additional_count(octets) - 1));
    digest_variables(context, key->name, *fields, false);
    const ComputedMac mac = finish(context);
    if (!is_mac_right(mac, fields->mac)) {
        verdict.outcome = Outcome::bad_signature;
        verdict.error_record = unsigned_error_record(record, *fields, dns::TsigError::BADSIG);
        return verdict;
    }
    verdict.key = key;
    verdict.responder.emplace(*key, to_bytes(fields->mac), fields->original_id);

    // 5.2.3.
    if (!is_within_fudge(*fields, now) ||
        (guard && !guard->is_fresh(key->name, fields->time_signed, mac.view()))) {
        verdict.outcome = Outcome::bad_time;
        verdict.responder->set_error(dns::TsigError::BADTIME, fields->time_signed);
        return verdict;
    }
    // 5.2.4.
    if (fields->mac.size() < shortest_mac_of_policy(*key)) {
        verdict.outcome = Outcome::bad_truncation;
        verdict.responder->set_error(dns::TsigError::BADTRUNC, fields->time_signed);
        return verdict;
    }
    if (guard) guard->admit(key->name, fields->time_signed, mac.view());
    verdict.outcome = Outcome::verified;
    return verdict;
}

TsigResponder::TsigResponder(const TsigKey& key, Bytes request_mac, std::uint16_t original_id)
    : key_(&key), prior_mac_(std::move(request_mac)), original_id_(original_id) {}

Bytes TsigResponder::sign(std::span<Byte> head, BytesView body, Instant now) {
    assert(head.size() >= dns::header_octets);
    TsigFields fields;
    fields.algorithm = name_of(key_->algorithm);
    fields.time_signed = seconds_of(now);
    fields.original_id = original_id_;
    fields.error = error_;
    Bytes server_time;
    if (error_ == dns::TsigError::BADTIME) {  // RFC 8945 5.2.3
        dns::WireWriter(server_time).u48(fields.time_signed);
        fields.other = server_time;
        fields.time_signed = client_time_signed_;
    }
    const MacContext context = begin_mac(*key_);
    digest_prior_mac(context, prior_mac_);
    digest_message(context, head, original_id_, additional_count(head));
    digest(context, body);
    digest_variables(context, key_->name, fields, !is_first_);
    const ComputedMac mac = finish(context);
    prior_mac_ = to_bytes(mac.view());
    is_first_ = false;
    fields.mac = prior_mac_;
    increment_additional_count(head);
    return write_record(key_->name, fields);
}

void TsigResponder::sign(Bytes& message, Instant now) {
    append(message, sign(std::span<Byte>(message), {}, now));
}

void TsigResponder::set_error(dns::TsigError error, std::uint64_t client_time_signed) {
    error_ = error;
    client_time_signed_ = client_time_signed;
}

std::size_t TsigResponder::overhead() const {
    constexpr std::size_t type_class_ttl_length = 10, fixed_fields = 16, server_time = 6;
    return key_->name.wire().size() + type_class_ttl_length +
           name_of(key_->algorithm).wire().size() + fixed_fields + mac_octets(key_->algorithm) +
           server_time;
}

void append_tsig_record(Bytes& message, BytesView record) {
    assert(message.size() >= dns::header_octets);
    increment_additional_count(message);
    append(message, record);
}

void TsigClient::sign_request(Bytes& message, Instant now) {
    assert(message.size() >= dns::header_octets);
    TsigFields fields;
    fields.algorithm = name_of(key_->algorithm);
    fields.time_signed = seconds_of(now);
    fields.original_id = request_id_ = u16_at(message, 0);
    const MacContext context = begin_mac(*key_);
    digest(context, message);
    digest_variables(context, key_->name, fields, false);
    const ComputedMac mac = finish(context);
    prior_mac_ = to_bytes(mac.view());
    fields.mac = prior_mac_;
    append_tsig_record(message, write_record(key_->name, fields));
    pending_.reset();
    unsigned_since_ = 0;
    seen_ = 0;
}

Result<std::size_t> TsigClient::verify(BytesView message, Instant now) {
    const Outline outline = outline_of(message);
    if (!outline.fault.empty()) return malformed("answer: " + outline.fault);
    if (u16_at(message, 0) != request_id_) return unauthorized("answer has another ID");

    // RFC 8945 5.3.1.
    if (outline.tsig_offset == 0) {
        if (seen_ == 0) return unauthorized("answer is not signed");
        if (unsigned_since_ == most_unsigned) {
            return unauthorized("more than 99 messages without TSIG in a row");
        }
        if (!pending_) {
            pending_ = begin_mac(*key_);
            digest_prior_mac(pending_, prior_mac_);
        }
        digest(pending_, message);
        ++unsigned_since_;
        ++seen_;
        return message.size();
    }

    const std::optional<TsigFields> fields = read_fields(message.subspan(outline.tsig_rdata));
    if (!fields) return malformed("answer: the RDATA of the TSIG record is malformed");
    dns::WireReader reader(message);
    reader.seek(outline.tsig_offset);
    const dns::Name owner = reader.name();
    if (reader.failed()) return malformed("answer: the owner of the TSIG record is malformed");

    // RFC 8945 5.4: the same checks in the same order as for a request.
    if (!(owner == key_->name) || !is_same_algorithm(*key_, *fields)) {
        return unauthorized("answer is signed with the key " + owner.to_text() + " and algorithm " +
                            fields->algorithm.to_text() + ", not ours");
    }
    if (fields->mac.empty() && fields->error != dns::TsigError::none) {
        return unauthorized("unsigned answer says " + describe(fields->error));
    }
    if (!is_mac_length_allowed(*key_, fields->mac)) {
        return unauthorized("answer has a MAC of " + std::to_string(fields->mac.size()) +
                            " octets");
    }
    const bool is_first = seen_ == 0;
    const MacContext context = pending_ ? duplicate(pending_) : begin_mac(*key_);
    if (!pending_) digest_prior_mac(context, prior_mac_);
    digest_message(context, message.first(outline.tsig_offset), fields->original_id,
                   static_cast<std::uint16_t>(additional_count(message) - 1));
    digest_variables(context, key_->name, *fields, !is_first);
    if (!is_mac_right(finish(context), fields->mac)) {
        return unauthorized("MAC of the answer is wrong");
    }
    // 5.4.3: signed, and so truly the server's opinion of our request.
    if (fields->error != dns::TsigError::none) {
        return Error(ErrorKind::refused, "server says " + describe(fields->error));
    }
    if (!is_within_fudge(*fields, now)) {
        return unauthorized("time of the answer is more than " + std::to_string(fields->fudge) +
                            " s away from ours");
    }
    if (fields->mac.size() < shortest_mac_of_policy(*key_)) {
        return unauthorized("MAC of the answer is truncated to " +
                            std::to_string(fields->mac.size()) + " octets");
    }
    prior_mac_ = to_bytes(fields->mac);
    pending_.reset();
    unsigned_since_ = 0;
    ++seen_;
    return outline.tsig_offset;
}

bool ReplayGuard::admit(dns::NameView key, std::uint64_t time_signed, BytesView mac) {
    if (!is_fresh(key, time_signed, mac)) return false;
    auto at = seen_.find(key);
    if (at == seen_.end()) at = seen_.emplace(dns::Name(key), Seen{}).first;
    Seen& seen = at->second;
    if (seen.time_signed != time_signed) seen = {time_signed, false, {}};
    seen.macs.insert(fingerprint_of(mac));
    return true;
}

bool ReplayGuard::is_fresh(dns::NameView key, std::uint64_t time_signed, BytesView mac) const {
    const auto at = seen_.find(key);
    if (at == seen_.end()) return true;
    const Seen& seen = at->second;
    if (time_signed != seen.time_signed) return time_signed > seen.time_signed;
    return !seen.is_closed && seen.macs.size() < most_in_one_second &&
           !seen.macs.contains(fingerprint_of(mac));
}

std::optional<std::uint64_t> ReplayGuard::latest(dns::NameView key) const {
    const auto at = seen_.find(key);
    if (at == seen_.end()) return std::nullopt;
    return at->second.time_signed;
}

namespace {

constexpr std::uint8_t state_version = 1;  // of what export_state gives

}  // namespace

Bytes ReplayGuard::export_state(dns::NameView key) const {
    Bytes state;
    const auto at = seen_.find(key);
    if (at == seen_.end()) return state;
    const Seen& seen = at->second;
    const bool is_closed = seen.is_closed || seen.macs.size() > most_exported;
    dns::WireWriter writer(state);
    writer.u8(state_version);
    writer.u8(is_closed ? 1 : 0);
    writer.u48(seen.time_signed);
    if (is_closed) return state;
    for (const Fingerprint& fingerprint : seen.macs) writer.octets(fingerprint);
    return state;
}

Result<void> ReplayGuard::import_state(dns::NameView key, BytesView state) {
    dns::WireReader reader(state);
    const std::uint8_t version = reader.u8();
    const std::uint8_t closed = reader.u8();
    Seen stored;
    stored.is_closed = closed == 1;
    stored.time_signed = reader.u48();
    if (reader.failed() || version != state_version || closed > 1 ||
        reader.remaining() % sizeof(Fingerprint) != 0 ||
        reader.remaining() / sizeof(Fingerprint) > most_exported) {
        return malformed("replay state of the key " + key.to_text());
    }
    while (!reader.at_end()) {
        stored.macs.insert(fingerprint_of(reader.octets(sizeof(Fingerprint))));
    }
    const auto at = seen_.find(key);
    if (at == seen_.end()) {
        seen_.emplace(dns::Name(key), std::move(stored));
    } else if (at->second.time_signed < stored.time_signed) {
        at->second = std::move(stored);
    } else if (at->second.time_signed == stored.time_signed) {
        at->second.is_closed = at->second.is_closed || stored.is_closed;
        at->second.macs.merge(stored.macs);
    }
    return success();
}

ReplayGuard::Fingerprint ReplayGuard::fingerprint_of(BytesView mac) {
    Fingerprint fingerprint{};
    std::copy_n(mac.begin(), std::min(mac.size(), fingerprint.size()), fingerprint.begin());
    return fingerprint;
}

std::size_t ReplayGuard::FingerprintHash::operator()(const Fingerprint& fingerprint) const {
    // A MAC is random already.
    std::size_t hash = 0;
    std::memcpy(&hash, fingerprint.data(), sizeof hash);
    return hash;
}

Result<void> Keyring::add(TsigKey key) {
    const std::string name = key.name.to_text();
    if (keys_.contains(key.name)) {
        return Error(ErrorKind::conflict, "a second TSIG key " + name);
    }
    if (key.secret.empty()) return malformed("the TSIG key " + name + " has an empty secret");
    if (key.shortest_mac != 0 && (key.shortest_mac < shortest_mac_of_protocol(key.algorithm) ||
                                  key.shortest_mac > mac_octets(key.algorithm))) {
        return malformed("the shortest MAC of the TSIG key " + name + " must be " +
                         std::to_string(shortest_mac_of_protocol(key.algorithm)) + " to " +
                         std::to_string(mac_octets(key.algorithm)) + " octets");
    }
    key.keyed = make_keyed(key);
    if (!key.keyed) return malformed("OpenSSL does not take the TSIG key " + name);
    dns::Name index = key.name;
    keys_.emplace(std::move(index), std::move(key));
    return success();
}

const TsigKey* Keyring::find(dns::NameView name) const {
    const auto at = keys_.find(name);
    return at == keys_.end() ? nullptr : &at->second;
}

Result<TsigAlgorithm> tsig_algorithm_from_text(std::string_view text) {
    const auto name = dns::Name::from_text(text);
    for (const AlgorithmRow& row : algorithms) {
        if (name && name->view() == name_of(row.algorithm).view()) return row.algorithm;
    }
    return malformed("\"" + std::string(text) +
                     "\" is no TSIG algorithm: hmac-sha256, hmac-sha384 or hmac-sha512");
}

std::string to_text(TsigAlgorithm algorithm) { return std::string(row_of(algorithm).text); }

std::size_t mac_octets(TsigAlgorithm algorithm) { return row_of(algorithm).octets; }

void MacContextFree::operator()(evp_mac_ctx_st* context) const { EVP_MAC_CTX_free(context); }

}  // namespace chorale::crypto
