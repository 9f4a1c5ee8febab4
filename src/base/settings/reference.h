#pragma once
#include <span>
#include <string>

#include "base/settings/row.h"

namespace naru::settings {

/// The rows as a table of Markdown.
std::string write_reference(std::span<const Description> rows);

}  // namespace naru::settings
