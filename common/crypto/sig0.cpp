#include "common/crypto/sig0.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <cassert>
#include <stdexcept>

#include "common/crypto/dnskey.hpp"
#include "common/crypto/handles.hpp"
#include "common/dns/rdata.hpp"
#include "common/dns/rdata/key.hpp"
#include "common/dns/rdata/sig.hpp"

namespace chorale::crypto {
namespace {

// RFC 2535 3.1.2: name types. No other bit may be set: some prohibit what is done with the key
// here, the others are reserved (RFC 3445 4).
constexpr std::uint16_t host_key_flags = 512;
constexpr std::uint16_t user_key_flags = 0;
constexpr std::uint8_t protocol_dnssec = 3;
constexpr std::size_t private_octets = 32;
constexpr std::size_t coordinate_octets = 32;  // of P-256, and of r and s (RFC 6605 4)
constexpr std::size_t signature_octets = 64;   // of both algorithms that sign
// Beyond these a signature costs more than a stranger may make us spend.
constexpr int most_rsa_bits = 4096;
constexpr int least_rsa_bits = 1024;
constexpr int most_exponent_bits = 32;
constexpr std::size_t arcount_at = 10;

using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using Group = std::unique_ptr<EC_GROUP, Freer<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freer<EC_POINT_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

Number to_number(BytesView octets) {
    return Number(BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr));
}

KeyHandle make_key(const char* type, int selection, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) != 1) {
        return nullptr;
    }
    return KeyHandle(key);
}

// `point`: uncompressed, with its first octet 4; `scalar`: null for a public key.
KeyHandle p256_key(BytesView point, const BIGNUM* scalar) {
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1",
                                        0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1 ||
        (scalar != nullptr &&
         OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) != 1)) {
        return nullptr;
    }
    return make_key("EC", scalar != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                    builder.get());
}

KeyHandle rsa_key(BytesView octets) {
    // RFC 3110 2; the sizes have passed public_key_fault.
    const std::size_t before = octets[0] != 0 ? 1 : 3;
    const std::size_t length = octets[0] != 0 ? octets[0] : std::size_t{octets[1]} << 8 | octets[2];
    const Number exponent = to_number(octets.subspan(before, length));
    const Number modulus = to_number(octets.subspan(before + length));
    if (!exponent || !modulus || BN_num_bits(exponent.get()) > most_exponent_bits ||
        BN_num_bits(modulus.get()) > most_rsa_bits || BN_num_bits(modulus.get()) < least_rsa_bits) {
        return nullptr;
    }
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
        return nullptr;
    }
    return make_key("RSA", EVP_PKEY_PUBLIC_KEY, builder.get());
}

// Null if the octets are no key of the algorithm.
KeyHandle public_key(Sig0Algorithm algorithm, BytesView octets) {
    switch (algorithm) {
        case Sig0Algorithm::rsasha256: return rsa_key(octets);
        case Sig0Algorithm::ecdsap256sha256: {
            Bytes point = {4};
            append(point, octets);
            return p256_key(point, nullptr);
        }
        case Sig0Algorithm::ed25519:
            return KeyHandle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets.data(),
                                                         octets.size()));
    }
    return nullptr;
}

// Ed25519 hashes by itself.
const EVP_MD* digest_of(Sig0Algorithm algorithm) {
    return algorithm == Sig0Algorithm::ed25519 ? nullptr : EVP_sha256();
}

// RFC 6605 4 has r and s in 32 octets each, OpenSSL wants them in DER; empty: no
// signature.
Bytes to_der(BytesView signature) {
    if (signature.size() != signature_octets) return {};
    const EcSignature parts(ECDSA_SIG_new());
    Number r = to_number(signature.first(coordinate_octets));
    Number s = to_number(signature.subspan(coordinate_octets));
    if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return {};
    (void)r.release();
    (void)s.release();
    Byte* encoded = nullptr;
    const int length = i2d_ECDSA_SIG(parts.get(), &encoded);
    if (length <= 0) return {};
    Bytes der(encoded, encoded + length);
    OPENSSL_free(encoded);
    return der;
}

Bytes from_der(BytesView der) {
    const Byte* at = der.data();
    const EcSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    Bytes signature(signature_octets);
    if (!parts ||
        BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), signature.data(), coordinate_octets) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), signature.data() + coordinate_octets,
                     coordinate_octets) < 0) {
        return {};
    }
    return signature;
}

bool is_signature_of(EVP_PKEY* key, Sig0Algorithm algorithm, BytesView input, BytesView signature) {
    Bytes der;
    if (algorithm == Sig0Algorithm::ecdsap256sha256) {
        der = to_der(signature);
        if (der.empty()) return false;
        signature = der;
    }
    const DigestContext context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(),
                            input.size()) == 1;
}

Bytes make_signature(EVP_PKEY* key, Sig0Algorithm algorithm, BytesView input) {
    const DigestContext context(EVP_MD_CTX_new());
    std::array<Byte, 2 * signature_octets> output{};
    std::size_t length = output.size();
    // Only what we ourselves did wrong, or no memory, can make this fail.
    if (!context ||
        EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), output.data(), &length, input.data(), input.size()) != 1) {
        throw std::runtime_error("OpenSSL does not sign");
    }
    const BytesView signature = BytesView(output).first(length);
    return algorithm == Sig0Algorithm::ecdsap256sha256 ? from_der(signature) : to_bytes(signature);
}

// RFC 2931 3.1: data = RDATA | full query | message - SIG(0), its count included.
Bytes signed_octets(BytesView fields, BytesView request, BytesView message,
                    std::uint16_t additional_count) {
    Bytes input;
    input.reserve(fields.size() + request.size() + message.size());
    append(input, fields);
    append(input, request);
    const std::size_t start = input.size();
    append(input, message);
    input[start + arcount_at] = static_cast<Byte>(additional_count >> 8);
    input[start + arcount_at + 1] = static_cast<Byte>(additional_count);
    return input;
}

std::uint16_t additional_count(BytesView message) {
    return static_cast<std::uint16_t>(message[arcount_at] << 8 | message[arcount_at + 1]);
}

std::uint32_t seconds_of(Instant at) { return static_cast<std::uint32_t>(to_unix_seconds(at)); }

// RFC 4034 3.1.5: times are compared as serials; how much later `a` is than `b`.
std::int32_t seconds_between(std::uint32_t b, std::uint32_t a) {
    return static_cast<std::int32_t>(a - b);
}

// Whether one stands before the last record. Of two it would be open who speaks.
bool has_more_sig0(const dns::Message& message) {
    for (const auto* section : {&message.answers, &message.authority, &message.additional}) {
        for (const dns::Record& record : *section) {
            if (dns::is_sig0(record.view())) return true;
        }
    }
    return false;
}

bool is_supported(std::uint8_t algorithm) {
    for (const Sig0Algorithm known :
         {Sig0Algorithm::rsasha256, Sig0Algorithm::ecdsap256sha256, Sig0Algorithm::ed25519}) {
        if (static_cast<std::uint8_t>(known) == algorithm) return true;
    }
    return false;
}

// Whether a KEY RDATA may have made the signature, before anything is computed.
bool is_candidate(const Bytes& rdata, const Sig0Claim& claim) {
    const auto key = dns::rdata::view_as<dns::rdata::Key>(rdata);
    return key && (key->flags == host_key_flags || key->flags == user_key_flags) &&
           key->protocol == protocol_dnssec && key->algorithm == claim.algorithm &&
           key_tag(rdata) == claim.key_tag && public_key_fault(rdata) == nullptr;
}

}  // namespace

std::string_view to_text(Sig0Fault fault) {
    switch (fault) {
        case Sig0Fault::missing: return "missing";
        case Sig0Fault::algorithm: return "algorithm";
        case Sig0Fault::window: return "window";
        case Sig0Fault::no_key: return "no_key";
        case Sig0Fault::bad_signature: return "bad_signature";
    }
    return "?";
}

std::optional<Sig0Claim> read_sig0(const dns::Message& message) {
    if (!message.sig0 || has_more_sig0(message)) return std::nullopt;
    const dns::Record& record = message.sig0->record;
    const auto sig = dns::rdata::view_as<dns::rdata::Sig>(record.rdata);
    if (!sig || !record.owner.view().is_root() || record.klass != dns::Class::ANY ||
        record.ttl != 0 || sig->covered != dns::Type(0) || sig->labels != 0 ||
        sig->original_ttl != 0) {
        return std::nullopt;
    }
    Sig0Claim claim;
    claim.signer = dns::Name(sig->signer);
    claim.algorithm = sig->algorithm;
    claim.key_tag = sig->key_tag;
    claim.inception = sig->inception;
    claim.expiration = sig->expiration;
    claim.offset = message.sig0->offset;
    claim.fields =
        to_bytes(BytesView(record.rdata).first(record.rdata.size() - sig->signature.size()));
    claim.signature = to_bytes(sig->signature);
    return claim;
}

std::optional<Sig0Fault> check_sig0(const Sig0Claim& claim, Instant now) {
    if (!is_supported(claim.algorithm)) return Sig0Fault::algorithm;
    const std::int32_t validity = seconds_between(claim.inception, claim.expiration);
    const bool is_valid = validity >= 0 && validity <= sig0_longest_validity.count() &&
                          seconds_between(seconds_of(now), claim.inception) <= sig0_skew.count() &&
                          seconds_between(seconds_of(now), claim.expiration) >= 0;
    if (!is_valid) return Sig0Fault::window;
    return std::nullopt;
}

std::optional<Sig0Fault> verify_sig0(BytesView octets, const Sig0Claim& claim,
                                     std::span<const Bytes> key_rdatas, BytesView request) {
    if (!is_supported(claim.algorithm)) return Sig0Fault::algorithm;
    const auto algorithm = Sig0Algorithm(claim.algorithm);
    const std::uint16_t count = additional_count(octets);
    assert(claim.offset <= octets.size() && count > 0);
    const Bytes input = signed_octets(claim.fields, request, octets.first(claim.offset),
                                      static_cast<std::uint16_t>(count - 1));
    std::size_t tries = 0;
    for (const Bytes& rdata :
         key_rdatas.first(std::min<std::size_t>(key_rdatas.size(), sig0_most_keys))) {
        if (!is_candidate(rdata, claim)) continue;
        if (++tries > sig0_most_tries) break;
        const KeyHandle key = public_key(algorithm, BytesView(rdata).subspan(4));
        if (key && is_signature_of(key.get(), algorithm, input, claim.signature)) {
            return std::nullopt;
        }
    }
    return tries == 0 ? Sig0Fault::no_key : Sig0Fault::bad_signature;
}

Result<Sig0Key> Sig0Key::from_private(const dns::Name& signer, Sig0Algorithm algorithm,
                                      const Secret& octets) {
    const BytesView secret = octets.reveal();
    const Error fault = malformed("not a private key of this algorithm");
    if (secret.size() != private_octets) return fault;
    Sig0Key key;
    key.signer_ = signer.to_lower();
    key.algorithm_ = algorithm;
    Bytes public_octets;
    if (algorithm == Sig0Algorithm::ed25519) {
        key.key_.reset(
            EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()));
        std::size_t length = 32;
        public_octets.resize(length);
        if (!key.key_ ||
            EVP_PKEY_get_raw_public_key(key.key_.get(), public_octets.data(), &length) != 1) {
            return fault;
        }
    } else if (algorithm == Sig0Algorithm::ecdsap256sha256) {
        const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
        const std::unique_ptr<BIGNUM, Freer<BN_clear_free>> scalar(
            BN_bin2bn(secret.data(), static_cast<int>(secret.size()), nullptr));
        if (!group || !scalar || BN_is_zero(scalar.get()) ||
            BN_cmp(scalar.get(), EC_GROUP_get0_order(group.get())) >= 0) {
            return fault;
        }
        const Point point(EC_POINT_new(group.get()));
        Bytes encoded(1 + 2 * coordinate_octets);
        if (!point ||
            EC_POINT_mul(group.get(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
            EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                               encoded.data(), encoded.size(), nullptr) != encoded.size()) {
            return fault;
        }
        key.key_ = p256_key(encoded, scalar.get());
        if (!key.key_) return fault;
        public_octets.assign(encoded.begin() + 1, encoded.end());
    } else {
        return malformed("signing with RSA is not offered");
    }
    dns::WireWriter writer(key.key_rdata_);
    writer.u16(host_key_flags);
    writer.u8(protocol_dnssec);
    writer.u8(static_cast<std::uint8_t>(algorithm));
    writer.octets(public_octets);
    key.tag_ = key_tag(key.key_rdata_);
    return key;
}

void Sig0Key::sign(Bytes& message, Instant now, BytesView request) const {
    assert(message.size() >= dns::header_octets && additional_count(message) < 0xffff);
    const std::uint16_t count = additional_count(message);
    Bytes fields;
    dns::WireWriter writer(fields);
    writer.u16(0);  // type covered: a message
    writer.u8(static_cast<std::uint8_t>(algorithm_));
    writer.u8(0);   // labels
    writer.u32(0);  // original TTL
    writer.u32(seconds_of(now + sig0_skew));
    writer.u32(seconds_of(now - sig0_skew));
    writer.u16(tag_);
    writer.name(signer_);
    const Bytes input = signed_octets(fields, request, message, count);
    const Bytes signature = make_signature(key_.get(), algorithm_, input);

    dns::WireWriter record(message);
    record.u8(0);  // owner: the root
    record.u16(static_cast<std::uint16_t>(dns::Type::SIG));
    record.u16(static_cast<std::uint16_t>(dns::Class::ANY));
    record.u32(0);
    record.u16(static_cast<std::uint16_t>(fields.size() + signature.size()));
    record.octets(fields);
    record.octets(signature);
    message[arcount_at] = static_cast<Byte>((count + 1) >> 8);
    message[arcount_at + 1] = static_cast<Byte>(count + 1);
}

std::size_t Sig0Key::overhead() const { return 11 + 18 + signer_.wire().size() + signature_octets; }

void KeyHandleFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

}  // namespace chorale::crypto
