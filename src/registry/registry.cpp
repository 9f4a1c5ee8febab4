#include "registry/registry.h"

#include <algorithm>

namespace naru::registry {
namespace {

using telemetry::field;

constexpr std::size_t kMostLogged = 20;  // the admin API shows all

}  // namespace

Registry::Registry(RegistryOptions options, const Clock& clock, telemetry::Log& log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      published_(options_.loops),
      next_revision_(options_.first_revision) {}

Registry::Outcome Registry::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  const auto since_1970 = clock_.wall_now().time_since_epoch();
  const Stamp stamp{
      .revision = next_revision_,
      .published_s = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count()};
  const Loaded loaded = load(options_.kinds, options_.paths, stamp);
  {
    const std::lock_guard lock(mutex_);
    problems_ = loaded.problems;
    files_ = loaded.files;
  }
  tell(loaded, stamp.revision);
  if (loaded.snapshot == nullptr) return std::unexpected(loaded.problems);
  ++next_revision_;
  published_.publish(loaded.snapshot);
  if (told_) told_(loaded.snapshot);
  return stamp.revision;
}

void Registry::tell(const Loaded& loaded, std::int64_t revision) {
  if (loaded.snapshot != nullptr)
    return log_.info("config.published",
                     {field("revision", revision), field("files", loaded.files.size())});
  const bool running = published_.latest() != nullptr;
  log_.error("config.refused", {field("problems", loaded.problems.size()),
                                field("in_force", running ? revision - 1 : 0)});
  for (std::size_t i = 0; i < std::min(kMostLogged, loaded.problems.size()); ++i)
    log_.error("config.problem", {field("text", settings::write_problem(loaded.problems[i]))});
}

std::vector<Problem> Registry::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

std::vector<std::string> Registry::watched() const {
  std::vector<std::string> paths = options_.paths;
  const std::lock_guard lock(mutex_);
  paths.insert(paths.end(), files_.begin(), files_.end());
  std::ranges::sort(paths);
  paths.erase(std::ranges::unique(paths).begin(), paths.end());
  return paths;
}

void Registry::on_change(std::function<void(const std::shared_ptr<const Snapshot>&)> told) {
  told_ = std::move(told);
}

}  // namespace naru::registry
