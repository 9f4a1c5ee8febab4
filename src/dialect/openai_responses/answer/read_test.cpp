#include <gtest/gtest.h>

#include "dialect/openai_responses/answer/stream_checker.h"
#include "dialect/openai_responses/answer/stream_testing.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using chat::Seal;
using chat::StopReason;
using Parts = std::vector<chat::Part>;

const WriterOptions kOptions{
    .public_model = "public", .answer_id = "resp_abc", .created_s = 1795000000};

std::string answer(std::string_view output, std::string_view more = "") {
  return fmt::format(
      R"({{"id":"resp_1","object":"response","created_at":1795000000,"status":"completed",)"
      R"("error":null,"model":"gpt-5-mini-2025-08-07","output":[{}]{}}})",
      output, more);
}
std::string message(std::string_view parts) {
  return fmt::format(R"({{"id":"msg_1","type":"message","role":"assistant","content":[{}]}})",
                     parts);
}
const std::string kText = message(R"({"type":"output_text","text":"hi","annotations":[]})");
const std::string kCall =
    R"({"id":"fc_1","type":"function_call","call_id":"call_a","name":"f","arguments":"{\"a\":1}"})";

chat::Response read(const std::string& body) {
  const testing::Parsed parsed(body);
  const auto response = read_answer(parsed.tree());
  EXPECT_TRUE(response) << body << response.error().detail;
  return response.value_or(chat::Response{});
}
FaultKind fault_of(const std::string& body, Operation operation = Operation::Chat) {
  const testing::Parsed parsed(body);
  AnswerFacts facts;
  const auto scanned = scan_answer(operation, parsed.tree(), kOptions, facts);
  EXPECT_FALSE(scanned) << body;
  if (operation == Operation::Chat) {
    const auto told = read_answer(parsed.tree());
    EXPECT_EQ(told.error().kind, scanned.error().kind) << body;
  }
  return scanned ? FaultKind::Internal : scanned.error().kind;
}
std::pair<std::string, AnswerFacts> scan(const std::string& body) {
  const testing::Parsed parsed(body);
  AnswerFacts facts;
  const auto patches = scan_answer(Operation::Chat, parsed.tree(), kOptions, facts);
  EXPECT_TRUE(patches) << body;
  return {patches ? patched(body, *patches) : "", facts};
}
std::string write(const chat::Response& response, const WriterOptions& options = kOptions,
                  std::vector<chat::Loss>* losses = nullptr) {
  std::vector<chat::Loss> lost;
  std::string body = write_answer(response, options, lost);
  if (losses != nullptr)
    *losses = lost;
  else
    EXPECT_TRUE(lost.empty()) << lost.front().field;
  return body;
}
chat::Response response_of(Parts parts, StopReason stop = StopReason::EndTurn) {
  return {.id = "x", .model = "y", .choices = {{.parts = std::move(parts), .stop = stop}}};
}

TEST(ResponsesAnswer, changes_only_model_and_foreign_id) {
  const std::string body = answer(kText);
  const auto [same, facts] = scan(body);
  EXPECT_EQ(same, patched(body, {{static_cast<std::uint32_t>(body.find("gpt-5")),
                                  static_cast<std::uint32_t>(body.find("gpt-5")) + 21, "public"}}));
  EXPECT_EQ(facts.upstream_model, "gpt-5-mini-2025-08-07");
  EXPECT_EQ(scan(R"({"output":[],"id":"chatcmpl-1"})").first, R"({"output":[],"id":"resp_abc"})");
}

TEST(ResponsesAnswer, notes_usage_stop_and_what_was_said) {
  const AnswerFacts facts =
      scan(answer(kText + "," + kCall,
                  R"(,"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":20,)"
                  R"("cache_write_tokens":7},"output_tokens":11,)"
                  R"("output_tokens_details":{"reasoning_tokens":4},"total_tokens":48})"))
          .second;
  EXPECT_TRUE(facts.usage_reported);
  EXPECT_EQ(facts.usage,
            (chat::Usage{
                .input = 10, .cache_read = 20, .cache_write_5m = 7, .output = 11, .reasoning = 4}));
  EXPECT_EQ(facts.stop, StopReason::ToolUse);
  EXPECT_EQ(facts.delivered.total(), 9);
  EXPECT_FALSE(scan(answer(kText, R"(,"usage":null)")).second.usage_reported);
}

TEST(ResponsesAnswer, refuses_what_is_no_answer) {
  EXPECT_EQ(fault_of("[]"), FaultKind::UpstreamInvalid);
  EXPECT_EQ(fault_of("{}"), FaultKind::UpstreamInvalid);
  EXPECT_EQ(fault_of(R"({"output":[],"status":"queued"})"), FaultKind::UpstreamInvalid);
  EXPECT_EQ(fault_of(R"({"output":[],"status":"in_progress"})"), FaultKind::UpstreamInvalid);
  EXPECT_EQ(fault_of(R"({"output":[],"status":"cancelled"})"), FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(R"({"output":[],"status":"failed","error":null})"), FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(R"({"status":"failed","error":{"code":"server_error","message":"no"}})"),
            FaultKind::UpstreamFailed);
  EXPECT_EQ(fault_of(R"({"status":"failed","error":{"code":"rate_limit_exceeded"}})"),
            FaultKind::RateLimited);
  EXPECT_EQ(fault_of(R"({"status":"failed","error":{"code":"invalid_prompt","message":"no"}})"),
            FaultKind::UpstreamRefused);
  EXPECT_EQ(fault_of(R"({"error":{"message":"gone","type":"server_error"}})"),
            FaultKind::UpstreamFailed);
}

TEST(ResponsesAnswer, reports_what_a_failed_one_has_cost) {
  const std::string usage = R"("usage":{"input_tokens":50,"output_tokens":20,"total_tokens":70})";
  for (const std::string_view status : {"failed", "cancelled"})
    for (const Dialect* client : {&openai_responses(), &openai_chat(), &anthropic()}) {
      AnswerFacts facts;
      const auto answer = translate_answer(
          {client, &openai_responses()},
          fmt::format(R"({{"id":"resp_1","status":"{}","output":[],{}}})", status, usage), {},
          facts);
      ASSERT_FALSE(answer);
      EXPECT_TRUE(facts.usage_reported && facts.whole) << client->name();
      EXPECT_EQ(facts.usage, (chat::Usage{.input = 50, .output = 20}));
    }
}

TEST(ResponsesAnswer, tells_why_it_ended) {
  const auto stop = [](const std::string& output, std::string_view more) {
    return read(answer(output, more)).choices.at(0).stop;
  };
  const std::string refusal = message(R"({"type":"refusal","refusal":"no"})");
  EXPECT_EQ(stop(kText, ""), StopReason::EndTurn);
  EXPECT_EQ(stop(kText + "," + kCall, ""), StopReason::ToolUse);
  EXPECT_EQ(stop(refusal, ""), StopReason::Refusal);
  const auto incomplete = [&](std::string_view details) {
    std::string body = answer(kCall, fmt::format(R"(,"incomplete_details":{})", details));
    body.replace(body.find("completed"), 9, "incomplete");
    return read(body).choices.at(0).stop;
  };
  EXPECT_EQ(incomplete(R"({"reason":"max_output_tokens"})"), StopReason::MaxTokens);
  EXPECT_EQ(incomplete(R"({"reason":"content_filter"})"), StopReason::Refusal);
  EXPECT_EQ(incomplete(R"({"reason":"steered"})"), StopReason::Pause);
  EXPECT_EQ(incomplete("null"), StopReason::MaxTokens);
}

TEST(ResponsesAnswer, has_the_reason_of_an_incomplete_one_be_what_clients_know) {
  const auto shown = [](std::string_view status, std::string_view details) {
    const std::string head =
        fmt::format(R"({{"output":[],"status":"{}","incomplete_details":)", status);
    const std::string body = scan(head + std::string(details) + "}").first;
    return body.substr(head.size(), body.size() - head.size() - 1);
  };
  for (const std::string_view known :
       {R"({"reason":"max_output_tokens"})", R"({"reason":"content_filter"})", R"({"reason":null})",
        "null", "{}"})
    EXPECT_EQ(shown("incomplete", known), known);
  for (const std::string_view foreign :
       {R"({"reason":"steered"})", R"({"reason":"zzz"})", R"({"reason":5})"}) {
    EXPECT_EQ(shown("incomplete", foreign), R"({"reason":"max_output_tokens"})");
    EXPECT_EQ(shown("completed", foreign), "null");
  }
}

TEST(ResponsesAnswer, takes_arguments_that_are_an_object) {
  const std::string call =
      R"({"type":"function_call","call_id":"call_a","name":"f","arguments":{"a": 1}})";
  EXPECT_EQ(read(answer(call)).choices.at(0).parts,
            Parts{chat::Part(chat::ToolCall{"call_a", "f", R"({"a": 1})"})});
  EXPECT_EQ(scan(answer(call)).second.delivered.total(), 8);
}

TEST(ResponsesAnswer, reads_every_part) {
  const std::string reasoning =
      R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"a"},)"
      R"({"type":"summary_text","text":"b"}],"encrypted_content":"gAAA"})";
  const std::string said =
      message(R"({"type":"output_text","text":"hi","annotations":[],"logprobs":[{"token":"hi"}]},)"
              R"({"type":"refusal","refusal":"no"})");
  const chat::Response response =
      read(answer(reasoning + "," + said + "," + kCall, R"(,"service_tier":"flex")"));
  EXPECT_EQ(response.choices.at(0).parts,
            (Parts{chat::Thinking{"a\n\nb", "gAAA", Seal::Encrypted, "rs_1"},
                   chat::Text{.text = "hi", .logprobs = R"([{"token":"hi"}])"},
                   chat::Text{.text = "no", .refusal = true},
                   chat::ToolCall{"call_a", "f", R"({"a":1})"}}));
  EXPECT_EQ(response.id, "resp_1");
  EXPECT_EQ(response.created_s, 1795000000);
  EXPECT_EQ(response.service_tier, "flex");
  EXPECT_EQ(read(answer(kText, R"(,"service_tier":"auto")")).service_tier, "");
}

TEST(ResponsesAnswer, reads_reasoning_of_engines_and_sources) {
  const std::string raw = R"({"type":"url_citation","url":"https://a","title":"A"})";
  const std::string file = R"({"type":"file_citation","file_id":"file_1"})";
  const chat::Response response = read(answer(
      R"({"type":"reasoning","summary":[],"content":[{"type":"reasoning_text",)"
      R"("text":"hm"}],"encrypted_content":""},)" +
      message(R"({"type":"output_text","text":"x","annotations":[)" + raw + "," + file + "]}")));
  EXPECT_EQ(response.choices.at(0).parts,
            (Parts{chat::Thinking{"hm"}, chat::Text{.text = "x",
                                                    .citations = {{"https://a", "A", "", raw},
                                                                  {.url = "", .raw = file}}}}));
}

TEST(ResponsesAnswer, names_what_it_cannot_tell) {
  const chat::Response response =
      read(answer(R"({"id":"ws_1","type":"web_search_call"},)" + kText));
  EXPECT_EQ(response.losses.size(), 1U);
  EXPECT_EQ(response.losses.at(0).field, "answer.content[0]");
  EXPECT_EQ(response.choices.at(0).parts, Parts{chat::Text{"hi"}});
}

TEST(ResponsesAnswer, writes_a_whole_response) {
  chat::Response response = response_of({chat::Text{"hi"}});
  response.usage = chat::Usage{.input = 3, .cache_read = 2, .output = 1};
  response.service_tier = "default";
  EXPECT_EQ(
      write(response),
      R"({"id":"resp_abc","object":"response","created_at":1795000000,"status":"completed",)"
      R"("background":false,"error":null,"incomplete_details":null,"model":"public",)"
      R"("output":[{"id":"msg_abc_0","type":"message","role":"assistant","content":[)"
      R"({"type":"output_text","annotations":[],"logprobs":[],"text":"hi"}],"status":"completed"}],)"
      R"("usage":{"input_tokens":5,"input_tokens_details":{"cached_tokens":2,)"
      R"("cache_write_tokens":0},"output_tokens":1,)"
      R"("output_tokens_details":{"reasoning_tokens":0},"total_tokens":6},)"
      R"("service_tier":"default","store":false,"instructions":null,"metadata":{},"parallel_tool_calls":true,)"
      R"("temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],)"
      R"("top_p":null})");
}

TEST(ResponsesAnswer, repeats_what_the_request_said_once) {
  WriterOptions options = kOptions;
  options.echo = R"("tools":[{"type":"function","name":"f"}],"user":"u","model":"theirs",)"
                 R"("service_tier":"auto")";
  const std::string body = write(response_of({}), options);
  const testing::Parsed parsed(body);
  EXPECT_EQ(read_plain(body).model, "public");
  EXPECT_EQ(parsed.root().find("tools")->size(), 1U);
  EXPECT_EQ(parsed.root().find("user")->text(), "u");
  EXPECT_EQ(parsed.root().find("service_tier")->text(), "auto");
}

TEST(ResponsesAnswer, puts_texts_side_by_side_into_one_message) {
  const ClientResponse told = read_plain(
      write(response_of({chat::Text{"a"}, chat::Text{""}, chat::Text{.text = "b", .refusal = true},
                         chat::ToolCall{"c", "f", ""}, chat::Text{"d"}})));
  ASSERT_EQ(told.output.size(), 3U);
  EXPECT_NE(told.output[0].find(R"(refusal:"b")"), std::string::npos) << told.output[0];
  EXPECT_NE(told.output[1].find(R"(arguments:"{}")"), std::string::npos) << told.output[1];
  EXPECT_NE(told.output[1].find(R"(id:"fc_abc_1")"), std::string::npos) << told.output[1];
  EXPECT_NE(told.output[2].find(R"(id:"msg_abc_2")"), std::string::npos) << told.output[2];
}

TEST(ResponsesAnswer, says_how_it_ended) {
  const auto ends = [](Parts parts, StopReason stop) {
    const testing::Parsed parsed(write(response_of(std::move(parts), stop)));
    return parsed.root().find("status")->text() == "incomplete"
               ? std::string(parsed.root().find("incomplete_details")->find("reason")->text())
               : std::string(parsed.root().find("status")->text());
  };
  EXPECT_EQ(ends({}, StopReason::EndTurn), "completed");
  EXPECT_EQ(ends({}, StopReason::StopSequence), "completed");
  EXPECT_EQ(ends({}, StopReason::ToolUse), "completed");
  EXPECT_EQ(ends({}, StopReason::MaxTokens), "max_output_tokens");
  EXPECT_EQ(ends({}, StopReason::Pause), "max_output_tokens");
  EXPECT_EQ(ends({}, StopReason::Refusal), "content_filter");
  EXPECT_EQ(ends({chat::Text{.text = "no", .refusal = true}}, StopReason::Refusal), "completed");
}

TEST(ResponsesAnswer, wraps_seals_on_a_crossing_alone) {
  const auto sealed = [](chat::Thinking thinking, const std::string& upstream) {
    WriterOptions options = kOptions;
    options.upstream = upstream;
    const chat::Response back = read(write(response_of({std::move(thinking)}), options));
    return std::get<chat::Thinking>(back.choices.at(0).parts.at(0));
  };
  EXPECT_EQ(sealed({"t", "s", Seal::Encrypted, "rs_up"}, ""),
            (chat::Thinking{"t", "s", Seal::Encrypted, "rs_up"}));
  EXPECT_EQ(sealed({"t", "s", Seal::Signature}, "claude"),
            (chat::Thinking{"t", "naru1:signature:claude::s", Seal::Encrypted, "rs_abc_0"}));
  EXPECT_EQ(sealed({"", "s", Seal::Encrypted, "rs_up"}, "other").sealed,
            "naru1:encrypted:other:rs_up:s");
  EXPECT_EQ(sealed({"t"}, "engine"), (chat::Thinking{"t", "", Seal::None, "rs_abc_0"}));
}

TEST(ResponsesAnswer, names_each_thing_it_leaves_out) {
  chat::Response response =
      response_of({chat::Opaque{"audio", "{}"},
                   chat::Text{.text = "가b",
                              .citations = {{"https://a", "A"},
                                            {.url = "", .raw = R"({"type":"page_location"})"}}}});
  response.choices.push_back({});
  std::vector<chat::Loss> losses;
  const std::string body = write(response, kOptions, &losses);
  testing::Strings fields;
  for (const chat::Loss& loss : losses) fields.push_back(loss.field);
  EXPECT_EQ(fields, (testing::Strings{"answer.content[0]", "answer.content[1].citations[1]",
                                      "answer.choices[1]"}));
  EXPECT_NE(body.find(R"("annotations":[{"type":"url_citation","start_index":0,"end_index":2,)"
                      R"("url":"https://a","title":"A"}])"),
            std::string::npos)
      << body;
}

TEST(ResponsesCount, reads_and_writes_counts) {
  EXPECT_EQ(write_count(42), R"({"object":"response.input_tokens","input_tokens":42})");
  const testing::Parsed parsed(write_count(42));
  EXPECT_EQ(read_count(parsed.tree()), 42);
  AnswerFacts facts;
  const auto patches = scan_answer(Operation::CountTokens, parsed.tree(), kOptions, facts);
  EXPECT_TRUE(patches && patches->empty());
  EXPECT_TRUE(facts.usage_reported);
  EXPECT_EQ(facts.usage, chat::Usage{});
  for (const char* body : {"{}", "[]", R"({"input_tokens":-1})", R"({"input_tokens":"4"})"})
    EXPECT_EQ(fault_of(body, Operation::CountTokens), FaultKind::UpstreamInvalid) << body;
}

TEST(ResponsesErrors, stand_flat_and_nested) {
  const Fault fault{.kind = FaultKind::RateLimited, .detail = "too \"many\"\nrequests"};
  EXPECT_EQ(write_stream_error(fault, 7),
            "event: error\n"
            R"(data: {"type":"error","sequence_number":7,"code":"rate_limit_exceeded",)"
            R"("message":"too \"many\"\nrequests","param":null,)"
            R"("error":{"message":"too \"many\"\nrequests","type":"rate_limit_error",)"
            R"("param":null,"code":"rate_limit_exceeded"}})"
            "\n\n");
  EXPECT_EQ(read_stream(write_stream_error(fault, 0)).fault->kind, FaultKind::RateLimited);
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire
