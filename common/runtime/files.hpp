// Reading small files that an operator wrote: configuration and keys.
#pragma once

#include <string>

#include "common/base/result.hpp"
#include "common/base/secret.hpp"

namespace chorale::runtime {

inline constexpr std::size_t largest_configuration = 1U << 20U;  // octets
inline constexpr std::size_t largest_secret_file = 64U << 10U;   // octets

// A whole regular file. ErrorKind::not_found, storage (not readable, no file), limit (too large).
Result<std::string> read_text_file(const std::string& path,
                                   std::size_t largest = largest_configuration);

// Key material: not through a symbolic link, only from a regular file that neither group nor others
// may touch (ErrorKind::refused), decided on the open descriptor so that nobody can swap it.
// One newline at the end is taken off. An empty file is malformed.
Result<Secret> read_secret_file(const std::string& path);

}  // namespace chorale::runtime
