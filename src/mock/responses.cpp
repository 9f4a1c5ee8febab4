#include "base/json_writer.h"
#include "mock/answer.h"

/// Bytes as api.openai.com sends them for the Responses API. Source: OpenAI API reference,
/// Responses and Responses streaming events.
namespace naru::mock {
namespace {

constexpr std::int64_t kCreated = 1'764'000'000;
constexpr std::string_view kTextPart =
    R"({{"type":"output_text","annotations":[],"logprobs":[],"text":{}}})";
constexpr std::string_view kSummaryPart = R"({{"type":"summary_text","text":{}}})";

std::string quoted(std::string_view text) {
  std::string json;
  json::append_quoted(json, text);
  return json;
}

/// One thing of an answer's `output`.
struct Item {
  std::string id;
  std::string begun = {};    ///< as it stands when it is added
  std::string whole = {};    ///< as it stands when it is done
  std::string address = {};  ///< what all its events tell it by
};

Item item_of(std::string id, int place, std::string_view head, std::string_view begun,
             std::string_view whole) {
  Item item{.id = std::move(id)};
  item.begun = fmt::format(R"({{"id":"{}",{},{}}})", item.id, head, begun);
  item.whole = fmt::format(R"({{"id":"{}",{},{}}})", item.id, head, whole);
  item.address = fmt::format(R"("item_id":"{}","output_index":{})", item.id, place);
  return item;
}

Item thought_item(const Story& story, int place) {
  const std::string part = fmt::format(kSummaryPart, quoted(joined(story.thinking)));
  return item_of("rs_" + story.id, place, R"("type":"reasoning")", R"("summary":[])",
                 fmt::format(R"("summary":[{}])", part));
}

Item text_item(const Story& story, int place) {
  const std::string part = fmt::format(kTextPart, quoted(story.text()));
  return item_of("msg_" + story.id, place, R"("type":"message","role":"assistant")",
                 R"("status":"in_progress","content":[])",
                 fmt::format(R"("status":"completed","content":[{}])", part));
}

Item call_item(const Story& story, int place) {
  const std::string head = fmt::format(R"("type":"function_call","call_id":"call_{}","name":{})",
                                       story.id, quoted(story.tool));
  return item_of(
      "fc_" + story.id, place, head, R"("status":"in_progress","arguments":"")",
      fmt::format(R"("status":"completed","arguments":{})", quoted(joined(story.arguments))));
}

std::string usage_json(const Story& story) {
  return fmt::format(R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},)"
                     R"("output_tokens":{},"output_tokens_details":{{"reasoning_tokens":{}}},)"
                     R"("total_tokens":{}}})",
                     story.input_tokens, story.output_tokens, story.thinking.size(),
                     std::uint64_t{story.input_tokens} + story.output_tokens);
}

/// What differs between the states of one response.
struct State {
  std::string_view status;
  std::string output = "[]";
  std::string usage = "null";
  std::string error = "null";
};

std::string response(const Ask& ask, const Story& story, const State& state) {
  return fmt::format(
      R"({{"id":"resp_{}","object":"response","created_at":{},"status":"{}","background":false,)"
      R"("error":{},"incomplete_details":null,"instructions":null,"max_output_tokens":null,)"
      R"("max_tool_calls":null,"model":{},"output":{},"parallel_tool_calls":true,)"
      R"("previous_response_id":null,"reasoning":{{"effort":null,"summary":null}},)"
      R"("service_tier":"default","store":true,"temperature":1.0,)"
      R"("text":{{"format":{{"type":"text"}},"verbosity":"medium"}},"tool_choice":"auto",)"
      R"("tools":[],"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":{},)"
      R"("user":null,"metadata":{{}}}})",
      story.id, kCreated, state.status, state.error, quoted(ask.model), state.output, state.usage);
}

std::string whole_response(const Ask& ask, const Plan& plan, const Story& story) {
  std::string output;
  int place = 0;
  const auto add = [&](bool there, Item (*make)(const Story&, int)) {
    if (!there) return;
    output += (place == 0 ? "" : ",") + make(story, place).whole;
    ++place;
  };
  add(!story.thinking.empty(), thought_item);
  add(!story.chunks.empty(), text_item);
  add(!story.tool.empty(), call_item);
  return response(ask, story,
                  {.status = "completed",
                   .output = fmt::format("[{}]", output),
                   .usage = plan.usage ? usage_json(story) : "null"});
}

/// Makes the events of one stream, each with the next number.
class Stream {
 public:
  explicit Stream(Events& events) : events_(events) {}

  std::string event(std::string_view type, std::string_view fields) {
    return numbered(type, fields, next_++);
  }
  static std::string numbered(std::string_view type, std::string_view fields, std::size_t number) {
    return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",\"sequence_number\":{1},{2}}}\n\n",
                       type, number, fields);
  }
  void state(std::string_view type, std::string_view response) {
    events_.before.push_back(event(type, fmt::format(R"("response":{})", response)));
  }
  void thoughts(const Story& story);
  void text(const Story& story);
  void call(const Story& story);
  /// The number of an event that comes in place of content event `after`.
  std::size_t number_at(std::size_t after) const {
    return after < fragments_.size() ? fragments_[after] : next_;
  }

 private:
  std::string added(const Item& item) {
    return event("response.output_item.added",
                 fmt::format(R"("output_index":{},"item":{})", place_, item.begun));
  }
  std::string done(const Item& item) {
    return event("response.output_item.done",
                 fmt::format(R"("output_index":{},"item":{})", place_++, item.whole));
  }
  std::vector<std::string> deltas(std::string_view type, std::string_view address,
                                  const std::vector<std::string>& texts, std::string_view more);

  Events& events_;
  std::size_t next_ = 0;
  int place_ = 0;
  std::vector<std::size_t> fragments_;  // numbers of content events
};

std::vector<std::string> Stream::deltas(std::string_view type, std::string_view address,
                                        const std::vector<std::string>& texts,
                                        std::string_view more) {
  return for_each_of(texts, [&](std::string_view text) {
    fragments_.push_back(next_);
    return event(type, fmt::format(R"({},"delta":{}{})", address, quoted(text), more));
  });
}

void Stream::thoughts(const Story& story) {
  const Item item = thought_item(story, place_);
  const std::string at = item.address + R"(,"summary_index":0)";
  const std::string all = quoted(joined(story.thinking));
  const auto part = [&](std::string_view text) { return fmt::format(kSummaryPart, text); };
  const std::string opened = added(item) + event("response.reasoning_summary_part.added",
                                                 fmt::format(R"({},"part":{})", at, part(R"("")")));
  auto fragments = deltas("response.reasoning_summary_text.delta", at, story.thinking, "");
  std::vector<std::string> closed;
  closed.push_back(
      event("response.reasoning_summary_text.done", fmt::format(R"({},"text":{})", at, all)));
  closed.push_back(
      event("response.reasoning_summary_part.done", fmt::format(R"({},"part":{})", at, part(all))));
  closed.push_back(done(item));
  events_.add_block({opened}, std::move(fragments), std::move(closed));
}

void Stream::text(const Story& story) {
  const Item item = text_item(story, place_);
  const std::string at = item.address + R"(,"content_index":0)";
  const std::string all = quoted(story.text());
  std::vector<std::string> opened{added(item)};
  opened.push_back(event("response.content_part.added",
                         fmt::format(R"({},"part":{})", at, fmt::format(kTextPart, R"("")"))));
  auto fragments = deltas("response.output_text.delta", at, story.chunks, R"(,"logprobs":[])");
  std::vector<std::string> closed;
  closed.push_back(
      event("response.output_text.done", fmt::format(R"({},"text":{},"logprobs":[])", at, all)));
  closed.push_back(event("response.content_part.done",
                         fmt::format(R"({},"part":{})", at, fmt::format(kTextPart, all))));
  closed.push_back(done(item));
  events_.add_block(std::move(opened), std::move(fragments), std::move(closed));
}

void Stream::call(const Story& story) {
  const Item item = call_item(story, place_);
  const std::string opened = added(item);
  auto fragments =
      deltas("response.function_call_arguments.delta", item.address, story.arguments, "");
  std::vector<std::string> closed;
  closed.push_back(
      event("response.function_call_arguments.done",
            fmt::format(R"({},"arguments":{})", item.address, quoted(joined(story.arguments)))));
  closed.push_back(done(item));
  events_.add_block({opened}, std::move(fragments), std::move(closed));
}

}  // namespace

std::string responses_body(const Ask& ask, const Plan& plan, const Story& story) {
  if (ask.call == Call::OpenAiInputTokens)
    return fmt::format(R"({{"object":"response.input_tokens","input_tokens":{}}})",
                       story.input_tokens);
  return whole_response(ask, plan, story);
}

Events responses_events(const Ask& ask, const Plan& plan, const Story& story) {
  Events events{.ping = ": ping\n\n"};
  Stream stream(events);
  const std::string begun = response(ask, story, {.status = "in_progress"});
  stream.state("response.created", begun);
  stream.state("response.in_progress", begun);
  if (!story.thinking.empty()) stream.thoughts(story);
  if (!story.chunks.empty()) stream.text(story);
  if (!story.tool.empty()) stream.call(story);
  const std::size_t bad = stream.number_at(plan.after);
  events.last = stream.event("response.completed",
                             fmt::format(R"("response":{})", whole_response(ask, plan, story)));
  const std::string code = quoted(plan.type.empty() ? "server_error" : plan.type);
  const std::string message = quoted(
      plan.message.empty() ? "The server had an error processing your request." : plan.message);
  // The reference has these fields beside `type`; they come in an object.
  events.error =
      Stream::numbered("error",
                       fmt::format(R"("error":{{"type":{},"code":{},"message":{},"param":null}})",
                                   code, code, message),
                       bad);
  const State failed{.status = "failed",
                     .error = fmt::format(R"({{"code":{},"message":{}}})", code, message)};
  events.failed = Stream::numbered(
      "response.failed", fmt::format(R"("response":{})", response(ask, story, failed)), bad);
  return events;
}

}  // namespace naru::mock
