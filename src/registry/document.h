#pragma once
#include <map>
#include <set>
#include <string>
#include <typeindex>
#include <vector>

#include "base/settings/report.h"

namespace naru::registry {

/// One resource document as an operator wrote it.
struct Document {
  std::string kind;
  std::string name;  ///< empty for kinds whose documents have none
  std::string file;
  settings::Node root;  ///< a map, without `kind`

  /// `Upstream openai`, as messages call it.
  std::string subject() const;
  /// A path of the document as one that can be opened: a relative one begins at its folder.
  std::string whole_path(const std::string& path) const;
};

/// A document as its kind understands it.
template <class T>
struct Declared {
  const Document* document;
  T spec;
  bool whole;  ///< nothing in it was wrong by itself
};

/// All documents on their way to a snapshot, and what is wrong with them. Lifetime: documents stay
/// where they are as long as it lives.
class Draft {
 public:
  /// The documents of the kind that reads T, in the order they stand.
  template <class T>
  std::vector<Declared<T>>& all() {
    auto& slot = specs_[std::type_index(typeid(T))];
    if (slot == nullptr) slot = std::make_shared<std::vector<Declared<T>>>();
    return *static_cast<std::vector<Declared<T>>*>(slot.get());
  }

  /// `path` of `document` is wrong: `text` goes on after it.
  void wrong(const Document& document, std::string_view path, std::string text);
  /// The same for problems found in a spec, each with its path there.
  void wrong(const Document& document, const std::vector<Problem>& found);
  settings::Report report(const Document& document);

  /// Gives a name of `space` to `document`; a problem at `path` if another has it.
  void claim(std::string_view space, const std::string& name, const Document& document,
             std::string_view path);
  /// Names given so far.
  std::vector<std::string> names(std::string_view space) const;
  bool has(std::string_view space, const std::string& name) const;

  /// A further file the snapshot was made of: when it changes, all is read again.
  void uses(const std::string& file) { files_.insert(file); }
  const std::set<std::string>& files() const { return files_; }
  std::vector<Problem>& problems() { return problems_; }

 private:
  std::map<std::type_index, std::shared_ptr<void>> specs_;
  std::map<std::string, std::map<std::string, const Document*>, std::less<>> names_;
  std::set<std::string> files_;
  std::vector<Problem> problems_;
};

}  // namespace naru::registry
