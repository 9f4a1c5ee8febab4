#include "dialect/openai/strict_json.h"

#include "base/json_writer.h"

namespace naru::dialect::openai_wire {
namespace {

void write_value(json::Writer& out, json::ValueView value);

/// Of members with one key the last holds.
void write_members(json::Writer& out, json::ValueView object) {
  out.object();
  for (const json::ValueView member : object) {
    if (object.find(member.key()) != member) continue;
    out.key(member.key());
    write_value(out, member);
  }
  out.end_object();
}

void write_value(json::Writer& out, json::ValueView value) {
  if (value.is_object()) return write_members(out, value);
  if (value.is_array()) {
    out.array();
    for (const json::ValueView one : value) write_value(out, one);
    out.end_array();
  } else if (value.is_string()) {
    out.text(value.text());
  } else if (value.is_null()) {
    out.null();  // NaN too
  } else {
    out.raw(value.raw());
  }
}

}  // namespace

std::string strict_json(json::ValueView value) {
  const std::string_view raw = value.raw();
  if (json::Tree::parse(raw)) return std::string(raw);
  std::string written;
  json::Writer out(written);
  write_value(out, value);
  return written;
}

}  // namespace naru::dialect::openai_wire
