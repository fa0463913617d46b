// Files that are there as a whole or not at all, also after a power cut: written beside, synced,
// renamed, directory synced. A kill between may leave the file beside it: `path`, a dot, six
// characters. Ruled by POSIX rename() and fsync().
#pragma once

#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace chorale::runtime {

// Replaces or creates `path`, mode 0600 unless another is given. ErrorKind::storage with the file's
// name and what failed; the old file is then still there, unless it is the sync of the directory
// that failed.
Result<void> write_file_atomically(const std::string& path, BytesView octets, unsigned mode = 0600);

// The same, but what is there stays: ErrorKind::conflict. Of several callers one succeeds. After an
// error nothing was created.
Result<void> create_file_atomically(const std::string& path, BytesView octets,
                                    unsigned mode = 0600);

// Makes lasting which files are in a directory. ErrorKind::storage.
Result<void> sync_directory(const std::string& directory);

}  // namespace chorale::runtime
