// The two private keys of an agent, each one file of mode 0600 in one directory: the
// SIG(0) key, and the key of TLS with its certificate. They are made once and never
// replaced here: losing one cuts the provider off from its peers until new records are
// published.
#pragma once

#include <optional>

#include "common/crypto/certificate.hpp"
#include "common/crypto/sig0.hpp"
#include "msa/app/identity.hpp"

namespace chorale::msa {

enum class KeyFile { sig0, tls };

// The file of a key in the directory: sig0.pem, tls.pem.
std::string path_of(const std::string& directory, KeyFile file);

struct KeyRequest {
    std::string directory;
    std::optional<Identity> identity;  // to be named in the certificate
    crypto::Sig0Algorithm algorithm = crypto::Sig0Algorithm::ed25519;
    std::optional<KeyFile> only;  // both if none
};

struct MadeKey {
    std::string path;
    std::string what;  // algorithm, and what tells the key from others
};

// Makes the directory (0700) if it is missing, then all files or none of them. Errors:
// conflict (a file is there already), refused (others may write into the directory),
// storage (it or a file could not be written), unspecified (no key could be made).
Result<std::vector<MadeKey>> make_keys(const KeyRequest& request, Instant now);

// Errors say which file and what was expected: not_found, storage, refused (others may
// read or write it), malformed (no key, or not whole).
Result<crypto::Sig0Key> read_sig0_key(const std::string& directory, const Identity& identity);
Result<crypto::Sha256> read_tls_pin(const std::string& directory);

}  // namespace chorale::msa
