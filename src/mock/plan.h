#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/settings/fields.h"

namespace naru::mock {

/// How an answer ends.
enum class Ending : std::uint8_t {
  Whole,    ///< as the provider ends it
  NoEnd,    ///< the body ends in order, its last event is missing
  Doubled,  ///< the last event comes twice
  Error,    ///< an error event within the stream
  Cut,      ///< the connection is reset
  Stall,    ///< nothing more comes, until the client leaves
};

/// What the mock does for one request. The same rows are read from a script, from the header
/// `x-mock` and from what stands behind `?` in a model's name.
struct Plan {
  std::uint32_t status = 200;
  std::string retry_after = {};  ///< header of that name, as given
  std::string type = {};         ///< an error's own type; empty: what the status says
  std::string message = {};      ///< an error's message; empty: one of ours
  std::string text = "Hello from the mock: \xEB\x82\x98\xEB\xA3\xA8 greets you.";
  std::uint32_t chunks = 0;  ///< content events of a stream; 0: one a word
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds first{0};
  std::chrono::milliseconds spacing{0};
  std::uint32_t pings = 0;
  std::uint32_t cut_every = 0;  ///< bytes a write; 0: one event a write
  std::uint32_t cut_at = 0;     ///< one further cut behind so many bytes of the body
  bool usage = true;
  std::uint32_t input_tokens = 0;   ///< 0: counted, one a word
  std::uint32_t output_tokens = 0;  ///< 0: counted, one a word
  Ending ending = Ending::Whole;
  std::uint32_t after = 1'000'000'000;  ///< content events before the ending; those there are
  std::string content_type = {};        ///< empty: the right one
  std::string body = {};                ///< the whole body in place of ours
};

/// What a plan may say.
const settings::Fields<Plan>& plan_fields();

/// `text` as `status=503&retry_after=1`, values percent-encoded, put over `plan`.
/// Fails: InvalidRequest, naming every row that is wrong.
Result<void> read_controls(std::string_view text, Plan& plan);

}  // namespace naru::mock
