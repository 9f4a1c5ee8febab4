#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/settings/report.h"
#include "base/settings/rules.h"
#include "base/settings/values.h"

namespace naru::settings {

/// What the reference page says of one setting.
struct Description {
  std::string path;   ///< `targets[].weight`
  std::string type;   ///< kind, unit and bounds in words
  std::string unset;  ///< default as one would write it; empty if there is none
  bool required = false;
  std::string doc;
};

/// What is the same of every row, whatever type it is of.
struct RowHead {
  std::string name;
  std::string type;
  std::string doc;
  std::string example = {};  ///< set for rows that must be given
  bool hidden = false;       ///< the value is not shown in messages
};

/// Least and most, both allowed.
template <class U>
struct Bounds {
  U low;
  U high;
};

/// A name that is not taken, and why.
struct Refused {
  std::string name;
  std::string why;
};

/// One value on its way into a row.
struct Place {
  const Node& node;
  const std::string& path;
  const RowHead& head;
  Report& report;

  /// "is '5'; `remedy`".
  void wrong(std::string_view remedy) const;
  /// The text of a scalar; null, and a problem, if it is something else.
  const std::string* scalar() const;
};

/// Whether `node` is of that type, or empty, which stands for one without members or items; else a
/// problem is reported.
bool is_map(const Node& node, std::string_view path, Report& report);
bool is_list(const Node& node, std::string_view path, Report& report);

/// Which member of a map belongs to which row.
struct Match {
  std::size_t row;
  const Node* member;
};
/// Reports unknown, refused and missing names; a repeated name counts once.
std::vector<Match> match(const Node& map, const std::string& path,
                         std::span<const RowHead* const> rows, std::span<const Refused> refused,
                         Report& report);
/// Reports what a check found below `path`, each where it stands.
void place(const std::vector<Problem>& found, const Node& node, const std::string& path,
           Report& report);

/// The texts of a list of scalars that `rule` lets pass.
std::vector<std::string> read_texts(const Place& at, TextRule rule);
std::string write_texts(const std::vector<std::string>& texts);

}  // namespace naru::settings
