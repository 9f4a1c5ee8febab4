#include <unistd.h>

#include "admin/handlers.h"
#include "base/json_fields.h"
#include "base/json_writer.h"

namespace naru::admin {
namespace {

constexpr std::int64_t kLeastWithin_ms = 100;
constexpr std::int64_t kMostWithin_ms = 600'000;

Reply state_reply(const Context& context, int status) {
  const UpgradeState state = context.upgrade_state ? context.upgrade_state() : UpgradeState{};
  Reply reply{.status = status};
  json::Writer out(reply.body);
  out.object().field("pid", static_cast<std::int64_t>(::getpid()));
  out.field("version", context.version);
  out.key("upgrade").object().field("state", state.phase);
  out.field("pid", static_cast<std::int64_t>(state.pid)).field("version", state.version);
  out.field("why", state.why).end_object();
  out.key("ending").array();
  for (const Elder& elder : state.elders) {
    out.object().field("pid", static_cast<std::int64_t>(elder.pid));
    out.field("version", elder.version).field("calls", elder.calls);
    out.field("accepts", elder.accepts).end_object();
  }
  out.end_array().end_object();
  return reply;
}

}  // namespace

Result<Reply> upgrade(Context& context, const Request& request) {
  UpgradeWish wish;
  if (!request.body.empty()) {
    NARU_TRY(const json::Tree tree, json::Tree::parse(request.body));
    json::FieldReader in(tree.root(), "$");
    if (const auto within = in.find_integer("within_ms", kLeastWithin_ms, kMostWithin_ms))
      wish.within = std::chrono::milliseconds(*within);
    wish.named = in.find_boolean("named").value_or(false);
    for (const json::RawField& unknown : in.rest())
      in.problem(unknown.name, "is not known; it takes within_ms, named");
    if (!in.ok()) return fail(in.fault());
  }
  if (!context.upgrade) return fail(FaultKind::Conflict, "no naru runs that could be followed");
  NARU_TRY_VOID(context.upgrade(wish));
  return state_reply(context, 202);
}

Result<Reply> upgrade_state(Context& context, const Request&) { return state_reply(context, 200); }

}  // namespace naru::admin
