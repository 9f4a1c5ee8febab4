#pragma once
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"

namespace naru::net {

/// One address a name stands for.
struct Address {
  std::string ip;  ///< numeric
  bool v6 = false;
};

/// Names → addresses, in a few threads of its own, so that a slow name delays no loop. Answers are
/// kept up to 60 s; when a name cannot be resolved any more, an old answer is given.
class Resolver {
 public:
  /// `threads` of them; a name is asked once however many wait for it.
  static std::unique_ptr<Resolver> make(unsigned threads, const Clock& clock);
  virtual ~Resolver() = default;
  /// At least one address; numeric hosts at once. Fails: UpstreamFailed, UpstreamTimeout,
  /// Cancelled.
  virtual Task<Result<std::vector<Address>>> resolve(Loop& loop, std::string host, Until until) = 0;
};

}  // namespace naru::net
