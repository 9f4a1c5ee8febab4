#pragma once
#include <span>
#include <string>

#include "registry/kind.h"

namespace naru::cli {

/// Every kind of document this program understands: `Upstream`, `Model`, `Deployment`, `Gateway`.
std::span<const registry::Kind> all_kinds();
/// The same for documents of a naru that runs: listeners keep the certificates they have while what
/// stands in the files cannot be used, so that this is no problem of the documents.
std::span<const registry::Kind> kinds_to_reload();

/// The page docs/settings.md, which is made from the rows of all kinds.
std::string settings_page();

}  // namespace naru::cli
