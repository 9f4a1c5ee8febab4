#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "admin/api.h"

namespace naru::cli {

/// How the upgrade of this process stands, between the admin API, where it is wished and asked
/// after, and the main thread, which carries it out. One at a time. Safe from any thread.
class Upgrades {
 public:
  /// Notes a wish for `take`. Fails: Conflict, while one is under way, `elders` still end as many
  /// as may be, or this process ends.
  Result<void> wish(const admin::UpgradeWish& wish, std::size_t elders);
  /// The wish that was noted, if there is one. What follows it is one of the three below.
  std::optional<admin::UpgradeWish> take();
  void started(int pid);
  void refuse(std::string why);
  void hand_over(std::string version);
  /// This process ends: nothing follows any more.
  void end();

  /// Another process reads the documents, or serves.
  bool under_way() const;
  admin::UpgradeState state() const;

 private:
  mutable std::mutex mutex_;
  admin::UpgradeState state_;
  std::optional<admin::UpgradeWish> wish_;
  bool ended_ = false;
};

}  // namespace naru::cli
