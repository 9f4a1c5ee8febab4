#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/problem.h"
#include "base/result.h"
#include "mock/journal.h"
#include "telemetry/log.h"

namespace naru::mock {

struct MockOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;        ///< 0: any free one
  std::string script_file = {};  ///< YAML; empty: every answer is whole
  std::uint64_t seed = 1;        ///< ids in answers follow from it
  std::uint32_t loops = 1;       ///< event loops, one thread each
};

/// A scripted provider on a listener of its own: OpenAI's and Anthropic's calls, answered with
/// authored bytes as the plan of each request says. Its journal is read at `GET /mock/journal` and
/// cleared by `DELETE`.
class Mock {
 public:
  /// Listens and serves. Fails: InvalidRequest with every problem of the script; Conflict when the
  /// address is taken. Lifetime: clock and log outlive it.
  static Result<std::unique_ptr<Mock>> start(MockOptions options, const Clock& clock,
                                             telemetry::Log& log);
  ~Mock();  ///< cuts what is under way and joins

  std::uint16_t port() const;
  std::string url() const;  ///< `http://127.0.0.1:8090`
  Journal& journal();

 private:
  struct Impl;
  explicit Mock(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace naru::mock
