#include "registry/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <unordered_map>

#include "base/settings/report.h"
#include "base/text.h"

namespace naru::registry {
namespace {

using settings::Node;
using settings::NodeType;

struct Position {
  int line = 0;
  int column = 0;
};

/// Turns the parser's marks, which count bytes, into lines and columns of characters. Marks mostly
/// go forward, so that each byte is looked at about once.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {}

  Position of(const YAML::Mark& mark) {
    if (mark.is_null()) return {};
    const std::size_t end = std::min(static_cast<std::size_t>(mark.pos), text_.size());
    if (mark.line != line_ || end < at_) {
      line_ = mark.line;
      at_ = end - std::min(end, static_cast<std::size_t>(mark.column));
      column_ = 1;
    }
    for (; at_ < end; ++at_)
      if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) ++column_;
    return {mark.line + 1, column_};
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = -1;
  int column_ = 1;
};

/// Builds the nodes of one document from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Places& places, YamlDocument& document) : places_(places), document_(document) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { done(at(mark, NodeType::Empty)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node = at(mark, NodeType::Empty);
    problem(node, "is an alias ('*'); write the value out, or put quotes around it");
    done(std::move(node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node = at(mark, NodeType::Scalar);
    node.text = value;
    check_tag(node, tag);
    done(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, NodeType::List, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, NodeType::Map, tag);
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    problem(at(mark, NodeType::Empty),
            fmt::format("has the anchor '&{}'; take it out", settings::clipped(name)));
  }

 private:
  /// A map or list whose end has not come.
  struct Open {
    Node node;
    std::string path;
    std::optional<Node> key = {};                     // of a map: read, and its value awaited
    std::unordered_map<std::string, int> lines = {};  // of a map: where each name stood first
  };

  Node at(const YAML::Mark& mark, NodeType type) {
    const Position position = places_.of(mark);
    return {.type = type, .line = position.line, .column = position.column};
  }

  void problem(const Node& node, std::string text) {
    document_.problems.push_back(
        {.path = next_path(), .text = std::move(text), .line = node.line, .column = node.column});
  }

  /// Path of the value that comes next.
  std::string next_path() const {
    if (open_.empty()) return {};
    const Open& parent = open_.back();
    if (parent.node.is(NodeType::List))
      return settings::join(parent.path, parent.node.children.size());
    return parent.key ? settings::join(parent.path, parent.key->text) : parent.path;
  }

  /// The parser gives `!` to what is quoted and `?` to the rest when no tag stands there.
  void check_tag(const Node& node, const std::string& tag) {
    if (tag.empty() || tag == "!" || tag == "?") return;
    problem(node, fmt::format("has the tag '{}'; take it out", settings::clipped(tag)));
  }

  void open(const YAML::Mark& mark, NodeType type, const std::string& tag) {
    if (open_.size() == kMaxDepth)
      throw YAML::ParserException(
          mark, fmt::format("more than {} maps and lists within each other", kMaxDepth));
    Node node = at(mark, type);
    check_tag(node, tag);
    open_.push_back({.node = std::move(node), .path = next_path()});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    done(std::move(node));
  }

  /// Lays a finished value where it belongs.
  void done(Node node) {
    if (open_.empty()) {
      document_.root = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.is(NodeType::List)) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.key) {
      take_key(parent, std::move(node));
    } else {
      Node key = *std::exchange(parent.key, std::nullopt);
      add_member(parent.node, std::move(key), std::move(node));
    }
  }

  void take_key(Open& map, Node key) {
    if (!key.is(NodeType::Scalar) || key.text.empty()) {
      problem(key, "has a key that is no plain name");
      key.text.clear();
    } else if (key.text == "<<") {
      problem(key, "has a merge key ('<<'); write the lines out");
    } else if (const auto [first, is_new] = map.lines.emplace(key.text, key.line); !is_new) {
      map.key = key;  // so that the path is that of the repeated member
      problem(key, fmt::format("stands here twice, first in line {}; keep one", first->second));
    }
    map.key = std::move(key);
  }

  /// An unusable key's value is read, for the problems within it, and left out.
  static void add_member(Node& map, Node key, Node value) {
    if (key.text.empty() || key.text == "<<") return;
    value.name = std::move(key.text);
    value.name_line = key.line;
    value.name_column = key.column;
    if (value.is(NodeType::Empty)) {  // its mark is that of whatever follows
      value.line = key.line;
      value.column = key.column;
    }
    map.children.push_back(std::move(value));
  }

  Places& places_;
  YamlDocument& document_;
  std::vector<Open> open_;
};

/// Whether there was a document. What it was found wrong with before the parser throws is kept.
bool read_document(YAML::Parser& parser, Places& places, YamlDocument& document, YamlFile& file) {
  Builder builder(places, document);
  try {
    return parser.HandleNextDocument(builder);
  } catch (const YAML::Exception&) {
    std::ranges::move(document.problems, std::back_inserter(file.problems));
    throw;
  }
}

/// Reads one document after the other until there is none, or the parser throws.
void read_documents(std::string_view text, YamlFile& file) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Places places(text);
  for (std::size_t count = 0;; ++count) {
    YamlDocument document;
    if (!read_document(parser, places, document, file)) return;
    if (count == kMaxDocuments) {
      file.problems.push_back(
          {.path = "",
           .text =
               fmt::format("more than {} documents stand in one file; split it", kMaxDocuments)});
      return;
    }
    if (!document.root.is(NodeType::Empty) || !document.problems.empty())
      file.documents.push_back(std::move(document));
  }
}

std::string told(const YAML::Exception& error) {
  std::string text = "cannot be read as YAML: " + error.msg;
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR))
    text += "; put quotes around a text that begins with '*'";
  return text;
}

std::optional<Problem> find_unreadable(std::string_view text) {
  if (text.size() > kMaxFileBytes)
    return Problem{
        .path = "",
        .text = fmt::format("the file has {} bytes; {} are the most", text.size(), kMaxFileBytes)};
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
           c == 0x7F;
  };
  const auto control = std::ranges::find_if(text, is_control);
  const auto good =
      std::min(static_cast<std::size_t>(control - text.begin()), utf8_valid_bytes(text));
  if (good == text.size()) return std::nullopt;
  const std::string_view before = text.substr(0, good);
  return Problem{.path = "",
                 .text = control == text.end()
                             ? "the text is not UTF-8 here; save the file as UTF-8"
                             : "a control character stands here; take it out",
                 .line = static_cast<int>(std::ranges::count(before, '\n')) + 1};
}

}  // namespace

YamlFile read_yaml(std::string_view text) {
  YamlFile file;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto problem = find_unreadable(text)) {
    file.problems.push_back(*std::move(problem));
    return file;
  }
  try {
    read_documents(text, file);
  } catch (const YAML::Exception& error) {
    const Position position = Places(text).of(error.mark);
    file.problems.push_back(
        {.path = "", .text = told(error), .line = position.line, .column = position.column});
  }
  return file;
}

}  // namespace naru::registry
