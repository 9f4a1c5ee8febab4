#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings/fields.h"
#include "gateway/retry_policy.h"
#include "gateway/route/balance.h"

namespace naru::gateway {

/// Somewhere a model's calls may go.
struct TargetSpec {
  std::string upstream;  ///< name of an Upstream or of a Deployment
  /// The upstream's own name; empty: the name of the model, and for a pattern or a name that only
  /// a pattern fits, what the client asked for.
  std::string model = {};
  std::uint32_t weight = 1;  ///< share among targets of the same tier; 0: none, but known
  std::uint32_t tier = 0;    ///< 0 is tried first; a higher one only when all lower ones failed
  std::uint32_t slots = 0;   ///< calls it computes at once; 0: not known, or the deployment's own
};

enum class LossPolicy : std::uint8_t { Refuse, Warn, Drop };

/// Whether a second target is asked when the first is slow.
struct HedgePolicy {
  std::chrono::milliseconds after{0};  ///< without content; 0: never
};

/// A public model (document kind `Model`).
struct ModelSpec {
  std::string name;                       ///< public name, or a pattern: `claude-*`
  std::vector<std::string> aliases = {};  ///< further names or patterns for the same
  std::vector<TargetSpec> targets;
  Balance balance = Balance::Weight;  ///< within a tier
  RetryPolicy retry = {};
  HedgePolicy hedge = {};
  LossPolicy on_loss = LossPolicy::Warn;
  std::string owned_by = "naru";  ///< shown in the model list
};

/// What an operator may set of a model.
const settings::Fields<ModelSpec>& model_fields();
/// Whether `*` in it stands for other names.
bool is_pattern(std::string_view name);

/// All models of a snapshot.
class Models {
 public:
  explicit Models(std::vector<std::shared_ptr<const ModelSpec>> models);
  /// The model a client means: a name, then an alias, then the pattern with the longest fixed part.
  /// Null if none.
  std::shared_ptr<const ModelSpec> find(std::string_view name) const;
  /// Names for a list: no patterns; sorted.
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<std::shared_ptr<const ModelSpec>>& all() const { return all_; }

 private:
  std::vector<std::shared_ptr<const ModelSpec>> all_;
  std::map<std::string, std::shared_ptr<const ModelSpec>, std::less<>> exact_;
  std::vector<std::pair<std::string, std::shared_ptr<const ModelSpec>>> patterns_;
  std::vector<std::string> names_;
};

}  // namespace naru::gateway
