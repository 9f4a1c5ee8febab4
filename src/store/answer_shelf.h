#pragma once
#include <atomic>
#include <functional>
#include <thread>

#include "base/bounded_queue.h"
#include "net/handoff.h"
#include "store/connection.h"

namespace naru::store {

/// Does the work on kept answers on a thread of its own: they are long, and no loop waits for a
/// disk.
class AnswerShelf {
 public:
  static constexpr std::size_t kMostWaiting = 256;
  /// What waiting work may hold of answers; more of it only where nothing waits.
  static constexpr std::uint64_t kMostWaitingBytes = std::uint64_t{256} << 20;

  /// Lifetime: `writing` outlives it; `reading` is its own.
  AnswerShelf(SharedConnection& writing, Connection reading);
  ~AnswerShelf();  ///< does what is queued

  /// Runs `work(connection)`, which gives a Result and holds so many bytes, with a connection that
  /// may write, or with one that only reads. Fails: as the work; Overloaded if too much waits; as
  /// `until` says.
  template <class Work>
  auto change(net::Loop& loop, Work work, std::uint64_t bytes, net::Until until) {
    return run(loop, [this, work = std::move(work)] { return writing_.with(work); }, bytes, until);
  }
  template <class Work>
  auto read(net::Loop& loop, Work work, net::Until until) {
    return run(loop, [this, work = std::move(work)] { return work(reading_); }, 0, until);
  }

 private:
  template <class Work>
  net::Task<std::invoke_result_t<Work>> run(net::Loop& loop, Work work, std::uint64_t bytes,
                                            net::Until until) {
    using Given = std::invoke_result_t<Work>;
    net::Handoff<Given> place(loop);
    Job job{[place, work = std::move(work)] { place.give(safely(work)); }, bytes};
    if (!push(job))
      co_return fail(FaultKind::Overloaded, "too many kept answers are being asked for; try again");
    auto given = co_await place.take(until);
    if (!given && given.error().kind == FaultKind::UpstreamTimeout)
      co_return fail(FaultKind::Unavailable, "the kept answer could not be looked up in time");
    NARU_CO_TRY(Given result, std::move(given));
    co_return result;
  }
  /// What no room for it throws ends the one job.
  template <class Work>
  static std::invoke_result_t<Work> safely(const Work& work) {
    try {
      return work();
    } catch (const std::exception& mistake) {
      return fail(FaultKind::Unavailable, "kept answers cannot be read now: {}", mistake.what());
    }
  }
  struct Job {
    std::function<void()> run;
    std::uint64_t bytes;
  };
  bool push(Job& job);
  void work();

  SharedConnection& writing_;
  Connection reading_;
  BoundedQueue<Job> jobs_{kMostWaiting};
  std::atomic<std::uint64_t> waiting_bytes_{0};  // of work that is not done
  std::thread thread_;                           // last: it uses all of the above
};

}  // namespace naru::store
