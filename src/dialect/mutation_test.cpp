#include <gtest/gtest.h>

#include "base/rng.h"
#include "dialect/matrix_files.h"
#include "dialect/testing_rules.h"

/// Streams of tests/matrix that their upstream has spoiled, to clients of every dialect.
namespace naru::dialect::matrix {
namespace {

constexpr int kRounds = 60;  // of each stream

std::uint64_t seed_of_run() {
  const char* const asked = std::getenv("NARU_SEED");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : Rng().next();
}

Strings events_of(const std::string& bytes) {
  Strings events = split(bytes, "\n\n");
  events.pop_back();
  for (std::string& event : events) event += "\n\n";
  return events;
}

std::size_t any_of(const Strings& events, Rng& rng) { return rng.below(events.size()); }

/// Puts one of `words` where a value stands behind one of the `names`, in an event that has any.
void replace_value(Strings& events, const Strings& names, const Strings& words, Rng& rng) {
  struct Place {
    std::size_t event, begin, end;
  };
  std::vector<Place> places;
  for (std::size_t event = 0; event < events.size(); ++event)
    for (const std::string& name : names) {
      const std::string& text = events[event];
      const std::string key = "\"" + name + "\":";
      for (std::size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
        const std::size_t begin = at + key.size();
        const bool quoted = text[begin] == '"';
        const std::size_t end =
            quoted ? text.find('"', begin + 1) + 1 : text.find_first_of(",}]", begin);
        places.push_back({event, begin, end});
      }
    }
  if (places.empty()) return;
  const Place place = places[rng.below(places.size())];
  events[place.event].replace(place.begin, place.end - place.begin, words[rng.below(words.size())]);
}

/// A `type` and the event's name with it, as another protocol or another step would have them.
void rename_event(Strings& events, Rng& rng) {
  static const Strings kTypes = {"message_start",
                                 "message_delta",
                                 "message_stop",
                                 "content_block_start",
                                 "content_block_stop",
                                 "chat.completion.chunk",
                                 "response.created",
                                 "response.output_item.added",
                                 "response.output_item.done",
                                 "response.content_part.added",
                                 "response.content_part.done",
                                 "response.output_text.delta",
                                 "response.output_text.done",
                                 "response.refusal.delta",
                                 "response.completed",
                                 "ping",
                                 "zzz"};
  std::string& event = events[any_of(events, rng)];
  const std::size_t data = event.find("data: ");
  std::string body = event.substr(data);
  const std::string& type = kTypes[rng.below(kTypes.size())];
  if (data > 0 && body.starts_with("data: {\"type\":\"")) body.erase(7, body.find(',') - 6);
  if (!body.starts_with("data: {\"")) return;
  event = fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",{1}", type, body.substr(7));
}

std::string mutate(Strings& events, Rng& rng) {
  const std::size_t at = any_of(events, rng);
  switch (rng.below(7)) {
    case 0:
      events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
      return fmt::format("event {} dropped", at);
    case 1:
      events.insert(events.begin() + static_cast<std::ptrdiff_t>(at), std::string(events[at]));
      return fmt::format("event {} repeated", at);
    case 2:
      if (at > 0) std::swap(events[at - 1], events[at]);
      return fmt::format("events {} and {} swapped", at - 1, at);
    case 3:
      replace_value(events, {"index", "output_index", "content_index", "summary_index"},
                    {"0", "1", "2", "7", "-1", "1.5", "\"0\"", "9223372036854775808"}, rng);
      return "an index changed";
    case 4:
      replace_value(events, {"type"},
                    {R"("text")", R"("tool_use")", R"("text_delta")", R"("input_json_delta")",
                     R"("message")", R"("function_call")", R"("output_text")", R"("refusal")",
                     R"("reasoning")", R"("zzz")", R"("")", "7"},
                    rng);
      return "a type changed";
    case 5:
      replace_value(events, {"role", "status", "finish_reason", "stop_reason"},
                    {R"("user")", R"("zzz")", R"("stop")", R"("end_turn")", R"("completed")",
                     R"("in_progress")", "5", "null"},
                    rng);
      return "a word changed";
    default:
      rename_event(events, rng);
      return "an event renamed";
  }
}

/// A provider's stream of one feature.
struct Source {
  const Feature* feature = nullptr;
  const Dialect* upstream = nullptr;
  std::string bytes = {};
};

std::vector<Source> sources(const std::vector<Feature>& features) {
  std::vector<Source> sources;
  for (const Feature& feature : features)
    for (const Dialect* upstream : all_dialects()) {
      const std::string name(upstream->name());
      const std::string* text = feature.find({name + " stream"});
      if (text == nullptr || feature.names("never from", name)) continue;
      sources.push_back({&feature, upstream, streamed(*text, far_side(feature, name))});
    }
  return sources;
}

WriterOptions options_of(const Dialect& client) {
  Rng rng(7);
  return {.public_model = "public/model",
          .answer_id = client.make_id(Operation::Chat, rng),
          .created_s = kCreated,
          .stream_usage = true,
          .upstream = std::string(kUpstream)};
}

std::string breach_for(const Dialect& client, const Dialect& upstream, std::string_view bytes) {
  const Ends ends{&client, &upstream, Operation::Chat};
  return testing::breach_in(client, testing::stream(ends, options_of(client), bytes));
}

TEST(Mutation, of_nothing_leaves_every_stream_whole) {
  const std::vector<Feature> features = read_features();
  for (const Source& source : sources(features))
    for (const Dialect* client : all_dialects()) {
      const Ends ends{client, source.upstream, Operation::Chat};
      const testing::Streamed got = testing::stream(ends, options_of(*client), source.bytes);
      EXPECT_FALSE(got.fault) << source.feature->name << ": " << got.fault->detail;
      EXPECT_EQ(testing::breach_in(*client, got), "") << source.feature->name;
    }
}

TEST(Mutation, of_a_providers_stream_never_reaches_a_client_as_a_whole_answer_that_is_broken) {
  const std::vector<Feature> features = read_features();
  const std::uint64_t seed = seed_of_run();
  Rng rng(seed);
  for (const Source& source : sources(features))
    for (int round = 0; round < kRounds; ++round) {
      Strings events = events_of(source.bytes);
      std::string how = mutate(events, rng);
      if (rng.below(4) == 0 && !events.empty()) how += ", " + mutate(events, rng);
      std::string bytes;
      for (const std::string& event : events) bytes += event;
      for (const Dialect* client : all_dialects())
        ASSERT_EQ(breach_for(*client, *source.upstream, bytes), "")
            << "NARU_SEED=" << seed << ", " << source.feature->name << " from "
            << source.upstream->name() << " to " << client->name() << ", round " << round << ", "
            << how << ":\n"
            << bytes;
    }
}

}  // namespace
}  // namespace naru::dialect::matrix
