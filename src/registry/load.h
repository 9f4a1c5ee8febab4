#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "registry/kind.h"

namespace naru::registry {

/// What a snapshot is marked with.
struct Stamp {
  std::int64_t revision = 0;
  std::int64_t published_s = 0;  ///< seconds since 1970
};

/// What files of documents came to.
struct Loaded {
  std::shared_ptr<const Snapshot> snapshot;  ///< null if there is any problem
  std::vector<Problem> problems;             ///< in the order of files and lines; the first 1,000
  std::vector<std::string> files;            ///< every file that had a part in it
};

/// Reads, checks and compiles all documents of `paths`: YAML files, or folders whose *.yaml and
/// *.yml count (hidden ones do not). Blocks on files.
Loaded load(std::span<const Kind> kinds, std::span<const std::string> paths, Stamp stamp);

/// The same for one text that stands in no file yet; `file` is what messages call it.
Loaded load_text(std::span<const Kind> kinds, std::string_view text, const std::string& file,
                 Stamp stamp);

}  // namespace naru::registry
