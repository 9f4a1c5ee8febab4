#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/rng.h"

/// Answers that are kept, so that later requests can stand on them: what a request says of them,
/// how what was said before is put into it, and what of an answer is to be kept.
namespace naru::dialect {

/// What a request says of answers that were kept.
struct Recall {
  bool keep = true;           ///< its own answer is to be kept
  std::string previous = {};  ///< id of the answer it goes on from, or empty
  /// Ids of items that stand in its input by name alone, each once.
  std::vector<std::string> references = {};
};

/// What was kept, as a request goes on from it.
struct Recalled {
  std::vector<std::string> earlier = {};               ///< JSON of items that were said before
  std::map<std::string, std::string> referenced = {};  ///< JSON of items by their ids
};

/// Something said, a tool's call or its result, with its id.
struct Item {
  std::string id;
  std::string body;  ///< its JSON
};

/// What of an answer is to be kept.
struct Keepsake {
  std::string id;
  std::string body;  ///< the answer's JSON
  std::vector<Item> items;
};

/// How a dialect has its answers kept.
struct Keeping {
  std::string_view served_at;  ///< what ids of kept answers stand behind: `/v1/responses/`
  /// Fails: InvalidRequest, with the path of each wrong field.
  Result<Recall> (*scan_recall)(const json::Tree& body);
  /// The request with the earlier items before its input, and each reference given way to its
  /// item. Fails: InvalidRequest, naming the first reference that is not kept; TooLarge, when it
  /// would exceed `most_bytes`.
  Result<std::string> (*with_recalled)(const json::Tree& body, const Recalled& recalled,
                                       std::size_t most_bytes);
  /// The items of a request's input; those without an id are given one.
  std::vector<Item> (*input_items)(const json::Tree& body, Rng& rng);
  /// From a plain answer, or a stream's terminal frame, as a client of this dialect gets it.
  /// nullopt for what is none.
  std::optional<Keepsake> (*read_keepsake)(std::string_view answer, Rng& rng);
  /// The answer to a DELETE of one.
  std::string (*write_deleted)(std::string_view id);
};

}  // namespace naru::dialect
