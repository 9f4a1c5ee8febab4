#include "cli/serve/upgrades.h"

#include "cli/serve/elders.h"

namespace naru::cli {
namespace {

constexpr std::string_view kStarting = "starting";
constexpr std::string_view kRefused = "refused";
constexpr std::string_view kHandedOver = "handed_over";

}  // namespace

Result<void> Upgrades::wish(const admin::UpgradeWish& wish, std::size_t elders) {
  const std::lock_guard lock(mutex_);
  if (ended_ || state_.phase == kHandedOver)
    return fail(FaultKind::Conflict, "this naru is ending; ask the one that follows it");
  if (state_.phase == kStarting)
    return fail(FaultKind::Conflict, "an upgrade is under way; see naru upgrade --status");
  if (elders >= Elders::kMost)
    return fail(
        FaultKind::Conflict,
        "{} processes of earlier upgrades still end their calls, which is the most; upgrade "
        "again when one has ended, or end one with kill",
        elders);
  state_ = {.phase = kStarting};
  wish_ = wish;
  return {};
}

std::optional<admin::UpgradeWish> Upgrades::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(wish_, {});
}

void Upgrades::started(int pid) {
  const std::lock_guard lock(mutex_);
  state_.pid = pid;
}

void Upgrades::refuse(std::string why) {
  const std::lock_guard lock(mutex_);
  state_.phase = kRefused;
  state_.why = std::move(why);
}

void Upgrades::hand_over(std::string version) {
  const std::lock_guard lock(mutex_);
  state_.phase = kHandedOver;
  state_.version = std::move(version);
}

void Upgrades::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

bool Upgrades::under_way() const {
  const std::lock_guard lock(mutex_);
  return state_.phase == kStarting || state_.phase == kHandedOver;
}

admin::UpgradeState Upgrades::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace naru::cli
