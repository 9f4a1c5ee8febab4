#pragma once
#include <string>

#include "base/result.h"

namespace naru::store {

/// The data directory, held for this process alone as long as this lives. The kernel lets go of it
/// when the process dies, however it dies.
class DataDirectory {
 public:
  /// Makes `path` with mode 0700 if it is not there.
  /// Fails: Unavailable when it cannot be made, is open to others, or another process holds it.
  static Result<DataDirectory> hold(const std::string& path);
  /// The same for a process that was given the descriptor of the lock by the one that holds it:
  /// both hold it until both have let go. Fails: Unavailable, when `lock` is of another directory.
  static Result<DataDirectory> share(const std::string& path, int lock);
  DataDirectory(DataDirectory&& from) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }
  int lock() const { return lock_; }
  std::string lock_file() const { return path_ + "/naru.lock"; }
  void leave();  ///< holds it no more; whoever has another descriptor of the lock does
  /// Names this process in the lock file, for the message that another one is refused with.
  Result<void> sign() const;
  std::string database() const { return path_ + "/naru.db"; }
  /// Makes an empty file for the database with mode 0600 if there is none; SQLite gives the files
  /// beside it the same mode.
  Result<void> make_database() const;
  /// Bytes of its disk that this user may still fill; nullopt if the system does not say.
  std::optional<std::uint64_t> free_bytes() const;

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

/// Gives `file`, which root has just made, to the owner of the directory: naru runs as that user.
Result<void> give_to_owner(const DataDirectory& directory, const std::string& file);

/// Writes what the system still holds back of `path` (a file or a directory) to the disk.
Result<void> sync_to_disk(const std::string& path);

}  // namespace naru::store
