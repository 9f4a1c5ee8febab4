#include "base/settings/reference.h"

#include <fmt/format.h>

namespace naru::settings {
namespace {

/// Markdown ends a cell at `|`.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c;
  }
  return result;
}

std::string unset_of(const Description& row) {
  if (row.required) return "required";
  return row.unset.empty() ? "" : fmt::format("`{}`", cell(row.unset));
}

}  // namespace

std::string write_reference(std::span<const Description> rows) {
  std::string text = "| setting | value | default | what it does |\n|---|---|---|---|\n";
  for (const Description& row : rows)
    text += fmt::format("| `{}` | {} | {} | {} |\n", row.path, cell(row.type), unset_of(row),
                        cell(row.doc));
  return text;
}

}  // namespace naru::settings
