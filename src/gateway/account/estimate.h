#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "chat/tally.h"

namespace naru::gateway {

/// Tokens from bytes of text, for answers whose provider reports none. Each script has its own
/// bytes a token; a factor a model is learnt from the exchanges that do report. Safe from any
/// thread.
class Estimator {
 public:
  static constexpr std::size_t kMaxModels = 1'000;  ///< further ones share one factor

  /// At least 1 for any text at all.
  std::int64_t tokens(std::string_view upstream_model, const chat::Tally& text) const;
  /// Takes a reported count as a lesson; texts too short to teach are passed over.
  void learn(std::string_view upstream_model, const chat::Tally& text, std::int64_t reported);

 private:
  struct Factor {
    std::atomic<double> value{1.0};
  };
  /// Null if nothing was learnt of it. Lifetime: the estimator's.
  Factor* find(std::string_view upstream_model) const;
  Factor& make(std::string_view upstream_model);
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Factor>, std::less<>> factors_;
  mutable Factor shared_;
};

}  // namespace naru::gateway
