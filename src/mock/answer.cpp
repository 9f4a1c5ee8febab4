#include "mock/answer.h"

#include <algorithm>

#include "base/text.h"

namespace naru::mock {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' '))
    words.push_back(fmt::format("{}{}", words.empty() ? "" : " ", word));
  return words;
}

std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}

/// `text` in `count` chunks of nearly as many characters each; repeated if it is too short.
std::vector<std::string> chunks_of(std::string_view text, std::uint32_t count) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < text.size(); at += characters.back().size())
    characters.push_back(text.substr(at, character_bytes(text, at)));
  std::vector<std::string> chunks(count);
  if (characters.empty()) return chunks;
  const std::size_t in_all = std::max<std::size_t>(characters.size(), count);
  for (std::size_t i = 0; i < in_all; ++i)
    chunks[i * count / in_all] += characters[i % characters.size()];
  return chunks;
}

bool has_stream(Call call) {
  return call == Call::OpenAiChat || call == Call::OpenAiComplete ||
         call == Call::AnthropicMessages;
}

void add(std::vector<Piece>& pieces, std::vector<std::string> events) {
  for (std::string& event : events) pieces.push_back({.bytes = std::move(event)});
}

/// The stream up to where the plan lets it end, and how it ends.
void lay_stream(Events events, const Plan& plan, Answer& answer) {
  std::vector<Piece>& pieces = answer.pieces;
  add(pieces, std::move(events.before));
  for (std::uint32_t i = 0; i < plan.pings; ++i) pieces.push_back({.bytes = events.ping});
  const std::size_t count = std::min<std::size_t>(events.content.size(), plan.after);
  for (std::size_t i = 0; i < count; ++i)
    pieces.push_back(
        {.bytes = std::move(events.content[i]), .wait = i == 0 ? plan.first : plan.spacing});
  const bool whole = plan.ending == Ending::Whole || plan.ending == Ending::Doubled;
  if (whole || (plan.ending == Ending::NoEnd && plan.after >= events.content.size()))
    add(pieces, std::move(events.behind));
  if (whole) pieces.push_back({.bytes = events.last});
  if (plan.ending == Ending::Doubled) pieces.push_back({.bytes = events.last});
  if (plan.ending == Ending::Error) pieces.push_back({.bytes = events.error, .wait = plan.spacing});
}

/// Half of a body is what comes before it ends badly.
void lay_body(std::string body, const Plan& plan, Answer& answer) {
  answer.streams = plan.ending == Ending::Cut || plan.ending == Ending::Stall;
  if (answer.streams) body.resize(body.size() / 2);
  answer.pieces.push_back({.bytes = std::move(body)});
}

}  // namespace

std::string Story::text() const {
  std::string all;
  for (const std::string& chunk : chunks) all += chunk;
  return all;
}

Story tell(const Ask& ask, const Plan& plan, std::string id) {
  Story story{.chunks = plan.chunks == 0 ? words_of(plan.text) : chunks_of(plan.text, plan.chunks),
              .input_tokens = plan.input_tokens == 0 ? ask.words : plan.input_tokens,
              .id = std::move(id)};
  const std::size_t counted = plan.chunks == 0 ? story.chunks.size() : plan.chunks;
  story.output_tokens =
      plan.output_tokens == 0 ? static_cast<std::uint32_t>(counted) : plan.output_tokens;
  return story;
}

Answer compose(const Ask& ask, const Plan& plan, std::string id) {
  const bool anthropic = is_anthropic(ask.call);
  const Story story = tell(ask, plan, std::move(id));
  Answer answer{.status = static_cast<int>(plan.status),
                .headers = anthropic ? anthropic_headers(story) : openai_headers(story),
                .delay = plan.delay};
  if (!plan.retry_after.empty()) answer.headers.push_back({"retry-after", plan.retry_after});
  if (plan.ending == Ending::Cut) answer.after = After::Cut;
  if (plan.ending == Ending::Stall) answer.after = After::Stall;
  const bool failed = plan.status >= 400;
  const bool streams = ask.stream && has_stream(ask.call) && !failed && plan.body.empty();
  std::string type = streams ? "text/event-stream; charset=utf-8" : "application/json";
  if (!plan.content_type.empty()) type = plan.content_type;
  answer.headers.push_back({"content-type", std::move(type)});
  if (streams) {
    lay_stream(anthropic ? anthropic_events(ask, plan, story) : openai_events(ask, plan, story),
               plan, answer);
    answer.streams = true;
  } else if (!plan.body.empty()) {
    lay_body(plan.body, plan, answer);
  } else if (failed) {
    lay_body(anthropic ? anthropic_error(plan, story) : openai_error(plan), plan, answer);
  } else {
    lay_body(anthropic ? anthropic_body(ask, plan, story) : openai_body(ask, plan, story), plan,
             answer);
  }
  answer.pieces = cut(std::move(answer.pieces), plan);
  if (answer.pieces.size() > 1) answer.streams = true;
  return answer;
}

std::vector<Piece> cut(std::vector<Piece> pieces, const Plan& plan) {
  if (plan.cut_every == 0 && plan.cut_at == 0) return pieces;
  std::vector<Piece> finer;
  std::size_t at = 0;  // bytes of the body so far
  for (Piece& piece : pieces) {
    std::string_view rest = piece.bytes;
    for (milliseconds wait = piece.wait; !rest.empty(); wait = milliseconds(0)) {
      std::size_t most = rest.size();
      if (plan.cut_every > 0) most = std::min<std::size_t>(most, plan.cut_every);
      if (at < plan.cut_at) most = std::min<std::size_t>(most, plan.cut_at - at);
      finer.push_back({.bytes = std::string(rest.substr(0, most)), .wait = wait});
      rest.remove_prefix(most);
      at += most;
    }
  }
  return finer;
}

}  // namespace naru::mock
