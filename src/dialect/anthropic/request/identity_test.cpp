#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "base/rng.h"
#include "dialect/anthropic/anthropic.h"
#include "dialect/testing.h"

/// A request of this dialect, read and written again, says the same.
namespace naru::dialect {
namespace {

using testing::Parsed;

constexpr std::uint64_t kRuns = 600;

bool says_nothing(json::ValueView member) {
  struct Default {
    std::string_view key;
    std::string_view raw;
  };
  static constexpr auto kDefaults =
      std::to_array<Default>({{"ttl", R"("5m")"},
                              {"type", R"("custom")"},
                              {"strict", "false"},
                              {"stream", "false"},
                              {"is_error", "false"},
                              {"disable_parallel_tool_use", "false"}});
  return member.is_null() || std::ranges::any_of(kDefaults, [&](const Default& one) {
           return one.key == member.key() && one.raw == member.raw();
         });
}

/// Whether it is a list of one text, which may be written as a string.
bool is_lone_text(json::ValueView list) {
  if (!list.is_array() || list.size() != 1) return false;
  const json::ValueView block = *list.begin();
  const auto type = block.find("type");
  return block.is_object() && block.size() == 2 && type && type->text() == "text";
}

/// JSON in one spelling: members by name, without what spells out a default.
std::string normal(json::ValueView value) {
  if (value.is_number()) return fmt::format("{}", value.number().value_or(0));
  if (value.is_string()) return fmt::format("'{}'", value.text());
  if (value.is_array()) {
    std::string list = "[";
    for (const json::ValueView inner : value) list += normal(inner) + ",";
    return list + "]";
  }
  if (!value.is_object()) return std::string(value.raw());
  std::vector<std::string> members;
  for (const json::ValueView member : value) {
    if (says_nothing(member)) continue;
    const bool as_string =
        (member.key() == "content" || member.key() == "system") && is_lone_text(member);
    members.push_back(fmt::format("{}:{}", member.key(),
                                  normal(as_string ? *(*member.begin()).find("text") : member)));
  }
  std::ranges::sort(members);
  return fmt::format("{{{}}}", fmt::join(members, ","));
}

/// Makes up requests of all that the canonical model has; the same seed makes the same.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  std::string request(Operation operation) {
    out_.object().field("model", any({"claude-opus-4-6", "claude-sonnet-4-5", "m"}));
    if (maybe()) system();
    messages();
    tools();
    reasoning();
    if (operation == Operation::Chat) answer_settings();
    if (maybe()) out_.key("inference_geo").raw(R"({"later": [1.50]})");
    out_.end_object();
    return std::move(body_);
  }

 private:
  bool maybe() { return rng_.below(2) == 0; }
  const char* any(std::initializer_list<const char*> of) {
    return *(of.begin() + static_cast<std::ptrdiff_t>(rng_.below(of.size())));
  }
  std::string words() {
    return fmt::format("{}{}", any({"안녕", "a \"b\"", "\\n", "🙂", "{}"}), rng_.below(100));
  }
  std::int64_t number() { return 1 + static_cast<std::int64_t>(rng_.below(5000)); }

  void mark() {
    const char* form = any({"", "", R"({"type":"ephemeral"})", R"({"type":"ephemeral","ttl":"5m"})",
                            R"({"ttl":"1h","type":"ephemeral"})"});
    if (*form != '\0') out_.key("cache_control").raw(form);
  }
  void raw(std::string_view json) { out_.raw(json); }

  void text(bool citing) {
    out_.object().field("type", "text");
    if (citing && maybe()) {
      out_.key("citations").array();
      raw(R"({"type":"web_search_result_location","url":"u","title":null,"cited_text":"c","encrypted_index":"e"})");
      if (maybe()) raw(R"({"type":"char_location","document_index":0,"cited_text":"c"})");
      out_.end_array();
    }
    out_.field("text", words());
    mark();
    out_.end_object();
  }

  void image() {
    out_.object()
        .field("type", "image")
        .key("source")
        .raw(any({R"({"type":"url","url":"https://a/b"})",
                  R"({"type":"base64","media_type":"image/png","data":"iVBO"})",
                  R"({"type":"file","file_id":"f"})"}));
    mark();
    out_.end_object();
  }

  void document() {
    out_.object()
        .field("type", "document")
        .key("source")
        .raw(any({R"({"type":"url","url":"https://a/b.pdf"})",
                  R"({"type":"base64","media_type":"application/pdf","data":"JVBE"})",
                  R"({"type":"text","media_type":"text/plain","data":"plain"})",
                  R"({"type":"content","content":[{"type":"text","text":"x"}]})"}));
    if (maybe()) out_.field("title", words());
    if (maybe()) out_.field("context", words());
    if (maybe()) out_.key("citations").raw(R"({"enabled":true})");
    mark();
    out_.end_object();
  }

  void shown() {
    switch (rng_.below(4)) {
      case 0:
        return image();
      case 1:
        return document();
      case 2:
        return raw(R"({"type":"search_result","source":"s","title":"t","content":[]})");
      default:
        return text(false);
    }
  }

  void system() {
    out_.key("system");
    if (maybe()) {
      out_.text(words());
      return;
    }
    out_.array();
    for (std::uint64_t i = rng_.below(2); i < 3; ++i) text(false);
    out_.end_array();
  }

  void messages() {
    out_.key("messages").array();
    calls_ = 0;
    for (std::uint64_t i = rng_.below(4);; --i) {
      out_.object().field("role", "user").key("content");
      user_content();
      out_.end_object();
      if (i == 0) break;
      out_.object().field("role", "assistant").key("content").array();
      assistant_content();
      out_.end_array().end_object();
    }
    out_.end_array();
  }

  void user_content() {
    if (calls_ == 0 && maybe()) {
      out_.text(words());
      return;
    }
    out_.array();
    for (; calls_ > 0; --calls_) result();
    for (std::uint64_t i = rng_.below(3); i < 3; ++i) shown();
    out_.end_array();
  }

  void result() {
    out_.object().field("type", "tool_result").field("tool_use_id", fmt::format("t_{}", calls_));
    if (maybe()) out_.field("is_error", maybe());
    if (maybe()) {
      out_.field("content", words());
    } else if (maybe()) {
      out_.key("content").array();
      for (std::uint64_t i = rng_.below(3); i < 3; ++i) shown();
      out_.end_array();
    }
    mark();
    out_.end_object();
  }

  void assistant_content() {
    if (maybe()) raw(R"({"type":"thinking","thinking":"hm","signature":"c2ln"})");
    if (maybe()) raw(R"({"type":"thinking","signature":"c2ln","thinking":""})");
    if (maybe()) raw(R"({"type":"redacted_thinking","data":"c2Vh"})");
    if (maybe()) raw(R"({"type":"server_tool_use","id":"s","name":"w","input":{}})");
    text(true);
    for (std::uint64_t i = rng_.below(3); i > 0; --i) {
      out_.object().field("type", "tool_use").field("id", fmt::format("t_{}", ++calls_));
      out_.field("name", "f").key("input").raw(any({"{}", R"({"a": 1.50})"}));
      mark();
      out_.end_object();
    }
  }

  void tools() {
    if (maybe()) return;
    out_.key("tools").array();
    for (const char* name : {"f", "g"}) {
      out_.object().field("name", name).key("input_schema").raw(R"({"type":"object"})");
      if (maybe()) out_.field("description", words());
      if (maybe()) out_.field("strict", maybe());
      if (maybe()) out_.field("type", "custom");
      mark();
      out_.end_object();
    }
    out_.end_array();
    if (maybe()) return;
    const std::string type = any({"auto", "any", "none", "tool"});
    out_.key("tool_choice").object().field("type", type);
    if (type == "tool") out_.field("name", "g");
    if (type != "none" && maybe()) out_.field("disable_parallel_tool_use", maybe());
    out_.end_object();
  }

  void reasoning() {
    if (maybe())
      out_.key("thinking")
          .raw(any({R"({"type":"disabled"})", R"({"type":"adaptive"})",
                    R"({"type":"adaptive","display":"omitted"})",
                    R"({"type":"enabled","budget_tokens":2000})",
                    R"({"type":"enabled","budget_tokens":1024,"display":"summarized"})"}));
    if (maybe())
      out_.key("output_config")
          .raw(any({R"({"effort":"low"})", R"({"effort":"max"})",
                    R"({"format":{"type":"json_schema","schema":{"type": "object"}}})",
                    R"({"effort":"xhigh","format":{"schema":{},"type":"json_schema"}})"}));
  }

  void answer_settings() {
    out_.field("max_tokens", number());
    if (maybe()) out_.key("temperature").raw(any({"0", "0.5", "1.0"}));
    if (maybe()) out_.key("top_p").raw("0.95");
    if (maybe()) out_.field("top_k", number());
    if (maybe()) out_.key("stop_sequences").raw(R"(["END","\n\nx"])");
    if (maybe()) out_.key("metadata").object().field("user_id", words()).end_object();
    if (maybe()) out_.field("service_tier", any({"auto", "standard_only"}));
    if (maybe()) out_.field("stream", maybe());
  }

  Rng rng_;
  std::string body_;
  json::Writer out_{body_};
  int calls_ = 0;
};

void expect_same(const std::string& body, Operation operation) {
  const Parsed said(body);
  ASSERT_TRUE(said.ok()) << body;
  EXPECT_TRUE(anthropic().scan_request(operation, said.tree())) << body;
  const auto request = anthropic().read_request(operation, said.tree());
  ASSERT_TRUE(request) << request.error().detail;
  std::vector<chat::Loss> losses;
  const auto written = anthropic().write_request(operation, *request, losses);
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(normal(Parsed(*written).root()), normal(said.root()));
  for (const chat::Loss& loss : losses) ADD_FAILURE() << loss.field << " " << loss.reason;
}

TEST(AnthropicRequest, says_the_same_read_and_written_again) {
  for (const Operation operation : {Operation::Chat, Operation::CountTokens}) {
    for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
      expect_same(Maker(seed).request(operation), operation);
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " " << name_of(operation);
    }
  }
}

}  // namespace
}  // namespace naru::dialect
