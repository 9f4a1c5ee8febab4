#include "base/settings/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace naru::settings {
namespace {

constexpr std::size_t kShownBytes = 80;

/// What may be a user and a password between `://` and `@` gives way to `…`.
std::string without_user(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t at = url.rfind('@');
  if (scheme == url.npos || at == url.npos || at < scheme) return std::string(url);
  return fmt::format("{}…{}", url.substr(0, scheme + 3), url.substr(at));
}

}  // namespace

void Report::add(const Node& at, std::string_view path, std::string text) {
  add(at.line, at.column, path, std::move(text));
}

void Report::add(int line, int column, std::string_view path, std::string text) {
  std::string whole = subject_;
  if (!subject_.empty() && !path.empty()) whole += ": ";
  whole += path;
  problems_.push_back({.path = std::move(whole),
                       .text = std::move(text),
                       .file = file_,
                       .line = line,
                       .column = column});
}

std::string write_problem(const Problem& problem) {
  std::string text;
  if (!problem.file.empty()) text += problem.file;
  if (problem.line > 0) text += fmt::format(":{}", problem.line);
  if (problem.line > 0 && problem.column > 0) text += fmt::format(":{}", problem.column);
  if (!text.empty()) text += ": ";
  text += problem.path;
  if (!problem.path.empty()) text += ' ';
  return text + problem.text;
}

std::string clipped(std::string_view value) {
  std::string text(value);
  if (text.size() > kShownBytes) {
    text.resize(utf8_valid_bytes(value.substr(0, kShownBytes)));
    text += "…";
  }
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

std::string shown(std::string_view value) {
  return fmt::format("'{}'", clipped(without_user(value)));
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string> near = nearest(name, known, 1);
  return near.empty() ? "" : fmt::format("; did you mean '{}'?", near.front());
}

}  // namespace naru::settings
