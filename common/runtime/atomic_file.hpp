// Files that are there as a whole or not at all, also after a power cut: written beside, synced,
// renamed, directory synced. Ruled by POSIX rename() and fsync().
#pragma once

#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale::runtime {

// Replaces or creates `path`, mode 0600 unless another is given. ErrorKind::storage with the file's
// name and what failed; the old file is then still there.
Result<void> write_file_atomically(const std::string& path, BytesView octets, unsigned mode = 0600);

}  // namespace chorale::runtime
