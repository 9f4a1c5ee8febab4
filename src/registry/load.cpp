#include "registry/load.h"

#include <deque>

#include "base/settings/reference.h"
#include "registry/files.h"
#include "registry/yaml.h"
#include "sys/files.h"

namespace naru::registry {
namespace {

using settings::Node;
using settings::NodeType;
using settings::Report;

constexpr std::size_t kMostProblems = 1'000;  // nobody reads more

/// Brings documents from their files to a snapshot, step by step.
class Loader {
 public:
  explicit Loader(std::span<const Kind> kinds) : kinds_(kinds) {}

  void read_path(const std::string& path) {
    const auto files = document_files(path);
    if (!files) return file_problem(path, files.error().detail);
    for (const std::string& file : *files) {
      draft_.uses(file);
      // A folder may hold anything; what is named itself may well be /dev/stdin.
      const auto pipes = file == path ? sys::Pipes::Wait : sys::Pipes::Refuse;
      const auto text = sys::read_file(file, kMaxFileBytes, pipes);
      if (text) {
        read_text(*text, file);
      } else {
        file_problem(file, text.error().detail);
      }
    }
  }

  void read_text(std::string_view text, const std::string& file) {
    YamlFile yaml = read_yaml(text);
    for (YamlDocument& document : yaml.documents) take(std::move(document), file);
    for (Problem& problem : yaml.problems) {
      problem.file = file;
      draft_.problems().push_back(std::move(problem));
    }
    // A file caught while it is being written is empty, too: nothing is dropped for that.
    if (yaml.documents.empty() && yaml.problems.empty())
      file_problem(file, "holds no document; add one, or take the file away");
  }

  Loaded finish(Stamp stamp) {
    check_once();
    for (const Kind& kind : kinds_)
      if (kind.check) kind.check(draft_);
    auto snapshot = std::make_shared<Snapshot>(stamp.revision, stamp.published_s);
    for (const Kind& kind : kinds_) kind.compile(draft_, *snapshot);
    std::vector<Problem> problems = in_order();
    if (!problems.empty()) snapshot.reset();
    return {.snapshot = std::move(snapshot),
            .problems = std::move(problems),
            .files = {draft_.files().begin(), draft_.files().end()}};
  }

 private:
  void file_problem(const std::string& file, std::string text) {
    order_.emplace(file, order_.size());
    draft_.problems().push_back({.path = "", .text = std::move(text), .file = file});
  }

  void take(YamlDocument yaml, const std::string& file) {
    order_.emplace(file, order_.size());
    Document& document = documents_.emplace_back(
        Document{.kind = "", .name = "", .file = file, .root = std::move(yaml.root)});
    const Kind* kind = find_kind(document);
    if (const Node* name = document.root.find("name"); name != nullptr && kind != nullptr)
      if (!kind->space.empty() && name->is(NodeType::Scalar)) document.name = name->text;
    Report report = draft_.report(document);
    for (const Problem& problem : yaml.problems)
      report.add(problem.line, problem.column, problem.path, problem.text);
    if (kind == nullptr) return;
    if (!document.name.empty()) draft_.claim(kind->space, document.name, document, "name");
    counts_[kind].push_back(&document);
    kind->read(document, draft_);
  }

  /// The kind a document names, which is taken out of it; null, and a problem, if there is none.
  const Kind* find_kind(Document& document) {
    Report report(draft_.problems(), document.file, "");
    Node& root = document.root;
    if (!settings::is_map(root, "document", report)) return nullptr;
    const auto member = std::ranges::find(root.children, "kind", &Node::name);
    std::vector<std::string> names;
    for (const Kind& kind : kinds_) names.emplace_back(kind.name);
    const std::string known = settings::write_texts(names);
    if (member == root.children.end()) {
      report.add(
          root, "kind",
          fmt::format("is missing; add a line as 'kind: {}', one of {}", names.front(), known));
      return nullptr;
    }
    const Node said = *member;
    std::erase_if(root.children, [](const Node& node) { return node.name == "kind"; });
    const auto kind = std::ranges::find(kinds_, said.text, &Kind::name);
    document.kind = settings::clipped(said.text);
    if (kind != kinds_.end()) return &*kind;
    report.add(said, "kind",
               fmt::format("is {}; give one of {}{}", settings::shown(said.text), known,
                           settings::did_you_mean(said.text, names)));
    return nullptr;
  }

  void check_once() {
    for (const auto& [kind, documents] : counts_)
      for (std::size_t i = 1; kind->once && i < documents.size(); ++i)
        draft_.wrong(*documents[i], "",
                     fmt::format("stands in {}:{} already; keep one", documents[0]->file,
                                 documents[0]->root.line));
  }

  /// Files in the order they were read, each from top to bottom.
  std::vector<Problem> in_order() {
    std::vector<Problem> problems = std::move(draft_.problems());
    std::ranges::sort(problems, {}, [this](const Problem& problem) {
      const auto file = order_.find(problem.file);
      const std::size_t place = file == order_.end() ? order_.size() : file->second;
      return std::tuple(place, problem.line, problem.column, problem.path, problem.text);
    });
    if (problems.size() > kMostProblems) {
      const std::size_t more = problems.size() - kMostProblems;
      problems.resize(kMostProblems);
      problems.push_back({.path = "", .text = fmt::format("{} more problems are not shown", more)});
    }
    return problems;
  }

  std::span<const Kind> kinds_;
  std::deque<Document> documents_;  // never moved: the draft points into it
  std::map<std::string, std::size_t> order_;
  std::map<const Kind*, std::vector<const Document*>> counts_;
  Draft draft_;
};

}  // namespace

Loaded load(std::span<const Kind> kinds, std::span<const std::string> paths, Stamp stamp) {
  Loader loader(kinds);
  for (const std::string& path : paths) loader.read_path(path);
  return loader.finish(stamp);
}

Loaded load_text(std::span<const Kind> kinds, std::string_view text, const std::string& file,
                 Stamp stamp) {
  Loader loader(kinds);
  loader.read_text(text, file);
  return loader.finish(stamp);
}

std::string settings_reference(std::span<const Kind> kinds) {
  std::string page;
  for (const Kind& kind : kinds) {
    std::vector<settings::Description> rows;
    kind.describe(rows);
    page += fmt::format("\n## {}\n\n{}{}\n\n{}", kind.name, kind.purpose,
                        kind.once ? " At most one document." : "", settings::write_reference(rows));
  }
  return page;
}

}  // namespace naru::registry
