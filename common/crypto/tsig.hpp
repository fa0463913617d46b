// TSIG (RFC 8945): keys, signing and verification of requests, responses and
// multi-message streams. HMAC by OpenSSL; everything else is here.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "common/base/instant.hpp"
#include "common/base/secret.hpp"
#include "common/dns/message.hpp"

namespace chorale::crypto {

enum class TsigAlgorithm { hmac_sha256, hmac_sha384, hmac_sha512 };

// "hmac-sha256" and so on, with or without final dot, any case.
Result<TsigAlgorithm> tsig_algorithm_from_text(std::string_view text);
std::string to_text(TsigAlgorithm algorithm);
std::size_t mac_octets(TsigAlgorithm algorithm);

struct TsigKey {
    dns::Name name;
    TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
    Secret secret;
    // Shortest MAC accepted, in octets (RFC 8945 5.2.2.1); shorter ones that the
    // protocol allows are answered BADTRUNC. Full length by default (0).
    std::size_t shortest_mac = 0;
};

// Immutable after start or reload; shared by pointer.
class Keyring {
public:
    // Error: a second key of the same name.
    Result<void> add(TsigKey key);
    const TsigKey* find(dns::NameView name) const;
    std::size_t size() const { return keys_.size(); }

private:
    std::map<dns::Name, TsigKey, dns::CanonicalLess> keys_;
};

inline constexpr std::chrono::seconds tsig_fudge{300};  // RFC 8945 10

// Time Signed of the last accepted request of each key. RFC 8945 5.2.3: an older
// one is refused; equal times are told apart by their MACs, remembered for that
// second (bounded). The shell keeps `latest` durable.
class ReplayGuard {
public:
    // False: replayed or older. Remembers the request when true. `mac` is the
    // request's MAC. When more than `most_in_one_second` requests of one key
    // bear the same second, further ones are refused.
    bool admit(dns::NameView key, std::uint64_t time_signed, BytesView mac);
    // After a restart: nothing at or before this second is admitted any more.
    void restore(dns::NameView key, std::uint64_t time_signed);
    std::optional<std::uint64_t> latest(dns::NameView key) const;

    static constexpr std::size_t most_in_one_second = 10000;

private:
    struct Seen {
        std::uint64_t time_signed = 0;
        std::vector<Bytes> macs;  // sorted; of that second only
        bool is_restored = false;
    };
    std::map<dns::Name, Seen, dns::CanonicalLess> seen_;
};

// Signs the answers to one verified (or BADTIME/BADTRUNC) request, in order:
// first answer over the request MAC, later ones over the prior MAC and the
// timers only (RFC 8945 5.3.1).
class TsigResponder {
public:
    // Keeps a pointer to `key`, which outlives it.
    TsigResponder(const TsigKey& key, Bytes request_mac, std::uint16_t original_id);

    // Appends the TSIG record to a complete message and increments its ARCOUNT.
    // `message` may be given in pieces that are contiguous on the wire: the head
    // (beginning with the header) is changed, the body is only digested; the TSIG
    // record is returned, to be sent after both.
    Bytes sign(std::span<Byte> head, BytesView body, Instant now);
    void sign(Bytes& message, Instant now);

    // For BADTIME: signed, with the client's time and ours in Other Data (5.2.3);
    // for BADTRUNC signed as well.
    void set_error(dns::TsigError error, std::uint64_t client_time_signed);
    // How many octets sign() adds at the most.
    std::size_t overhead() const;

private:
    const TsigKey* key_;
    Bytes prior_mac_;
    std::uint16_t original_id_;
    bool is_first_ = true;
    dns::TsigError error_ = dns::TsigError::none;
    std::uint64_t client_time_signed_ = 0;
};

// What verification of a request came to.
struct TsigVerdict {
    enum class Outcome {
        unsigned_request,  // no TSIG at all
        verified,          // key is set; responder signs the answers
        form_error,        // FORMERR, unsigned: MAC length that the protocol forbids
        bad_key,           // NOTAUTH + BADKEY, unsigned answer
        bad_signature,     // NOTAUTH + BADSIG, unsigned answer, MAC empty
        bad_time,          // NOTAUTH + BADTIME, signed answer
        bad_truncation,    // NOTAUTH + BADTRUNC, signed answer
    };
    Outcome outcome = Outcome::unsigned_request;
    const TsigKey* key = nullptr;
    std::optional<TsigResponder> responder;  // verified, bad_time, bad_truncation
    // The TSIG record of an unsigned error answer (bad_key, bad_signature), to be
    // appended to it as it is.
    Bytes error_record;
    std::uint64_t time_signed = 0;
};

// In the order of RFC 8945 5.2: key, MAC, time, truncation. `octets` is the whole
// message that `message` was parsed from. A replay (guard) is bad_time. Without a
// guard replays are admitted (queries and transfers, where they do no harm).
TsigVerdict verify_request(BytesView octets, const dns::Message& message, const Keyring& keyring,
                           Instant now, ReplayGuard* guard = nullptr);

// Appends an error TSIG record to a finished answer and increments its ARCOUNT.
void append_tsig_record(Bytes& message, BytesView record);

// The client's side: signs one request and verifies the stream of answers.
class TsigClient {
public:
    // Keeps a pointer to `key`, which outlives it.
    explicit TsigClient(const TsigKey& key) : key_(&key) {}

    // Appends the TSIG record. Full-length MAC.
    void sign_request(Bytes& message, Instant now);

    // Feeds the next message of the answer, in order. Up to 99 unsigned ones may
    // lie between signed ones; the first must be signed (5.3.1). Errors
    // (unauthorized): what RFC 8945 5.3 and 5.2 forbid, naming it; an error code
    // in the TSIG (BADKEY, BADTIME ...) is named in the message.
    // On success the number of octets of the message before its TSIG record, if
    // one was there, else its whole length.
    Result<std::size_t> verify(BytesView message, Instant now);
    // True when the message fed last was signed, as the last of a stream must be.
    bool is_settled() const { return unsigned_since_ == 0 && seen_ > 0; }

private:
    const TsigKey* key_;
    Bytes prior_mac_;
    Bytes pending_;  // unsigned messages since the last signed one, to be digested
    std::size_t unsigned_since_ = 0;
    std::size_t seen_ = 0;
    std::uint16_t request_id_ = 0;
};

}  // namespace chorale::crypto
