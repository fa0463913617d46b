// Private keys in PEM: what we write we read, what others wrote too, and nothing else.
#include "common/crypto/private_key.hpp"

#include <openssl/evp.h>

#include "common/base/encoding.hpp"
#include "common/crypto/dnskey.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/base/result_text.hpp"

namespace chorale::crypto {
namespace {

Secret to_secret(std::string_view text) { return Secret(to_bytes(as_bytes(text))); }

const dns::Name signer = dns::Name::from_text("dns.msa.example.").value();

std::string fault_of(const Secret& pem) {
    const auto key = sig0_key_from_pem(signer, pem);
    return key ? "" : key.error().message();
}

}  // namespace

TEST_CASE("The example key of RFC 8410 10 is read") {
    const auto key = sig0_key_from_pem(
        signer, to_secret("-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                          "-----END PRIVATE KEY-----\n"));
    REQUIRE(key);
    CHECK(key->signer() == signer);
    CHECK(to_hex(key->key_rdata()) ==
          "0200030F19BF44096984CDFE8541BAC167DC3B96C85086AA30B6B6CB0C5C38AD703166E1");
}

TEST_CASE("A key that was made is read again, and no two are the same") {
    for (const auto algorithm : {Sig0Algorithm::ed25519, Sig0Algorithm::ecdsap256sha256}) {
        const auto made = make_private_key(algorithm);
        REQUIRE(made);
        const Secret pem = to_pem(**made);
        const auto one = sig0_key_from_pem(signer, pem);
        const auto again = sig0_key_from_pem(signer, pem);
        const auto other = sig0_key_from_pem(signer, to_pem(*make_private_key(algorithm).value()));
        REQUIRE(one);
        REQUIRE(other);
        CHECK(one->algorithm() == algorithm);
        CHECK(one->key_rdata() == again->key_rdata());
        CHECK(one->key_rdata() != other->key_rdata());
        CHECK(public_key_fault(one->key_rdata()) == nullptr);
    }
    CHECK(make_private_key(Sig0Algorithm::rsasha256).error().kind() == ErrorKind::malformed);
}

TEST_CASE("What is no private key for SIG(0) says what was expected") {
    CHECK(fault_of({}) == "expected a whole private key in PEM");
    CHECK(fault_of(to_secret("c2VjcmV0")) == "expected a whole private key in PEM");
    CHECK(fault_of(to_secret("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                             "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhKsH8Xu6IrIQICCAAw\n"
                             "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEL2kdujtZUj2BZlbKr1K28EEQMKf\n"
                             "9cOu8i/nmjcWNcGfpcjbGr8EnRxJTuamtjqI+hOaMV/DsvufnLXRyKNkQBcr01O9\n"
                             "uZ6eoqjaZUMXGFTDsxg=\n"
                             "-----END ENCRYPTED PRIVATE KEY-----\n")) ==
          "expected a private key without passphrase");
    const KeyHandle p384(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
    const KeyHandle rsa(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
    const KeyHandle x25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    for (const KeyHandle* key : {&p384, &rsa, &x25519}) {
        REQUIRE(*key);
        CHECK(private_key_from_pem(to_pem(**key)).has_value());
        CHECK(fault_of(to_pem(**key)) == "expected a private key of Ed25519 or P-256");
    }
}

TEST_CASE("A key that was cut anywhere is not read") {
    for (const auto algorithm : {Sig0Algorithm::ed25519, Sig0Algorithm::ecdsap256sha256}) {
        const Secret pem = to_pem(*make_private_key(algorithm).value());
        const BytesView text = pem.reveal();
        CHECK(fault_of(Secret(to_bytes(text.first(text.size() - 1)))).empty());
        for (std::size_t size = 0; size + 1 < text.size(); ++size) {
            INFO(size << " of " << text.size());
            CHECK(fault_of(Secret(to_bytes(text.first(size)))) ==
                  "expected a whole private key in PEM");
        }
    }
}

}  // namespace chorale::crypto
