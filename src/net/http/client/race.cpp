#include "net/http/client/race.h"

#include "net/wake.h"

namespace naru::net {
namespace {

constexpr auto kHeadStart = std::chrono::milliseconds(250);
constexpr std::size_t kMaxTried = 8;

/// What the runners and their referee share; lives as long as any of them.
struct Race {
  explicit Race(Loop& loop)
      : word(loop),
        next_start(
            loop.timers(), [](void* self) { static_cast<Race*>(self)->start_next(); }, this) {}

  void start_next() {
    may_start = true;
    word.wake();
  }

  Wake word;
  Timers::Timer next_start;
  bool may_start = true;
  std::size_t running = 0;
  std::unique_ptr<SocketStream> won;
  std::optional<Fault> fault;
};

Task<void> run(std::shared_ptr<Race> race, Dial dial, Address address, Until until) {
  auto connected = co_await dial(address, until);
  --race->running;
  if (connected && race->won == nullptr) race->won = *std::move(connected);
  if (!connected && !race->fault) race->fault = std::move(connected).error();
  race->start_next();
}

}  // namespace

std::vector<Address> in_racing_order(std::vector<Address> addresses) {
  if (addresses.empty()) return addresses;
  const bool first_v6 = addresses.front().v6;
  std::vector<Address> order;
  auto same = addresses.begin();
  auto other = addresses.begin();
  const auto take = [&](auto& place, bool v6) {
    place = std::find_if(place, addresses.end(), [v6](const Address& a) { return a.v6 == v6; });
    if (place != addresses.end()) order.push_back(*place++);
  };
  while (order.size() < addresses.size()) {
    take(same, first_v6);
    take(other, !first_v6);
  }
  return order;
}

Task<Result<std::unique_ptr<SocketStream>>> race(Loop& loop, std::vector<Address> addresses,
                                                 Dial dial, Until until) {
  addresses = in_racing_order(std::move(addresses));
  if (addresses.size() > kMaxTried) addresses.resize(kMaxTried);
  if (addresses.size() == 1) co_return co_await dial(addresses.front(), until);

  const auto state = std::make_shared<Race>(loop);
  TaskGroup runners(loop);
  const UntilGuard guard(
      loop, until, [](void* word) { static_cast<Wake*>(word)->wake(); }, &state->word);
  std::size_t started = 0;
  while (!guard.ended() && state->won == nullptr) {
    if (state->may_start && started < addresses.size()) {
      state->may_start = false;
      ++state->running;
      state->next_start.set(loop.clock().now() + kHeadStart);
      runners.spawn(run(state, dial, addresses[started++], {until.deadline, &runners.stop()}));
      continue;
    }
    if (state->running == 0) break;
    co_await state->word.wait();
  }
  state->next_start.unset();
  runners.stop().fire();
  co_await runners.join({});
  if (state->won != nullptr) co_return std::move(state->won);
  if (guard.ended()) co_return guard.fault();
  co_return fail(state->fault.value_or(Fault{FaultKind::UpstreamFailed, "no address to try"}));
}

}  // namespace naru::net
