// What the TSIG tests share: keys, plain messages and a signer that is not the
// one under test (RFC 8945 4.3 written down naively, HMAC in one call).
#pragma once

#include <openssl/hmac.h>

#include "common/base/encoding.hpp"
#include "common/crypto/tsig.hpp"

namespace chorale::crypto::test {

inline constexpr std::uint64_t signed_at = 1'700'000'000;
inline constexpr char owner_key[] = "Owner-XFR.Example.";

inline Bytes hex(std::string_view text) { return from_hex(text).value(); }
inline dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }
inline Instant at(std::uint64_t seconds) {
    return from_unix_milliseconds(static_cast<std::int64_t>(seconds) * 1000 + 999);
}
inline Bytes secret() { return hex("000102030405060708090a0b0c0d0e0f"); }

inline TsigKey make_key(TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256,
                        std::size_t shortest_mac = 0, Bytes octets = secret()) {
    TsigKey key;
    key.name = name(owner_key);
    key.algorithm = algorithm;
    key.secret = Secret(std::move(octets));
    key.shortest_mac = shortest_mac;
    return key;
}

inline Keyring make_keyring(TsigKey key = make_key()) {
    Keyring keyring;
    keyring.add(std::move(key)).value();
    return keyring;
}

// An UPDATE of zone.example. with nothing in it; `records` A records after that.
inline Bytes plain_message(std::uint16_t id = 0x5aa5, std::uint16_t records = 0) {
    Bytes octets;
    dns::WireWriter writer(octets);
    writer.u16(id);
    writer.u16(0x2800);
    for (const std::uint16_t count : {std::uint16_t{1}, std::uint16_t{0}, records}) {
        writer.u16(count);
    }
    writer.u16(0);
    writer.name(name("zone.example."));
    writer.u16(6);
    writer.u16(1);
    for (std::uint16_t i = 0; i < records; ++i) {
        writer.u16(0xc00c);
        writer.u16(1);
        writer.u16(1);
        writer.u32(60);
        writer.u16(4);
        writer.u32(0xc0000200U + i);
    }
    return octets;
}

// Everything a TSIG record can say, right or wrong.
struct Tsig {
    std::string owner = owner_key;
    std::string algorithm = "hmac-sha256.";
    std::uint64_t time_signed = signed_at;
    std::uint16_t fudge = 300;
    std::uint16_t original_id = 0x5aa5;
    std::uint16_t error = 0;
    Bytes other = {};
    // Of the MAC that is sent: cut, or padded with zeros.
    std::size_t mac_octets = 1000;  // full length
    Byte spoil = 0;                 // XORed into the first octet of the MAC
    Bytes prior_mac = {};           // request MAC or that of the message before
    bool timers_only = false;
    Bytes between = {};  // unsigned messages since prior_mac
    Bytes secret = test::secret();
    TsigAlgorithm hash = TsigAlgorithm::hmac_sha256;
};

inline Bytes reference_mac(const Bytes& message, const Tsig& tsig) {
    Bytes digested;
    dns::WireWriter writer(digested);
    if (!tsig.prior_mac.empty()) {
        writer.u16(static_cast<std::uint16_t>(tsig.prior_mac.size()));
        writer.octets(tsig.prior_mac);
    }
    writer.octets(tsig.between);
    writer.u16(tsig.original_id);
    writer.octets(BytesView(message).subspan(2));
    if (!tsig.timers_only) {
        writer.name(name(tsig.owner).to_lower());
        writer.u16(255);
        writer.u32(0);
        writer.name(name(tsig.algorithm).to_lower());
    }
    writer.u48(tsig.time_signed);
    writer.u16(tsig.fudge);
    if (!tsig.timers_only) {
        writer.u16(tsig.error);
        writer.u16(static_cast<std::uint16_t>(tsig.other.size()));
        writer.octets(tsig.other);
    }
    const EVP_MD* hash = tsig.hash == TsigAlgorithm::hmac_sha256   ? EVP_sha256()
                         : tsig.hash == TsigAlgorithm::hmac_sha384 ? EVP_sha384()
                                                                   : EVP_sha512();
    Bytes mac(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    HMAC(hash, tsig.secret.data(), static_cast<int>(tsig.secret.size()), digested.data(),
         digested.size(), mac.data(), &size);
    mac.resize(size);
    return mac;
}

inline Bytes rdata_of(const Tsig& tsig, const Bytes& mac) {
    Bytes rdata;
    dns::WireWriter writer(rdata);
    writer.name(name(tsig.algorithm));
    writer.u48(tsig.time_signed);
    writer.u16(tsig.fudge);
    writer.u16(static_cast<std::uint16_t>(mac.size()));
    writer.octets(mac);
    writer.u16(tsig.original_id);
    writer.u16(tsig.error);
    writer.u16(static_cast<std::uint16_t>(tsig.other.size()));
    writer.octets(tsig.other);
    return rdata;
}

inline Bytes record_of(const Tsig& tsig, const Bytes& mac) {
    Bytes record;
    dns::WireWriter writer(record);
    writer.name(name(tsig.owner));
    writer.u16(250);
    writer.u16(255);
    writer.u32(0);
    const Bytes rdata = rdata_of(tsig, mac);
    writer.u16(static_cast<std::uint16_t>(rdata.size()));
    writer.octets(rdata);
    return record;
}

// `sent_mac` gets the MAC as it was sent.
inline Bytes sign_by_reference(Bytes message, const Tsig& tsig, Bytes* sent_mac = nullptr) {
    Bytes mac = reference_mac(message, tsig);
    if (tsig.mac_octets != 1000) mac.resize(tsig.mac_octets);
    if (!mac.empty()) mac[0] ^= tsig.spoil;
    if (sent_mac) *sent_mac = mac;
    ++message[11];
    append(message, record_of(tsig, mac));
    return message;
}

inline dns::Message parse(const Bytes& octets) {
    dns::ParseOutcome outcome = dns::parse_message(octets);
    if (!outcome.message) throw std::runtime_error("not parsed: " + outcome.failure.reason);
    return std::move(*outcome.message);
}

}  // namespace chorale::crypto::test
