#include "store/connection.h"

#include <cerrno>
#include <cstring>

namespace naru::store {
namespace {

using namespace sqlite_api;  // where SOCI puts what sqlite3.h declares

constexpr int kBusyWaitMs = 1000;
constexpr int kPrimary = 0xFF;  // the bits of an extended code that name its class

bool no_room(int errno_value) {
  return errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG;
}

Trouble trouble_of(int code, int errno_value) {
  switch (code & kPrimary) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return Trouble::Constraint;
    case SQLITE_FULL:
      return Trouble::NoRoom;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Trouble::Busy;
    case SQLITE_IOERR:
      // A sync that failed may have lost pages the system believes written; only room passes.
      return no_room(errno_value) && code != SQLITE_IOERR_FSYNC ? Trouble::NoRoom : Trouble::Broken;
    default:
      return Trouble::Broken;
  }
}

/// What the system said to the last write that failed, to the log or else to the database; what
/// `sqlite3_system_errno` gives is wiped out again by the rollback.
int last_errno(sqlite3* db) {
  int said = 0;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log != nullptr && log->pMethods != nullptr)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &said);
  if (said == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &said);
  return said;
}

Fault fault(FaultKind kind, std::string detail) {
  return {.kind = kind, .detail = std::move(detail)};
}

Fault fault_for(Trouble trouble, int code, const std::string& file, std::string_view message) {
  switch (trouble) {
    case Trouble::Constraint:
      return fault(FaultKind::Conflict, fmt::format("the database refuses the row: {}", message));
    case Trouble::NoRoom:
      return fault(
          FaultKind::Unavailable,
          fmt::format("no room to write {}; free some disk space, naru goes on by itself", file));
    case Trouble::Busy:
      return fault(FaultKind::Unavailable,
                   fmt::format("{} is locked by another program; end that one", file));
    default:
      break;
  }
  const int primary = code & kPrimary;
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
    return fault(FaultKind::Unavailable,
                 fmt::format("{} is damaged ({}); stop naru and restore a backup with naru restore",
                             file, message));
  if (primary == SQLITE_IOERR)
    return fault(
        FaultKind::Unavailable,
        fmt::format("the disk of {} fails ({}); mend it, then restart naru", file, message));
  return fault(FaultKind::Unavailable, fmt::format("{}: {}", file, message));
}

/// `"` around a value of SOCI's connect string, which has no escape for one inside.
Result<std::string> connect_string(const std::string& file) {
  if (file.find('"') != std::string::npos)
    return fail(FaultKind::Unavailable, "the path {} holds a double quote; rename it", file);
  return fmt::format("dbname=\"{}\"", file);
}

}  // namespace

sqlite3* Connection::handle() {
  return static_cast<soci::sqlite3_session_backend*>(session_->get_backend())->conn_;
}

Fault Connection::fault_of(const soci::soci_error& error) {
  const int code = sqlite3_extended_errcode(handle());
  trouble_ = trouble_of(code, last_errno(handle()));
  const bool known = code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE;
  return fault_for(trouble_, code, file_,
                   known ? std::string(sqlite3_errmsg(handle())) : error.get_error_message());
}

void Connection::begin() {
  const sys::Turn::Held mine = turn();
  sql() << "BEGIN IMMEDIATE";
}

void Connection::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle()) == 0)
    sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<Connection> Connection::connect(const std::string& file) {
  NARU_TRY(const std::string where, connect_string(file));
  try {
    Connection made(file, std::make_unique<soci::session>(soci::sqlite3, where));
    sqlite3_extended_result_codes(made.handle(), 1);
    sqlite3_busy_timeout(made.handle(), kBusyWaitMs);
    return made;
  } catch (const soci::soci_error& error) {
    return fail(FaultKind::Unavailable, "{} cannot be opened: {}", file, error.get_error_message());
  }
}

Result<Connection> Connection::open(const std::string& file, Durability durability) {
  NARU_TRY(Connection made, connect(file));
  NARU_TRY_VOID(made.run([&]() -> Result<void> {
    made.sql() << "PRAGMA journal_mode = WAL";
    made.sql() << (durability == Durability::PowerCut ? "PRAGMA synchronous = FULL"
                                                      : "PRAGMA synchronous = NORMAL");
    made.sql() << "PRAGMA foreign_keys = ON";
    made.sql() << "PRAGMA temp_store = MEMORY";
    return {};
  }));
  return made;
}

Result<Connection> Connection::open_to_read(const std::string& file) {
  NARU_TRY(Connection made, connect(file));
  NARU_TRY_VOID(made.run([&]() -> Result<void> {
    made.sql() << "PRAGMA query_only = ON";
    made.sql() << "PRAGMA temp_store = MEMORY";
    return {};
  }));
  return made;
}

}  // namespace naru::store
