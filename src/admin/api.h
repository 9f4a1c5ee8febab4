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
