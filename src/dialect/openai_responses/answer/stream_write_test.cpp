#include <gtest/gtest.h>

#include "dialect/openai_responses/answer/stream_checker.h"
#include "dialect/openai_responses/answer/stream_testing.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using chat::Seal;
using chat::StopReason;
using Events = std::vector<chat::Event>;

const WriterOptions kOptions{
    .public_model = "m", .answer_id = "resp_abc", .created_s = 9, .echo = R"("user":"u")"};

std::string data_of(const std::string& frames, std::size_t number) {
  wire::Splitter splitter(testing::kEventLimit);
  EXPECT_TRUE(splitter.feed(frames));
  for (auto event = splitter.next(); event; event = splitter.next())
    if (number-- == 0) return std::string(event->data);
  return {};
}

ClientResponse checked(const std::string& bytes) {
  StreamChecker checker;
  checker.feed(bytes);
  EXPECT_TRUE(checker.ended()) << bytes;
  return checker.response();
}

TEST(ResponsesWriter, writes_the_events_of_a_text) {
  const Events events = {chat::Started{"theirs", "their-model", 1, "default"},
                         chat::PartStarted{0, 0, chat::Text{}},
                         chat::PartDelta{0, 0, "a\n"},
                         chat::Cited{0, 0, {"https://a", "A"}},
                         chat::PartDelta{0, 0, "b", R"([{"token":"b"}])"},
                         chat::PartEnded{0, 0},
                         chat::Finished{0, StopReason::EndTurn, {}},
                         chat::UsageSeen{{.input = 1, .output = 2}},
                         chat::Ended{}};
  const std::string bytes = write_stream(events, kOptions);
  checked(bytes);
  const auto data = [&](std::size_t number) { return data_of(bytes, number); };
  EXPECT_TRUE(data(0).starts_with(
      R"({"type":"response.created","response":{"id":"resp_abc","object":"response",)"
      R"("created_at":9,"status":"in_progress")"))
      << data(0);
  EXPECT_TRUE(data(1).ends_with(R"("user":"u"},"sequence_number":1})")) << data(1);
  EXPECT_EQ(data(2),
            R"({"type":"response.output_item.added","output_index":0,"item":{"id":"msg_abc_0",)"
            R"("type":"message","role":"assistant","content":[],"status":"in_progress"},)"
            R"("sequence_number":2})");
  const std::string place = R"("item_id":"msg_abc_0","output_index":0,"content_index":0,)";
  EXPECT_EQ(data(3), R"({"type":"response.content_part.added",)" + place +
                         R"("part":{"type":"output_text","annotations":[],"logprobs":[],)"
                         R"("text":""},"sequence_number":3})");
  EXPECT_EQ(data(4), R"({"type":"response.output_text.delta",)" + place +
                         R"("delta":"a\n","logprobs":[],"sequence_number":4})");
  EXPECT_EQ(data(5), R"({"type":"response.output_text.delta",)" + place +
                         R"("delta":"b","logprobs":[{"token":"b"}],"sequence_number":5})");
  EXPECT_EQ(data(6), R"({"type":"response.output_text.annotation.added",)" + place +
                         R"("annotation_index":0,"annotation":{"type":"url_citation",)"
                         R"("start_index":0,"end_index":3,"url":"https://a","title":"A"},)"
                         R"("sequence_number":6})");
  EXPECT_EQ(data(7), R"({"type":"response.output_text.done",)" + place +
                         R"("text":"a\nb","logprobs":[{"token":"b"}],"sequence_number":7})");
  EXPECT_TRUE(data(10).starts_with(R"({"type":"response.completed","response":{)")) << data(10);
  EXPECT_EQ(data(11), "");
}

TEST(ResponsesWriter, writes_the_events_of_reasoning_and_calls) {
  const Events events = {chat::Started{},
                         chat::PartStarted{0, 0, chat::Thinking{.text = {}, .id = "rs_up"}},
                         chat::PartDelta{0, 0, "why"},
                         chat::ThinkingSealed{0, 0, "gAAA", Seal::Encrypted},
                         chat::PartEnded{0, 0},
                         chat::PartStarted{0, 1, chat::ToolCall{"call_a", "f", ""}},
                         chat::PartEnded{0, 1},
                         chat::PartStarted{0, 2, chat::ToolCall{"call_b", "g", ""}},
                         chat::PartDelta{0, 2, R"({"a")"},
                         chat::PartDelta{0, 2, ":1}"},
                         chat::PartEnded{0, 2},
                         chat::Finished{0, StopReason::ToolUse, {}},
                         chat::Ended{}};
  const std::string bytes = write_stream(events, kOptions);
  checked(bytes);
  EXPECT_EQ(data_of(bytes, 4),
            R"({"type":"response.reasoning_summary_text.delta","item_id":"rs_up",)"
            R"("output_index":0,"summary_index":0,"delta":"why","sequence_number":4})");
  EXPECT_EQ(data_of(bytes, 7),
            R"({"type":"response.output_item.done","output_index":0,"item":{"id":"rs_up",)"
            R"("type":"reasoning","summary":[{"type":"summary_text","text":"why"}],)"
            R"("encrypted_content":"gAAA","status":"completed"},"sequence_number":7})");
  EXPECT_EQ(data_of(bytes, 10),
            R"({"type":"response.function_call_arguments.done","item_id":"fc_abc_1",)"
            R"("output_index":1,"arguments":"{}","sequence_number":10})");
  const chat::Choice told = read_stream(bytes).response().choices.at(0);
  EXPECT_EQ(told.parts,
            (std::vector<chat::Part>{chat::Thinking{"why", "gAAA", Seal::Encrypted, "rs_up"},
                                     chat::ToolCall{"call_a", "f", "{}"},
                                     chat::ToolCall{"call_b", "g", R"({"a":1})"}}));
  EXPECT_EQ(told.stop, StopReason::ToolUse);
}

TEST(ResponsesWriter, ends_even_an_answer_that_says_nothing) {
  const ClientResponse told = checked(write_stream(Events{chat::Ended{}}, kOptions));
  EXPECT_EQ(told.status, "completed");
  EXPECT_TRUE(told.output.empty());
}

TEST(ResponsesWriter, takes_a_crossings_seal_along) {
  WriterOptions options = kOptions;
  options.upstream = "claude";
  const Events events = {chat::Started{},
                         chat::PartStarted{0, 0, chat::Thinking{.text = {}}},
                         chat::ThinkingSealed{0, 0, "secret", Seal::Redacted},
                         chat::PartEnded{0, 0},
                         chat::Finished{},
                         chat::Ended{}};
  const chat::Response told = read_stream(write_stream(events, options)).response();
  EXPECT_EQ(
      told.choices.at(0).parts.at(0),
      chat::Part(chat::Thinking{"", "naru1:redacted:claude::secret", Seal::Encrypted, "rs_abc_0"}));
}

TEST(ResponsesWriter, names_each_thing_it_leaves_out_once) {
  const Events events = {chat::Started{},
                         chat::PartStarted{0, 0, chat::Opaque{"audio", "{}"}},
                         chat::PartEnded{0, 0},
                         chat::PartStarted{1, 0, chat::Text{}},
                         chat::PartDelta{1, 0, "other"},
                         chat::PartEnded{1, 0},
                         chat::Finished{0, StopReason::EndTurn, {}},
                         chat::Finished{1, StopReason::EndTurn, {}},
                         chat::Ended{}};
  std::vector<chat::Loss> losses;
  checked(write_stream(events, kOptions, &losses));
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_EQ(losses.at(0).field, "answer.content[0]");
  EXPECT_EQ(losses.at(1).field, "answer.choices[1]");
}

TEST(ResponsesWriter, leaves_out_log_probabilities_that_are_no_json) {
  const auto writes = [](const std::string& logprobs) {
    const chat::Response response{
        .id = "i",
        .model = "m",
        .choices = {{.parts = {chat::Text{.text = "a", .logprobs = logprobs}}}}};
    std::vector<chat::Loss> losses;
    const std::string bytes = write_stream(testing::events_of(response, 1), kOptions, &losses);
    EXPECT_EQ(checked(bytes), read_plain(write_answer(response, kOptions, losses)));
    return losses.size();
  };
  EXPECT_EQ(writes(R"([{"token":"a","logprob":-Infinity}])"), 2U);
  EXPECT_EQ(writes("[]"), 0U);
  EXPECT_EQ(writes("[1]"), 0U);
  EXPECT_EQ(writes(""), 0U);
}

TEST(ResponsesWriter, counts_its_events_and_pings_with_a_comment_line) {
  const auto writer = make_writer(kOptions);
  std::string out;
  std::vector<chat::Loss> losses;
  EXPECT_EQ(writer->next_event(), 0);
  writer->write(chat::Ping{}, out, losses);
  EXPECT_EQ(out, ": ping\n");
  writer->write(chat::Started{}, out, losses);
  EXPECT_EQ(writer->next_event(), 2);
}

/// Makes answers, each allowed by the model, out of a seed.
class AnswerMaker {
 public:
  explicit AnswerMaker(std::uint64_t seed) : rng_(seed) {}

  chat::Response make() {
    chat::Response response{.id = kOptions.answer_id,
                            .model = kOptions.public_model,
                            .created_s = kOptions.created_s,
                            .choices = {}};
    chat::Choice& choice = response.choices.emplace_back();
    for (std::uint64_t left = rng_.below(6); left > 0; --left) choice.parts.push_back(part());
    choice.stop = stop_of(choice);
    if (rng_.below(4) > 0)
      response.usage = chat::Usage{.input = count(),
                                   .cache_read = count(),
                                   .cache_write_5m = count(),
                                   .output = 50 + count(),
                                   .reasoning = count()};
    if (rng_.below(2) > 0) response.service_tier = "flex";
    return response;
  }

  /// `response` as a stream tells it, its words cut anywhere between two characters.
  Events stream(const chat::Response& response) {
    Events cut;
    for (chat::Event& event : testing::events_of(response, std::string::npos - 1)) {
      auto* delta = std::get_if<chat::PartDelta>(&event);
      if (delta == nullptr) {
        cut.push_back(std::move(event));
        continue;
      }
      for (std::size_t from = 0; from < delta->text.size();) {
        const std::string_view rest = std::string_view(delta->text).substr(from);
        const std::string_view piece = clipped(rest, 4 + rng_.below(9));
        cut.emplace_back(chat::PartDelta{0, delta->part, std::string(piece),
                                         std::exchange(delta->logprobs, {})});
        from += piece.size();
      }
    }
    return cut;
  }

 private:
  std::int64_t count() { return static_cast<std::int64_t>(rng_.below(50)); }

  std::string words() {
    static const std::vector<std::string> kWords = {
        "a",  " ",    "안녕",   "\U0001F600",  "\"",          "\\", "\n",        "\r\n",
        "\t", "\x01", "\u2028", "{\"a\":[1]}", "data: x\n\n", "é",  "</script>", "한국어 문장"};
    std::string text;
    for (std::uint64_t left = 1 + rng_.below(8); left > 0; --left)
      text += kWords[rng_.below(kWords.size())];
    return text;
  }

  chat::Part part() {
    switch (rng_.below(4)) {
      case 0:
        return thinking();
      case 1:
        return chat::ToolCall{fmt::format("call_{}", next_++), "f", words()};
      default:
        return text();
    }
  }

  chat::Part thinking() {
    chat::Thinking made{.text = {}, .id = fmt::format("rs_up{}", next_++)};
    if (rng_.below(3) > 0) made.text = words();
    if (made.text.empty() || rng_.below(2) > 0) {
      made.sealed = "gAAA" + std::to_string(rng_.below(100));
      made.seal = Seal::Encrypted;
    }
    return made;
  }

  chat::Part text() {
    chat::Text made{.text = words(), .refusal = rng_.below(6) == 0};
    if (made.refusal) return made;
    for (std::uint64_t left = rng_.below(3); left > 0; --left)
      made.citations.push_back({.url = "https://a/" + std::to_string(left), .title = words()});
    if (rng_.below(4) == 0) made.citations.push_back({.url = "", .raw = R"({"type":"file_path"})"});
    if (rng_.below(3) == 0)
      made.logprobs = R"([{"token":"a", "logprob":-0.5,"bytes":[97],"top_logprobs":[]}])";
    return made;
  }

  /// One that such an answer can have: what it held decides where the model was not cut off.
  StopReason stop_of(const chat::Choice& choice) {
    if (rng_.below(4) == 0) return StopReason::MaxTokens;
    bool refuses = false;
    for (const chat::Part& part : choice.parts) {
      if (std::holds_alternative<chat::ToolCall>(part)) return StopReason::ToolUse;
      const auto* text = std::get_if<chat::Text>(&part);
      refuses = refuses || (text != nullptr && text->refusal);
    }
    if (refuses) return StopReason::Refusal;
    return rng_.below(4) == 0 ? StopReason::Refusal : StopReason::EndTurn;
  }

  Rng rng_;
  int next_ = 0;
};

/// An address' own JSON is told beside it; the answers here do not have it.
chat::Response without_raw_addresses(chat::Response response) {
  for (chat::Part& part : response.choices.at(0).parts)
    if (auto* text = std::get_if<chat::Text>(&part))
      for (chat::Citation& one : text->citations)
        if (!one.url.empty()) one.raw.clear();
  return response;
}

TEST(ResponsesCodec, tells_the_same_in_a_stream_and_in_a_plain_answer) {
  const std::uint64_t first = std::random_device{}();
  for (std::uint64_t seed = first; seed < first + 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    AnswerMaker maker(seed);
    const chat::Response response = maker.make();
    std::vector<chat::Loss> losses;
    const std::string plain = write_answer(response, kOptions, losses);
    const std::string bytes = write_stream(maker.stream(response), kOptions, &losses);
    EXPECT_TRUE(losses.empty());
    EXPECT_EQ(checked(bytes), read_plain(plain));
    const testing::Parsed parsed(plain);
    const auto read = read_answer(parsed.tree());
    ASSERT_TRUE(read) << plain;
    EXPECT_EQ(without_raw_addresses(*read), response);
    const Read streamed = read_stream(bytes);
    ASSERT_FALSE(streamed.fault) << bytes;
    chat::Response told = streamed.response();
    told.service_tier = read->service_tier;
    if (told.choices.empty()) told.choices.emplace_back();
    EXPECT_EQ(told, *read) << bytes;
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(ResponsesCodec, keeps_a_sources_own_json_and_offsets) {
  const std::string raw =
      R"({"type":"url_citation","start_index":2,"end_index":4,"url":"https://a","title":"A"})";
  chat::Response response{.id = "resp_abc", .model = "m", .choices = {}};
  response.choices = {
      {.parts = {chat::Text{.text = "abcdef", .citations = {{"https://a", "A", "", raw}}}}}};
  std::vector<chat::Loss> losses;
  const testing::Parsed parsed(write_answer(response, kOptions, losses));
  EXPECT_EQ(read_answer(parsed.tree())->choices, response.choices);
}

}  // namespace
}  // namespace naru::dialect::openai_responses_wire
