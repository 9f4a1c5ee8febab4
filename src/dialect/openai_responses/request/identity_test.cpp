#include <gtest/gtest.h>

#include <map>

#include "base/json_writer.h"
#include "base/rng.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/testing.h"

// Generated requests of this dialect, read and written again: the same JSON values.
namespace naru::dialect {
namespace {

using json::Writer;
using testing::Parsed;

/// One spelling for equal values: members in order of their names, texts and numbers alike.
void append_plain(std::string& out, json::ValueView value) {
  if (value.is_object()) {
    std::map<std::string_view, json::ValueView> members;
    for (const json::ValueView member : value) members.emplace(member.key(), member);
    out += '{';
    for (const auto& [name, member] : members) {
      json::append_quoted(out, name);
      out += ':';
      append_plain(out, member);
      out += ',';
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (const json::ValueView one : value) {
      append_plain(out, one);
      out += ',';
    }
    out += ']';
  } else if (value.is_string()) {
    json::append_quoted(out, value.text());
  } else if (value.is_number()) {
    out += fmt::format("{}", value.number().value_or(0));
  } else {
    out += value.raw();
  }
}

/// The members of `body`, one a line, but for those naru decides itself.
std::string plain(const std::string& body) {
  const Parsed parsed(body);
  if (!parsed.ok()) return "no JSON: " + body;
  std::map<std::string_view, std::string> members;
  for (const json::ValueView member : parsed.root())
    if (member.key() != "store" && member.key() != "include")
      append_plain(members[member.key()], member);
  std::string lines;
  for (const auto& [name, value] : members) lines += fmt::format("{}: {}\n", name, value);
  return lines;
}

/// Writes one request by chance.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed), out_(body_) {}

  std::string make() {
    out_.object().field("model", "m");
    const bool instructed = one_in(2);
    if (instructed) out_.field("instructions", words());
    make_input(instructed ? "system" : "user");
    if (one_in(2)) make_tools();
    if (one_in(2)) make_choice();
    if (one_in(2)) make_text();
    if (one_in(2)) make_reasoning();
    make_settings();
    out_.end_object();
    return body_;
  }

 private:
  bool one_in(std::uint64_t n) { return rng_.below(n) == 0; }
  std::size_t up_to(std::size_t most) { return rng_.below(most + 1); }
  std::string_view any_of(std::initializer_list<std::string_view> words) {
    return words.begin()[rng_.below(words.size())];
  }
  std::string words() {
    std::string text;
    for (std::size_t left = 1 + up_to(3); left > 0; --left)
      text += any_of({"a", " b", "가나다", "\n", "\"", "\\", "\t", "😀", "{}", "</s>", "\x7f"});
    return text;
  }

  /// A leading system message would be written as instructions.
  void make_input(std::string_view first_role) {
    out_.key("input").array();
    out_.object().field("type", "message").field("role", first_role).key("content");
    make_content(2);
    out_.end_object();
    make_prompts();
    for (std::size_t turns = up_to(3); turns > 0; --turns) {
      make_turn();
      make_prompts();
    }
    out_.end_array();
  }

  /// Results for the calls that wait, then messages.
  void make_prompts() {
    const bool results = !calls_.empty();
    for (const std::string& call : calls_) {
      out_.object().field("type", "function_call_output").field("call_id", call).key("output");
      make_content(up_to(2) * 2);
      out_.end_object();
    }
    calls_.clear();
    for (std::size_t left = results ? up_to(1) : 1 + up_to(1); left > 0; --left) {
      out_.object().field("type", "message");
      out_.field("role", any_of({"user", "user", "developer", "system"})).key("content");
      make_content(up_to(2) * 2);
      out_.end_object();
    }
  }

  /// A string, or so many parts.
  void make_content(std::size_t parts) {
    if (parts == 0) {
      out_.text(words());
      return;
    }
    out_.array();
    for (; parts > 0; --parts) make_part();
    out_.end_array();
  }

  void make_part() {
    out_.object();
    switch (rng_.below(6)) {
      case 0:
        out_.field("type", "input_image").field("image_url", "data:image/png;base64,AA==");
        out_.field("detail", any_of({"auto", "low", "high"}));
        break;
      case 1:
        out_.field("type", "input_image").field("image_url", "https://a/b.png");
        out_.field("detail", "auto");
        break;
      case 2:
        out_.field("type", "input_file").field("filename", words());
        out_.field("file_data", "data:application/pdf;base64,JVBE");
        break;
      case 3:
        out_.field("type", "input_file").field("file_url", "https://a/b.pdf");
        break;
      case 4:
        out_.field("type", "input_file").field("file_id", "file_1");
        break;
      default:
        out_.field("type", "input_text").field("text", words());
    }
    out_.end_object();
  }

  /// What the model did: no two messages beside each other, which would be read as one.
  void make_turn() {
    bool said = false;
    for (std::size_t left = 1 + up_to(4); left > 0; --left) {
      const std::uint64_t what = rng_.below(said ? 3 : 4);
      if (what == 0) make_reasoning_item();
      if (what == 1) make_call();
      if (what == 2)
        out_.object().field("type", "web_search_call").field("id", "ws_1").end_object();
      if (what == 3) make_message();
      said = what == 3;
    }
  }

  void make_reasoning_item() {
    out_.object().field("type", "reasoning");
    if (!one_in(3)) out_.field("id", "rs_1");
    out_.key("summary").array();
    if (!one_in(3)) out_.object().field("type", "summary_text").field("text", words()).end_object();
    out_.end_array().field("encrypted_content", "gAAAA_-").end_object();
  }

  void make_call() {
    calls_.push_back(fmt::format("call_{}", rng_.below(1000)));
    out_.object().field("type", "function_call").field("call_id", calls_.back());
    out_.field("name", "f").field("arguments", any_of({"{}", R"({"a": 1.0})", "{broken"}));
    out_.end_object();
  }

  void make_message() {
    out_.object().field("type", "message").field("role", "assistant").key("content").array();
    for (std::size_t left = 1 + up_to(2); left > 0; --left) {
      if (one_in(4))
        out_.object().field("type", "refusal").field("refusal", words()).end_object();
      else
        make_output_text();
    }
    out_.end_array().end_object();
  }

  void make_output_text() {
    out_.object().field("type", "output_text").field("text", words()).key("annotations").array();
    if (one_in(3))
      out_.raw(R"({"type":"url_citation","start_index":0,"end_index":1,"url":"u","title":"t"})");
    if (one_in(3)) out_.raw(R"({"type":"file_citation","file_id":"f","filename":"n","index":0})");
    out_.end_array();
    if (one_in(3)) out_.key("logprobs").raw(R"([{"token":"a","logprob":-0.5}])");
    out_.end_object();
  }

  void make_tools() {
    out_.key("tools").array();
    for (std::size_t left = 1 + up_to(3); left > 0; --left) {
      if (one_in(4)) {
        out_.object().field("type", any_of({"web_search", "mcp", "custom"})).end_object();
        continue;
      }
      out_.object().field("type", "function").field("name", "f");
      if (one_in(2)) out_.field("description", words());
      out_.key("parameters").raw(R"({"type":"object","properties":{"a":{"const":1.0}}})");
      if (one_in(2)) out_.field("strict", one_in(2));
      out_.end_object();
    }
    out_.end_array();
  }

  void make_choice() {
    out_.key("tool_choice")
        .raw(any_of(
            {R"("auto")", R"("none")", R"("required")", R"({"type":"mcp","server_label":"s"})",
             R"({"type":"function","name":"f"})",
             R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]})",
             R"({"type":"allowed_tools","mode":"required","tools":[{"type":"mcp"}]})"}));
  }

  void make_text() {
    out_.key("text").object();
    const std::uint64_t form = rng_.below(3);
    if (form == 0) out_.key("format").raw(R"({"type":"json_object"})");
    if (form == 1) {
      out_.key("format").object().field("type", "json_schema").field("name", "n");
      if (one_in(2)) out_.field("description", words());
      out_.key("schema").raw(R"({"type":"object"})");
      if (one_in(2)) out_.field("strict", one_in(2));
      out_.end_object();
    }
    if (form == 2 || one_in(2)) out_.field("verbosity", any_of({"low", "medium", "high"}));
    out_.end_object();
  }

  void make_reasoning() {
    out_.key("reasoning").object();
    out_.field("effort", any_of({"none", "minimal", "low", "medium", "high", "xhigh"}));
    if (one_in(2)) out_.field("summary", any_of({"auto", "concise", "detailed"}));
    out_.end_object();
  }

  void make_settings() {
    if (one_in(3)) out_.field("parallel_tool_calls", one_in(2));
    if (one_in(3)) out_.field("max_output_tokens", static_cast<std::int64_t>(16 + up_to(1000)));
    if (one_in(3)) out_.key("temperature").number(rng_.fraction() * 2);
    if (one_in(3)) out_.key("top_p").number(rng_.fraction());
    if (one_in(3)) out_.field("top_logprobs", static_cast<std::int64_t>(up_to(20)));
    if (one_in(3)) out_.key("metadata").raw(R"({"k":"v","가":"나"})");
    if (one_in(3)) out_.field("service_tier", one_in(2) ? "flex" : "priority");
    for (const std::string_view name :
         {"user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "unknown"})
      if (one_in(3)) out_.field(name, words());
    if (one_in(3)) out_.field("truncation", "auto");
    if (one_in(3)) out_.field("stream", true);
    if (one_in(3)) out_.field("store", one_in(2));
  }

  Rng rng_;
  std::string body_;
  Writer out_;
  std::vector<std::string> calls_;  // that wait for their results
};

TEST(ResponsesIdentity, holds_for_generated_requests) {
  constexpr int kRequests = 2000;
  const std::uint64_t first = Rng().next();
  for (int run = 0; run < kRequests; ++run) {
    const std::uint64_t seed = first + static_cast<std::uint64_t>(run);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::string body = Maker(seed).make();
    const Parsed parsed(body);
    ASSERT_TRUE(parsed.ok()) << body;
    ASSERT_TRUE(openai_responses_wire::scan_request(Operation::Chat, parsed.tree())) << body;
    const auto request = openai_responses_wire::read_request(Operation::Chat, parsed.tree());
    ASSERT_TRUE(request) << request.error().detail << "\n" << body;
    std::vector<chat::Loss> losses;
    const std::string written =
        openai_responses_wire::write_request(Operation::Chat, *request, losses);
    ASSERT_EQ(plain(written), plain(body));
    ASSERT_TRUE(losses.empty()) << losses[0].field;
  }
}

struct Spelling {
  std::string_view said;
  std::string_view plain;  ///< the same in the words of the writer
};
class ResponsesSpelling : public ::testing::TestWithParam<Spelling> {};
TEST_P(ResponsesSpelling, is_read_alike) {
  const auto read = [](std::string_view members) {
    const Parsed parsed(fmt::format(R"({{"model":"m",{}}})", members));
    return openai_responses_wire::read_request(Operation::Chat, parsed.tree());
  };
  const auto request = read(GetParam().said);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(*request, read(GetParam().plain));
}
INSTANTIATE_TEST_SUITE_P(
    Forms, ResponsesSpelling,
    ::testing::Values(
        Spelling{R"("input":"a")", R"("input":[{"type":"message","role":"user","content":"a"}])"},
        Spelling{R"("input":[{"role":"user","content":[{"type":"input_text","text":"a"}]}])",
                 R"("input":"a")"},
        Spelling{R"("input":[{"role":"assistant","content":"a"}])",
                 R"("input":[{"role":"assistant","content":[{"type":"output_text","text":"a"}]}])"},
        Spelling{
            R"("input":[{"role":"assistant","content":"a"},{"role":"assistant","content":"b"}])",
            R"("input":[{"role":"assistant","content":[{"type":"output_text","text":"a"},)"
            R"({"type":"output_text","text":"b"}]}])"},
        Spelling{R"("input":[{"type":"function_call_output","call_id":"c","output":"a","id":"x"}])",
                 R"("input":[{"type":"function_call_output","call_id":"c","output":[)"
                 R"({"type":"input_text","text":"a"}]}])"}));

}  // namespace
}  // namespace naru::dialect
