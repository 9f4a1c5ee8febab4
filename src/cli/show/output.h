#pragma once
#include <string_view>

namespace naru::cli {

/// Prints at once, so that what follows in a pipe sees it.
void say(std::string_view text);
/// Whether all that was said so far got out. If not, says so on stderr, with `remedy` behind it,
/// and forgets it.
bool all_said(std::string_view remedy = "free some disk space, or look where stdout leads");

}  // namespace naru::cli
