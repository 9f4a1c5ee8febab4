#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "sys/fd.h"

namespace naru::cli {

/// Where state lives unless told otherwise: $NARU_DATA, else below $XDG_DATA_HOME, else below the
/// home directory.
std::string usual_data_directory();
/// The directory, made with mode 0700 if it is not there. Fails: Unavailable, when it cannot be
/// made, is open to others or another user's.
Result<void> prepare_data_directory(const std::string& path);

/// The admin token of an installation: made at first start, kept in `admin.token` with mode 0600.
/// One that is open to others is refused.
struct AdminToken {
  Secret token;
  bool fresh = false;  ///< made just now
};
/// Fails: Unavailable.
Result<AdminToken> open_admin_token(const std::string& data_directory);
/// The token of a running or past naru. Fails: Unavailable, saying where it was looked for.
Result<Secret> read_admin_token(const std::string& data_directory);

/// Where the running naru listens, for verbs and tests: the URL of a `listener` (`data`, `admin`)
/// in the file `<listener>.address`. The file is locked as long as this lives and gone afterwards:
/// what a naru that died has left there is not locked, and is believed by nobody.
class Address {
 public:
  /// Fails: Unavailable.
  static Result<Address> publish(const std::string& data_directory, std::string_view listener,
                                 std::string_view url);
  Address(Address&&) noexcept = default;
  Address& operator=(Address&&) = delete;
  ~Address();
  /// Leaves the file alone from now on: another process has put its own in its place.
  void leave() { file_.clear(); }

 private:
  Address(std::string file, sys::Fd held) : file_(std::move(file)), held_(std::move(held)) {}
  std::string file_;
  sys::Fd held_;
};
/// The binary that `naru upgrade --binary` has named: it comes through the data directory, since
/// whoever can write there may do all that naru may, and never over the network.
Result<void> name_binary(const std::string& data_directory, const std::string& path);
/// The same read and forgotten. Fails: Unavailable, when none is named.
Result<std::string> take_named_binary(const std::string& data_directory);

/// Fails: Unavailable, when no naru runs on that directory.
Result<std::string> read_address(const std::string& data_directory, std::string_view listener);

}  // namespace naru::cli
