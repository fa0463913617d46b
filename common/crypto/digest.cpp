#include "common/crypto/digest.hpp"

#include <openssl/sha.h>

namespace chorale::crypto {

Sha256 sha256(BytesView octets) {
    Sha256 digest;
    SHA256(octets.data(), octets.size(), digest.data());
    return digest;
}

}  // namespace chorale::crypto
