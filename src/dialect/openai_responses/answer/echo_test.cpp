#include <gtest/gtest.h>

#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

namespace naru::dialect {
namespace {

using testing::Parsed;

/// What an answer repeats of `body`, as an object.
std::string echo(const std::string& body) {
  const Parsed parsed(body);
  return fmt::format("{{{}}}", openai_responses_wire::echo(parsed.tree()));
}

/// The member `name` of what an answer repeats of `{"model":"m","input":"hi",MEMBERS}`.
std::string echoed(std::string_view name, std::string_view members) {
  const Parsed repeated(echo(fmt::format(R"({{"model":"m","input":"hi",{}}})", members)));
  if (!repeated.ok()) return "no JSON";
  const auto member = repeated.root().find(name);
  return member ? std::string(member->raw()) : "missing";
}

TEST(ResponsesEcho, says_the_apis_defaults_where_the_request_is_silent) {
  EXPECT_EQ(echo(R"({"model":"m","input":"hi"})"),
            R"({"instructions":null,"max_output_tokens":null,"metadata":{},)"
            R"("parallel_tool_calls":true,"previous_response_id":null,)"
            R"("reasoning":{"effort":null,"summary":null},"safety_identifier":null,"store":true,)"
            R"("temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto",)"
            R"("tools":[],"top_p":null,"truncation":"disabled","user":null})");
}

TEST(ResponsesEcho, repeats_what_was_said_to_the_byte) {
  EXPECT_EQ(echoed("temperature", R"("temperature":1.50e+0)"), "1.50e+0");
  EXPECT_EQ(echoed("store", R"("store":false)"), "false");
  EXPECT_EQ(echoed("previous_response_id", R"("previous_response_id":"resp_1")"), R"("resp_1")");
  EXPECT_EQ(echoed("tool_choice", R"("tool_choice":{"type":"mcp"})"), R"({"type":"mcp"})");
}

TEST(ResponsesEcho, takes_null_for_silence) { EXPECT_EQ(echoed("tools", R"("tools":null)"), "[]"); }

TEST(ResponsesEcho, leaves_the_tier_to_the_answer) {
  EXPECT_EQ(echoed("service_tier", R"("service_tier":"flex")"), "missing");
}

TEST(ResponsesEcho, fits_in_a_line_of_a_stream) {
  EXPECT_EQ(echoed("metadata", "\"metadata\": {\r\n\t\"a \\\" b\" : \"c \\\\\" }"),
            R"({"a \" b":"c \\"})");
}

}  // namespace
}  // namespace naru::dialect
