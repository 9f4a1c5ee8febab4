#include "cli/ask/order.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "admin/store_context.h"
#include "cli/ask/http.h"
#include "cli/serve/data_directory.h"

namespace naru::cli {
namespace {

constexpr std::size_t kMaxAnswerBytes = 256 << 20;

/// Source: RFC 3986, section 2.3.
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (word || kPlain.find(c) != kPlain.npos)
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string token_variable() {
  const char* token = std::getenv("NARU_ADMIN_TOKEN");
  return token == nullptr ? std::string() : token;
}

Result<Secret> token_of(const Globals& globals) {
  if (std::string token = token_variable(); !token.empty()) return Secret(std::move(token));
  return read_admin_token(globals.data_directory);
}

FaultKind kind_of(int status) {
  for (const FaultRow& row : kFaultRows)
    if (row.status == status) return row.kind;
  return FaultKind::UpstreamFailed;
}

/// From the naru that listens at `url`.
Result<std::string> ask_admin(const Globals& globals, const std::string& url, const Order& order) {
  NARU_TRY(const Secret token, token_of(globals));
  Asking asking{.method = std::string(order.method),
                .base_url = url,
                .target = target_of(order),
                .body = order.body,
                .ca_file = globals.ca_file};
  asking.headers.push_back({"authorization", fmt::format("Bearer {}", token.reveal())});
  if (!order.body.empty()) asking.headers.push_back({"content-type", "application/json"});
  std::string body;
  NARU_TRY(const int status, ask(asking, [&](int, std::string_view piece) -> Result<void> {
             if (body.size() + piece.size() > kMaxAnswerBytes)
               return fail(FaultKind::TooLarge, "the answer exceeds {} bytes", kMaxAnswerBytes);
             body.append(piece);
             return {};
           }));
  if (status >= 300) return fail(kind_of(status), "{}", said_in_error(status, body));
  return body;
}

/// On the store itself.
Result<std::string> do_alone(const Globals& globals, const Order& order) {
  NARU_TRY(const auto alone, admin::StoreContext::open(globals.data_directory, globals.version));
  const admin::Request request{.path = std::string(order.path),
                               .tail = order.tail,
                               .query = order.query,
                               .body = order.body};
  for (const admin::Call& call : admin::calls()) {
    if (call.method != order.method || call.path != order.path) continue;
    NARU_TRY(admin::Reply reply, call.run(alone->context(), request));
    return std::move(reply.body);
  }
  return fail(FaultKind::Internal, "the admin API has no {} {}", order.method, order.path);
}

std::unexpected<Fault> none_runs(const Globals& globals) {
  return fail(
      FaultKind::Unavailable,
      "no naru runs on {}; start one with naru serve, or name its directory with --data-dir",
      globals.data_directory);
}

bool may_do_alone(const Globals& globals, const Order& order) {
  if (order.alone == Alone::Make) return true;
  const std::string database = globals.data_directory + "/naru.db";
  return order.alone == Alone::Read && ::access(database.c_str(), F_OK) == 0;
}

}  // namespace

std::string target_of(const Order& order) {
  std::string target(order.path);
  if (target.ends_with('*')) target.replace(target.size() - 1, 1, percent_encoded(order.tail));
  char mark = '?';
  for (const auto& [name, value] : order.query) {
    if (value.empty()) continue;
    target += fmt::format("{}{}={}", mark, name, percent_encoded(value));
    mark = '&';
  }
  return target;
}

Result<std::string> give(const Globals& globals, const Order& order) {
  if (!globals.admin_url.empty()) return ask_admin(globals, globals.admin_url, order);
  if (const auto url = read_address(globals.data_directory, "admin"))
    return ask_admin(globals, *url, order);
  if (!may_do_alone(globals, order)) return none_runs(globals);
  return do_alone(globals, order);
}

void report(Globals& globals, const Fault& fault) {
  std::fprintf(stderr, "naru: %s\n", fault.detail.c_str());
  globals.exit_code = fault.kind == FaultKind::InvalidRequest ? 2 : 1;
}

}  // namespace naru::cli
