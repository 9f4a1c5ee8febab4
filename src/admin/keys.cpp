#include "admin/keys.h"

#include "admin/dates.h"
#include "admin/handlers.h"
#include "base/json_fields.h"
#include "base/json_writer.h"

namespace naru::admin {
namespace {

constexpr std::size_t kMaxNameBytes = 100;
constexpr std::size_t kMaxModels = 100;
constexpr std::int64_t kLongestLife_s = 100LL * 366 * 24 * 3600;

std::vector<std::string> read_models(json::FieldReader& in) {
  std::vector<std::string> models;
  const auto list = in.find_any("models");
  if (!list) return models;
  if (!list->is_array() || list->size() > kMaxModels) {
    in.problem("models", fmt::format("must be a list of at most {} names", kMaxModels));
    return models;
  }
  for (const json::ValueView item : *list) {
    if (!item.is_string() || item.text().empty()) {
      in.problem("models", "must hold names or patterns, as text");
      break;
    }
    models.emplace_back(item.text());
  }
  return models;
}

store::KeyLimits read_limits(json::FieldReader& in) {
  store::KeyLimits limits;
  for (const store::KeyLimit& limit : store::kKeyLimits)
    limits.*limit.place = in.find_integer(limit.name, 1, limit.most);
  return limits;
}

std::optional<Priority> read_priority(json::FieldReader& in) {
  const auto word = in.find_text("priority");
  if (!word) return std::nullopt;
  const auto priority = find_priority(*word);
  if (!priority) in.problem("priority", fmt::format("must be {}", kPriorityChoice));
  return priority;
}

Result<KeyOrder> read_order(const std::string& body) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(body));
  json::FieldReader in(tree.root(), "$");
  KeyOrder order{.name = in.text("name"),
                 .expires_in_s = in.find_integer("expires_in_s", 1, kLongestLife_s),
                 .models = read_models(in),
                 .replace = in.find_boolean("replace").value_or(false),
                 .limits = read_limits(in),
                 .priority = read_priority(in).value_or(Priority::Interactive)};
  if (in.ok() && (order.name.empty() || order.name.size() > kMaxNameBytes))
    in.problem("name", fmt::format("must have 1 to {} bytes", kMaxNameBytes));
  for (const json::RawField& unknown : in.rest())
    in.problem(unknown.name, "is not a field of a key");
  return in.finish(std::move(order));
}

/// What is there is set; null takes a limit away; what is not there stays.
Result<store::KeyChange> read_change(const std::string& body) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(body));
  json::FieldReader in(tree.root(), "$");
  const store::KeyLimits to = read_limits(in);
  store::KeyChange change{.priority = read_priority(in)};
  for (const store::KeyLimit& limit : store::kKeyLimits)
    if (tree.root().find(limit.name)) change.limits.push_back({limit, to.*limit.place});
  for (const json::RawField& unknown : in.rest())
    in.problem(unknown.name, "is nothing of a key that can change");
  if (in.ok() && change.limits.empty() && !change.priority)
    in.problem("",
               "must name what changes: requests_per_minute, tokens_per_minute, concurrency or "
               "priority");
  return in.finish(std::move(change));
}

void write_key(json::Writer& out, const store::KeyRow& row, std::string_view text) {
  out.object().field("id", row.id).field("name", row.name).field("hint", row.hint);
  if (!text.empty()) out.field("key", text);
  out.field("created", rfc3339(row.created));
  out.key("expires");
  row.expires ? out.text(rfc3339(*row.expires)) : out.null();
  out.key("revoked");
  row.revoked ? out.text(rfc3339(*row.revoked)) : out.null();
  out.key("models").array();
  for (const std::string& model : row.models) out.text(model);
  out.end_array();
  for (const store::KeyLimit& limit : store::kKeyLimits) {
    const auto& most = row.limits.*limit.place;
    most ? out.field(limit.name, *most) : out.key(limit.name).null();
  }
  out.field("priority", word_of(row.priority)).end_object();
}

/// Revokes the live key of that name, if there is one.
Result<void> clear_name(store::Store& store, const std::string& name) {
  NARU_TRY(const auto keys, store.list_keys());
  const bool live = std::ranges::any_of(
      keys, [&](const store::KeyRow& key) { return key.name == name && !key.revoked; });
  if (live) NARU_TRY_VOID(store.revoke_key(name));
  return {};
}

}  // namespace

Result<Reply> list_keys(Context& context, const Request&) {
  NARU_TRY(const auto keys, context.services.store.list_keys());
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("keys").array();
  for (const store::KeyRow& key : keys) write_key(out, key, "");
  out.end_array().end_object();
  return reply;
}

Result<IssuedKey> issue_key(gateway::Services& services, KeyOrder order) {
  if (order.replace) NARU_TRY_VOID(clear_name(services.store, order.name));
  Secret key = security::make_key();
  store::KeyRow row{.name = std::move(order.name),
                    .hint = std::string(key.reveal().substr(key.reveal().size() - 4)),
                    .hash = services.hasher.hash(key.reveal()),
                    .created = services.clock.wall_now(),
                    .models = std::move(order.models),
                    .limits = order.limits,
                    .priority = order.priority};
  if (order.expires_in_s) row.expires = row.created + std::chrono::seconds(*order.expires_in_s);
  NARU_TRY(store::KeyRow made, services.store.add_key(std::move(row)));
  return IssuedKey{.row = std::move(made), .text = std::move(key)};
}

Result<Reply> create_key(Context& context, const Request& request) {
  NARU_TRY(KeyOrder order, read_order(request.body));
  NARU_TRY(const IssuedKey issued, issue_key(context.services, std::move(order)));
  Reply reply{.status = 201};
  json::Writer out(reply.body);
  write_key(out, issued.row, issued.text.reveal());
  return reply;
}

Result<Reply> change_key(Context& context, const Request& request) {
  NARU_TRY(auto change, read_change(request.body));
  NARU_TRY(const store::KeyRow row,
           context.services.store.change_key(request.tail, std::move(change)));
  Reply reply;
  json::Writer out(reply.body);
  write_key(out, row, "");
  return reply;
}

Result<Reply> revoke_key(Context& context, const Request& request) {
  NARU_TRY(const store::KeyRow row, context.services.store.revoke_key(request.tail));
  Reply reply;
  json::Writer out(reply.body);
  write_key(out, row, "");
  return reply;
}

}  // namespace naru::admin
