#include <benchmark/benchmark.h>

#include "dialect/translate.h"

// Stream events a second on one core, from the upstream's bytes to the client's. `burst` gives the
// splitter many events a read, `paced` one.
namespace naru::dialect {
namespace {

constexpr int kEvents = 256;

std::string openai_event(std::string_view delta) {
  return fmt::format(
      R"(data: {{"id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx","object":"chat.completion.chunk",)"
      R"("created":1795000000,"model":"gpt-4.1-2025-04-14","service_tier":"default",)"
      R"("system_fingerprint":"fp_0123456789","choices":[{{"index":0,"delta":{},)"
      R"("logprobs":null,"finish_reason":null}}],"usage":null}})"
      "\n\n",
      delta);
}

std::vector<std::string> openai_events() {
  std::vector<std::string> events = {openai_event(R"({"role":"assistant","content":""})")};
  while (events.size() < kEvents) events.push_back(openai_event(R"({"content":" 안녕하세요"})"));
  return events;
}

std::vector<std::string> anthropic_events() {
  std::vector<std::string> events = {
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
      "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude\",\"content\":[],"
      "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,"
      "\"output_tokens\":1}}}\n\n",
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"};
  while (events.size() < kEvents)
    events.emplace_back(
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
        "\"delta\":{\"type\":\"text_delta\",\"text\":\" 안녕하세요\"}}\n\n");
  return events;
}

void run(benchmark::State& state, const Ends& ends, bool burst) {
  const std::vector<std::string> events =
      ends.upstream == &openai_chat() ? openai_events() : anthropic_events();
  std::string all;
  for (const std::string& event : events) all += event;
  std::string out;
  for (auto _ : state) {
    const auto answer = make_answer_stream(ends, {.public_model = "public", .answer_id = "id"});
    wire::Splitter splitter(1 << 20);
    const auto pump = [&](std::string_view bytes) {
      static_cast<void>(splitter.feed(bytes));
      while (const auto event = splitter.next()) static_cast<void>(answer->take(*event, out));
      benchmark::DoNotOptimize(out.data());
      out.clear();
    };
    if (burst)
      pump(all);
    else
      for (const std::string& event : events) pump(event);
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
}

void same_openai(benchmark::State& state) { run(state, {&openai_chat(), &openai_chat()}, state.range(0)); }
void same_anthropic(benchmark::State& state) {
  run(state, {&anthropic(), &anthropic()}, state.range(0));
}
void openai_to_anthropic(benchmark::State& state) {
  run(state, {&anthropic(), &openai_chat()}, state.range(0));
}
void anthropic_to_openai(benchmark::State& state) {
  run(state, {&openai_chat(), &anthropic()}, state.range(0));
}
BENCHMARK(same_openai)->ArgName("burst")->Arg(0)->Arg(1);
BENCHMARK(same_anthropic)->ArgName("burst")->Arg(0)->Arg(1);
BENCHMARK(openai_to_anthropic)->ArgName("burst")->Arg(0)->Arg(1);
BENCHMARK(anthropic_to_openai)->ArgName("burst")->Arg(0)->Arg(1);

}  // namespace
}  // namespace naru::dialect
