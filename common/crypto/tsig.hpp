// TSIG (RFC 8945): keys, signing and verification of requests, responses and
// multi-message streams. HMAC by OpenSSL; everything else is here.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>

#include "common/base/instant.hpp"
#include "common/base/secret.hpp"
#include "common/dns/message.hpp"

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace chorale::crypto {

// An HMAC under way, or one with only its key mixed in, to be duplicated.
struct MacContextFree {
    void operator()(evp_mac_ctx_st* context) const;
};
using MacContext = std::unique_ptr<evp_mac_ctx_st, MacContextFree>;

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
    // Set by Keyring::add: spares every message the set-up of the key. A key that
    // is in no keyring works as well, only slower.
    MacContext keyed = nullptr;
};

// Immutable after start or reload; shared by pointer.
class Keyring {
public:
    // Errors: a second key of the same name (conflict); an empty secret, or a
    // shortest MAC that RFC 8945 5.2.2.1 does not allow (malformed).
    Result<void> add(TsigKey key);
    // Null if there is none. The pointer is good as long as the keyring is.
    const TsigKey* find(dns::NameView name) const;
    std::size_t size() const { return keys_.size(); }

private:
    std::map<dns::Name, TsigKey, dns::CanonicalLess> keys_;
};

inline constexpr std::chrono::seconds tsig_fudge{300};  // RFC 8945 10

// Time Signed of the last accepted request of each key. RFC 8945 5.2.3: an older
// one is refused; equal times are told apart by their MACs, remembered for that
// second only. To survive a restart, the shell stores export_state() with what
// the request changed, in one transaction, and imports it at the start: then no
// request is accepted twice, and a client that sends another one within the
// second of a crash is not refused. Not for use by several threads at once.
class ReplayGuard {
public:
    // False: replayed or older. Remembers the request when true. `mac` is the full
    // MAC, even if the request carried a truncated one: shortening it must not make
    // a replay look new. When more than `most_in_one_second` requests of one key
    // bear the same second, further ones are refused.
    bool admit(dns::NameView key, std::uint64_t time_signed, BytesView mac);
    // What admit would say, without remembering.
    bool is_fresh(dns::NameView key, std::uint64_t time_signed, BytesView mac) const;
    std::optional<std::uint64_t> latest(dns::NameView key) const;

    // The key's second and the MACs seen in it, at most 8 + 16 * most_exported
    // octets; empty if nothing was admitted. If there were more MACs, all of that
    // second is refused after an import, the unseen ones too.
    Bytes export_state(dns::NameView key) const;
    // Adds to what is known: the later second wins, the same second is united.
    // Error: malformed.
    Result<void> import_state(dns::NameView key, BytesView state);

    static constexpr std::size_t most_in_one_second = 10000;
    static constexpr std::size_t most_exported = 256;

private:
    using Fingerprint = std::array<Byte, 16>;  // of a MAC: its beginning
    struct FingerprintHash {
        std::size_t operator()(const Fingerprint& fingerprint) const;
    };
    struct Seen {
        std::uint64_t time_signed = 0;
        bool is_closed = false;  // nothing more of that second
        std::unordered_set<Fingerprint, FingerprintHash> macs;
    };
    static Fingerprint fingerprint_of(BytesView mac);
    std::map<dns::Name, Seen, dns::CanonicalLess> seen_;
};

// Signs the answers to one verified (or BADTIME/BADTRUNC) request, in order:
// first answer over the request MAC, later ones over the prior MAC and the
// timers only (RFC 8945 5.3.1).
class TsigResponder {
public:
    // Keeps a pointer to `key`, which outlives it. `request_mac` as it came, so
    // truncated if it was; `original_id` from the request's TSIG (RFC 8945 4.2).
    TsigResponder(const TsigKey& key, Bytes request_mac, std::uint16_t original_id);

    // Appends the TSIG record to a complete message and increments its ARCOUNT.
    // `message` may be given in pieces that are contiguous on the wire: the head
    // (the 12 octets of the header at least) gets its ARCOUNT incremented, the body
    // is only digested; the TSIG record is returned, to be sent after both.
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
        form_error,        // FORMERR, unsigned: malformed, or a MAC length that is forbidden
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
// A client that got no answer may send the same octets once more (UDP): to the
// guard that is a replay, so who wants to answer it keeps the answer it gave.
TsigVerdict verify_request(BytesView octets, const dns::Message& message, const Keyring& keyring,
                           Instant now, ReplayGuard* guard = nullptr);

// Appends an error TSIG record to a finished answer and increments its ARCOUNT.
void append_tsig_record(Bytes& message, BytesView record);

// The client's side: signs one request and verifies the stream of answers.
class TsigClient {
public:
    // Keeps a pointer to `key`, which outlives it.
    explicit TsigClient(const TsigKey& key) : key_(&key) {}

    // Appends the TSIG record, with a full-length MAC, and increments the ARCOUNT.
    // Begins anew: what was verified before is forgotten.
    void sign_request(Bytes& message, Instant now);

    // Feeds the next message of the answer, in order. Up to 99 unsigned ones may
    // lie between signed ones; the first must be signed (5.3.1). Errors:
    // unauthorized, what RFC 8945 5.2 to 5.4 forbid, naming it (an unsigned error
    // such as BADKEY too, since anybody can send one: keep waiting, 5.4); refused,
    // a TSIG error such as BADTIME in an answer that is truly the server's;
    // malformed. After an error nothing has changed: the true message may follow.
    // On success the number of octets of the message before its TSIG record, if
    // one was there, else its whole length. ARCOUNT still counts the TSIG.
    Result<std::size_t> verify(BytesView message, Instant now);
    // True when the message fed last was signed, as the last of a stream must be.
    bool is_settled() const { return unsigned_since_ == 0 && seen_ > 0; }

    static constexpr std::size_t most_unsigned = 99;  // RFC 8945 5.3.1

private:
    const TsigKey* key_;
    Bytes prior_mac_;
    // The next MAC as far as it is known: prior MAC and unsigned messages since.
    MacContext pending_;
    std::size_t unsigned_since_ = 0;
    std::size_t seen_ = 0;
    std::uint16_t request_id_ = 0;
};

}  // namespace chorale::crypto
