#pragma once
#include <string>
#include <string_view>

#include "base/fault.h"

/// What a provider says when it refuses or fails: what the status means, and how much of the words
/// a client may read.
namespace naru::dialect {

/// What an error status of a provider means, whichever dialect it speaks.
FaultKind kind_of_status(int status);

/// A provider's words, fit for a client: on one line, at most `most` bytes, and without anything
/// that looks like a key of the operator's or an id of his account, wherever in them it stands.
std::string cleaned(std::string_view words, std::size_t most = 1000);

}  // namespace naru::dialect
