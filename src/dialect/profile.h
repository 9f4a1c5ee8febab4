#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "dialect/keeping.h"

/// What there is to know of a dialect without looking into a body.
namespace naru::dialect {

/// What a client may ask of a model.
enum class Operation : std::uint8_t { Chat, Complete, Embed, CountTokens };
std::string_view name_of(Operation operation);

/// A call that clients make in a dialect and naru makes to its upstreams, each with POST.
struct CallRow {
  Operation operation;
  std::string_view served_at;  ///< path of the data listener: `/v1/chat/completions`
  std::string_view path;       ///< on a provider, after its base URL: `/chat/completions`
};

/// The dialect as data. Its views and tables live as long as the program.
struct Profile {
  std::string_view name;
  std::string_view family;  ///< of dialects that share their words for faults
  std::span<const CallRow> calls;
  std::string_view models_at;        ///< path of its model list; dialects may share one
  const Keeping* keeping = nullptr;  ///< answers it has kept; null: it has none

  // How to tell that a client speaks it where the path of a call does not.
  std::string_view own_header = {};  ///< whoever sends it does; empty: there is none
  std::string_view own_paths = {};   ///< whoever asks for a path that begins so does; empty: none

  // What travels beside bodies; all else stays here.
  std::span<const std::string_view> request_headers = {};  ///< a client's, to upstreams of it
  std::span<const std::string_view> query_members = {};    ///< the same of the query
  std::span<const std::string_view> answer_headers = {};   ///< an upstream's, to any client
};

}  // namespace naru::dialect
