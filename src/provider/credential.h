#pragma once
#include "provider/upstream.h"

namespace naru::provider {

/// The key `where` points to; empty if it points nowhere. Fails: InvalidRequest, with the setting
/// in `param` and never a byte of the key in the text.
Result<Secret> read_credential(const CredentialRef& where);

}  // namespace naru::provider
