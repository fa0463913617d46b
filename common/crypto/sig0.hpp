// SIG(0): a public-key signature over a whole message, as its last record (RFC
// 2931). Public-key operations by OpenSSL; everything else is here. What costs
// least is asked first: read, check, and only then verify.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/instant.hpp"
#include "common/base/secret.hpp"
#include "common/dns/message.hpp"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace chorale::crypto {

// Algorithm numbers of DNSSEC. RSA is verified only.
enum class Sig0Algorithm : std::uint8_t { rsasha256 = 8, ecdsap256sha256 = 13, ed25519 = 15 };

// A signature is made to begin this long before now and to end as long after, and a
// clock may be that wrong (RFC 2931 3.3, threats of replay).
inline constexpr std::chrono::seconds sig0_skew{300};
inline constexpr std::chrono::seconds sig0_longest_validity = 2 * sig0_skew;
inline constexpr std::size_t sig0_most_keys = 16;  // looked at for one message
inline constexpr std::size_t sig0_most_tries = 2;  // public-key operations for one message

// Why a message is not taken for its signer's. All are answered alike (NOTAUTH,
// unsigned); the difference is for counters.
enum class Sig0Fault {
    missing,        // no SIG(0), more than one, or one that is not as RFC 2931 3 says
    algorithm,      // not one of Sig0Algorithm
    window,         // not valid yet, not any more, or for too long
    no_key,         // none of the signer's keys has this algorithm and key tag
    bad_signature,  // none of these keys made it
};
std::string_view to_text(Sig0Fault fault);

// What the SIG(0) of a message says of itself; nothing of it is proven.
struct Sig0Claim {
    dns::Name signer;
    std::uint8_t algorithm = 0;
    std::uint16_t key_tag = 0;
    std::uint32_t inception = 0;  // seconds since 1970 modulo 2^32
    std::uint32_t expiration = 0;
    std::size_t offset = 0;  // where the record begins in the message
    Bytes fields;            // its RDATA without the signature
    Bytes signature;
};

// None: Sig0Fault::missing. One in the message, its last record; root owner, class ANY,
// TTL 0, labels 0, original TTL 0.
std::optional<Sig0Claim> read_sig0(const dns::Message& message);

// Algorithm and times, without any public-key operation; none if nothing is wrong.
std::optional<Sig0Fault> check_sig0(const Sig0Claim& claim, Instant now);

// Whether one of the signer's KEY RDATA made the signature of `octets`, the message
// of which `claim` was read. For an answer, `request` is the whole request as it was
// sent, with its SIG(0); otherwise it is empty. None if nothing is wrong.
std::optional<Sig0Fault> verify_sig0(BytesView octets, const Sig0Claim& claim,
                                     std::span<const Bytes> key_rdatas, BytesView request = {});

struct KeyHandleFree {
    void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, KeyHandleFree>;

// A private key with the name at which its KEY record is published.
class Sig0Key {
public:
    // 32 octets: the seed of Ed25519, the scalar of P-256, big-endian (as "PrivateKey:"
    // in the files of BIND's dnssec-keygen). Errors (malformed): octets that are no
    // key, RSA.
    static Result<Sig0Key> from_private(const dns::Name& signer, Sig0Algorithm algorithm,
                                        const Secret& octets);

    const dns::Name& signer() const { return signer_; }  // in lower case
    Sig0Algorithm algorithm() const { return algorithm_; }
    std::uint16_t tag() const { return tag_; }
    // To be published: flags 512 (a host's key), protocol 3.
    const Bytes& key_rdata() const { return key_rdata_; }

    // Appends the SIG(0) to a complete message and increments its ARCOUNT. For an
    // answer, `request` is the whole request as it came.
    void sign(Bytes& message, Instant now, BytesView request = {}) const;
    // How many octets sign() adds.
    std::size_t overhead() const;

private:
    Sig0Key() = default;
    dns::Name signer_;
    Sig0Algorithm algorithm_ = Sig0Algorithm::ed25519;
    std::uint16_t tag_ = 0;
    Bytes key_rdata_;
    KeyHandle key_;
};

}  // namespace chorale::crypto
