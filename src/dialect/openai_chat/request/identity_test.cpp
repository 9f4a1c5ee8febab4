#include <gtest/gtest.h>

#include "base/json_writer.h"
#include "base/rng.h"
#include "dialect/testing.h"

// Generated requests: client → canonical → the same dialect is the identity up to JSON spelling.
namespace naru::dialect {
namespace {

constexpr int kRuns = 500;

/// Equal as JSON: members in any order, numbers by their value.
bool same(json::ValueView a, json::ValueView b) {
  if (a.type() != b.type() || a.size() != b.size()) return false;
  if (a.is_number()) return a.number() == b.number();
  if (a.is_string()) return a.text() == b.text();
  if (a.is_array()) return std::equal(a.begin(), a.end(), b.begin(), same);
  for (const json::ValueView member : a) {
    const auto other = b.find(member.key());
    if (!other || !same(member, *other)) return false;
  }
  return true;
}

/// Bodies with every feature we model, each of them by chance.
class Bodies {
 public:
  explicit Bodies(std::uint64_t seed) : rng_(seed), out_(body_) {}

  std::string make() {
    out_.object().field("model", chance(2) ? "gpt-4o" : "gpt-5.1");
    write_messages();
    maybe([&] { write_tools(); });
    maybe([&] { write_format(); });
    write_settings();
    write_sampling(body_.find("gpt-5") != std::string::npos);
    maybe([&] {
      out_.field("stream", true);
      maybe([&] { out_.key("stream_options").raw(R"({"include_usage":true})"); });
    });
    maybe([&] { out_.key("web_search_options").raw(R"({"deep":[1,{"x":null}]})"); });
    out_.end_object();
    return std::move(body_);
  }

 private:
  using Words = std::initializer_list<std::string_view>;

  bool chance(std::uint64_t of) { return rng_.below(of) == 0; }
  template <class Act>
  void maybe(const Act& act) {
    if (chance(2)) act();
  }
  std::string_view any_of(Words words) { return *(words.begin() + rng_.below(words.size())); }
  std::string_view words() { return any_of({"a", "\"q\"\n", "안녕", "{}", "\\u", "😀 b", " "}); }
  void maybe_one_of(std::string_view name, Words values) {
    maybe([&] { out_.field(name, any_of(values)); });
  }
  void maybe_raw_of(std::string_view name, Words values) {
    maybe([&] { out_.key(name).raw(any_of(values)); });
  }

  void write_messages() {
    out_.key("messages").array();
    maybe([&] { write_prompt("system"); });
    maybe([&] { write_prompt("developer"); });
    for (std::uint64_t left = 1 + rng_.below(4); left > 0; --left) {
      write_user();
      write_assistant();
    }
    out_.end_array();
  }

  void write_prompt(std::string_view role) {
    out_.object().field("role", role).field("content", words()).end_object();
  }

  void write_user() {
    out_.object().field("role", "user").key("content");
    if (chance(2))
      out_.text(words());
    else
      write_parts();
    maybe_one_of("name", {"kim", "lee"});
    out_.end_object();
  }

  void write_parts() {
    out_.array();
    write_text();
    for (std::uint64_t left = 1 + rng_.below(3); left > 0; --left) {
      if (chance(2))
        write_text();
      else
        out_.raw(any_of(
            {R"({"type":"image_url","image_url":{"url":"https://a/b.png","detail":"high"}})",
             R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}})",
             R"({"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}})",
             R"({"type":"file","file":{"file_id":"file-1"}})",
             R"({"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}})"}));
    }
    out_.end_array();
  }
  void write_text() { out_.object().field("type", "text").field("text", words()).end_object(); }

  void write_assistant() {
    const bool calls = chance(2);
    out_.object().field("role", "assistant").key("content");
    const bool says = !calls || chance(2);
    const bool refuses = !calls && chance(4);
    if (says && !refuses)
      out_.text(words());
    else
      out_.null();
    if (refuses) out_.field("refusal", words());
    maybe_one_of("reasoning_content", {"hm", "let me\nsee"});
    if (says && !refuses)
      maybe_raw_of(
          "annotations",
          {R"([{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"url":"https://a","title":"t"}}])"});
    maybe_raw_of("audio", {R"({"id":"audio_1"})"});
    if (calls) write_calls();
    out_.end_object();
    if (calls) write_results();
  }

  void write_calls() {
    calls_ = 1 + rng_.below(3);
    out_.key("tool_calls").array();
    for (std::uint64_t at = 0; at < calls_; ++at) {
      out_.object().field("id", fmt::format("call_{}", at)).field("type", "function");
      out_.key("function").object().field("name", "f").field("arguments", words());
      out_.end_object().end_object();
    }
    maybe([&] { out_.raw(R"({"id":"c","type":"custom","custom":{"name":"g","input":"x"}})"); });
    out_.end_array();
  }

  void write_results() {
    for (std::uint64_t at = 0; at < calls_; ++at) {
      out_.object().field("role", "tool").field("tool_call_id", fmt::format("call_{}", at));
      out_.key("content");
      if (chance(2)) {
        out_.text(words());
      } else {
        out_.array();
        for (std::uint64_t left = 2 + rng_.below(2); left > 0; --left) write_text();
        out_.end_array();
      }
      maybe_one_of("name", {"f"});
      out_.end_object();
    }
  }

  void write_tools() {
    out_.key("tools").array();
    for (std::uint64_t at = 0; at <= rng_.below(3); ++at) {
      out_.object().field("type", "function").key("function").object();
      out_.field("name", fmt::format("f{}", at));
      maybe_one_of("description", {"does", "안녕"});
      maybe_raw_of("parameters", {R"({"type":"object","properties":{"a":{"enum":[1,"b",null]}}})"});
      maybe([&] { out_.field("strict", true); });
      out_.end_object().end_object();
    }
    out_.end_array();
    maybe_raw_of(
        "tool_choice",
        {R"("auto")", R"("none")", R"("required")",
         R"({"type":"function","function":{"name":"f0"}})",
         R"({"type":"custom","custom":{"name":"g"}})",
         R"({"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f0"}}]}})"});
    maybe_raw_of("parallel_tool_calls", {"true", "false"});
  }

  void write_format() {
    out_.key("response_format");
    if (chance(3)) {
      out_.raw(R"({"type":"json_object"})");
      return;
    }
    out_.object().field("type", "json_schema").key("json_schema").object().field("name", "n");
    maybe_one_of("description", {"d"});
    maybe_raw_of("schema", {R"({"type":"object","additionalProperties":false})"});
    maybe_raw_of("strict", {"true", "false"});
    out_.end_object().end_object();
  }

  void write_settings() {
    maybe_one_of("reasoning_effort",
                 {"none", "minimal", "low", "medium", "high", "xhigh", "ultra"});
    maybe_one_of("verbosity", {"low", "high"});
    maybe_one_of("user", {"u", ""});
    maybe_one_of("safety_identifier", {"s"});
    maybe_raw_of("metadata", {R"({"a":"b"})"});
    maybe_one_of("service_tier", {"auto", "default", "flex", "priority", "scale"});
    maybe_one_of("prompt_cache_key", {"k"});
    maybe_one_of("prompt_cache_retention", {"in_memory", "24h"});
  }

  void write_sampling(bool newer) {
    maybe_raw_of(newer ? "max_completion_tokens" : "max_tokens", {"1", "4096", "1e2"});
    maybe_raw_of("temperature", {"0", "0.70", "2"});
    maybe_raw_of("top_p", {"0.9", "1"});
    maybe_raw_of("frequency_penalty", {"-2", "0.5"});
    maybe_raw_of("presence_penalty", {"2.0", "-0.1"});
    maybe_raw_of("seed", {"0", "-9223372036854775808", "42"});
    maybe_raw_of("logit_bias", {R"({"50256":-100})"});
    maybe_raw_of("stop", {R"(["a"])", R"(["a","\n\n"])"});
    maybe_raw_of("n", {"2", "128"});
    maybe([&] {
      out_.field("logprobs", true);
      maybe_raw_of("top_logprobs", {"1", "20"});
    });
  }

  Rng rng_;
  std::string body_;
  json::Writer out_;
  std::uint64_t calls_ = 0;
};

TEST(OpenAiIdentity, holds_for_every_feature_we_model) {
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    const testing::Parsed body(Bodies(seed).make());
    ASSERT_TRUE(body.ok()) << seed;
    const auto request = openai_chat().read_request(Operation::Chat, body.tree());
    ASSERT_TRUE(request) << "seed " << seed << ": " << request.error().detail;
    std::vector<chat::Loss> losses;
    const testing::Parsed written(
        openai_chat().write_request(Operation::Chat, *request, losses).value());
    ASSERT_TRUE(written.ok());
    ASSERT_TRUE(same(written.root(), body.root())) << "seed " << seed << "\n"
                                                   << body.root().raw() << "\n"
                                                   << written.root().raw();
    EXPECT_EQ(losses, std::vector<chat::Loss>{}) << "seed " << seed;
  }
}

struct Spelling {
  std::string_view plain;
  std::string_view other;
};
class OpenAiSpelling : public ::testing::TestWithParam<Spelling> {};
TEST_P(OpenAiSpelling, makes_no_difference) {
  const auto read = [](std::string_view message) {
    const testing::Parsed body(fmt::format(R"({{"model":"m","messages":[{}]}})", message));
    return openai_chat().read_request(Operation::Chat, body.tree()).value();
  };
  EXPECT_EQ(read(GetParam().plain), read(GetParam().other));
}
INSTANTIATE_TEST_SUITE_P(
    Messages, OpenAiSpelling,
    ::testing::Values(
        Spelling{R"({"role":"user","content":"a"})",
                 R"({"content":[{"type":"text","text":"\u0061"}],"role":"user"})"},
        Spelling{R"({"role":"assistant","content":null,"refusal":"no"})",
                 R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"}]})"},
        Spelling{R"({"role":"assistant","content":"a"})",
                 R"({"role":"assistant","content":"a","refusal":null,"annotations":[],)"
                 R"("audio":null,"tool_calls":[],"function_call":null,"reasoning":""})"},
        Spelling{R"({"role":"tool","tool_call_id":"c","content":"a"})",
                 R"({"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a"}]})"}));

}  // namespace
}  // namespace naru::dialect
