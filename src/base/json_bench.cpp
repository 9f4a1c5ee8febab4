#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "base/json.h"
#include "base/json_writer.h"

namespace naru::json {
namespace {

/// A chat request of about 2.2 KB: a system prompt, some turns, a tool.
std::string chat_body() {
  constexpr std::string_view kTurn =
      "Please read the following notes and tell me, in two or three sentences, what the main "
      "decision was and who has to act on it.\nThe notes are from Tuesday's meeting.";
  std::string body;
  Writer out(body);
  out.object().field("model", "claude-sonnet-4-5").field("stream", true).field("max_tokens", 1024);
  out.key("temperature").number(0.7).key("messages").array();
  for (int i = 0; i < 9; ++i)
    out.object()
        .field("role", i % 2 == 0 ? "user" : "assistant")
        .field("content", kTurn)
        .end_object();
  out.end_array().key("tools").array().object().field("type", "function").key("function").object();
  out.field("name", "get_weather").key("parameters").object().field("type", "object");
  out.key("properties").object().key("city").object().field("type", "string").end_object();
  out.end_object().end_object().end_object().end_object().end_array().end_object();
  return body;
}

std::string token_array() {
  std::string body;
  Writer out(body);
  out.object().key("input").array();
  for (int i = 0; i < 8000; ++i) out.integer(i * 7919 % 100'000);
  out.end_array().end_object();
  return body;
}

std::string image_body() {
  std::string body;
  Writer out(body);
  out.object().field("data", std::string(1 << 20, 'A')).end_object();
  return body;
}

void parse(benchmark::State& state, const std::string& body) {
  for (auto _ : state) {
    const Result<Tree> tree = Tree::parse(body);
    if (!tree) state.SkipWithError(tree.error().detail.c_str());
    benchmark::DoNotOptimize(tree);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void parse_chat_body(benchmark::State& state) { parse(state, chat_body()); }
void parse_token_array(benchmark::State& state) { parse(state, token_array()); }
void parse_image_body(benchmark::State& state) { parse(state, image_body()); }

/// For comparison: simdjson's own DOM, which checks no repeated keys and keeps no spans.
void simdjson_dom_chat_body(benchmark::State& state) {
  const std::string body = chat_body();
  simdjson::dom::parser parser;
  for (auto _ : state) {
    auto element = parser.parse(body);
    benchmark::DoNotOptimize(element);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}

void write_chat_body(benchmark::State& state) {
  std::size_t bytes = 0;
  for (auto _ : state) bytes += chat_body().size();
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

BENCHMARK(parse_chat_body);
BENCHMARK(parse_token_array);
BENCHMARK(parse_image_body);
BENCHMARK(simdjson_dom_chat_body);
BENCHMARK(write_chat_body);

}  // namespace
}  // namespace naru::json
