#pragma once
#include <cstddef>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace naru::security {

/// Reads the secret in `file`, byte for byte; where there is none, puts `bytes` random bytes there
/// first: whole or not at all, mode 0600, on the disk when it returns.
/// Fails: Unavailable, naming the file and the remedy, when it cannot be read or made, is no plain
/// file, is open to group or others, belongs to another user, or is longer than `most_bytes`.
Result<Secret> read_or_make_secret(const std::string& file, std::size_t bytes,
                                   std::size_t most_bytes);
/// The same without making one.
Result<Secret> read_secret(const std::string& file, std::size_t most_bytes);

}  // namespace naru::security
