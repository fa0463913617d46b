#include "common/crypto/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/crypto/handles.hpp"
#include "common/crypto/private_key.hpp"

namespace chorale::crypto {
namespace {

using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;

constexpr int serial_bits = 127;                // positive, in at most 20 octets (RFC 5280 4.1.2.2)
constexpr const char* subject = "chorale msa";  // an issuer may not be empty (RFC 5280 4.1.2.4)
constexpr const char* no_end = "99991231235959Z";

bool add_extension(X509* certificate, int kind, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool name_itself(X509* certificate) {
    X509_NAME* name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, as_bytes(subject).data(),
                                      -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1;
}

bool set_serial(X509* certificate) {
    const Number serial(BN_new());
    return serial && BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
           BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// Both ends of a connection show it.
bool add_extensions(X509* certificate, const std::string& host) {
    return add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth,clientAuth") &&
           (host.empty() || add_extension(certificate, NID_subject_alt_name, "DNS:" + host));
}

Certificate make_certificate(EVP_PKEY* key, const std::string& host, Instant now) {
    Certificate made(X509_new());
    if (!made || X509_set_version(made.get(), X509_VERSION_3) != 1 || !set_serial(made.get()) ||
        !name_itself(made.get()) ||
        ASN1_TIME_set(X509_getm_notBefore(made.get()), to_unix_seconds(now)) == nullptr ||
        ASN1_TIME_set_string_X509(X509_getm_notAfter(made.get()), no_end) != 1 ||
        X509_set_pubkey(made.get(), key) != 1 || !add_extensions(made.get(), host) ||
        X509_sign(made.get(), key, EVP_sha256()) == 0) {
        return nullptr;
    }
    return made;
}

}  // namespace

Result<Secret> make_tls_pem(const std::string& host, Instant now) {
    const auto key = make_private_key(Sig0Algorithm::ecdsap256sha256);
    if (!key) return key.error();
    const Certificate certificate = make_certificate(key->get(), host, now);
    const Memory memory(BIO_new(BIO_s_mem()));
    if (!certificate || !memory || PEM_write_bio_X509(memory.get(), certificate.get()) != 1) {
        return Error(ErrorKind::unspecified, "OpenSSL could not make a certificate");
    }
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &text);
    const Secret key_pem = to_pem(**key);
    // In one piece of memory, so that nothing of it is left elsewhere.
    Bytes both;
    both.reserve(key_pem.reveal().size() + static_cast<std::size_t>(length));
    append(both, key_pem.reveal());
    append(both, as_bytes({text, static_cast<std::size_t>(length)}));
    return Secret(std::move(both));
}

Result<Sha256> public_key_pin(const Secret& pem) {
    const auto key = private_key_from_pem(pem);
    if (!key) return key.error();
    const BytesView text = pem.reveal();
    const Memory memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const Certificate certificate(
        memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
    const bool is_of_key =
        certificate && X509_check_private_key(certificate.get(), key->get()) == 1;
    ERR_clear_error();
    if (!certificate) return malformed("expected a whole certificate in PEM beside the key");
    if (!is_of_key) return malformed("the certificate is not of the private key");
    Byte* encoded = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &encoded);
    if (size <= 0) return malformed("the certificate has no public key");
    const Sha256 pin = sha256({encoded, static_cast<std::size_t>(size)});
    OPENSSL_free(encoded);
    return pin;
}

}  // namespace chorale::crypto
