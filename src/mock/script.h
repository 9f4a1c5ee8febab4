#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "mock/ask.h"
#include "mock/plan.h"

namespace naru::mock {

/// One row of a script: which requests it is for, and what is done with them.
struct Rule {
  std::string model = "*";  ///< pattern of the model's name
  std::string path = "*";   ///< pattern of the path
  std::uint32_t times = 0;  ///< requests it is for, after which it counts no more; 0: all
  Plan answer = {};
};

/// What `naru mock` was told to do: the first rule that fits, else a whole answer.
class Script {
 public:
  Script() = default;
  explicit Script(std::vector<Rule> rules) : rules_(std::move(rules)), left_(times_of(rules_)) {}
  /// Reads a YAML text: `answers:` and a list of rules.
  static std::vector<Rule> read(std::string_view text, std::string_view file,
                                std::vector<Problem>& problems);
  /// Every row a script may have, `answers[].model` first.
  static std::vector<settings::Description> describe();
  /// The plan for a request; counts it. Safe from any thread.
  Plan next(const Ask& ask, std::string_view path);

 private:
  static std::vector<std::uint32_t> times_of(const std::vector<Rule>& rules);
  std::mutex lock_;
  std::vector<Rule> rules_;
  std::vector<std::uint32_t> left_;  // one a rule
};

}  // namespace naru::mock
