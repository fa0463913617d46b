// Digests of octets (FIPS 180-4), by OpenSSL, which this header does not show.
#pragma once

#include <array>

#include "common/base/bytes.hpp"

namespace chorale::crypto {

using Sha256 = std::array<Byte, 32>;

Sha256 sha256(BytesView octets);

}  // namespace chorale::crypto
