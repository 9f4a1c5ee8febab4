#pragma once
#include <string>

#include "base/clock.h"
#include "store/data_directory.h"

namespace naru::store {

/// A consistent copy of the database `file`, which may be in use, into the new file `path` with
/// mode 0600; on the disk when it returns. Fails: Conflict when there is such a file; Unavailable.
Result<void> back_up(const std::string& file, const std::string& path);

/// Checks the backup `path`, then puts a copy of it in place of the directory's database, which is
/// kept beside it as `naru.db.before-restore-<time>`.
/// Fails: Unavailable, and nothing has changed, when the backup is damaged, none of naru's or of a
/// newer one.
Result<void> restore_into(const DataDirectory& directory, const std::string& path,
                          const Clock& clock);

}  // namespace naru::store
