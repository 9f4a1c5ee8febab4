#include "base/json_writer.h"
#include "dialect/openai/openai.h"

namespace naru::dialect::openai_wire {
namespace {

void write_entry(json::Writer& out, const ModelEntry& model) {
  out.object().field("id", model.id).field("object", "model");
  out.field("created", model.created_s).field("owned_by", model.owned_by).end_object();
}

}  // namespace

void rename_model(std::vector<Patch>& patches, const RequestScan& scan, const Forward& forward) {
  if (forward.upstream_model == scan.model) return;
  Patch patch{scan.model_span.begin, scan.model_span.end, {}};
  json::append_quoted(patch.with, forward.upstream_model);
  patches.push_back(std::move(patch));
}

std::string write_models(std::span<const ModelEntry> models) {
  std::string body;
  json::Writer out(body);
  out.object().field("object", "list").key("data").array();
  for (const ModelEntry& model : models) write_entry(out, model);
  out.end_array().end_object();
  return body;
}

std::string write_model(const ModelEntry& model) {
  std::string body;
  json::Writer out(body);
  write_entry(out, model);
  return body;
}

}  // namespace naru::dialect::openai_wire
