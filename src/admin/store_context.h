#pragma once
#include <memory>
#include <string>

#include "admin/api.h"

namespace naru::admin {

/// What handlers of keys, usage and backups work with where no naru runs: a store, and around it a
/// process without documents, listeners and engines.
class StoreContext {
 public:
  /// Holds the data directory `directory` for this process. Fails: Unavailable.
  static Result<std::unique_ptr<StoreContext>> open(const std::string& directory,
                                                    const std::string& version);
  ~StoreContext();
  Context& context();

 private:
  struct Parts;
  explicit StoreContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace naru::admin
