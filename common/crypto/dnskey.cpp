#include "common/crypto/dnskey.hpp"

#include <openssl/evp.h>

#include <array>

namespace chorale::crypto {
namespace {

constexpr std::size_t dnskey_header_octets = 4;
constexpr std::size_t ds_header_octets = 4;

const EVP_MD* digest_of(std::uint8_t digest_type) {
    switch (digest_type) {
        case 1: return EVP_sha1();
        case 2: return EVP_sha256();
        case 4: return EVP_sha384();
        default: return nullptr;
    }
}

}  // namespace

std::uint16_t key_tag(BytesView rdata) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < rdata.size(); ++i)
        sum += i & 1 ? rdata[i] : std::uint32_t{rdata[i]} << 8;
    sum += sum >> 16 & 0xffff;
    return static_cast<std::uint16_t>(sum);
}

const char* public_key_fault(BytesView rdata) {
    if (rdata.size() <= dnskey_header_octets) return "no key";
    const BytesView key = rdata.subspan(dnskey_header_octets);
    const auto has_size = [&](std::size_t size) {
        return key.size() == size ? nullptr : "key has the wrong size for its algorithm";
    };
    switch (rdata[3]) {
        case 5:
        case 7:
        case 8:
        case 10: {
            // RFC 3110 2: length of the exponent in one octet, or in two after a zero.
            std::size_t exponent = key[0], before = 1;
            if (exponent == 0) {
                if (key.size() < 3) return "RSA exponent length is cut";
                exponent = std::size_t{key[1]} << 8 | key[2];
                before = 3;
            }
            if (exponent == 0) return "RSA key without exponent";
            return before + exponent < key.size() ? nullptr : "RSA key without modulus";
        }
        case 13: return has_size(64);
        case 14: return has_size(96);
        case 15: return has_size(32);
        case 16: return has_size(57);
        default: return nullptr;
    }
}

Bytes make_ds(dns::NameView owner, BytesView dnskey_rdata, std::uint8_t digest_type) {
    const EVP_MD* digest = digest_of(digest_type);
    if (!digest || dnskey_rdata.size() <= dnskey_header_octets) return {};
    Bytes input;
    append_lower(owner, input);
    append(input, dnskey_rdata);
    std::array<Byte, EVP_MAX_MD_SIZE> output{};
    unsigned length = 0;
    if (EVP_Digest(input.data(), input.size(), output.data(), &length, digest, nullptr) != 1)
        return {};
    const std::uint16_t tag = key_tag(dnskey_rdata);
    Bytes rdata = {static_cast<Byte>(tag >> 8), static_cast<Byte>(tag), dnskey_rdata[3],
                   digest_type};
    append(rdata, BytesView(output).first(length));
    return rdata;
}

bool ds_matches(dns::NameView owner, BytesView dnskey_rdata, BytesView ds_rdata) {
    if (ds_rdata.size() <= ds_header_octets || dnskey_rdata.size() <= dnskey_header_octets)
        return false;
    if (digest_of(ds_rdata[3])) return equal(make_ds(owner, dnskey_rdata, ds_rdata[3]), ds_rdata);
    const std::uint16_t tag = key_tag(dnskey_rdata);
    return ds_rdata[0] == tag >> 8 && ds_rdata[1] == (tag & 0xff) && ds_rdata[2] == dnskey_rdata[3];
}

bool is_delete_sentinel(dns::Type type, BytesView rdata) {
    static constexpr std::array<Byte, 5> cds = {0, 0, 0, 0, 0};
    static constexpr std::array<Byte, 5> cdnskey = {0, 0, 3, 0, 0};
    return equal(rdata, type == dns::Type::CDS ? BytesView(cds) : BytesView(cdnskey));
}

}  // namespace chorale::crypto
