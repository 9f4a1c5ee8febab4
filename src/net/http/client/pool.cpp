#include "net/http/client/pool.h"

namespace naru::net {
namespace {

constexpr auto kSweepEvery = std::chrono::seconds(1);

}  // namespace

Pool::Pool(Timers& timers)
    : timers_(timers),
      timer_(timers, [](void* self) { static_cast<Pool*>(self)->sweep(); }, this) {}

PooledStream Pool::take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return {};
  std::vector<Idle>& list = found->second;
  PooledStream taken;
  while (!list.empty() && taken.stream == nullptr) {
    Idle last = std::move(list.back());
    list.pop_back();
    --size_;
    if (is_usable(last)) taken = std::move(last.connection);
  }
  if (list.empty()) idle_.erase(found);
  return taken;
}

void Pool::put(const std::string& key, PooledStream connection, PoolLimits limits) {
  const Monotonic now = timers_.clock().now();
  const Monotonic too_old = connection.born + limits.max_age;
  if (now >= too_old) return;
  std::vector<Idle>& list = idle_[key];
  if (list.size() >= kMaxIdleOfKey) {
    list.erase(list.begin());
    --size_;
  }
  list.push_back({std::move(connection), std::min(now + limits.idle, too_old)});
  ++size_;
  if (!timer_.is_set()) arm();
}

void Pool::clear() {
  idle_.clear();
  size_ = 0;
  timer_.unset();
}

bool Pool::is_usable(const Idle& idle) const {
  // Readable while nothing was asked: the peer has closed, or speaks out of turn.
  return timers_.clock().now() < idle.ends && !idle.connection.stream->readable_now();
}

void Pool::arm() { timer_.set(timers_.clock().now() + kSweepEvery); }

void Pool::sweep() {
  for (auto list = idle_.begin(); list != idle_.end();) {
    size_ -= std::erase_if(list->second, [this](const Idle& idle) { return !is_usable(idle); });
    list = list->second.empty() ? idle_.erase(list) : std::next(list);
  }
  if (size_ > 0) arm();
}

}  // namespace naru::net
