#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.h"

namespace naru::net {

/// One address a name stands for.
struct Address {
  std::string ip;  ///< numeric
  bool v6 = false;
  bool operator==(const Address&) const = default;
};

/// Asks the system for a name's addresses, in its order of preference; blocks.
/// Fails: UpstreamFailed.
Result<std::vector<Address>> ask_system(const std::string& host);
using Lookup = std::function<Result<std::vector<Address>>(const std::string& host)>;

/// Names → addresses, in a few threads of its own, so that a slow name delays no loop. Answers are
/// kept up to 60 s; when a name cannot be resolved any more, or not within half a second, an answer
/// up to an hour old is given.
class Resolver {
 public:
  /// `threads` of them; a name is asked once however many wait for it.
  static std::unique_ptr<Resolver> make(unsigned threads, const Clock& clock,
                                        Lookup lookup = ask_system);
  virtual ~Resolver() = default;
  /// At least one address; numeric hosts at once. Fails: UpstreamFailed, UpstreamTimeout,
  /// Cancelled.
  virtual Task<Result<std::vector<Address>>> resolve(Loop& loop, std::string host, Until until) = 0;
};

}  // namespace naru::net
