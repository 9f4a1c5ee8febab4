#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "net/handoff.h"
#include "net/http/client.h"

namespace naru::registry {

/// Where a deployment's engine stands.
enum class Phase : std::uint8_t {
  Stopped,   ///< not running; a call wakes it
  Starting,  ///< spawned, loading or warming
  Ready,
  Draining,  ///< takes no new calls
  Backoff,   ///< waits before the next start
  Failed,    ///< given up until an operator or a new document says otherwise
};
std::string_view word_of(Phase phase);

/// What changes by itself about one deployment. Immutable; a change is a new one.
struct EndpointState {
  Phase phase = Phase::Stopped;
  std::shared_ptr<const net::Remote> remote = {};  ///< set when Ready
  std::uint32_t slots = 0;                         ///< calls it computes at once
  std::string reason = {};                         ///< why it is not Ready, for people
};

/// Live state of deployments: written by those who run them, read by those who call them, so that
/// neither includes the other. Safe from any thread.
class Endpoints {
 public:
  /// Calls in flight to one deployment, and the time of the last; counted by leases.
  struct Load {
    std::atomic<std::uint32_t> in_flight{0};
    std::atomic<std::uint32_t> waiting{0};
    std::atomic<std::int64_t> last_used_ns{0};  ///< monotonic
  };
  /// One call; destroying it ends it.
  class [[nodiscard]] Lease {
   public:
    Lease(std::shared_ptr<Load> load, std::atomic<std::uint32_t> Load::* count, const Clock& clock);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

   private:
    std::shared_ptr<Load> load_;
    std::atomic<std::uint32_t> Load::* count_;
    const Clock* clock_;
  };

  // For those who run deployments.
  void set(const std::string& name, EndpointState state);
  void remove(const std::string& name);
  /// `wanted(name)` is called, from any thread, when a call needs a deployment that is not Ready.
  void on_wake(std::function<void(const std::string&)> wanted);
  std::shared_ptr<Load> load(const std::string& name);

  // For those who call them.
  /// Null if there is no such deployment.
  std::shared_ptr<const EndpointState> find(std::string_view name) const;
  std::vector<std::pair<std::string, std::shared_ptr<const EndpointState>>> all() const;
  /// What a call does while the engine is in Backoff.
  enum class InBackoff : std::uint8_t { Wait, Leave };
  /// Waits until it is Ready, waking it. Fails: Overloaded with a time to wait when it is Failed,
  /// in Backoff and the call is to leave it then, or too many wait already (`kMaxWaiting`);
  /// NoTarget when it was removed; else as `until` says.
  net::Task<Result<std::shared_ptr<const EndpointState>>> wake(
      net::Loop& loop, std::string name, net::Until until, InBackoff in_backoff = InBackoff::Wait);
  static constexpr std::uint32_t kMaxWaiting = 512;  ///< calls held a deployment

 private:
  using Wanted = std::function<void(const std::string&)>;
  using Waiters = std::map<std::uint64_t, net::Handoff<bool>>;
  struct Entry {
    std::shared_ptr<const EndpointState> state;
    std::shared_ptr<Load> load;
    Waiters waiters;  // told once, at the next change
  };
  class Turn;
  struct Look;
  Result<Look> look(net::Loop& loop, const std::string& name, InBackoff in_backoff,
                    bool waits_already);
  void leave(const std::string& name, std::uint64_t waiter);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t last_waiter_ = 0;
  std::shared_ptr<const Wanted> wanted_;
};

}  // namespace naru::registry
