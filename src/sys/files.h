#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/fd.h"

namespace naru::sys {

/// Makes `path` and its parents; the last one gets `mode`. One that is there must be a directory of
/// ours that others cannot write. Fails: Unavailable, naming the path and what to do.
Result<void> make_directory(const std::string& path, mode_t mode);
/// The whole file. Fails: Unavailable; TooLarge beyond `limit_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes);
/// Replaces `path` in one step: a new file beside it with `mode`, synced, renamed over it.
/// Fails: Unavailable (permission, disk full); the old file is then untouched.
Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode);
/// The text of the operating system for `error` (an errno).
std::string error_text(int error);
/// Path of this program's own binary.
std::string self_path();

}  // namespace naru::sys
