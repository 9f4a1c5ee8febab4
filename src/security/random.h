#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.h"

/// Chance and comparison fit for secrets. `base/rng.h` is for weights and jitter, not for these.
namespace naru::security {

/// `bytes` random bytes from the operating system.
std::string random_bytes(std::size_t bytes);
/// `prefix` and 43 random letters and digits: a little more than 256 bits of chance.
Secret random_token(std::string_view prefix);
/// Compares in a time that depends on the lengths alone.
bool same_bytes(std::string_view a, std::string_view b);

}  // namespace naru::security
