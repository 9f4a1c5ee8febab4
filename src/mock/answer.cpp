#include "mock/answer.h"

#include <algorithm>

#include "base/text.h"
#include "mock/gzip.h"

namespace naru::mock {
namespace {

/// Characters of a tool's arguments a fragment.
constexpr std::size_t kArgumentCharacters = 8;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  if (text.empty()) return words;
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
         call == Call::OpenAiResponses || call == Call::AnthropicMessages;
}

void add(std::vector<Piece>& pieces, std::vector<std::string> events) {
  for (std::string& event : events) pieces.push_back({.bytes = std::move(event)});
}

/// The first half of an event's bytes: its JSON ends in the middle.
std::string malformed(const Events& events) {
  const std::string& event = events.content.empty() ? events.last : events.content.back();
  return event.substr(0, event.size() / 2) + "\n\n";
}

/// What comes behind the content.
void lay_ending(Events events, const Plan& plan, std::vector<Piece>& pieces) {
  const bool all = plan.after >= events.content.size();
  switch (plan.ending) {
    case Ending::Whole:
    case Ending::Doubled:
    case Ending::Malformed:
      if (plan.ending == Ending::Malformed) pieces.push_back({.bytes = malformed(events)});
      add(pieces, std::move(events.behind));
      pieces.push_back({.bytes = events.last});
      if (plan.ending == Ending::Doubled) pieces.push_back({.bytes = events.last});
      return;
    case Ending::NoEnd:
      if (all) add(pieces, std::move(events.behind));
      return;
    case Ending::Error:
    case Ending::Failed: {
      const bool second = plan.ending == Ending::Failed && !events.failed.empty();
      pieces.push_back({.bytes = second ? events.failed : events.error, .wait = plan.spacing});
      return;
    }
    case Ending::Cut:
    case Ending::HalfClose:
    case Ending::Stall:
      return;
  }
}

void with_crlf(std::vector<Piece>& pieces) {
  for (Piece& piece : pieces) {
    std::string longer;
    for (const char c : piece.bytes) {
      if (c == '\n') longer.push_back('\r');
      longer.push_back(c);
    }
    piece.bytes = std::move(longer);
  }
}

/// The stream up to where the plan lets it end, and how it ends.
void lay_stream(Events events, const Plan& plan, Answer& answer) {
  std::vector<Piece>& pieces = answer.pieces;
  add(pieces, std::move(events.before));
  for (std::uint32_t i = 0; i < plan.pings; ++i) pieces.push_back({.bytes = events.ping});
  const std::size_t count = std::min<std::size_t>(events.content.size(), plan.after);
  for (std::size_t i = 0; i < count; ++i)
    pieces.push_back({.bytes = events.content[i], .wait = i == 0 ? plan.first : plan.spacing});
  lay_ending(std::move(events), plan, pieces);
  if (plan.line_end == LineEnd::CrLf) with_crlf(pieces);
  answer.streams = true;
}

After after_of(Ending ending) {
  if (ending == Ending::Cut) return After::Cut;
  if (ending == Ending::HalfClose) return After::HalfClose;
  return ending == Ending::Stall ? After::Stall : After::Finish;
}

/// Half of a body is what comes before it ends badly.
void lay_body(std::string body, const Plan& plan, Answer& answer) {
  answer.streams = answer.after != After::Finish;
  if (answer.streams || plan.ending == Ending::Malformed) body.resize(body.size() / 2);
  answer.pieces.push_back({.bytes = std::move(body)});
}

/// What one provider's API is made of.
struct Format {
  std::string (*body)(const Ask& ask, const Plan& plan, const Story& story);
  Events (*events)(const Ask& ask, const Plan& plan, const Story& story);
  std::string (*error)(const Plan& plan, const Story& story);
  std::vector<net::Header> (*headers)(const Plan& plan, const Story& story);
  const RefusalRow& (*refusal)(const Plan& plan);
  RetryForm retry_form;
};

const Format& format_of(Call call) {
  static constexpr Format kOpenAi{openai_body,    openai_events,  openai_error,
                                  openai_headers, openai_refusal, RetryForm::Own};
  static constexpr Format kResponses{responses_body, responses_events, openai_error,
                                     openai_headers, openai_refusal,   RetryForm::Own};
  static constexpr Format kAnthropic{anthropic_body,    anthropic_events,  anthropic_error,
                                     anthropic_headers, anthropic_refusal, RetryForm::Seconds};
  if (is_anthropic(call)) return kAnthropic;
  return is_responses(call) ? kResponses : kOpenAi;
}

Retry retry_of(const Format& format, const Plan& plan) {
  Retry retry{.in = plan.retry_in, .form = plan.retry_form};
  if (!plan.retry_after.empty()) return {};
  if (retry.in.count() == 0 && plan.refuse != Refusal::None)
    retry.in = std::chrono::seconds(format.refusal(plan).retry_seconds);
  if (retry.form == RetryForm::Own) retry.form = format.retry_form;
  return retry;
}

/// Each piece's bytes give way to those of one compressed body.
void compress(Answer& answer) {
  std::vector<std::string_view> plain;
  plain.reserve(answer.pieces.size());
  for (const Piece& piece : answer.pieces) plain.push_back(piece.bytes);
  std::vector<std::string> packed = gzipped(plain);
  for (std::size_t i = 0; i < packed.size(); ++i) answer.pieces[i].bytes = std::move(packed[i]);
  answer.headers.push_back({"content-encoding", "gzip"});
}

/// The text that goes out last before the ending grows to what the plan says.
void fill_up(Story& story, const Plan& plan) {
  const std::size_t count = std::min<std::size_t>(story.chunks.size(), plan.after);
  if (count == 0) return;
  std::string& chunk = story.chunks[count - 1];
  chunk.resize(std::max<std::size_t>(chunk.size(), plan.event_bytes), 'x');
}

}  // namespace

std::string joined(const std::vector<std::string>& pieces) {
  std::string all;
  for (const std::string& piece : pieces) all += piece;
  return all;
}

std::string Story::text() const { return joined(chunks); }

void Events::add_block(std::vector<std::string> opened, std::vector<std::string> fragments,
                       std::vector<std::string> closed) {
  std::string between = joined(behind);
  if (content.empty())
    before.insert(before.end(), opened.begin(), opened.end());
  else
    between += joined(opened);
  for (std::string& fragment : fragments) {
    content.push_back(between + fragment);
    between.clear();
  }
  behind = std::move(closed);
}

Story tell(const Ask& ask, const Plan& plan, std::string id) {
  Story story{.thinking = words_of(plan.thinking),
              .chunks = plan.chunks == 0 ? words_of(plan.text) : chunks_of(plan.text, plan.chunks),
              .tool = plan.tool,
              .input_tokens = plan.input_tokens == 0 ? ask.words : plan.input_tokens,
              .output_tokens = plan.output_tokens,
              .id = std::move(id)};
  if (!plan.tool.empty()) {
    const std::size_t fragments = plan.arguments.size() / kArgumentCharacters + 1;
    story.arguments = chunks_of(plan.arguments, static_cast<std::uint32_t>(fragments));
  }
  if (plan.output_tokens == 0)
    story.output_tokens = static_cast<std::uint32_t>(story.thinking.size() + story.chunks.size() +
                                                     story.arguments.size());
  if (plan.event_bytes > 0) fill_up(story, plan);
  return story;
}

Answer compose(const Ask& ask, const Plan& plan, std::string id) {
  const Format& format = format_of(ask.call);
  const Story story = tell(ask, plan, std::move(id));
  const bool failed = refuses(plan);
  Answer answer{.status = static_cast<int>(plan.status),
                .headers = format.headers(plan, story),
                .after = after_of(plan.ending),
                .delay = plan.delay,
                .retry = retry_of(format, plan)};
  if (failed && plan.status < 400) answer.status = static_cast<int>(format.refusal(plan).status);
  if (!plan.retry_after.empty()) answer.headers.push_back({"retry-after", plan.retry_after});
  const bool streams = ask.stream && has_stream(ask.call) && !failed && plan.body.empty();
  std::string type = streams ? "text/event-stream; charset=utf-8" : "application/json";
  if (failed && is_plain(format.refusal(plan), plan)) type = "text/plain";
  if (!plan.content_type.empty()) type = plan.content_type;
  answer.headers.push_back({"content-type", std::move(type)});
  const bool error = failed || plan.ending == Ending::Error || plan.ending == Ending::Failed;
  if (streams)
    lay_stream(format.events(ask, plan, story), plan, answer);
  else if (!plan.body.empty())
    lay_body(plan.body, plan, answer);
  else
    lay_body(error ? format.error(plan, story) : format.body(ask, plan, story), plan, answer);
  if (plan.gzip) compress(answer);
  answer.pieces = cut(std::move(answer.pieces), plan);
  if (answer.pieces.size() > 1 || plan.bytes_a_second > 0) answer.streams = true;
  return answer;
}

}  // namespace naru::mock
