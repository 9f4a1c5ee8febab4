#include "gateway/queue/places.h"

#include <algorithm>

namespace naru::gateway {
namespace {

using std::chrono::nanoseconds;

/// Where nothing is known of how soon places become free.
constexpr nanoseconds kUsualWait = std::chrono::seconds(1);
/// No client is sent away for longer, since places may become free in crowds.
constexpr nanoseconds kMostAsked = std::chrono::seconds(60);
constexpr double kNewest = 0.2;  // weight of the newest interval among those before

}  // namespace

/// What is known of one upstream, and who waits for it.
struct Places::Line {
  explicit Line(std::string_view name_) : name(name_) {}

  std::uint32_t limit() const { return concurrency.limit(bounds); }
  bool full() const { return in_flight >= limit(); }
  nanoseconds closed(std::string_view model, Monotonic now) const {
    const auto found = reopens.find(model);
    return found == reopens.end() ? nanoseconds{} : std::max(nanoseconds{}, found->second - now);
  }
  bool has_place(std::string_view model, Monotonic now) const {
    return !full() && closed(model, now).count() == 0;
  }
  /// How long a call with `before` others in front of it waits, as far as one can tell.
  nanoseconds wait(std::size_t before, std::string_view model, Monotonic now) const {
    const nanoseconds turns = between * static_cast<std::int64_t>(before + 1);
    return closed(model, now) + (full() ? turns : nanoseconds{});
  }
  void note_served(Monotonic now) {
    const nanoseconds since = now - std::max(served_at, waited_since);
    served_at = now;
    between = between.count() == 0 ? since
                                   : nanoseconds(static_cast<std::int64_t>(
                                         kNewest * static_cast<double>(since.count()) +
                                         (1 - kNewest) * static_cast<double>(between.count())));
  }

  const std::string name;  ///< of the upstream
  void allow(const Concurrency::Bounds& allowed, std::int64_t by_revision) {
    if (by_revision < revision) return;  // of a call that began under older documents
    bounds = allowed;
    revision = by_revision;
  }

  Concurrency::Bounds bounds;
  std::int64_t revision = 0;  ///< of the documents that `bounds` are from
  Concurrency concurrency;
  std::uint32_t in_flight = 0;
  FairQueue queue;
  std::map<std::string, Monotonic, std::less<>> reopens;  ///< of models that are closed
  Monotonic waited_since{};                               ///< somebody did, without a pause
  Monotonic served_at{};                                  ///< one of those who waited
  nanoseconds between{};                                  ///< two of those
};

/// One call that waits.
struct Places::Ticket {
  struct Joined {
    Line* line;
    std::size_t wish;
    FairQueue::Turn turn;
  };
  /// Where in `joined` a turn in `line` stands; turns in other lines may look the same.
  std::size_t joined_at(const Line& line, const FairQueue::Turn& turn) const {
    std::size_t at = 0;
    while (joined[at].line != &line || joined[at].turn != turn) ++at;
    return at;
  }

  const Ask& ask;
  std::uint64_t number;
  Monotonic since;
  std::vector<Joined> joined = {};
  /// Whether something is decided; if not, times have changed and it looks anew.
  std::optional<net::Handoff<bool>> told = {};
  std::optional<Granted> granted = {};
  bool evicted = false;
};

Places::Lease::Lease(Places& places, Line& line, Monotonic began)
    : places_(&places), line_(&line), began_(began) {}
Places::Lease::Lease(Lease&& from) noexcept
    : places_(std::exchange(from.places_, nullptr)), line_(from.line_), began_(from.began_) {}
Places::Lease& Places::Lease::operator=(Lease&& from) noexcept {
  std::swap(places_, from.places_);
  std::swap(line_, from.line_);
  std::swap(began_, from.began_);
  return *this;
}
Places::Lease::~Lease() {
  if (places_ != nullptr) places_->free(*line_);
}

void Places::Lease::taken() {
  if (places_ == nullptr) return;
  const std::lock_guard lock(places_->mutex_);
  const bool full = line_->full() || !line_->queue.empty();
  const Monotonic now = places_->clock_.now();
  line_->concurrency.taken(full, began_, now, line_->bounds);
  places_->serve(*line_, now);
}

bool Places::Lease::refused() {
  if (places_ == nullptr) return false;
  const std::lock_guard lock(places_->mutex_);
  const std::uint32_t others = line_->in_flight - 1;
  line_->concurrency.refused(others, places_->clock_.now(), line_->bounds);
  return others > 0;
}

Places::Places(const Clock& clock) : clock_(clock) {}
Places::~Places() = default;

Places::Line& Places::line(std::string_view upstream) {
  auto found = lines_.find(upstream);
  if (found == lines_.end())
    found = lines_.emplace(upstream, std::make_unique<Line>(upstream)).first;
  return *found->second;
}

void Places::free(Line& line) {
  const std::lock_guard lock(mutex_);
  --line.in_flight;
  serve(line, clock_.now());
}

/// Gives free places to those who wait, in their order; models that are closed have to wait on.
void Places::serve(Line& line, Monotonic now) {
  while (!line.full()) {
    Ticket* next = nullptr;
    std::size_t at = 0;
    for (const auto& [turn, principal] : line.queue.order()) {
      Ticket& ticket = *tickets_.at(turn.number);
      at = ticket.joined_at(line, turn);
      if (line.closed(ticket.ask.wishes[ticket.joined[at].wish].model, now).count() > 0) continue;
      next = &ticket;
      break;
    }
    if (next == nullptr) return;
    line.note_served(now);
    grant(*next, at, now);
  }
}

void Places::grant(Ticket& ticket, std::size_t joined, Monotonic now) {
  const Ticket::Joined own = ticket.joined[joined];
  own.line->queue.served(own.turn);
  ticket.joined.erase(ticket.joined.begin() + static_cast<std::ptrdiff_t>(joined));
  leave(ticket);
  ++own.line->in_flight;
  ticket.granted.emplace(Granted{.wish = own.wish, .lease = Lease(*this, *own.line, now)});
  ticket.told->give(true);
}

/// Takes a call out of all lines it waits in.
void Places::leave(Ticket& ticket) {
  for (const Ticket::Joined& each : ticket.joined) each.line->queue.left(each.turn);
  ticket.joined.clear();
  tickets_.erase(ticket.number);
}

/// A call's time in lines. Left by destruction, however the wait ends.
class Places::Waiter {
 public:
  Waiter(Places& places, net::Loop& loop, const Ask& ask, Monotonic now)
      : places_(places), loop_(loop), ticket_{.ask = ask, .number = 0, .since = now} {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    const std::lock_guard lock(places_.mutex_);
    places_.leave(ticket_);
  }

  /// Takes a place if there is one, else joins each line that lets it in and promises a place by
  /// `latest`. Gives whether it did either. Under the lock.
  bool begin(Monotonic now, Monotonic latest);
  /// Lifetime: the waiter outlives the task.
  net::Task<Result<Granted>> wait(net::Until until);
  /// Why there is no place, and when to come again. Under the lock.
  Fault turned_away() const;

 private:
  bool join(Line& line, std::size_t wish, Monotonic now, Monotonic latest);
  Monotonic next_opening(Monotonic now) const;

  Places& places_;
  net::Loop& loop_;
  Ticket ticket_;
};

std::optional<Places::Granted> Places::take_free(const Ask& ask, Monotonic now) {
  for (std::size_t i = 0; i < ask.wishes.size(); ++i) {
    Line& line = this->line(ask.wishes[i].upstream);
    line.allow(ask.wishes[i].bounds, ask.revision);
    serve(line, now);  // whoever waits beside a free place cannot use it
    if (!line.has_place(ask.wishes[i].model, now)) continue;
    ++line.in_flight;
    return Granted{.wish = i, .lease = Lease(*this, line, now)};
  }
  return std::nullopt;
}

std::optional<Places::Granted> Places::try_take(const Ask& ask) {
  const std::lock_guard lock(mutex_);
  return take_free(ask, clock_.now());
}

bool Places::Waiter::begin(Monotonic now, Monotonic latest) {
  const Ask& ask = ticket_.ask;
  if (auto granted = places_.take_free(ask, now)) {
    ticket_.granted.emplace(*std::move(granted));
    return true;
  }
  std::optional<FairQueue::Turn> gives_way;
  if (places_.tickets_.size() >= ask.most_in_all) {
    gives_way = places_.last_below(ask.priority);
    if (!gives_way) return false;
  }
  ticket_.number = ++places_.last_number_;
  places_.tickets_.emplace(ticket_.number, &ticket_);
  ticket_.told.emplace(loop_);
  for (std::size_t i = 0; i < ask.wishes.size(); ++i)
    join(places_.line(ask.wishes[i].upstream), i, now, latest);
  if (ticket_.joined.empty()) return false;
  // To join a line sends away none but of the same class.
  if (places_.tickets_.size() > ask.most_in_all)
    places_.send_away(*places_.tickets_.at(gives_way->number));
  return true;
}

bool Places::Waiter::join(Line& line, std::size_t wish, Monotonic now, Monotonic latest) {
  FairQueue& queue = line.queue;
  const Ask& ask = ticket_.ask;
  const FairQueue::Turn turn = queue.turn(ask.priority, ask.principal, ticket_.number);
  const std::string_view model = ask.wishes[wish].model;
  const std::size_t before = queue.before(turn);
  // Who is first may wait, however long others did: it is he who finds out that this is over.
  const nanoseconds wait = before == 0 ? line.closed(model, now) : line.wait(before, model, now);
  if (now + wait > latest) return false;
  if (ask.most_waiting == 0) return false;
  if (queue.empty()) line.waited_since = now;
  if (queue.size(ask.priority) >= ask.most_waiting) {
    const FairQueue::Turn last = queue.last(ask.priority);
    if (last < turn || last.number == ticket_.number) return false;
    places_.evict(line, last);
  }
  ticket_.joined.push_back({&line, wish, queue.push(ask.priority, ask.principal, ticket_.number)});
  return true;
}

/// The first time from now on that a model it waits for is open again.
Monotonic Places::Waiter::next_opening(Monotonic now) const {
  Monotonic next = Monotonic::max();
  for (const Ticket::Joined& each : ticket_.joined) {
    const nanoseconds closed = each.line->closed(ticket_.ask.wishes[each.wish].model, now);
    if (closed.count() > 0) next = std::min(next, now + closed);
  }
  return next;
}

net::Task<Result<Places::Granted>> Places::Waiter::wait(net::Until until) {
  while (true) {
    Monotonic opens;
    std::optional<net::Handoff<bool>> told;
    {
      const std::lock_guard lock(places_.mutex_);
      const Monotonic now = places_.clock_.now();
      for (const Ticket::Joined& each : std::vector(ticket_.joined)) places_.serve(*each.line, now);
      if (ticket_.granted) co_return std::move(*ticket_.granted);
      if (ticket_.evicted) co_return fail(turned_away());
      opens = next_opening(now);
      told = ticket_.told;
    }
    const Result<bool> word = co_await told->take(until.by(opens));
    const std::lock_guard lock(places_.mutex_);
    if (ticket_.granted) co_return std::move(*ticket_.granted);
    if (word && !*word) ticket_.told.emplace(loop_);
    if (!word && (until.stopped() || places_.clock_.now() >= until.deadline))
      co_return fail(word.error());
  }
}

Fault Places::Waiter::turned_away() const {
  const Monotonic now = places_.clock_.now();
  nanoseconds soonest = kMostAsked;
  const Line* least = nullptr;
  for (const Wish& wish : ticket_.ask.wishes) {
    const Line& line = *places_.lines_.find(wish.upstream)->second;
    const FairQueue::Turn turn =
        line.queue.turn(ticket_.ask.priority, ticket_.ask.principal, ticket_.number);
    const nanoseconds known = line.wait(line.queue.before(turn), wish.model, now);
    const nanoseconds wait = known.count() > 0 ? known : kUsualWait;
    if (least != nullptr && wait >= soonest) continue;
    soonest = std::min(wait, kMostAsked);
    least = &line;
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(soonest);
  return {.kind = FaultKind::RateLimited,
          .detail = fmt::format("the upstream '{}' has no place now, and {} calls wait for one; "
                                "try again in {} ms",
                                least->name, least->queue.order().size(), wait.count()),
          .retry_after = wait};
}

/// The last of the lowest class that waits in any line, if that is a lower one.
std::optional<FairQueue::Turn> Places::last_below(Priority priority) const {
  std::optional<FairQueue::Turn> last;
  for (const auto& [name, line] : lines_) {
    if (line->queue.empty()) continue;
    const FairQueue::Turn& turn = line->queue.order().rbegin()->first;
    if (!last || last->priority < turn.priority) last = turn;
  }
  if (last && last->priority <= priority) last.reset();
  return last;
}

/// Takes a call out of one line; it goes if it stands in no other.
void Places::evict(Line& line, const FairQueue::Turn& turn) {
  Ticket& ticket = *tickets_.at(turn.number);
  const auto at = static_cast<std::ptrdiff_t>(ticket.joined_at(line, turn));
  line.queue.left(turn);
  ticket.joined.erase(ticket.joined.begin() + at);
  if (ticket.joined.empty()) send_away(ticket);
}

void Places::send_away(Ticket& ticket) {
  leave(ticket);
  ticket.evicted = true;
  ticket.told->give(true);
}

net::Task<Result<Places::Granted>> Places::wait(net::Loop& loop, const Ask& ask, net::Until until) {
  const Monotonic now = clock_.now();
  const net::Until patience = until.by(now + ask.longest);
  Waiter waiter(*this, loop, ask, now);
  {
    const std::lock_guard lock(mutex_);
    if (!waiter.begin(now, patience.deadline)) co_return fail(waiter.turned_away());
  }
  auto granted = co_await waiter.wait(patience);
  const bool too_long = !granted && granted.error().kind == FaultKind::UpstreamTimeout;
  const std::lock_guard lock(mutex_);
  if (too_long && clock_.now() < until.deadline) co_return fail(waiter.turned_away());
  co_return granted;
}

void Places::close(std::string_view upstream, std::string_view model, Monotonic reopens) {
  const std::lock_guard lock(mutex_);
  Line& line = this->line(upstream);
  const Monotonic now = clock_.now();
  std::erase_if(line.reopens, [&](const auto& each) { return each.second <= now; });
  Monotonic& at = line.reopens.try_emplace(std::string(model), reopens).first->second;
  at = std::max(at, reopens);
  for (const auto& [turn, principal] : line.queue.order())
    tickets_.at(turn.number)->told->give(false);
}

void Places::allow(std::string_view upstream, const Concurrency::Bounds& bounds,
                   std::int64_t revision) {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(upstream);
  if (found == lines_.end()) return;  // nobody was ever sent there
  found->second->allow(bounds, revision);
  serve(*found->second, clock_.now());
}

Places::State Places::state(std::string_view upstream) const {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(upstream);
  if (found == lines_.end()) return {};
  const Line& line = *found->second;
  const Monotonic now = clock_.now();
  State state{.in_flight = line.in_flight, .limit = line.limit(), .between = line.between};
  for (const auto& [model, reopens] : line.reopens)
    state.closed = std::max(state.closed, line.closed(model, now));
  for (const auto& [turn, principal] : line.queue.order()) {
    const Ticket& ticket = *tickets_.at(turn.number);
    state.waiting.push_back({.exchange = std::string(ticket.ask.exchange),
                             .principal = principal,
                             .priority = turn.priority,
                             .waited = now - ticket.since});
  }
  return state;
}

std::vector<std::string> Places::upstreams() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, line] : lines_) names.push_back(name);
  return names;
}

}  // namespace naru::gateway
