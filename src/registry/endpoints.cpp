#include "registry/endpoints.h"

#include <algorithm>

namespace naru::registry {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryFailed{30'000};  // an operator must act first
constexpr milliseconds kRetrySoon{2'000};     // others are served, or it starts again

std::unexpected<Fault> failed(const std::string& name, const std::string& reason) {
  return fail({.kind = FaultKind::Overloaded,
               .detail = fmt::format("the deployment '{}' has failed: {}", name, reason),
               .retry_after = kRetryFailed});
}

std::unexpected<Fault> full(const std::string& name) {
  return fail({.kind = FaultKind::Overloaded,
               .detail = fmt::format("{} calls wait for the deployment '{}' already",
                                     Endpoints::kMaxWaiting, name),
               .retry_after = kRetrySoon});
}

std::unexpected<Fault> backs_off(const std::string& name, const std::string& reason) {
  return fail({.kind = FaultKind::Overloaded,
               .detail = fmt::format("the deployment '{}' is to start again: {}", name, reason),
               .retry_after = kRetrySoon});
}

std::unexpected<Fault> gone(const std::string& name) {
  return fail(FaultKind::NoTarget, "the deployment '{}' was taken out of the configuration", name);
}

}  // namespace

std::string_view word_of(Phase phase) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"stopped", "starting", "ready", "draining", "backoff", "failed"});
  static_assert(kWords.size() == static_cast<std::size_t>(Phase::Failed) + 1);
  return kWords[static_cast<std::size_t>(phase)];
}

/// A place among those to be told of the next change; left by destruction, so that nobody is told
/// whose loop may be gone.
class Endpoints::Turn {
 public:
  Turn(Endpoints& owner, std::string name, std::uint64_t id, net::Handoff<bool> told_)
      : told(std::move(told_)), owner_(&owner), name_(std::move(name)), id_(id) {}
  Turn(Turn&& from) noexcept
      : told(std::move(from.told)),
        owner_(std::exchange(from.owner_, nullptr)),
        name_(std::move(from.name_)),
        id_(from.id_) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (owner_ != nullptr) owner_->leave(name_, id_);
  }

  net::Handoff<bool> told;

 private:
  Endpoints* owner_;
  std::string name_;
  std::uint64_t id_;
};

/// What one look at a deployment gave: it is Ready, or a turn to wait for.
struct Endpoints::Look {
  std::shared_ptr<const EndpointState> state = {};
  std::optional<Lease> waiting = {};
  std::optional<Turn> turn = {};
};

Endpoints::Lease::Lease(std::shared_ptr<Load> load, std::atomic<std::uint32_t> Load::* count,
                        const Clock& clock)
    : load_(std::move(load)), count_(count), clock_(&clock) {
  ((*load_).*count_).fetch_add(1);
  load_->last_used_ns = clock_->now().time_since_epoch().count();
}

Endpoints::Lease::~Lease() {
  if (load_ == nullptr) return;  // moved from
  load_->last_used_ns = clock_->now().time_since_epoch().count();
  ((*load_).*count_).fetch_sub(1);
}

void Endpoints::set(const std::string& name, EndpointState state) {
  Waiters waiters;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[name];
    entry.state = std::make_shared<const EndpointState>(std::move(state));
    if (entry.load == nullptr) entry.load = std::make_shared<Load>();
    waiters.swap(entry.waiters);
  }
  for (const auto& [id, waiter] : waiters) waiter.give(true);
}

void Endpoints::remove(const std::string& name) {
  Waiters waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    waiters.swap(found->second.waiters);
    entries_.erase(found);
  }
  for (const auto& [id, waiter] : waiters) waiter.give(true);
}

void Endpoints::on_wake(std::function<void(const std::string&)> wanted) {
  const std::lock_guard lock(mutex_);
  wanted_ = std::make_shared<const std::function<void(const std::string&)>>(std::move(wanted));
}

std::shared_ptr<Endpoints::Load> Endpoints::load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  // A deployment on its way out still has its last calls counted, by those who make them.
  return found == entries_.end() ? std::make_shared<Load>() : found->second.load;
}

std::shared_ptr<const EndpointState> Endpoints::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second.state;
}

std::vector<std::pair<std::string, std::shared_ptr<const EndpointState>>> Endpoints::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::shared_ptr<const EndpointState>>> states;
  for (const auto& [name, entry] : entries_) states.emplace_back(name, entry.state);
  return states;
}

Result<Endpoints::Look> Endpoints::look(net::Loop& loop, const std::string& name,
                                        InBackoff in_backoff, bool waits_already) {
  Look look;
  std::shared_ptr<const Wanted> wanted;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found == entries_.end()) return gone(name);
    Entry& entry = found->second;
    look.state = entry.state;
    if (entry.state->phase == Phase::Ready) return look;
    if (entry.state->phase == Phase::Failed) return failed(name, entry.state->reason);
    if (entry.state->phase == Phase::Backoff && in_backoff == InBackoff::Leave)
      return backs_off(name, entry.state->reason);
    if (!waits_already && entry.load->waiting.load() >= kMaxWaiting) return full(name);
    if (!waits_already) look.waiting.emplace(entry.load, &Load::waiting, loop.clock());
    const net::Handoff<bool> told(loop);
    entry.waiters.emplace(++last_waiter_, told);
    look.turn.emplace(*this, name, last_waiter_, told);
    wanted = wanted_;
  }
  if (wanted != nullptr) (*wanted)(name);
  return look;
}

void Endpoints::leave(const std::string& name, std::uint64_t waiter) {
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(name); found != entries_.end())
    found->second.waiters.erase(waiter);
}

net::Task<Result<std::shared_ptr<const EndpointState>>> Endpoints::wake(net::Loop& loop,
                                                                        std::string name,
                                                                        net::Until until,
                                                                        InBackoff in_backoff) {
  std::optional<Lease> waiting;
  while (true) {
    NARU_CO_TRY(Look seen, look(loop, name, in_backoff, waiting.has_value()));
    if (!seen.turn) co_return seen.state;
    if (seen.waiting) waiting.emplace(*std::move(seen.waiting));
    const Result<bool> changed = co_await seen.turn->told.take(until);
    NARU_CO_TRY_VOID(changed);
  }
}

}  // namespace naru::registry
