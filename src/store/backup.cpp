#include "store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/connection.h"
#include "store/schema.h"

namespace naru::store {
namespace {

namespace fs = std::filesystem;

std::string directory_of(const std::string& file) {
  const std::string parent = fs::path(file).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// Makes an empty file for its owner alone. Fails: Conflict when there is one.
Result<void> make_empty(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    return fail(FaultKind::Conflict, "{} is there already; name a new file", path);
  if (fd < 0)
    return fail(FaultKind::Unavailable, "{} cannot be made: {}", path, std::strerror(errno));
  ::close(fd);
  return {};
}

Result<void> copy_database(const std::string& file, const std::string& path) {
  NARU_TRY(Connection from, Connection::open(file, Durability::ProcessDeath));
  NARU_TRY_VOID(from.run([&]() -> Result<void> {
    from.sql() << "VACUUM INTO :path", soci::use(path);
    return {};
  }));
  NARU_TRY_VOID(sync_to_disk(path));
  return sync_to_disk(directory_of(path));
}

/// Why the copy cannot be read: the words of `fault` are about a database that is in use.
std::unexpected<Fault> unusable(const Connection& copy, const std::string& path,
                                const Fault& fault) {
  std::string_view why = fault.detail;
  if (copy.trouble() == Trouble::Broken)
    why = "it is damaged, cut short or no database; use another backup";
  if (copy.trouble() == Trouble::None) why = "it is a database, but none of naru's";
  return fail(FaultKind::Unavailable, "{} is no backup that this naru can use: {}", path, why);
}

/// The one row of a check that gives `ok`, or the first of what it found.
Result<void> check_whole(Connection& copy, const std::string& path) {
  std::string found;
  const Result<void> looked = copy.run([&]() -> Result<void> {
    copy.sql() << "PRAGMA integrity_check(1)", soci::into(found);
    return {};
  });
  if (!looked) return unusable(copy, path, looked.error());
  if (found != "ok")
    return fail(FaultKind::Unavailable, "{} is damaged ({}); use another backup", path, found);
  return {};
}

Result<void> check_backup(const std::string& copy_path, const std::string& path) {
  NARU_TRY(Connection copy, Connection::open_to_read(copy_path));
  const int newest = all_migrations().back().version;
  const Result<int> version = schema_version(copy);
  if (!version) return unusable(copy, path, version.error());
  if (*version < 1 || *version > newest)
    return fail(FaultKind::Unavailable,
                "{} is no backup that this naru can use: its schema is {}, this naru knows 1 to {}",
                path, *version, newest);
  return check_whole(copy, path);
}

/// A name for the old database that nothing bears yet.
std::string name_for_old(const std::string& database, const Clock& clock) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  const std::string base = fmt::format(
      "{}.before-restore-{:04}{:02}{:02}T{:02}{:02}{:02}Z", database, static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
      time.minutes().count(), time.seconds().count());
  std::string name = base;
  for (int again = 2; fs::exists(name); ++again) name = fmt::format("{}-{}", base, again);
  return name;
}

/// Carries over what the log of the old database holds, so that there is none to move: SQLite
/// removes it with the last connection. What cannot be opened or written keeps its log.
void empty_log(const std::string& database) {
  auto old = Connection::open(database, Durability::PowerCut);
  if (!old) return;
  (void)old->run([&]() -> Result<void> {
    old->sql() << "PRAGMA wal_checkpoint(TRUNCATE)";
    return {};
  });
}

/// The old database keeps its name until the new one takes it over in one step, so that no start
/// in between finds none and makes an empty one. A log that is left moves first: it must never be
/// read as the log of the new one.
void put_in_place(const std::string& fresh, const std::string& database, const Clock& clock) {
  if (fs::exists(database)) {
    empty_log(database);
    const std::string old = name_for_old(database, clock);
    fs::create_hard_link(database, old);
    for (const std::string_view beside : {"-wal", "-shm"}) {
      const std::string file = database + std::string(beside);
      if (fs::exists(file)) fs::rename(file, old + std::string(beside));
    }
  }
  fs::rename(fresh, database);
}

}  // namespace

Result<void> back_up(const std::string& file, const std::string& path) {
  NARU_TRY_VOID(make_empty(path));
  Result<void> copied = copy_database(file, path);
  if (!copied) ::unlink(path.c_str());
  return copied;
}

Result<void> restore_into(const DataDirectory& directory, const std::string& path,
                          const Clock& clock) {
  const std::string fresh = directory.database() + ".restoring";
  try {
    fs::remove(fresh);
    NARU_TRY_VOID(make_empty(fresh));
    fs::copy_file(path, fresh, fs::copy_options::overwrite_existing);
    ::chmod(fresh.c_str(), 0600);
    Result<void> good = check_backup(fresh, path);
    if (good) good = give_to_owner(directory, fresh);
    if (good) good = sync_to_disk(fresh);
    if (!good) {
      fs::remove(fresh);
      return good;
    }
    put_in_place(fresh, directory.database(), clock);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return fail(FaultKind::Unavailable, "{} cannot be restored: {}", path, error.what());
  }
  return sync_to_disk(directory.path());
}

}  // namespace naru::store
