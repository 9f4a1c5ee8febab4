#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/queue/concurrency.h"
#include "gateway/queue/fair_queue.h"
#include "net/handoff.h"

namespace naru::gateway {

/// Places for calls at each upstream, and those who wait for one. An upstream has as many as its
/// operator allows, or as it showed to serve (`Concurrency`); while it asked to be left alone it
/// has none. Who finds none waits in its line, or in those of several, until one is free. Safe from
/// any thread: one short lock a step.
class Places {
 public:
  /// One upstream a call may go to, and the model it would ask for there.
  struct Wish {
    std::string_view upstream;
    std::string_view model;
    Concurrency::Bounds bounds = {};
  };
  /// For whom a place is, and how long that may take. Views last as long as it does.
  struct Ask {
    std::vector<Wish> wishes = {};  ///< best first; not empty
    Priority priority = Priority::Interactive;
    std::int64_t principal = 0;
    std::string_view exchange = {};  ///< its id, for people
    std::size_t most_waiting = 500;  ///< in each line, of its class
    std::size_t most_in_all = 5000;  ///< in all lines together
    std::chrono::nanoseconds longest = std::chrono::seconds(60);
    std::int64_t revision = 0;  ///< of the documents that the wishes' bounds are from
  };

 private:
  struct Line;

 public:
  /// A place that is taken; destroying it frees it. Lifetime: the `Places` outlive it.
  class [[nodiscard]] Lease {
   public:
    Lease() = default;
    Lease(Lease&& from) noexcept;
    Lease& operator=(Lease&& from) noexcept;
    ~Lease();
    /// The upstream answers the call.
    void taken();
    /// The upstream refused the call for want of room. Gives whether it served others meanwhile, so
    /// that there were too many.
    bool refused();

   private:
    friend class Places;
    Lease(Places& places, Line& line, Monotonic began);
    Places* places_ = nullptr;
    Line* line_ = nullptr;
    Monotonic began_{};
  };
  struct Granted {
    std::size_t wish = 0;  ///< index
    Lease lease;
  };

  explicit Places(const Clock& clock);
  ~Places();

  /// A place at the first of `ask.wishes` that has one; nullopt: none has.
  std::optional<Granted> try_take(const Ask& ask);
  /// A place at the one that has one first. Each class has room of its own in a line, so that a
  /// higher one sends nobody away; without room, whoever is to be served before the last of the
  /// class is let in; that one leaves the line, and goes if it stands in no other. Fails:
  /// RateLimited with a time to come back if no line has room, or waiting would last longer than
  /// `ask.longest` or `until`, also once it has; else as `until` says. Lifetime: caller keeps
  /// `ask`.
  net::Task<Result<Granted>> wait(net::Loop& loop, const Ask& ask, net::Until until);
  /// No more calls for `model` to `upstream` before `reopens`: it asked for that.
  void close(std::string_view upstream, std::string_view model, Monotonic reopens);

  /// What an upstream may be given is another from now on; who waits may have a place by that. What
  /// calls of an older revision of the documents say is of no account then.
  void allow(std::string_view upstream, const Concurrency::Bounds& bounds, std::int64_t revision);

  /// For people.
  struct Waiting {
    std::string exchange;
    std::int64_t principal = 0;
    Priority priority = Priority::Interactive;
    std::chrono::nanoseconds waited{};
  };
  struct State {
    std::uint32_t in_flight = 0;
    std::uint32_t limit = 0;
    std::chrono::nanoseconds closed{};   ///< the longest, of its models
    std::chrono::nanoseconds between{};  ///< places that became free lately; zero: unknown
    std::vector<Waiting> waiting = {};   ///< in the order they are served
  };
  State state(std::string_view upstream) const;
  /// Upstreams that were ever called.
  std::vector<std::string> upstreams() const;

 private:
  struct Ticket;
  class Waiter;

  Line& line(std::string_view upstream);
  std::optional<Granted> take_free(const Ask& ask, Monotonic now);
  void serve(Line& line, Monotonic now);
  void grant(Ticket& ticket, std::size_t joined, Monotonic now);
  void leave(Ticket& ticket);
  std::optional<FairQueue::Turn> last_below(Priority priority) const;
  void evict(Line& line, const FairQueue::Turn& turn);
  void send_away(Ticket& ticket);
  void free(Line& line);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Line>, std::less<>> lines_;
  std::map<std::uint64_t, Ticket*> tickets_;  ///< of those who wait
  std::uint64_t last_number_ = 0;
};

}  // namespace naru::gateway
