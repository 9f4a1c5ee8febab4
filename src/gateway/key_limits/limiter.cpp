#include "gateway/key_limits/limiter.h"

namespace naru::gateway {
namespace {

std::optional<dialect::RateLimit> left_of(const std::optional<std::int64_t>& limit, Bucket bucket,
                                          Monotonic now) {
  if (!limit) return std::nullopt;
  const Left is = left(bucket, now, *limit);
  return dialect::RateLimit{.limit = *limit, .remaining = is.remaining, .reset = is.reset};
}

}  // namespace

dialect::RateLimits Limiter::Entry::left(const store::KeyLimits& limits, Monotonic now) const {
  Bucket after = tokens;  // as if what calls hold were used
  if (held_tokens > 0 && limits.tokens_per_minute)
    after = charged(tokens, now, held_tokens, *limits.tokens_per_minute);
  return {.requests = left_of(limits.requests_per_minute, requests, now),
          .tokens = left_of(limits.tokens_per_minute, after, now)};
}

/// The entry of `key`, made if need be. Now and then, in constant time a key on average, those that
/// say nothing are swept out.
Limiter::Entry& Limiter::Shard::at(std::int64_t key, Monotonic now) {
  const auto found = entries.find(key);
  if (found != entries.end()) return found->second;
  if (entries.size() >= sweep_at) {
    std::erase_if(entries, [now](const auto& entry) { return entry.second.idle(now); });
    sweep_at = std::max(kLeastSwept, 2 * entries.size());
  }
  return entries[key];
}

Limiter::Answer Limiter::take_request(std::int64_t key, const store::KeyLimits& limits,
                                      Monotonic now) {
  Answer answer;
  if (!limits.requests_per_minute) return answer;
  Shard& in = shard(key);
  const std::lock_guard lock(in.mutex);
  Entry& entry = in.at(key, now);
  const Verdict verdict = decide(entry.requests, now, 1, *limits.requests_per_minute);
  entry.requests = verdict.bucket;
  if (!verdict.allowed) {
    answer.over = Over::Requests;
    answer.retry_after = verdict.retry_after;
  }
  answer.left = entry.left(limits, now);
  return answer;
}

Limiter::Reservation Limiter::reserve(std::int64_t key, const store::KeyLimits& limits,
                                      std::int64_t tokens, Monotonic now) {
  Reservation made;
  if (!limits.tokens_per_minute && !limits.concurrency) return made;
  Shard& in = shard(key);
  const std::lock_guard lock(in.mutex);
  Entry& entry = in.at(key, now);
  if (limits.concurrency && entry.calls >= *limits.concurrency) {
    made.answer.over = Over::Concurrency;
  } else if (limits.tokens_per_minute && tokens > 0) {
    const Verdict verdict =
        decide(entry.tokens, now, entry.held_tokens + tokens, *limits.tokens_per_minute);
    if (!verdict.allowed) {
      made.answer.over = Over::Tokens;
      made.answer.retry_after = verdict.retry_after;
    }
  }
  if (!made.answer.over) {
    if (limits.concurrency) ++entry.calls;
    if (limits.tokens_per_minute) entry.held_tokens += tokens;
  }
  made.answer.left = entry.left(limits, now);
  if (made.answer.over) return made;
  made.lease.limiter_ = this;
  made.lease.key_ = key;
  made.lease.limits_ = limits;
  made.lease.reserved_tokens_ = tokens;
  made.lease.made_at_ = now;
  return made;
}

/// Ends `lease` as it was made: a limit that changed meanwhile is for the calls that follow.
dialect::RateLimits Limiter::end(const Lease& lease, std::int64_t used_tokens, Monotonic now) {
  const store::KeyLimits& limits = lease.limits_;
  Shard& in = shard(lease.key_);
  const std::lock_guard lock(in.mutex);
  Entry& entry = in.at(lease.key_, now);
  if (limits.concurrency) --entry.calls;
  if (limits.tokens_per_minute) {
    entry.held_tokens -= lease.reserved_tokens_;
    entry.tokens = charged(entry.tokens, now, used_tokens, *limits.tokens_per_minute);
  }
  return entry.left(limits, now);
}

std::size_t Limiter::entries() const {
  std::size_t count = 0;
  for (const Shard& in : shards_) {
    const std::lock_guard lock(in.mutex);
    count += in.entries.size();
  }
  return count;
}

Limiter::Lease::Lease(Lease&& from) noexcept { *this = std::move(from); }

Limiter::Lease& Limiter::Lease::operator=(Lease&& from) noexcept {
  std::swap(limiter_, from.limiter_);
  std::swap(key_, from.key_);
  std::swap(limits_, from.limits_);
  std::swap(reserved_tokens_, from.reserved_tokens_);
  std::swap(made_at_, from.made_at_);
  return *this;
}

Limiter::Lease::~Lease() { settle(0, made_at_); }

std::optional<dialect::RateLimits> Limiter::Lease::settle(std::int64_t used_tokens, Monotonic now) {
  Limiter* limiter = std::exchange(limiter_, nullptr);
  if (limiter == nullptr) return std::nullopt;
  return limiter->end(*this, used_tokens, now);
}

}  // namespace naru::gateway
