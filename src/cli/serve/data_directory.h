#pragma once
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace naru::cli {

/// Where state lives unless told otherwise: $NARU_DATA, else below $XDG_DATA_HOME, else below the
/// home directory.
std::string usual_data_directory();
/// The directory with mode 0700. Fails: Unavailable.
Result<void> prepare_data_directory(const std::string& path);

/// The admin token of an installation: made at first start, kept in `admin.token` with mode 0600.
struct AdminToken {
  Secret token;
  bool fresh = false;  ///< made just now
};
/// Fails: Unavailable.
Result<AdminToken> open_admin_token(const std::string& data_directory);
/// The token of a running or past naru. Fails: Unavailable, saying where it was looked for.
Result<Secret> read_admin_token(const std::string& data_directory);

/// Where the running naru listens, for verbs and tests: `serve` writes the URL of a `listener`
/// (`data`, `admin`) into the file `<listener>.address`.
Result<void> write_address(const std::string& data_directory, std::string_view listener,
                           std::string_view url);
/// Fails: Unavailable, when no naru has run on that directory.
Result<std::string> read_address(const std::string& data_directory, std::string_view listener);

}  // namespace naru::cli
