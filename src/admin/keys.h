#pragma once
#include <string>
#include <vector>

#include "gateway/services.h"

namespace naru::admin {

/// A key that is asked for.
struct KeyOrder {
  std::string name;
  std::optional<std::int64_t> expires_in_s = {};
  std::vector<std::string> models = {};  ///< names or patterns it may use; empty: all
  bool replace = false;                  ///< revoke a live key of that name first
  store::KeyLimits limits = {};
  Priority priority = Priority::Interactive;
};

/// A key that was made. Its text exists here and nowhere else.
struct IssuedKey {
  store::KeyRow row;
  Secret text;
};
/// Fails: Conflict when a live key has that name; Unavailable. Blocks.
Result<IssuedKey> issue_key(gateway::Services& services, KeyOrder order);

}  // namespace naru::admin
