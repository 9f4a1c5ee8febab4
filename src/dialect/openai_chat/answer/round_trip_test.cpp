#include <gtest/gtest.h>

#include "base/rng.h"
#include "dialect/openai_chat/answer/stream_checker.h"
#include "dialect/testing_events.h"

// Generated answers: a plain one and a stream of it tell a client, and our own readers, the same.
namespace naru::dialect {
namespace {

constexpr int kRuns = 300;

/// Answers that this dialect can show whole, in the order in which it shows them.
class Answers {
 public:
  explicit Answers(std::uint64_t seed) : rng_(seed) {}

  chat::Response make() {
    chat::Response response{.id = "chatcmpl-1", .model = "m", .created_s = 7, .choices = {}};
    for (std::uint64_t left = 1 + rng_.below(3); left > 0; --left)
      response.choices.push_back(make_choice());
    if (chance(2)) response.usage = make_usage();
    if (chance(2)) response.service_tier = chance(2) ? "flex" : "priority";
    return response;
  }

  /// The events of `response`, those of its choices mixed, its texts cut between characters.
  std::vector<chat::Event> stream(const chat::Response& response) {
    std::vector<chat::Event> events;
    std::vector<std::vector<chat::Event>> queues(response.choices.size());
    std::vector<chat::Event> tail;
    for (chat::Event& event : testing::events_of(response, 1 << 20)) {
      if (const auto choice = choice_of(event))
        cut(std::move(event), queues[*choice]);
      else
        (std::holds_alternative<chat::Started>(event) ? events : tail).push_back(std::move(event));
    }
    std::vector<std::size_t> taken(queues.size());
    for (std::size_t open = queues.size(); open > 0;) {
      const std::size_t at = rng_.below(queues.size());
      if (taken[at] == queues[at].size()) continue;
      events.push_back(queues[at][taken[at]++]);
      if (taken[at] == queues[at].size()) --open;
    }
    std::ranges::move(tail, std::back_inserter(events));
    return events;
  }

 private:
  bool chance(std::uint64_t of) { return rng_.below(of) == 0; }

  std::string words() {
    static constexpr auto kWords =
        std::to_array<std::string_view>({"a", "\"q\" ", "안녕", "\n", "\\", "😀", "{}", "ß "});
    std::string text;
    for (std::uint64_t left = 1 + rng_.below(8); left > 0; --left)
      text += kWords[rng_.below(kWords.size())];
    return text;
  }

  chat::Usage make_usage() {
    chat::Usage usage{.input = number(),
                      .cache_read = number(),
                      .cache_write_5m = number(),
                      .cache_write_1h = 0,
                      .output = 1 + number()};
    usage.reasoning =
        static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(usage.output)));
    return usage;
  }
  std::int64_t number() { return static_cast<std::int64_t>(rng_.below(100)); }

  chat::Choice make_choice() {
    chat::Choice choice;
    add_thoughts(choice);
    if (chance(2)) choice.parts.emplace_back(make_text(false));
    const bool refuses = chance(4);
    if (refuses) {
      choice.parts.emplace_back(make_text(true));
      choice.stop = chat::StopReason::Refusal;
    } else if (chance(2)) {
      for (std::uint64_t at = 0; at <= rng_.below(3); ++at)
        choice.parts.emplace_back(chat::ToolCall{fmt::format("c{}", at), "f", words()});
      choice.stop = chat::StopReason::ToolUse;
    } else if (chance(4)) {
      choice.stop = chat::StopReason::Refusal;
    }
    if (chance(4)) choice.stop = chat::StopReason::MaxTokens;
    return choice;
  }

  /// Only the last may be without a seal: nothing in a stream tells it from one that follows.
  void add_thoughts(chat::Choice& choice) {
    for (std::uint64_t left = rng_.below(3); left > 0; --left) {
      chat::Thinking thinking;
      if (chance(2)) {
        thinking = {.text = words(), .sealed = words(), .seal = chat::Seal::Signature};
      } else {
        thinking = {.text = {}, .sealed = words(), .seal = chat::Seal::Encrypted, .id = "rs_1"};
      }
      choice.parts.emplace_back(std::move(thinking));
    }
    if (chance(4)) choice.parts.emplace_back(chat::Thinking{.text = words()});
  }

  chat::Text make_text(bool refusal) {
    chat::Text text;
    text.text = words();
    text.refusal = refusal;
    if (chance(3)) text.logprobs = R"([{"token":"a","logprob":-0.5},{"token":"b","logprob":0}])";
    if (refusal || !chance(3)) return text;
    text.citations = {{.url = "https://a",
                       .title = "t",
                       .quote = {},
                       .raw = R"({"type":"url_citation","url_citation":)"
                              R"({"start_index":1,"end_index":2,"url":"https://a","title":"t"}})"}};
    return text;
  }

  static std::optional<std::uint32_t> choice_of(const chat::Event& event) {
    return std::visit(
        [](const auto& one) -> std::optional<std::uint32_t> {
          if constexpr (requires { one.choice; }) return one.choice;
          return std::nullopt;
        },
        event);
  }

  void cut(chat::Event event, std::vector<chat::Event>& out) {
    auto* delta = std::get_if<chat::PartDelta>(&event);
    if (delta == nullptr) {
      out.push_back(std::move(event));
      return;
    }
    std::string text = std::exchange(delta->text, {});
    while (!text.empty()) {
      std::size_t size = 1 + rng_.below(text.size());
      while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
        ++size;
      chat::PartDelta piece = *delta;
      piece.text = text.substr(0, size);
      out.emplace_back(std::move(piece));
      delta->logprobs.clear();
      text.erase(0, size);
    }
  }

  Rng rng_;
};

std::string written(std::span<const chat::Event> events, const WriterOptions& options,
                    std::vector<chat::Loss>& losses) {
  const auto writer = openai_chat().make_writer(options);
  std::string bytes;
  for (const chat::Event& event : events) writer->write(event, bytes, losses);
  return bytes;
}

TEST(OpenAiRoundTrip, tells_the_same_in_a_stream_and_in_a_plain_answer) {
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Answers answers(seed);
    const chat::Response response = answers.make();
    const WriterOptions options{.public_model = response.model,
                                .answer_id = response.id,
                                .created_s = response.created_s,
                                .stream_usage = true};
    std::vector<chat::Loss> losses;
    const std::string plain = openai_chat().write_answer(response, options, losses);
    const std::string stream = written(answers.stream(response), options, losses);
    EXPECT_EQ(losses, std::vector<chat::Loss>{});
    EXPECT_EQ(openai_chat_client::read_stream(stream), openai_chat_client::read_plain(plain));

    const testing::Parsed body(plain);
    EXPECT_EQ(openai_chat().read_answer(body.tree()).value(), response) << plain;
    std::optional<Fault> fault;
    const auto events = testing::read_events(openai_chat(), stream, &fault);
    EXPECT_FALSE(fault) << fault->detail;
    EXPECT_EQ(testing::broken_rule(events), "");
    EXPECT_EQ(testing::collect(events), response) << stream;
    if (HasFailure()) return;
  }
}

/// On a crossing every seal is wrapped, which a client sends back and a request's reader knows.
TEST(OpenAiRoundTrip, brings_seals_of_other_dialects_back) {
  const std::vector<chat::Part> thoughts = {
      chat::Thinking{.text = "hm", .sealed = "s", .seal = chat::Seal::Signature},
      chat::Thinking{.text = {}, .sealed = "r:d", .seal = chat::Seal::Redacted},
      chat::Thinking{.text = "so", .sealed = "e", .seal = chat::Seal::Encrypted, .id = "rs_1"}};
  const chat::Response response{.id = {}, .model = "m", .choices = {{.parts = thoughts}}};
  const WriterOptions options{.public_model = "m", .answer_id = "i", .upstream = "up"};
  std::vector<chat::Loss> losses;
  const std::string plain = openai_chat().write_answer(response, options, losses);
  const auto client = openai_chat_client::read_plain(plain);
  const std::string stream = written(testing::events_of(response, 1), options, losses);
  EXPECT_EQ(openai_chat_client::read_stream(stream), client);

  std::string details;
  for (const std::string& one : client.choices.at(0).details)
    details += (details.empty() ? "" : ",") + one;
  const testing::Parsed request(fmt::format(
      R"({{"model":"m","messages":[{{"role":"assistant","reasoning_details":[{}]}}]}})", details));
  std::vector<chat::Part> expected = thoughts;
  for (chat::Part& part : expected) std::get<chat::Thinking>(part).origin = "up";
  EXPECT_EQ(openai_chat().read_request(Operation::Chat, request.tree())->messages.at(0).parts,
            expected);
}

}  // namespace
}  // namespace naru::dialect
