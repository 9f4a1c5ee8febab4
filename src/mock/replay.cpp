#include "mock/replay.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace naru::mock {
namespace {

using std::chrono::microseconds;

/// Stands where an id will; as long as one.
constexpr std::string_view kMark = "MockIdMockIdMockIdMockId";
/// Where the 99th percentile of the normal distribution lies.
constexpr double kNormal99 = 2.3263;

}  // namespace

Prepared prepare(const Ask& ask, const Plan& plan) {
  Prepared prepared{.answer = compose(ask, plan, std::string(kMark))};
  std::string body;
  for (const Piece& piece : prepared.answer.pieces) body += piece.bytes;
  for (std::size_t at = body.find(kMark); at != body.npos; at = body.find(kMark, at + 1))
    prepared.ids.push_back(at);
  return prepared;
}

std::shared_ptr<const Prepared> Shelf::take(const Ask& ask, const Plan& plan) {
  {
    const std::lock_guard hold(lock_);
    const auto found = std::ranges::find_if(
        kept_, [&](const Kept& kept) { return kept.ask == ask && kept.plan == plan; });
    if (found != kept_.end()) return found->prepared;
  }
  auto prepared = std::make_shared<const Prepared>(prepare(ask, plan));
  std::size_t bytes = 0;
  for (const Piece& piece : prepared->answer.pieces) bytes += piece.bytes.size() + sizeof piece;
  if (bytes > kMostBytes) return prepared;
  const std::lock_guard hold(lock_);
  kept_.push_front({.ask = ask, .plan = plan, .prepared = prepared, .bytes = bytes});
  bytes_ += bytes;
  while (kept_.size() > kMostAnswers || bytes_ > kMostBytes) {
    bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
  return prepared;
}

std::size_t Shelf::size() const {
  const std::lock_guard hold(lock_);
  return kept_.size();
}

std::vector<net::Header> Replay::headers() const {
  std::vector<net::Header> headers = answer().headers;
  for (net::Header& header : headers)
    if (const std::size_t at = header.value.find(kMark); at != header.value.npos)
      header.value.replace(at, kMark.size(), id_);
  return headers;
}

const Piece* Replay::next() {
  if (piece_ == answer().pieces.size()) return nullptr;
  const Piece& piece = answer().pieces[piece_++];
  const std::vector<std::size_t>& ids = prepared_->ids;
  const std::size_t end = at_ + piece.bytes.size();
  room_ = piece.bytes;
  for (; id_at_ < ids.size() && ids[id_at_] < end; ++id_at_) {
    const std::size_t from = std::max(ids[id_at_], at_);
    const std::size_t to = std::min(ids[id_at_] + id_.size(), end);
    std::copy_n(id_.data() + (from - ids[id_at_]), to - from, room_.data() + (from - at_));
    if (ids[id_at_] + id_.size() > end) break;  // the rest of it is in the next piece
  }
  at_ = end;
  bytes_ = room_;
  return &piece;
}

Pace::Pace(const Plan& plan, std::uint64_t seed)
    : rng_(seed),
      jitter_(plan.jitter),
      spread_(plan.tail > 1 ? std::log(static_cast<double>(plan.tail)) / kNormal99 : 0.0) {}

microseconds Pace::of(microseconds wait) {
  if (wait.count() > 0 && spread_ > 0) {
    // Box and Muller: two even numbers make a normal one.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - rng_.fraction()));
    const double normal = radius * std::cos(2.0 * std::numbers::pi * rng_.fraction());
    const double longer = static_cast<double>(wait.count()) * std::exp(spread_ * normal);
    wait = microseconds(static_cast<std::int64_t>(longer));
  }
  if (wait.count() > 0 && jitter_.count() > 0)
    wait += microseconds(rng_.below(static_cast<std::uint64_t>(jitter_.count()) + 1));
  return wait;
}

}  // namespace naru::mock
