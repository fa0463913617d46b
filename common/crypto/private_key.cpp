#include "common/crypto/private_key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "common/crypto/handles.hpp"

namespace chorale::crypto {
namespace {

using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

constexpr std::size_t private_octets = 32;  // of both algorithms that sign

// Without it OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 32> group{};
    return EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == "prime256v1";
}

// The scalar of P-256, big-endian; empty if there is none.
Bytes scalar_of(const EVP_PKEY* key) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) return {};
    const std::unique_ptr<BIGNUM, Freer<BN_clear_free>> scalar(number);
    Bytes octets(private_octets);
    if (BN_bn2binpad(scalar.get(), octets.data(), private_octets) < 0) return {};
    return octets;
}

Bytes seed_of(const EVP_PKEY* key) {
    Bytes octets(private_octets);
    std::size_t length = octets.size();
    if (EVP_PKEY_get_raw_private_key(key, octets.data(), &length) != 1) return {};
    return octets;
}

}  // namespace

Result<KeyHandle> make_private_key(Sig0Algorithm algorithm) {
    KeyHandle key;
    switch (algorithm) {
        case Sig0Algorithm::rsasha256: return malformed("signing with RSA is not offered");
        case Sig0Algorithm::ecdsap256sha256:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "prime256v1"));
            break;
        case Sig0Algorithm::ed25519:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
            break;
    }
    if (!key) return Error(ErrorKind::unspecified, "OpenSSL could not make a key");
    return key;
}

Secret to_pem(const evp_pkey_st& key) {
    // This kind of BIO wipes its memory.
    const Memory memory(BIO_new(BIO_s_secmem()));
    char* text = nullptr;
    if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), &key, nullptr, nullptr, 0, nullptr,
                                                 nullptr) != 1) {
        return {};
    }
    const long length = BIO_get_mem_data(memory.get(), &text);
    return Secret(to_bytes(as_bytes({text, static_cast<std::size_t>(length)})));
}

Result<KeyHandle> private_key_from_pem(const Secret& pem) {
    const BytesView text = pem.reveal();
    const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    bool is_encrypted = false;
    KeyHandle key(memory
                      ? PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, &is_encrypted)
                      : nullptr);
    ERR_clear_error();
    if (is_encrypted) return malformed("expected a private key without passphrase");
    if (!key) return malformed("expected a whole private key in PEM");
    return key;
}

Result<Sig0Key> sig0_key_from_pem(const dns::Name& signer, const Secret& pem) {
    auto key = private_key_from_pem(pem);
    if (!key) return key.error();
    if (EVP_PKEY_is_a(key->get(), "ED25519") == 1) {
        return Sig0Key::from_private(signer, Sig0Algorithm::ed25519, Secret(seed_of(key->get())));
    }
    if (EVP_PKEY_is_a(key->get(), "EC") == 1 && is_p256(key->get())) {
        return Sig0Key::from_private(signer, Sig0Algorithm::ecdsap256sha256,
                                     Secret(scalar_of(key->get())));
    }
    return malformed("expected a private key of Ed25519 or P-256");
}

}  // namespace chorale::crypto
