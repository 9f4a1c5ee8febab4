#include <gmock/gmock.h>

#include "base/rng.h"
#include "dialect/matrix_spelling.h"
#include "dialect/testing_events.h"

/// Every feature of tests/matrix between every two dialects.
namespace naru::dialect::matrix {
namespace {

using ::testing::ElementsAreArray;

constexpr std::string_view kPublicModel = "public/model";

/// A feature between a client's dialect and an upstream's.
struct Cell {
  const Feature* feature = nullptr;
  const Dialect* client = nullptr;
  const Dialect* upstream = nullptr;

  std::string from() const { return std::string(client->name()); }
  std::string to() const { return std::string(upstream->name()); }
  bool same() const { return client == upstream; }
  Ends ends() const { return {client, upstream, Operation::Chat}; }
  Strings fields(const std::string& head, const std::string& one, const std::string& other) const {
    return feature->fields(head + " " + one, head + " " + one + " from " + other);
  }
};

std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  return out << cell.feature->name << ", " << cell.from() << " -> " << cell.to();
}

WriterOptions options_of(const Cell& cell) {
  Rng rng(7);
  return {.public_model = std::string(kPublicModel),
          .answer_id = cell.client->make_id(Operation::Chat, rng),
          .created_s = kCreated,
          .stream_usage = true,
          .upstream = cell.same() ? "" : std::string(kUpstream)};
}

Side upstream_side(const Cell& cell) { return far_side(*cell.feature, cell.to()); }

Side client_side(const Cell& cell) {
  return {.dialect = cell.from(),
          .sealer = cell.to(),
          .model = std::string(kPublicModel),
          .id = cell.same() ? far_id(cell.to()) : options_of(cell).answer_id,
          .made_by_naru = !cell.same(),
          .feature = cell.feature};
}

const Feature& usual() {
  static const Feature kUsual = read_feature("default");
  return kUsual;
}

/// What the upstream is to get of what the client asks. What is left where its dialect lacks the
/// feature is the usual, unless the file says another.
const std::string* request_for(const Cell& cell) {
  const std::string crossed = cell.same() ? "" : cell.to() + " crossed request";
  const std::string own = cell.to() + " request";
  const std::string* told = cell.feature->find({own + " from " + cell.from(), crossed, own});
  const bool lacks = cell.feature->names("lacks", cell.to());
  return told == nullptr && lacks ? usual().find({own}) : told;
}

const std::string* sent(const Cell& cell, const std::string& kind) {
  return cell.feature->find({cell.to() + " " + kind});
}

/// What the client is to get of what the upstream sends.
const std::string* told(const Cell& cell, const std::string& kind) {
  if (cell.same()) return sent(cell, kind);
  return cell.feature->find({cell.from() + " " + kind + " from " + cell.to(),
                             cell.from() + " crossed " + kind, cell.from() + " " + kind});
}

/// No client can say it.
bool is_unsaid(const Cell& cell) {
  return cell.feature->asks() && cell.feature->names("lacks", cell.from());
}

bool has_request(const Cell& cell) {
  return !is_unsaid(cell) && request_for(cell) != nullptr &&
         cell.feature->find({cell.from() + " request"}) != nullptr;
}

bool has(const Cell& cell, const std::string& kind) {
  const bool possible = !is_unsaid(cell) && !cell.feature->names("never from", cell.to()) &&
                        !cell.feature->names("never to", cell.from());
  return possible && sent(cell, kind) != nullptr && told(cell, kind) != nullptr;
}

const std::vector<Feature>& all_features() {
  static const std::vector<Feature> kFeatures = [] {
    std::vector<Feature> features = read_features();
    features.push_back(usual());
    return features;
  }();
  return kFeatures;
}

template <class Wanted>
std::vector<Cell> cells(Wanted wanted) {
  std::vector<Cell> cells;
  for (const Feature& feature : all_features())
    for (const Dialect* client : all_dialects())
      for (const Dialect* upstream : all_dialects())
        if (const Cell cell{&feature, client, upstream}; wanted(cell)) cells.push_back(cell);
  return cells;
}

std::string name_of(const ::testing::TestParamInfo<Cell>& info) {
  std::string name = info.param.feature->name + "__" + info.param.from() + "__" + info.param.to();
  std::ranges::replace(name, '/', '_');
  return name;
}

Strings fields_of(const std::vector<chat::Loss>& losses) {
  Strings fields;
  for (const chat::Loss& loss : losses) fields.push_back(loss.field);
  std::ranges::sort(fields);
  fields.erase(std::ranges::unique(fields).begin(), fields.end());
  return fields;
}

TEST(Matrix, knows_the_dialects_there_are) {
  Strings known;
  Strings letters;
  for (const auto& [dialect, said] : all_said()) {
    known.push_back(dialect);
    letters.push_back(said_of(dialect, "letter"));
    for (const char* const word : {"title", "letter", "path", "asks stream"})
      EXPECT_NE(said_of(dialect, word), "") << dialect << " has no " << word;
  }
  Strings there_are;
  for (const Dialect* one : all_dialects()) there_are.emplace_back(one->name());
  std::ranges::sort(there_are);
  EXPECT_EQ(known, there_are) << "tests/matrix/dialects.txt is of others";
  std::ranges::sort(letters);
  EXPECT_EQ(std::ranges::adjacent_find(letters), letters.end()) << "two have the same letter";
}

TEST(Matrix, knows_the_words_and_features_that_are_told_of_dialects) {
  const Strings of_dialects = {"title",       "letter", "path", "upstream path", "ids",    "items",
                               "asks stream", "events", "seal", "hidden",        "seal id"};
  for (const auto& [dialect, said] : all_said())
    for (const auto& [word, value] : said) {
      const auto line = find_feature_line(word, value);
      EXPECT_TRUE(line || std::ranges::find(of_dialects, word) != of_dialects.end())
          << "tests/matrix/dialects.txt says '" << word << "' of " << dialect;
      EXPECT_TRUE(!line || line->from.empty() || all_said().contains(line->from))
          << "there is no dialect '" << line->from << "', which " << dialect << " '" << word << "'";
      for (const std::string& pattern : line ? line->features : Strings{})
        EXPECT_TRUE(std::ranges::any_of(
            all_features(), [&](const Feature& one) { return matches_pattern(pattern, one.name); }))
            << "tests/matrix has no " << pattern << ", which " << dialect << " '" << word << "'";
    }
}

Feature with_line(Feature feature, const std::string& word, const std::string& features) {
  const std::map<std::string, std::string> own = feature.heads;
  const auto line = find_feature_line(word, features);
  if (line && line->means(feature)) add_line(feature, "anthropic", *line, own);
  return feature;
}

TEST(FeatureLines, hold_as_if_the_features_file_said_so) {
  const Feature seed{.name = "sampling/seed", .heads = {{"lacks", "openai_responses"}}};
  const Feature lacked = with_line(seed, "lacks", "media/* sampling/*");
  EXPECT_TRUE(lacked.names("lacks", "anthropic") && lacked.names("lacks", "openai_responses"));
  EXPECT_EQ(with_line(seed, "lacks", "media/* sampling/stop*").heads, seed.heads);
  EXPECT_FALSE(find_feature_line("letter", "A"));

  const auto lost = [](const Feature& feature, const std::string& from) {
    return feature.fields("loses anthropic", "loses anthropic from " + from);
  };
  const Feature any = with_line(seed, "loses seed", "sampling/seed");
  EXPECT_EQ(lost(any, "openai_chat"), Strings{"seed"});
  EXPECT_EQ(lost(any, "openai_responses"), Strings{"seed"});
  EXPECT_EQ(lost(any, "anthropic"), Strings{}) << "it is no crossing";
  const Feature one = with_line(seed, "loses n from openai_chat", "sampling/s*");
  EXPECT_EQ(lost(one, "openai_chat"), Strings{"n"});
  EXPECT_EQ(lost(one, "openai_responses"), Strings{});
}

TEST(FeatureLines, give_way_to_what_the_features_file_says) {
  Feature told{.name = "sampling/seed", .heads = {{"loses anthropic from openai_chat", "n"}}};
  const auto lost = [&](const std::string& from) {
    return with_line(told, "loses seed", "sampling/*")
        .fields("loses anthropic", "loses anthropic from " + from);
  };
  EXPECT_EQ(lost("openai_chat"), Strings{"n"});
  EXPECT_EQ(lost("openai_responses"), Strings{"seed"});
  told.heads = {{"loses anthropic", "n"}};
  EXPECT_EQ(lost("openai_responses"), Strings{"n"});
}

class Requests : public ::testing::TestWithParam<Cell> {};

TEST_P(Requests, are_carried_with_exactly_the_losses_that_are_declared) {
  const Cell& cell = GetParam();
  const std::string asked =
      rendered(*cell.feature->find({cell.from() + " request"}), client_side(cell));
  const std::string wanted = rendered(*request_for(cell), upstream_side(cell));
  const testing::Parsed body(asked);
  ASSERT_TRUE(body.ok()) << asked;
  const Result<RequestScan> scan = cell.client->scan_request(Operation::Chat, body.tree());
  ASSERT_TRUE(scan) << scan.error().detail;
  std::vector<chat::Loss> losses;
  const Forward forward{.upstream_model = cell.feature->model(),
                        .upstream = std::string(kUpstream)};
  const auto got = translate_request(cell.ends(), body.tree(), *scan, forward, losses);
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(spelled(*got, true), spelled(wanted, true));
  if (cell.same() && *request_for(cell) == *cell.feature->find({cell.from() + " request"}))
    EXPECT_EQ(*got, wanted) << "the same dialect's bytes change in nothing but the model";
  EXPECT_THAT(fields_of(losses), ElementsAreArray(cell.fields("loses", cell.to(), cell.from())))
      << "what " << cell << " loses is told by its file, or by dialects.txt of " << cell.to();
}

INSTANTIATE_TEST_SUITE_P(Matrix, Requests, ::testing::ValuesIn(cells(has_request)), name_of);

class OwnRequests : public ::testing::TestWithParam<Cell> {};

TEST_P(OwnRequests, come_back_from_the_canonical_model_as_they_went) {
  const Cell& cell = GetParam();
  const std::string asked =
      rendered(*cell.feature->find({cell.from() + " request"}), upstream_side(cell));
  const testing::Parsed body(asked);
  ASSERT_TRUE(body.ok()) << asked;
  const Result<chat::Request> request = cell.client->read_request(Operation::Chat, body.tree());
  ASSERT_TRUE(request) << request.error().detail;
  std::vector<chat::Loss> losses;
  const auto got = cell.client->write_request(Operation::Chat, *request, losses);
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(spelled(*got, true), spelled(asked, true));
  EXPECT_THAT(fields_of(losses), ElementsAreArray(Strings{}));
}

/// Where a request goes on otherwise than it came even to its own dialect, it is not modelled
/// whole.
bool is_own_request(const Cell& cell) {
  return cell.same() && has_request(cell) &&
         !cell.feature->names("kept as bytes by", cell.from()) &&
         request_for(cell) == cell.feature->find({cell.from() + " request"});
}
INSTANTIATE_TEST_SUITE_P(Matrix, OwnRequests, ::testing::ValuesIn(cells(is_own_request)), name_of);

/// The first event in which they differ; empty if they do not.
std::string difference(const Strings& got, const Strings& wanted) {
  for (std::size_t at = 0; at < std::max(got.size(), wanted.size()); ++at) {
    const std::string here = at < got.size() ? got[at] : "the end";
    const std::string there = at < wanted.size() ? wanted[at] : "the end";
    if (here != there) return fmt::format("event {} is\n{}\nexpected\n{}", at, here, there);
  }
  return {};
}

/// For messages of tests.
std::string described(const chat::Part& part) {
  if (const auto* text = std::get_if<chat::Text>(&part))
    return fmt::format("text '{}', refusal {}, {} citations, logprobs {}", text->text,
                       text->refusal, text->citations.size(), text->logprobs);
  if (const auto* call = std::get_if<chat::ToolCall>(&part))
    return fmt::format("call {} {} '{}'", call->id, call->name, call->arguments);
  if (const auto* thinking = std::get_if<chat::Thinking>(&part))
    return fmt::format("thinking '{}', seal {} '{}', id '{}'", thinking->text,
                       static_cast<int>(thinking->seal), thinking->sealed, thinking->id);
  return fmt::format("part {}", part.index());
}

std::string described(const chat::Response& response) {
  std::string out = fmt::format("{}, tier '{}'\n", response.model, response.service_tier);
  for (const chat::Choice& choice : response.choices) {
    out += fmt::format("stop {} '{}'\n", static_cast<int>(choice.stop), choice.stop_sequence);
    for (const chat::Part& part : choice.parts) out += described(part) + "\n";
  }
  const chat::Usage usage = response.usage.value_or(chat::Usage{});
  out += fmt::format("usage {} {} {} {} {} {}\n", usage.input, usage.cache_read,
                     usage.cache_write_5m, usage.cache_write_1h, usage.output, usage.reasoning);
  for (const chat::Loss& loss : response.losses) out += "loses " + loss.field + "\n";
  return out;
}

/// What the client gets, in the form that is compared.
std::string counted(const Cell& cell, std::string text) {
  return cell.same() ? text : with_items_counted(std::move(text), cell.from());
}

class Answers : public ::testing::TestWithParam<Cell> {};

TEST_P(Answers, are_carried_with_exactly_the_losses_that_are_declared) {
  const Cell& cell = GetParam();
  AnswerFacts facts;
  const auto got = translate_answer(
      cell.ends(), rendered(*sent(cell, "answer"), upstream_side(cell)), options_of(cell), facts);
  ASSERT_TRUE(got) << got.error().detail;
  const std::string wanted = rendered(*told(cell, "answer"), client_side(cell));
  EXPECT_EQ(spelled(counted(cell, *got), false), spelled(wanted, false));
  if (cell.same()) EXPECT_EQ(*got, wanted) << "nothing changes but the model";
  EXPECT_THAT(fields_of(facts.losses),
              ElementsAreArray(cell.fields("shows not", cell.from(), cell.to())));
}

bool has_answer(const Cell& cell) { return has(cell, "answer"); }
INSTANTIATE_TEST_SUITE_P(Matrix, Answers, ::testing::ValuesIn(cells(has_answer)), name_of);

class Streams : public ::testing::TestWithParam<Cell> {
 protected:
  std::string bytes() const {
    return streamed(*sent(GetParam(), "stream"), upstream_side(GetParam()));
  }
};

TEST_P(Streams, are_carried_event_by_event) {
  const Cell& cell = GetParam();
  const testing::Streamed got = testing::stream(cell.ends(), options_of(cell), bytes());
  ASSERT_FALSE(got.fault) << got.fault->detail;
  const std::string wanted = streamed(*told(cell, "stream"), client_side(cell));
  EXPECT_EQ(difference(spelled_events(counted(cell, got.all())), spelled_events(wanted)), "");
  if (cell.same()) EXPECT_EQ(got.all(), wanted) << "nothing changes but the model";
  EXPECT_THAT(fields_of(got.facts.losses),
              ElementsAreArray(cell.fields("shows not", cell.from(), cell.to())));
}

TEST_P(Streams, are_the_same_wherever_they_are_cut) {
  const std::string whole = bytes();
  const std::string_view view = whole;
  const WriterOptions options = options_of(GetParam());
  const std::string wanted = testing::stream(GetParam().ends(), options, view).all();
  for (std::size_t at = 1; at < view.size(); ++at) {
    const std::array<std::string_view, 2> pieces = {view.substr(0, at), view.substr(at)};
    ASSERT_EQ(testing::stream(GetParam().ends(), options, pieces).all(), wanted)
        << "cut behind byte " << at;
  }
}

TEST_P(Streams, are_the_same_in_pieces_of_any_size) {
  const std::string whole = bytes();
  const std::uint64_t seed = std::random_device{}();
  Rng rng(seed);
  const std::string wanted =
      testing::stream(GetParam().ends(), options_of(GetParam()), whole).all();
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string_view> pieces;
    for (std::string_view rest = whole; !rest.empty(); rest.remove_prefix(pieces.back().size()))
      pieces.push_back(rest.substr(0, 1 + rng.below(40)));
    ASSERT_EQ(testing::stream(GetParam().ends(), options_of(GetParam()), pieces).all(), wanted)
        << "seed " << seed << ", round " << round;
  }
}

bool has_stream(const Cell& cell) { return has(cell, "stream"); }
INSTANTIATE_TEST_SUITE_P(Matrix, Streams, ::testing::ValuesIn(cells(has_stream)), name_of);

class BothWays : public ::testing::TestWithParam<Cell> {};

TEST_P(BothWays, of_an_answer_give_the_same_canonical_response) {
  const Cell& cell = GetParam();
  const testing::Parsed plain(rendered(*sent(cell, "answer"), upstream_side(cell)));
  ASSERT_TRUE(plain.ok());
  const Result<chat::Response> answer = cell.upstream->read_answer(plain.tree());
  ASSERT_TRUE(answer) << answer.error().detail;
  std::optional<Fault> fault;
  const std::vector<chat::Event> events = testing::read_events(
      *cell.upstream, streamed(*sent(cell, "stream"), upstream_side(cell)), &fault);
  ASSERT_FALSE(fault) << fault->detail;
  EXPECT_EQ(testing::broken_rule(events), "");
  chat::Response stream = testing::collect(events);
  stream.id = answer->id;
  stream.created_s = answer->created_s;
  EXPECT_TRUE(stream == *answer) << "streamed:\n"
                                 << described(stream) << "plain:\n"
                                 << described(*answer);
}

bool has_both(const Cell& cell) { return cell.same() && has_answer(cell) && has_stream(cell); }
INSTANTIATE_TEST_SUITE_P(Matrix, BothWays, ::testing::ValuesIn(cells(has_both)), name_of);

}  // namespace
}  // namespace naru::dialect::matrix
