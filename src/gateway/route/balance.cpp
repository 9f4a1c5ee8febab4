#include "gateway/route/balance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>

#include "base/fnv.h"

namespace naru::gateway {
namespace {

/// Seconds, beyond any delay that is measured: a target that nobody knows has one call at a time.
constexpr double kUnknown = 1e9;

/// Every bit of `x` changes every bit of what comes out. Source: Steele, Lea and Flood 2014,
/// SplitMix64.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// Larger for the target that `key` belongs to sooner; among keys, each is first in proportion to
/// its weight. Source: Schindelhauer and Schomaker 2005, the logarithmic method.
double pull(const Standing& standing, std::uint64_t key) {
  const double drawn = static_cast<double>(mixed(mixed(key) ^ standing.place) >> 11U);
  const double fraction = (drawn + 0.5) * 0x1p-53;  // never 0, never 1
  return -static_cast<double>(standing.weight) / std::log(fraction);
}

std::uint64_t sum_of_weights(std::span<const Standing> standings) {
  std::uint64_t sum = 0;
  for (const Standing& one : standings) sum += one.weight;
  return sum;
}

/// Moves one of `left` to `order`, drawn by weight from `total`.
void draw(std::span<const Standing> standings, std::vector<std::size_t>& left, std::uint64_t& total,
          Rng& rng, std::vector<std::size_t>& order) {
  std::uint64_t ticket = rng.below(total);
  for (auto at = left.begin(); at != left.end(); ++at) {
    const std::uint64_t weight = standings[*at].weight;
    if (ticket >= weight) {
      ticket -= weight;
      continue;
    }
    total -= weight;
    order.push_back(*at);
    left.erase(at);
    return;
  }
}

/// Whether a call is better sent to `a` than to `b`.
bool is_cheaper(const Standing& a, const Standing& b) {
  if (has_room(a) != has_room(b)) return has_room(a);
  return cost_of(a) < cost_of(b);
}

}  // namespace

std::string_view word_of(Balance balance) {
  constexpr std::array<std::string_view, 4> kWords = {"weight", "least_outstanding", "peak_ewma",
                                                      "prefix"};
  return kWords[static_cast<std::size_t>(balance)];
}

bool has_room(const Standing& standing) {
  return !standing.asleep && (standing.slots == 0 || standing.outstanding < standing.slots);
}

std::vector<std::size_t> order_by_weight(std::span<const Standing> standings, Rng& rng) {
  std::vector<std::size_t> left(standings.size());
  std::iota(left.begin(), left.end(), 0);
  std::vector<std::size_t> order;
  order.reserve(left.size());
  std::uint64_t total = sum_of_weights(standings);
  while (!left.empty()) draw(standings, left, total, rng, order);
  return order;
}

std::vector<std::size_t> order_by_outstanding(std::span<const Standing> standings, Rng& rng) {
  std::vector<std::size_t> order = order_by_weight(standings, rng);
  std::vector<std::size_t> drawn(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) drawn[order[i]] = i;
  std::ranges::sort(order, [&](std::size_t left, std::size_t right) {
    const Standing& a = standings[left];
    const Standing& b = standings[right];
    if (has_room(a) != has_room(b)) return has_room(a);
    const std::uint64_t calls_of_a = std::uint64_t{a.outstanding} * b.weight;
    const std::uint64_t calls_of_b = std::uint64_t{b.outstanding} * a.weight;
    return calls_of_a != calls_of_b ? calls_of_a < calls_of_b : drawn[left] < drawn[right];
  });
  return order;
}

double cost_of(const Standing& standing) {
  const double calls = standing.outstanding;
  const double weight = standing.weight;
  if (standing.delay_s) return *standing.delay_s * (calls + 1) / weight;
  return standing.outstanding == 0 ? 0 : kUnknown * calls / weight;
}

std::vector<std::size_t> order_by_delay(std::span<const Standing> standings, Rng& rng) {
  std::vector<std::size_t> order = order_by_weight(standings, rng);
  for (std::size_t i = 0; i + 1 < order.size(); ++i)
    if (is_cheaper(standings[order[i + 1]], standings[order[i]])) std::swap(order[i], order[i + 1]);
  return order;
}

std::uint64_t share_of(std::uint64_t calls, std::uint32_t weight, std::uint64_t weights) {
  const double part = static_cast<double>(calls) * weight / static_cast<double>(weights);
  return std::max(kSmallShare, static_cast<std::uint64_t>(std::ceil(1.25 * part)));
}

std::size_t home_of(std::span<const Standing> standings, std::uint64_t key) {
  const auto home = std::ranges::max_element(
      standings, {}, [&](const Standing& standing) { return pull(standing, key); });
  return static_cast<std::size_t>(home - standings.begin());
}

std::vector<std::size_t> order_by_prefix(std::span<const Standing> standings, std::uint64_t key) {
  std::uint64_t calls = 1;  // with the one that is to be sent
  for (const Standing& one : standings) calls += one.outstanding;
  const std::uint64_t weights = sum_of_weights(standings);
  std::vector<std::tuple<bool, bool, double, std::size_t>> ranks;
  for (std::size_t i = 0; i < standings.size(); ++i) {
    const Standing& one = standings[i];
    const bool beyond_share = one.outstanding >= share_of(calls, one.weight, weights);
    ranks.emplace_back(!has_room(one), beyond_share, -pull(one, key), i);
  }
  std::ranges::sort(ranks);
  std::vector<std::size_t> order;
  order.reserve(ranks.size());
  for (const auto& rank : ranks) order.push_back(std::get<std::size_t>(rank));
  return order;
}

std::uint64_t place_of(std::string_view name) { return mixed(fnv1a(name)); }

}  // namespace naru::gateway
