#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/problem.h"
#include "deploy/deployer.h"
#include "gateway/services.h"

namespace naru::admin {

/// A process whose place this one took, and that still ends calls.
struct Elder {
  int pid = 0;
  std::int64_t calls = 0;
  std::string version;
  bool accepts = false;  ///< new connections too: it is about to stop that
};

/// How the last wish stands that another process may take the place of this one.
struct UpgradeState {
  /// `none`, `starting`, `handed_over` (it serves, we end), or `refused` (nothing has changed).
  std::string_view phase = "none";
  int pid = 0;               ///< of the other process; 0: none was started
  std::string version = {};  ///< as it says, once it is ready
  std::string why = {};      ///< it was refused
  std::vector<Elder> elders = {};
};

/// A wish that another process may take the place of this one.
struct UpgradeWish {
  std::chrono::milliseconds within{60'000};  ///< it is ready by then, or is ended
  bool named = false;  ///< the binary is the one named in the data directory, not our own
};

/// What handlers work with. Lifetime: outlives the listener.
struct Context {
  gateway::Services& services;
  deploy::Deployer& deployer;
  /// Reads the documents again: the new revision, or what is wrong with them (nothing changed
  /// then).
  std::function<std::expected<std::int64_t, std::vector<Problem>>()> reload;
  std::function<std::vector<Problem>()> problems;  ///< of the last reload that was refused
  Secret token;                                    ///< what every call must carry
  std::string version;
  WallTime started{};
  /// Begins an upgrade and returns. Fails: Conflict, with why not now. Null where none can be.
  std::function<Result<void>(const UpgradeWish&)> upgrade = {};
  std::function<UpgradeState()> upgrade_state = {};
};

/// One call as its handler sees it.
struct Request {
  std::string path;
  std::string tail;  ///< what stands for `*` in the row's path, percent-decoded
  std::map<std::string, std::string, std::less<>> query;
  std::string body;  ///< JSON, or empty

  /// A query argument; empty if it was not given.
  std::string_view argument(std::string_view name) const;
};

/// What a handler gives back.
struct Reply {
  int status = 200;
  std::string body = {};
  std::string_view content_type = "application/json";
};

/// One call of the API. The table of all is what documentation is made from.
struct Call {
  std::string_view method;
  std::string_view path;  ///< a final `*` stands for one name
  Result<Reply> (*run)(Context&, const Request&);
  std::string_view purpose;
  std::string_view arguments;  ///< names of query arguments or body fields, with what they mean
  std::span<const std::string_view> query = {};  ///< names of the query arguments it takes
};
std::span<const Call> calls();

}  // namespace naru::admin
