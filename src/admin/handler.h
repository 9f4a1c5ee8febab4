#pragma once
#include <memory>

#include "admin/api.h"
#include "net/http/server.h"

namespace naru::admin {

/// Answers the admin listener: checks the token, finds the call, runs its handler on a worker
/// thread of its own.
class AdminHandler final : public net::Handler {
 public:
  /// Lifetime: `context` outlives it.
  explicit AdminHandler(Context& context);
  ~AdminHandler() override;  ///< no call is running any more
  net::Task<void> serve(net::ServerCall& call) override;
  net::Refusal refusal(const Fault& fault, std::string_view target) override;

 private:
  struct Worker;
  Context& context_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace naru::admin
