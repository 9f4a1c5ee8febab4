#include "admin/dates.h"
#include "admin/handlers.h"
#include "base/json_fields.h"
#include "base/json_writer.h"
#include "provider/upstream.h"

namespace naru::admin {
namespace {

std::shared_ptr<const registry::Snapshot> snapshot_of(const Context& context) {
  return context.services.snapshots.latest();
}

void write_problems(json::Writer& out, const std::vector<Problem>& problems) {
  out.array();
  for (const Problem& problem : problems) {
    out.object().field("file", problem.file).field("line", problem.line);
    out.field("column", problem.column).field("path", problem.path);
    out.field("text", problem.text).end_object();
  }
  out.end_array();
}

void write_target(json::Writer& out, const gateway::TargetSpec& target) {
  out.object().field("upstream", target.upstream).field("model", target.model);
  out.field("weight", static_cast<std::int64_t>(target.weight));
  out.field("tier", static_cast<std::int64_t>(target.tier));
  out.field("slots", static_cast<std::int64_t>(target.slots)).end_object();
}

void write_model(json::Writer& out, const gateway::ModelSpec& model) {
  out.object().field("name", model.name).field("owned_by", model.owned_by);
  out.field("balance", gateway::word_of(model.balance));
  out.key("aliases").array();
  for (const std::string& alias : model.aliases) out.text(alias);
  out.end_array().key("targets").array();
  for (const gateway::TargetSpec& target : model.targets) write_target(out, target);
  out.end_array().end_object();
}

std::int64_t milliseconds(std::chrono::nanoseconds length) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(length).count();
}

/// Calls in line for an upstream or a deployment, in the order they will be served.
void write_line(json::Writer& out, const std::vector<gateway::Places::Waiting>& waiting) {
  out.field("waiting", static_cast<std::int64_t>(waiting.size())).key("line").array();
  std::int64_t position = 0;
  for (const gateway::Places::Waiting& each : waiting) {
    out.object().field("position", ++position).field("exchange", each.exchange);
    out.field("key_id", each.principal).field("priority", word_of(each.priority));
    out.field("waited_ms", milliseconds(each.waited)).end_object();
  }
  out.end_array();
}

void write_places(json::Writer& out, const gateway::Places::State& places) {
  out.field("in_flight", std::int64_t{places.in_flight});
  out.field("limit", std::int64_t{places.limit});
  out.field("closed_ms", milliseconds(places.closed));
  out.field("between_places_ms", milliseconds(places.between));
  write_line(out, places.waiting);
}

void write_upstream(json::Writer& out, const provider::Upstream& upstream, Context& context) {
  const std::string& name = upstream.spec.name;
  const gateway::Health::State health = context.services.health.state(name);
  out.object().field("name", name).field("provider", upstream.spec.provider);
  out.key("dialects").array();
  for (const dialect::Dialect* one : upstream.dialects) out.text(one->name());
  out.end_array();
  out.field("base_url", upstream.remote->options().base_url);
  out.field("country", upstream.spec.country);
  out.field("cooling", context.services.health.cooling(name).has_value());
  out.field("breaker", gateway::word_of(health.breaker.state()));
  out.field("failures_in_a_row", static_cast<std::int64_t>(health.breaker.failures()))
      .field("last_fault", health.last_fault);
  write_places(out, context.services.places.state(name));
  out.end_object();
}

void write_deployment(json::Writer& out, const deploy::DeploymentStatus& status,
                      const gateway::Places::State& places) {
  out.object().field("name", status.name).field("phase", registry::word_of(status.phase));
  out.field("reason", status.reason).field("pid", status.pid);
  out.field("restarts", static_cast<std::int64_t>(status.restarts));
  out.field("in_flight", static_cast<std::int64_t>(status.in_flight));
  out.field("slots", static_cast<std::int64_t>(status.slots));
  out.field("context", static_cast<std::int64_t>(status.context));
  out.field("weights", status.model_file).field("architecture", status.architecture);
  write_line(out, places.waiting);
  out.key("log").array();
  for (const std::string& line : status.log) out.text(line);
  out.end_array().end_object();
}

}  // namespace

Result<Reply> metrics(Context& context, const Request&) {
  return Reply{.body = context.services.metrics.text(),
               .content_type = telemetry::Metrics::kContentType};
}

Result<Reply> status(Context& context, const Request&) {
  const auto ready = context.services.store.ready();
  Reply reply;
  json::Writer out(reply.body);
  out.object().field("version", context.version).field("started", rfc3339(context.started));
  out.field("revision", snapshot_of(context)->revision());
  out.field("draining", context.services.draining.load());
  out.field("ledger", ready ? std::string_view("ok") : std::string_view(ready.error().detail));
  out.field("ledger_waiting", static_cast<std::int64_t>(context.services.store.ledger_waiting()));
  out.key("problems");
  write_problems(out, context.problems());
  out.end_object();
  return reply;
}

Result<Reply> list_models(Context& context, const Request&) {
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("models").array();
  for (const auto& model : snapshot_of(context)->get<gateway::Models>().all())
    write_model(out, *model);
  out.end_array().end_object();
  return reply;
}

Result<Reply> list_upstreams(Context& context, const Request&) {
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("upstreams").array();
  for (const auto& [name, upstream] : snapshot_of(context)->get<provider::Upstreams>().all())
    write_upstream(out, *upstream, context);
  out.end_array().end_object();
  return reply;
}

Result<Reply> list_deployments(Context& context, const Request&) {
  Reply reply;
  json::Writer out(reply.body);
  out.object().key("deployments").array();
  for (const deploy::DeploymentStatus& status : context.deployer.status())
    write_deployment(out, status, context.services.places.state(status.name));
  out.end_array().end_object();
  return reply;
}

Result<Reply> reload(Context& context, const Request&) {
  const auto reloaded = context.reload();
  Reply reply{.status = reloaded ? 200 : 422};
  json::Writer out(reply.body);
  out.object().field("revision", snapshot_of(context)->revision());
  out.key("problems");
  write_problems(out, reloaded ? std::vector<Problem>() : reloaded.error());
  out.end_object();
  return reply;
}

Result<Reply> backup(Context& context, const Request& request) {
  NARU_TRY(const json::Tree tree, json::Tree::parse(request.body));
  json::FieldReader in(tree.root(), "$");
  const std::string path = in.text("path");
  if (in.ok() && !path.starts_with('/')) in.problem("path", "must be an absolute path");
  if (in.ok() && path.find('\0') != path.npos) in.problem("path", "must hold no NUL");
  if (!in.ok()) return fail(in.fault());
  NARU_TRY_VOID(context.services.store.backup(path));
  Reply reply;
  json::Writer out(reply.body);
  out.object().field("path", path).end_object();
  return reply;
}

}  // namespace naru::admin
