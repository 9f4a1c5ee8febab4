#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/problem.h"
#include "base/settings/node.h"

namespace naru::settings {

/// Gathers the problems of one document and says of each where it stands. Lifetime: the list it
/// was made with outlives it.
class Report {
 public:
  /// `subject` stands before each path: `Upstream openai`.
  Report(std::vector<Problem>& problems, std::string file, std::string subject)
      : problems_(problems), file_(std::move(file)), subject_(std::move(subject)) {}

  /// `path` of the document is wrong at `at`; `text` goes on after it: "is '5'; give …".
  void add(const Node& at, std::string_view path, std::string text);
  void add(int line, int column, std::string_view path, std::string text);
  std::size_t count() const { return problems_.size(); }

 private:
  std::vector<Problem>& problems_;
  std::string file_;
  std::string subject_;
};

/// `providers.yaml:12:5: Upstream openai: timeouts.connect is '5'; durations carry a unit, as 5s`
std::string write_problem(const Problem& problem);

/// A value as a message may show it: in quotes, clipped, and what stands before `@` in a URL
/// masked.
std::string shown(std::string_view value);

/// `text` of at most 80 bytes, without control characters.
std::string clipped(std::string_view text);

/// "; did you mean 'upstream'?" with the nearest of `known`, or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace naru::settings
