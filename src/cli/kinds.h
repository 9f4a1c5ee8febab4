#pragma once
#include <span>
#include <string>

#include "registry/kind.h"

namespace naru::cli {

/// Every kind of document this program understands: `Upstream`, `Model`, `Deployment`, `Gateway`.
std::span<const registry::Kind> all_kinds();

/// The page docs/settings.md, which is made from the rows of all kinds.
std::string settings_page();

}  // namespace naru::cli
