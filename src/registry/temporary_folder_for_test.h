#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace naru::registry {

/// A folder for one test; gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "naru-test-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  std::string at(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a file, and the folders above it.
  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  /// Writes beside it, and renames it over the old one.
  void replace(const std::string& name, std::string_view text) const {
    write(name + ".new", text);
    std::filesystem::rename(path_ / (name + ".new"), path_ / name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace naru::registry
