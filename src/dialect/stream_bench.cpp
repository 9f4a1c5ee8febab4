#include <benchmark/benchmark.h>

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"
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

std::vector<std::string> responses_events() {
  constexpr std::string_view kResponse =
      R"("response":{"id":"resp_1","object":"response","created_at":1795000000,)"
      R"("status":"in_progress","model":"gpt-4.1-2025-04-14","output":[],"tools":[],)"
      R"("tool_choice":"auto","parallel_tool_calls":true})";
  std::vector<std::string> events;
  const auto add = [&](std::string_view type, std::string_view members) {
    events.push_back(
        fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{},{}}}\n\n", type,
                    type, events.size(), members));
  };
  add("response.created", kResponse);
  add("response.in_progress", kResponse);
  add("response.output_item.added",
      R"("output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress",)"
      R"("role":"assistant","content":[]})");
  add("response.content_part.added",
      R"("item_id":"msg_1","output_index":0,"content_index":0,)"
      R"("part":{"type":"output_text","text":"","annotations":[],"logprobs":[]})");
  while (events.size() < kEvents)
    add("response.output_text.delta",
        R"("item_id":"msg_1","output_index":0,"content_index":0,"delta":" 안녕하세요",)"
        R"("logprobs":[])");
  return events;
}

std::vector<std::string> events_of(const Dialect& upstream) {
  if (&upstream == &openai_chat()) return openai_events();
  return &upstream == &anthropic() ? anthropic_events() : responses_events();
}

void run(benchmark::State& state, const Ends& ends, bool burst) {
  const std::vector<std::string> events = events_of(*ends.upstream);
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

/// Each client over each upstream, as `anthropic_over_openai_chat/burst:1`.
const bool kRegistered = [] {
  for (const Dialect* client : all_dialects())
    for (const Dialect* upstream : all_dialects())
      benchmark::RegisterBenchmark(
          fmt::format("{}_over_{}", client->name(), upstream->name()).c_str(),
          [client, upstream](benchmark::State& state) {
            run(state, {client, upstream}, state.range(0) != 0);
          })
          ->ArgName("burst")
          ->Arg(0)
          ->Arg(1);
  return true;
}();

}  // namespace
}  // namespace naru::dialect
