#pragma once
#include <map>

#include "dialect/testing.h"

/// Words for tests about canonical events.
namespace naru::dialect::testing {

/// Canonical events of a stream; those before a fault, which goes to `fault`.
inline std::vector<chat::Event> read_events(const Dialect& dialect, std::string_view bytes,
                                            std::optional<Fault>* fault = nullptr) {
  const std::unique_ptr<StreamReader> reader = dialect.make_reader();
  wire::Splitter splitter(kEventLimit);
  std::vector<chat::Event> events;
  Result<void> read = splitter.feed(bytes);
  for (auto event = splitter.next(); event && read; event = splitter.next())
    read = reader->read(*event, events);
  if (read) read = reader->finish(events);
  if (!read && fault != nullptr) *fault = read.error();
  return events;
}

/// Whether `events` keep to the grammar of chat/event.h; else the rule they break.
inline std::string broken_rule(std::span<const chat::Event> events) {
  struct Seen {
    std::uint32_t parts = 0;
    bool open = false;
    bool finished = false;
  };
  std::map<std::uint32_t, Seen> choices;
  bool started = false;
  bool ended = false;
  for (const chat::Event& event : events) {
    if (ended) return "something comes after Ended";
    if (std::holds_alternative<chat::Started>(event) && std::exchange(started, true))
      return "it starts twice";
    if (const auto* part = std::get_if<chat::PartStarted>(&event)) {
      Seen& seen = choices[part->choice];
      if (!started || seen.finished || seen.open) return "a part starts at a wrong time";
      if (part->part != seen.parts++) return "parts are not counted up";
      seen.open = true;
    } else if (const auto* delta = std::get_if<chat::PartDelta>(&event)) {
      const Seen& seen = choices[delta->choice];
      if (!seen.open || delta->part + 1 != seen.parts) return "a delta belongs to no open part";
    } else if (const auto* end = std::get_if<chat::PartEnded>(&event)) {
      Seen& seen = choices[end->choice];
      if (!seen.open || end->part + 1 != seen.parts) return "a part ends that is not open";
      seen.open = false;
    } else if (const auto* finished = std::get_if<chat::Finished>(&event)) {
      Seen& seen = choices[finished->choice];
      if (seen.open || std::exchange(seen.finished, true)) return "a choice ends at a wrong time";
    }
    ended = std::holds_alternative<chat::Ended>(event);
  }
  if (ended && !std::ranges::all_of(choices, [](const auto& one) { return one.second.finished; }))
    return "a choice never ends";
  return {};
}

/// Two JSON lists as one; either may be empty text.
inline std::string joined(const std::string& list, const std::string& more) {
  if (list.empty() || more.empty()) return list + more;
  return list.substr(0, list.size() - 1) + "," + more.substr(1);
}

/// The answer that `events` tell.
inline chat::Response collect(std::span<const chat::Event> events) {
  chat::Response response;
  const auto choice_at = [&](std::uint32_t at) -> chat::Choice& {
    if (response.choices.size() <= at) response.choices.resize(at + 1);
    return response.choices[at];
  };
  for (const chat::Event& event : events) {
    if (const auto* start = std::get_if<chat::Started>(&event)) {
      response.id = start->id;
      response.model = start->model;
      response.created_s = start->created_s;
      response.service_tier = start->service_tier;
    } else if (const auto* part = std::get_if<chat::PartStarted>(&event)) {
      choice_at(part->choice).parts.push_back(part->head);
    } else if (const auto* delta = std::get_if<chat::PartDelta>(&event)) {
      chat::Part& into = choice_at(delta->choice).parts.at(delta->part);
      if (auto* text = std::get_if<chat::Text>(&into)) {
        text->text += delta->text;
        text->logprobs = joined(text->logprobs, delta->logprobs);
      }
      if (auto* thinking = std::get_if<chat::Thinking>(&into)) thinking->text += delta->text;
      if (auto* call = std::get_if<chat::ToolCall>(&into)) call->arguments += delta->text;
    } else if (const auto* seal = std::get_if<chat::ThinkingSealed>(&event)) {
      auto& thinking = std::get<chat::Thinking>(choice_at(seal->choice).parts.at(seal->part));
      thinking.sealed = seal->sealed;
      thinking.seal = seal->seal;
    } else if (const auto* cited = std::get_if<chat::Cited>(&event)) {
      auto& text = std::get<chat::Text>(choice_at(cited->choice).parts.at(cited->part));
      text.citations.push_back(cited->citation);
    } else if (const auto* finished = std::get_if<chat::Finished>(&event)) {
      choice_at(finished->choice).stop = finished->stop;
      choice_at(finished->choice).stop_sequence = finished->stop_sequence;
    } else if (const auto* usage = std::get_if<chat::UsageSeen>(&event)) {
      response.usage = usage->usage;
    } else if (const auto* lost = std::get_if<chat::Lost>(&event)) {
      response.losses.push_back(lost->loss);
    }
  }
  return response;
}

/// `response` as a stream would tell it, its texts cut into pieces of `piece` bytes.
inline std::vector<chat::Event> events_of(const chat::Response& response, std::size_t piece) {
  std::vector<chat::Event> events;
  events.emplace_back(
      chat::Started{response.id, response.model, response.created_s, response.service_tier});
  for (std::uint32_t choice = 0; choice < response.choices.size(); ++choice) {
    const chat::Choice& told = response.choices[choice];
    for (std::uint32_t at = 0; at < told.parts.size(); ++at) {
      chat::Part head = told.parts[at];
      std::string text;
      std::vector<chat::Citation> citations;
      std::string logprobs;  // go with the first piece
      chat::Thinking seal;
      if (auto* one = std::get_if<chat::Text>(&head)) {
        text = std::exchange(one->text, {});
        citations = std::exchange(one->citations, {});
        logprobs = std::exchange(one->logprobs, {});
      }
      if (auto* one = std::get_if<chat::Thinking>(&head)) {
        seal.sealed = std::exchange(one->sealed, {});
        seal.seal = std::exchange(one->seal, chat::Seal::None);
      }
      if (auto* one = std::get_if<chat::Thinking>(&head)) text = std::exchange(one->text, {});
      if (auto* one = std::get_if<chat::ToolCall>(&head)) text = std::exchange(one->arguments, {});
      events.emplace_back(chat::PartStarted{choice, at, std::move(head)});
      for (std::size_t from = 0; from < text.size(); from += piece)
        events.emplace_back(
            chat::PartDelta{choice, at, text.substr(from, piece), std::exchange(logprobs, {})});
      for (const chat::Citation& citation : citations)
        events.emplace_back(chat::Cited{choice, at, citation});
      if (seal.seal != chat::Seal::None)
        events.emplace_back(chat::ThinkingSealed{choice, at, seal.sealed, seal.seal});
      events.emplace_back(chat::PartEnded{choice, at});
    }
    events.emplace_back(chat::Finished{choice, told.stop, told.stop_sequence});
  }
  if (response.usage) events.emplace_back(chat::UsageSeen{*response.usage});
  events.emplace_back(chat::Ended{});
  return events;
}

}  // namespace naru::dialect::testing
