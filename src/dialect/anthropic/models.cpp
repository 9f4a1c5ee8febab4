#include "base/json_writer.h"
#include "dialect/anthropic/codec.h"

/// Source: Anthropic API reference, Models.
namespace naru::dialect::anthropic_wire {
namespace {

constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

/// `2026-11-23T22:09:00Z`.
std::string rfc3339(std::int64_t seconds) {
  const std::chrono::sys_seconds at{
      std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, kLastSecond)}};
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day day{midnight};
  const std::chrono::hh_mm_ss time{at - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

void append_model(json::Writer& out, const ModelEntry& model) {
  out.object().field("type", "model").field("id", model.id);
  out.field("display_name", model.id).field("created_at", rfc3339(model.created_s)).end_object();
}

}  // namespace

std::string write_models(std::span<const ModelEntry> models) {
  std::string body;
  json::Writer out(body);
  out.object().key("data").array();
  for (const ModelEntry& model : models) append_model(out, model);
  out.end_array();
  const auto id_or_null = [&](std::string_view name, bool first) {
    out.key(name);
    if (models.empty())
      out.null();
    else
      out.text(first ? models.front().id : models.back().id);
  };
  id_or_null("first_id", true);
  out.field("has_more", false);
  id_or_null("last_id", false);
  out.end_object();
  return body;
}

std::string write_model(const ModelEntry& model) {
  std::string body;
  json::Writer out(body);
  append_model(out, model);
  return body;
}

}  // namespace naru::dialect::anthropic_wire
