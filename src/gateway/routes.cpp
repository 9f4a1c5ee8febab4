#include "gateway/routes.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace naru::gateway {
namespace {

using dialect::Operation;

/// A path that is the same whoever speaks.
struct PathRow {
  std::string_view path;
  std::string_view methods;  ///< separated by spaces; GET serves HEAD too
  Serves serves;
  const dialect::Dialect* dialect = nullptr;  ///< null: as the client speaks
  Operation operation = Operation::Chat;
};

constexpr std::string_view kRead = "GET HEAD";

/// Paths of naru's own.
constexpr auto kOwnPaths = std::to_array<PathRow>({
    {"/health/live", kRead, Serves::Live},
    {"/health/ready", kRead, Serves::Ready},
});

/// Those of every dialect, its calls first, then those of model lists, then our own.
std::vector<PathRow> make_paths() {
  std::vector<PathRow> paths;
  for (const dialect::Dialect* one : dialect::all_dialects())
    for (const dialect::CallRow& call : one->profile().calls)
      paths.push_back({call.served_at, "POST", Serves::Operation, one, call.operation});
  for (const dialect::Dialect* one : dialect::all_dialects())
    if (std::ranges::find(paths, one->profile().models_at, &PathRow::path) == paths.end())
      paths.push_back({one->profile().models_at, kRead, Serves::ModelList});
  paths.insert(paths.end(), kOwnPaths.begin(), kOwnPaths.end());
  return paths;
}

const std::vector<PathRow>& all_paths() {
  static const std::vector<PathRow> kPaths = make_paths();
  return kPaths;
}

/// The dialect a client seems to speak: a path outranks a header.
const dialect::Dialect& spoken_by(const net::RequestHead& head) {
  const std::span all = dialect::all_dialects();
  for (const dialect::Dialect* one : all)
    if (const auto own = one->profile().own_paths; !own.empty() && head.path.starts_with(own))
      return *one;
  for (const dialect::Dialect* one : all)
    if (const auto own = one->profile().own_header; !own.empty() && head.headers.find(own))
      return *one;
  return *all.front();
}

bool allows(std::string_view methods, std::string_view method) {
  for (const std::string_view one : split(methods, ' '))
    if (one == method) return true;
  return false;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// What stands behind `prefix`; empty also for another path.
std::string_view after(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view();
}

/// A path that ends in the id of one thing.
Endpoint one_of(const net::RequestHead& head, const dialect::Dialect& dialect,
                std::string_view encoded_id, std::string_view methods, Serves serves) {
  Endpoint endpoint{.dialect = &dialect};
  if (!allows(methods, head.method)) {
    endpoint.known_methods = methods;
    return endpoint;
  }
  auto id = percent_decoded(encoded_id);
  if (!id) return endpoint;
  endpoint.serves = serves;
  endpoint.id = *std::move(id);
  return endpoint;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    plain.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return plain;
}

Endpoint find_endpoint(const net::RequestHead& head) {
  if (head.method == "OPTIONS" && head.headers.find("access-control-request-method"))
    return {.serves = Serves::Preflight, .dialect = &spoken_by(head)};
  for (const PathRow& row : all_paths()) {
    if (row.path != head.path) continue;
    Endpoint endpoint{.dialect = row.dialect != nullptr ? row.dialect : &spoken_by(head),
                      .operation = row.operation};
    if (allows(row.methods, head.method))
      endpoint.serves = row.serves;
    else
      endpoint.known_methods = row.methods;
    return endpoint;
  }
  const dialect::Dialect& dialect = spoken_by(head);
  const dialect::Profile& its = dialect.profile();
  const std::string_view model = after(head.path, its.models_at);
  if (model.size() > 1 && model.front() == '/')
    return one_of(head, dialect, model.substr(1), kRead, Serves::OneModel);
  const std::string_view answer =
      its.keeping != nullptr ? after(head.path, its.keeping->served_at) : std::string_view();
  if (!answer.empty() && answer.find('/') == answer.npos)
    return one_of(head, dialect, answer, "GET DELETE",
                  head.method == "DELETE" ? Serves::DeleteAnswer : Serves::ReadAnswer);
  return {.dialect = &dialect};
}

std::string_view served_paths() {
  static const std::string kNames = [] {
    std::string names;
    for (const PathRow& row : all_paths())
      if (row.serves == Serves::Operation || row.serves == Serves::ModelList)
        names += fmt::format("{}{}", names.empty() ? "" : ", ", row.path);
    return names;
  }();
  return kNames;
}

}  // namespace naru::gateway
