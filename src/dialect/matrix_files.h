#pragma once
#include <map>

#include "base/text.h"
#include "dialect/testing.h"

/// For the test of the translation matrix: the files of tests/matrix (their form: tests/README.md).
/// Shares no code with the codecs, so that one misreading cannot be on both sides.
namespace naru::dialect::matrix {

using testing::Strings;

inline constexpr std::string_view kUpstream = "far";  ///< the upstream's name in every test
inline constexpr std::int64_t kCreated = 1'700'000'000;
inline constexpr std::string_view kOpen = "«";
inline constexpr std::string_view kClose = "»";

inline Strings split(std::string_view text, std::string_view by) {
  Strings parts;
  for (std::size_t at = text.find(by); at != std::string_view::npos; at = text.find(by)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + by.size());
  }
  parts.emplace_back(text);
  return parts;
}

/// What one file says: its head lines by name, its sections by heading.
struct Feature {
  std::string name;  ///< `tools/parallel`
  std::map<std::string, std::string> heads = {};
  std::map<std::string, std::string> sections = {};

  std::string model() const { return heads.contains("model") ? heads.at("model") : "m"; }
  bool names(const std::string& head, std::string_view dialect) const {
    if (!heads.contains(head)) return false;
    const Strings listed = split(heads.at(head), " ");
    return std::ranges::find(listed, dialect) != listed.end();
  }
  /// Whether it is one of requests; else the usual one is asked.
  bool asks() const {
    return std::ranges::any_of(sections, [](const auto& section) {
      return (" " + section.first + " ").contains(" request ");
    });
  }
  /// The first section that is there; nullptr if none is.
  const std::string* find(std::initializer_list<std::string> headings) const {
    for (const std::string& heading : headings)
      if (const auto at = sections.find(heading); at != sections.end()) return &at->second;
    return nullptr;
  }
  /// Fields that a head line such as `loses anthropic from openai_chat` lists, in order.
  Strings fields(const std::string& wide, const std::string& narrow) const {
    const auto exact = heads.find(narrow);
    const auto any = exact == heads.end() ? heads.find(wide) : exact;
    Strings fields = any == heads.end() ? Strings{} : split(any->second, ", ");
    std::erase(fields, "");
    std::ranges::sort(fields);
    return fields;
  }
};

/// One file as it stands.
inline Feature read_file(const std::string& name) {
  Feature feature{.name = name};
  std::string* section = nullptr;
  for (const std::string& line : split(testing::file("tests/matrix/" + name + ".txt"), "\n")) {
    if (line.starts_with("--- ")) {
      section = &feature.sections[line.substr(4)];
    } else if (section != nullptr) {
      section->append(line).append("\n");
    } else if (!line.empty() && !line.starts_with('#')) {
      const std::size_t colon = std::min(line.find(':'), line.size());
      feature.heads[line.substr(0, colon)] = trim(line.substr(std::min(colon + 1, line.size())));
    }
  }
  return feature;
}

/// What tests/matrix/dialects.txt says of each dialect, by its name. A word that comes again goes
/// on.
inline const std::map<std::string, std::map<std::string, std::string>>& all_said() {
  static const auto kSaid = [] {
    std::map<std::string, std::map<std::string, std::string>> said;
    for (const auto& [dialect, text] : read_file("dialects").sections)
      for (const std::string& line : split(text, "\n"))
        if (const std::size_t colon = line.find(": "); colon != line.npos) {
          std::string& value = said[dialect][line.substr(0, colon)];
          value += (value.empty() ? "" : " ") + line.substr(colon + 2);
        }
    return said;
  }();
  return kSaid;
}

/// Empty where it does not say `word`.
inline std::string said_of(const std::string& dialect, const std::string& word) {
  const auto& all = all_said().at(dialect);
  const auto found = all.find(word);
  return found == all.end() ? std::string() : found->second;
}

/// A line of dialects.txt that tells of features: `lacks: FEATURES`, `loses FIELD from C:
/// FEATURES`.
struct FeatureLine {
  std::string head;   ///< `lacks`, `never from`, `never to`, `loses`, `shows not`
  std::string field;  ///< of the last two
  std::string from;   ///< likewise: the other dialect; empty: any
  Strings features;   ///< `sampling/seed`, or with `*` for any run of characters

  bool means(const Feature& feature) const {
    return std::ranges::any_of(features, [&](const std::string& pattern) {
      return matches_pattern(pattern, feature.name);
    });
  }
};
/// nullopt for a word that tells of the dialect itself.
inline std::optional<FeatureLine> find_feature_line(const std::string& word,
                                                    const std::string& value) {
  for (const std::string head : {"lacks", "never from", "never to"})
    if (word == head) return FeatureLine{head, "", "", split(value, " ")};
  for (const std::string head : {"loses", "shows not"}) {
    if (!word.starts_with(head + " ")) continue;
    Strings named = split(word.substr(head.size() + 1), " from ");
    named.resize(2);
    return FeatureLine{head, named[0], named[1], split(value, " ")};
  }
  return std::nullopt;
}

/// Adds what `line` of `dialect` says, as if the feature's file said so. Where the file has a
/// `loses` or `shows not` for the dialect, `own`, that holds alone.
inline void add_line(Feature& feature, const std::string& dialect, const FeatureLine& line,
                     const std::map<std::string, std::string>& own) {
  if (line.field.empty()) {
    feature.heads[line.head] += " " + dialect;
    return;
  }
  const std::string wide = line.head + " " + dialect;
  for (const auto& [other, said] : all_said()) {
    const std::string narrow = wide + " from " + other;
    const bool meant = other != dialect && (line.from.empty() || line.from == other);
    if (meant && !own.contains(wide) && !own.contains(narrow))
      feature.heads[narrow] += ", " + line.field;
  }
}

inline void add_said(Feature& feature, const std::string& dialect) {
  const std::map<std::string, std::string> own = feature.heads;
  for (const auto& [word, value] : all_said().at(dialect))
    if (const auto line = find_feature_line(word, value); line && line->means(feature))
      add_line(feature, dialect, *line, own);
}

inline Feature read_feature(const std::string& name) {
  Feature feature = read_file(name);
  for (const auto& [dialect, said] : all_said()) add_said(feature, dialect);
  return feature;
}

/// Every file of tests/matrix but those at its top, which are no features.
inline std::vector<Feature> read_features() {
  std::vector<Feature> features;
  for (const std::string& group : testing::files_in("tests/matrix")) {
    if (group.contains('.')) continue;
    for (const std::string& file : testing::files_in("tests/matrix/" + group))
      features.push_back(read_feature(group + "/" + file.substr(0, file.find('.'))));
  }
  return features;
}

/// Whose text a section is to become.
struct Side {
  std::string dialect;        ///< of the section
  std::string sealer;         ///< dialect of the upstream, which seals reasoning
  std::string model;          ///< as this side calls it
  std::string id;             ///< of the answer
  bool made_by_naru = false;  ///< a client's side of a crossing: items are naru's, seals wrapped
  const Feature* feature = nullptr;
};

/// An id as a provider of that dialect gives one.
inline std::string far_id(const std::string& dialect) { return said_of(dialect, "ids") + "far"; }

/// A provider's own.
inline Side far_side(const Feature& feature, const std::string& dialect) {
  return {.dialect = dialect,
          .sealer = dialect,
          .model = feature.model(),
          .id = far_id(dialect),
          .feature = &feature};
}

/// `naru1:KIND:UPSTREAM:ID:SEAL`, as a client of another dialect holds it.
inline std::string seal_of(const std::string& word, const std::string& number, const Side& side) {
  const std::string raw = fmt::format("c2VhbA{}==", number);
  if (!side.made_by_naru) return raw;
  const std::string prefix = said_of(side.sealer, "seal id");
  return fmt::format("naru1:{}:{}:{}:{}", said_of(side.sealer, word), kUpstream,
                     prefix.empty() ? "" : prefix + number, raw);
}

inline const std::map<std::string, std::string>& words() {
  static const std::map<std::string, std::string> kWords = [] {
    std::map<std::string, std::string> read;
    for (const std::string& line : split(testing::file("tests/matrix/words.txt"), "\n"))
      if (const std::size_t at = line.find(" = "); !line.starts_with('#') && at != line.npos)
        read[line.substr(0, at)] = line.substr(at + 3);
    return read;
  }();
  return kWords;
}

inline std::string mark_of(const std::string& mark, const Side& side) {
  const Strings parts = split(mark, " ");
  if (mark == "model") return side.model;
  if (mark == "upstream") return std::string(kUpstream);
  if (mark == "id") return side.id;
  if (mark == "created") return fmt::format("{}", kCreated);
  if (parts.size() == 2 && parts[0] == "item")
    return (side.made_by_naru ? "item" : "far") + parts[1];
  if (parts.size() == 2 && (parts[0] == "seal" || parts[0] == "hidden"))
    return seal_of(parts[0], parts[1], side);
  if (mark == "answer") {
    const std::string crossed = side.made_by_naru ? side.dialect + " crossed answer" : "";
    const std::string* answer = side.feature->find({crossed, side.dialect + " answer"});
    NARU_CHECK(answer != nullptr, "«answer» stands beside an answer");
    return *answer;
  }
  NARU_CHECK(words().contains(mark), "tests/matrix/words.txt has every other mark");
  return words().at(mark);
}

/// `text` with every mark replaced, those within what replaces one too.
inline std::string rendered(std::string text, const Side& side) {
  for (std::size_t at = text.find(kOpen); at != text.npos; at = text.find(kOpen, at)) {
    const std::size_t end = text.find(kClose, at);
    const std::string mark = text.substr(at + kOpen.size(), end - at - kOpen.size());
    text.replace(at, end + kClose.size() - at, mark_of(mark, side));
  }
  return text;
}

/// A stream's section, one event a line, as the bytes of its dialect; «n» is the line's number.
inline std::string streamed(const std::string& text, const Side& side) {
  std::string bytes;
  int number = 0;
  for (std::string line : split(text, "\n")) {
    if (line.empty()) continue;
    if (const std::size_t at = line.find("«n»"); at != line.npos)
      line.replace(at, std::string_view("«n»").size(), fmt::format("{}", number));
    ++number;
    line = rendered(std::move(line), side);
    std::erase(line, '\n');
    std::string_view event;
    if (said_of(side.dialect, "events") == "typed") {
      constexpr std::string_view kType = R"({"type":")";
      NARU_CHECK(line.starts_with(kType), "a typed event begins with its type");
      event = std::string_view(line).substr(kType.size());
      event = event.substr(0, event.find('"'));
    }
    wire::append_event(bytes, event, line);
  }
  return bytes;
}

/// The ids naru gives the items of an answer, as `msg_item0`, counted as they appear.
inline std::string with_items_counted(std::string text, const std::string& dialect) {
  std::map<std::string, std::size_t> places;  // of each id, quotes included
  for (const std::string& prefix : split(said_of(dialect, "items"), " "))
    for (std::size_t at = text.find('"' + prefix); !prefix.empty() && at != text.npos;
         at = text.find('"' + prefix, at + 1))
      places.emplace(text.substr(at, text.find('"', at + 1) + 1 - at), at);
  std::vector<std::pair<std::size_t, std::string>> order;
  for (const auto& [id, place] : places) order.emplace_back(place, id);
  std::ranges::sort(order);
  for (std::size_t item = 0; item < order.size(); ++item) {
    const std::string& id = order[item].second;
    const std::string with = fmt::format("{}_item{}\"", id.substr(0, id.find('_')), item);
    for (std::size_t at = text.find(id); at != text.npos; at = text.find(id, at + with.size()))
      text.replace(at, id.size(), with);
  }
  return text;
}

}  // namespace naru::dialect::matrix
