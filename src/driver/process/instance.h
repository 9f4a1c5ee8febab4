#pragma once
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "driver/deployment.h"
#include "registry/endpoints.h"

namespace naru::driver {

/// Where an instance of an engine stands, finer than what others see of it.
enum class Stage : std::uint8_t {
  Stopped,
  Loading,  ///< spawned; the engine reads its weights
  Warming,  ///< it answers; one token is being generated
  Ready,
  Draining,  ///< no new calls; those in flight end
  Stopping,  ///< asked to end
  Killing,   ///< ended by force for what it did; started again
  Backoff,   ///< waits before the next start
  Failed,    ///< given up
};

enum class Health : std::uint8_t { Unknown, Unreachable, Loading, Ok };

/// Work the engine says it does.
struct Progress {
  std::uint64_t processing = 0;  ///< calls being computed
  std::uint64_t decoded = 0;     ///< counts up with every step of computation
  bool operator==(const Progress&) const = default;
};

/// All that has been seen since the last look.
struct Observation {
  Monotonic now{};
  bool wanted = false;                      ///< it is to run: eager, or a call waits
  bool stop = false;                        ///< it is to stop, whatever else
  std::optional<std::string> exited = {};   ///< how the engine ended
  std::optional<std::string> refused = {};  ///< why it could not be started at all
  bool refused_for_good = false;            ///< trying again would not help (broken weights)
  Health health = Health::Unknown;
  std::optional<bool> warmed = {};  ///< whether the first token came
  bool output = false;              ///< the engine has written something
  std::uint32_t in_flight = 0;
  std::uint32_t waiting = 0;
  std::optional<Monotonic> last_used = {};
  std::optional<Progress> progress = {};
};

/// What is to be done next.
enum class Act : std::uint8_t {
  Nothing,
  Spawn,
  Warm,
  Terminate,
  Kill,
  GiveUp,  ///< it did not end when killed: let go of it
};

/// Life of one instance: pure, told what is seen, says what to do. One writer.
class Instance {
 public:
  static constexpr int kMissesToHold = 2;   ///< health calls in a row, until it gets no new calls
  static constexpr int kMissesToKill = 5;   ///< … until it is killed
  static constexpr int kCrashesToFail = 5;  ///< within `kCrashWindow`
  static constexpr std::chrono::minutes kCrashWindow{10};
  static constexpr std::chrono::seconds kFirstBackoff{1};
  static constexpr std::chrono::seconds kMostBackoff{300};
  static constexpr std::chrono::seconds kStuck{30};         ///< work without progress
  static constexpr std::chrono::seconds kStopPatience{10};  ///< SIGTERM to SIGKILL
  static constexpr std::chrono::seconds kKillPatience{5};   ///< SIGKILL to letting go

  Instance(std::shared_ptr<const DeploymentSpec> spec, Rng& rng)
      : spec_(std::move(spec)), rng_(rng) {}

  Act observe(const Observation& seen);
  Stage stage() const { return stage_; }
  registry::Phase phase() const;
  std::string_view reason() const;
  std::uint64_t restarts() const { return restarts_; }
  /// Time to the next look when nothing happens.
  std::chrono::milliseconds look_again() const;

 private:
  void enter(Stage stage, Monotonic now, std::string reason);
  Act crash(const Observation& seen, const std::string& why);
  Act start(const Observation& seen);
  Act kill(const Observation& seen, std::string why);
  Act when_killed(const Observation& seen);
  Act when_loading(const Observation& seen);
  Act when_ready(const Observation& seen);
  Act when_draining(const Observation& seen);
  bool is_silent() const { return stage_ == Stage::Ready && misses_ >= kMissesToHold; }
  bool is_stuck(const Observation& seen);
  bool is_idle_too_long(const Observation& seen) const;

  std::shared_ptr<const DeploymentSpec> spec_;
  Rng& rng_;
  Stage stage_ = Stage::Stopped;
  Monotonic since_{};
  Monotonic active_{};  // of loading: the last sign of life
  std::string reason_ = "not started";
  std::deque<Monotonic> crashes_;
  int backoffs_ = 0;
  Monotonic retry_at_{};
  int misses_ = 0;
  bool kill_sent_ = false;
  std::string killed_for_;
  Progress progress_;
  Monotonic progressed_{};
  std::uint64_t restarts_ = 0;
};

}  // namespace naru::driver
