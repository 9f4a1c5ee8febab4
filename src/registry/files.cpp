#include "registry/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace naru::registry {
namespace {

namespace fs = std::filesystem;

bool is_document(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

}  // namespace

Result<std::vector<std::string>> document_files(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector{path};
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
    if (is_document(at->path())) files.push_back(at->path().string());
  if (error) return fail(FaultKind::InvalidRequest, "cannot be read: {}", error.message());
  if (files.empty()) return fail(FaultKind::InvalidRequest, "is a folder without any .yaml file");
  std::ranges::sort(files);
  return files;
}

std::string fingerprint(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return "none";
  return fmt::format("{}:{}:{}:{}.{}", about.st_dev, about.st_ino, about.st_size,
                     about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
}

std::map<std::string, std::string> fingerprints(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> seen;
  for (const std::string& path : paths) {
    seen[path] = fingerprint(path);
    const auto files = document_files(path);
    if (!files) continue;
    for (const std::string& file : *files) seen[file] = fingerprint(file);
  }
  return seen;
}

}  // namespace naru::registry
