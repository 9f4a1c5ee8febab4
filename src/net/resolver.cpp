#include "net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "net/handoff.h"

namespace naru::net {
namespace {

using Addresses = std::vector<Address>;

constexpr auto kFresh = std::chrono::seconds(60);
constexpr auto kUsable = std::chrono::hours(1);
constexpr auto kPatience = std::chrono::milliseconds(500);  // while an old answer is at hand
constexpr std::size_t kMaxNames = 1024;

std::optional<Address> find_numeric(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return Address{host, false};
  if (inet_pton(AF_INET6, host.c_str(), &address) == 1) return Address{host, true};
  return std::nullopt;
}

/// What is known of one name.
struct Entry {
  Addresses addresses = {};
  Monotonic answered{};
  bool asking = false;
  std::vector<std::pair<std::uint64_t, Handoff<Result<Addresses>>>> waiters = {};
};

/// What threads and coroutines share. It outlives the Resolver while a thread is stuck in a lookup.
class Names {
 public:
  using Answer = Handoff<Result<Addresses>>;

  Names(const Clock& clock, Lookup lookup) : clock_(clock), lookup_(std::move(lookup)) {}

  /// An answer no older than `most`.
  std::optional<Addresses> find(const std::string& host, std::chrono::nanoseconds most) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(host);
    if (found == entries_.end() || found->second.addresses.empty()) return std::nullopt;
    if (clock_.now() - found->second.answered > most) return std::nullopt;
    return found->second.addresses;
  }

  /// Has the name asked, unless somebody did, and `answer` told. Gives a number for `forget`.
  std::uint64_t ask(const std::string& host, const Answer& answer) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= kMaxNames && !entries_.contains(host)) make_room();
    Entry& entry = entries_[host];
    entry.waiters.emplace_back(++last_waiter_, answer);
    if (!entry.asking) {
      entry.asking = true;
      queue_.push_back(host);
      wake_.notify_one();
    }
    return last_waiter_;
  }

  /// The waiter is gone, and its loop may be.
  void forget(const std::string& host, std::uint64_t waiter) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(host);
    if (found == entries_.end()) return;
    std::erase_if(found->second.waiters, [waiter](const auto& w) { return w.first == waiter; });
  }

  /// A thread's life: one name after the other until `close`.
  void work() {
    while (true) {
      std::optional<std::string> host = take();
      if (!host) return;
      settle(*host, lookup_(*host));
    }
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    entries_.clear();
    wake_.notify_all();
  }

 private:
  std::optional<std::string> take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    if (closed_) return std::nullopt;
    std::string host = std::move(queue_.front());
    queue_.pop_front();
    return host;
  }

  void settle(const std::string& host, Result<Addresses> answer) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(host);
    if (closed_ || found == entries_.end()) return;
    Entry& entry = found->second;
    entry.asking = false;
    const Monotonic now = clock_.now();
    if (answer) {
      entry.addresses = *answer;
      entry.answered = now;
    } else if (!entry.addresses.empty() && now - entry.answered <= kUsable) {
      answer = entry.addresses;
    }
    // Under the lock, so that no waiter's loop goes away between here and there.
    for (const auto& [number, waiter] : entry.waiters) waiter.give(answer);
    entry.waiters.clear();
    if (!answer) entries_.erase(found);
  }

  /// Drops the oldest answer nobody waits for.
  void make_room() {
    auto oldest = entries_.end();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.asking) continue;
      if (oldest == entries_.end() || it->second.answered < oldest->second.answered) oldest = it;
    }
    if (oldest != entries_.end()) entries_.erase(oldest);
  }

  const Clock& clock_;
  const Lookup lookup_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> queue_;  // each name once: bounded by entries_
  std::uint64_t last_waiter_ = 0;
  bool closed_ = false;
};

/// A place in an entry's list of waiters, given up on every way out.
class [[nodiscard]] Waiting {
 public:
  Waiting(std::shared_ptr<Names> names, std::string host, const Names::Answer& answer)
      : names_(std::move(names)), host_(std::move(host)), number_(names_->ask(host_, answer)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { names_->forget(host_, number_); }

 private:
  std::shared_ptr<Names> names_;
  std::string host_;
  std::uint64_t number_;
};

class ThreadedResolver final : public Resolver {
 public:
  ThreadedResolver(unsigned threads, const Clock& clock, Lookup lookup)
      : names_(std::make_shared<Names>(clock, std::move(lookup))) {
    // Not joined: the system's lookup can block for half a minute and cannot be broken off.
    for (unsigned i = 0; i < threads; ++i)
      std::thread([names = names_] { names->work(); }).detach();
  }
  ~ThreadedResolver() override { names_->close(); }

  Task<Result<Addresses>> resolve(Loop& loop, std::string host, Until until) override {
    if (auto numeric = find_numeric(host)) co_return Addresses{std::move(*numeric)};
    host = to_lower(host);
    if (auto fresh = names_->find(host, kFresh)) co_return *std::move(fresh);
    auto old = names_->find(host, kUsable);

    Names::Answer answer(loop);
    const Waiting waiting(names_, host, answer);
    const Until patience = old ? until.by(loop.clock().now() + kPatience) : until;
    auto taken = co_await answer.take(patience);
    if (taken) co_return *std::move(taken);
    const bool slow = taken.error().kind == FaultKind::UpstreamTimeout;
    if (slow && old) co_return *std::move(old);
    if (slow) co_return fail(FaultKind::UpstreamTimeout, "name {} was not resolved in time", host);
    co_return fail(std::move(taken).error());
  }

 private:
  std::shared_ptr<Names> names_;
};

}  // namespace

Result<Addresses> ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (error != 0)
    return fail(FaultKind::UpstreamFailed, "name {} cannot be resolved: {}", host,
                error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> kept(list, freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
    char text[NI_MAXHOST] = {};
    const int named =
        getnameinfo(it->ai_addr, it->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    if (named != 0) continue;
    Address address{text, it->ai_family == AF_INET6};
    if (std::ranges::find(addresses, address) == addresses.end())
      addresses.push_back(std::move(address));
  }
  if (addresses.empty()) return fail(FaultKind::UpstreamFailed, "name {} has no address", host);
  return addresses;
}

std::unique_ptr<Resolver> Resolver::make(unsigned threads, const Clock& clock, Lookup lookup) {
  return std::make_unique<ThreadedResolver>(threads, clock, std::move(lookup));
}

}  // namespace naru::net
