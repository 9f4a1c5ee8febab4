#include "base/json_writer.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/words.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

struct Member {
  std::string_view name;
  std::string_view unsaid;  ///< what the API's answers say where the request is silent
};
/// In the order of the API's own answers. What a sampling number would be only the upstream knows.
constexpr auto kMembers = std::to_array<Member>({
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"metadata", "{}"},
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"reasoning", R"({"effort":null,"summary":null})"},
    {"safety_identifier", "null"},
    {"store", "true"},
    {"temperature", "null"},
    {"text", R"({"format":{"type":"text"}})"},
    {"tool_choice", R"("auto")"},
    {"tools", "[]"},
    {"top_p", "null"},
    {"truncation", R"("disabled")"},
    {"user", "null"},
});

/// The same value without the white space between its pieces: it is to fit in a line of a stream.
void append_compact(std::string& out, std::string_view json) {
  bool quoted = false;
  bool escaped = false;
  for (const char c : json) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && !quoted) continue;
    out.push_back(c);
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && !escaped;
  }
}

}  // namespace

std::string echo(const json::Tree& body) {
  std::string members;
  for (const Member& member : kMembers) {
    const std::optional<ValueView> said = body.root().find(member.name);
    members += fmt::format(R"({}"{}":)", members.empty() ? "" : ",", member.name);
    append_compact(members, said && !said->is_null() ? said->raw() : member.unsaid);
  }
  return members;
}

}  // namespace naru::dialect::openai_responses_wire
