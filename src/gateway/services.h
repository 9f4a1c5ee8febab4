#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "base/id.h"
#include "gateway/account/estimate.h"
#include "gateway/body_memory.h"
#include "gateway/call/retry_budget.h"
#include "gateway/key_limits/limiter.h"
#include "gateway/listen/settings.h"
#include "gateway/queue/places.h"
#include "gateway/route/health.h"
#include "gateway/route/load.h"
#include "gateway/route/model.h"
#include "net/http/client.h"
#include "registry/endpoints.h"
#include "registry/published.h"
#include "registry/snapshot.h"
#include "security/api_key.h"
#include "store/store.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace naru::gateway {

/// What the stages work with; one for the whole process, safe from every loop. Lifetime: it
/// outlives every exchange.
struct Services {
  const Clock& clock;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  store::Store& store;
  const security::KeyHasher& hasher;
  registry::Published<registry::Snapshot>& snapshots;
  registry::Endpoints& endpoints;
  std::vector<std::unique_ptr<net::HttpClient>> clients;  ///< one a loop, by its index
  std::vector<std::unique_ptr<net::TaskGroup>> groups;    ///< one a loop: pings in flight
  IdMaker ids{clock};
  BodyMemory body_memory = {};
  Health health{clock};
  Loads loads = {};
  RetryBudget retries{kRetries};
  RetryBudget hedges{kHedges};
  Places places{clock};
  Estimator estimator = {};
  Limiter limiter = {};
  std::atomic<bool> draining{false};  ///< stopping: not ready any more

  net::HttpClient& client(const net::Loop& loop) { return *clients[loop.index()]; }
};

}  // namespace naru::gateway
