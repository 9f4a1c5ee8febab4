#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sys/fd.h"

namespace naru::sys {

/// Makes `path` and its parents; the last one gets `mode`. One that is there is left as it is: it
/// must be a directory of ours that is no more open than `mode`. Fails: Unavailable, naming the
/// path and what to do.
Result<void> make_directory(const std::string& path, mode_t mode);

/// What `read_file` takes beside regular files.
enum class Pipes : std::uint8_t {
  Refuse,  ///< nothing: opening a pipe or a device may wait for ever
  Wait,    ///< pipes and devices, waiting for their writer (`kPipePatience` for each piece)
};
inline constexpr std::chrono::seconds kPipePatience{60};

/// The whole file. Fails: Unavailable; TooLarge beyond `limit_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t limit_bytes,
                              Pipes pipes = Pipes::Refuse);
/// Replaces `path` in one step: a new file beside it with `mode`, synced, renamed over it.
/// Fails: Unavailable (permission, disk full); the old file is then untouched.
Result<void> write_file(const std::string& path, std::string_view bytes, mode_t mode);
/// The same, and locks the new file before it stands there under its name. The lock lasts until the
/// descriptor is closed or the process dies.
Result<Fd> write_locked_file(const std::string& path, std::string_view bytes, mode_t mode);
/// Whether the process that wrote `path` with `write_locked_file` still holds it.
bool is_locked(const std::string& path);
/// The text of the operating system for `error` (an errno).
std::string error_text(int error);
/// Path of this program's own binary.
std::string self_path();

}  // namespace naru::sys
