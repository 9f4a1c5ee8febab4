#include "registry/document.h"

namespace naru::registry {

std::string Document::subject() const {
  return name.empty() ? kind : fmt::format("{} {}", kind, settings::clipped(name));
}

std::string Document::whole_path(const std::string& path) const {
  if (path.empty() || path.starts_with('/')) return path;
  const std::size_t slash = file.rfind('/');
  return slash == file.npos ? path : file.substr(0, slash + 1) + path;
}

settings::Report Draft::report(const Document& document) {
  return {problems_, document.file, document.subject()};
}

void Draft::wrong(const Document& document, std::string_view path, std::string text) {
  report(document).add(settings::locate(document.root, path), path, std::move(text));
}

void Draft::wrong(const Document& document, const std::vector<Problem>& found) {
  for (const Problem& problem : found) wrong(document, problem.path, problem.text);
}

void Draft::claim(std::string_view space, const std::string& name, const Document& document,
                  std::string_view path) {
  auto& taken = names_.try_emplace(std::string(space)).first->second;
  const auto [at, is_new] = taken.emplace(name, &document);
  if (is_new) return;
  const Document& first = *at->second;
  const std::string place = first.file == document.file ? "" : first.file + ":";
  wrong(document, path,
        fmt::format("is {}, the name of {} in {}{} already; choose another", settings::shown(name),
                    first.subject(), place.empty() ? "line " : place, first.root.line));
}

std::vector<std::string> Draft::names(std::string_view space) const {
  std::vector<std::string> names;
  if (const auto taken = names_.find(space); taken != names_.end())
    for (const auto& [name, document] : taken->second) names.push_back(name);
  return names;
}

bool Draft::has(std::string_view space, const std::string& name) const {
  const auto taken = names_.find(space);
  return taken != names_.end() && taken->second.contains(name);
}

}  // namespace naru::registry
