// The key of a TLS endpoint with its self-signed certificate. Peers know it by the
// digest of its public key in a TLSA record, usage DANE-EE, and ask neither for a name
// nor for a date (RFC 7671 5.1).
#pragma once

#include <string>

#include "common/base/instant.hpp"
#include "common/base/result.hpp"
#include "common/base/secret.hpp"
#include "common/crypto/digest.hpp"

namespace chorale::crypto {

// PEM of a new P-256 key, then of its certificate, which begins at `now` and has no end
// (RFC 5280 4.1.2.5). `host`, letters, digits, hyphens and dots, is its name, none if
// empty. Errors: unspecified (OpenSSL has no memory or no randomness).
Result<Secret> make_tls_pem(const std::string& host, Instant now);

// SHA-256 of the SubjectPublicKeyInfo of the first certificate in the text: selector 1,
// matching type 1 (RFC 6698 2.1). Errors (malformed): no whole private key or no whole
// certificate, or they do not belong together.
Result<Sha256> public_key_pin(const Secret& pem);

}  // namespace chorale::crypto
