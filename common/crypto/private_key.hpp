// Private keys as an operator keeps them: unencrypted PKCS #8 in PEM (RFC 5958, RFC
// 7468), which every other program reads too.
#pragma once

#include "common/crypto/sig0.hpp"

namespace chorale::crypto {

// A new key by OpenSSL's random numbers. Errors: malformed (RSA, which is verified
// only), unspecified (OpenSSL has no memory or no randomness).
Result<KeyHandle> make_private_key(Sig0Algorithm algorithm);

Secret to_pem(const evp_pkey_st& key);

// The first private key in the text, whatever its algorithm. Errors (malformed): there
// is none, it is cut short, it is encrypted.
Result<KeyHandle> private_key_from_pem(const Secret& pem);

// The key that signs as `signer`. Errors (malformed): no private key, or one that
// SIG(0) does not sign with here.
Result<Sig0Key> sig0_key_from_pem(const dns::Name& signer, const Secret& pem);

}  // namespace chorale::crypto
