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
  Whole,      ///< as the provider ends it
  NoEnd,      ///< the body ends in order, its last event is missing
  Doubled,    ///< the last event comes twice
  Error,      ///< an error event within the stream; a whole body is an error's, under its status
  Failed,     ///< Responses: `response.failed`; elsewhere as Error
  Malformed,  ///< an event that is no JSON, then the end as it should be; half of a whole body
  Cut,        ///< the connection is reset
  HalfClose,  ///< our side of the connection ends in order, the body does not
  Stall,      ///< nothing more comes, until the client leaves
};

/// Why a provider refuses.
enum class Refusal : std::uint8_t {
  None,
  Requests,     ///< too many requests a minute
  Tokens,       ///< too many tokens a minute
  Quota,        ///< what was paid for is used up
  Billing,      ///< the account is not paid for
  Overloaded,   ///< too busy, for anybody
  Unavailable,  ///< out of service
  Broken,       ///< a mistake of theirs
};

/// How a provider says when to come again.
enum class RetryForm : std::uint8_t {
  Own,      ///< OpenAI: `retry-after-ms` and `retry-after`; Anthropic: `retry-after`
  Seconds,  ///< `retry-after: 2`
  Millis,   ///< `retry-after-ms: 1500`
  Date,     ///< `retry-after: Sun, 06 Nov 1994 08:49:37 GMT`
};

enum class LineEnd : std::uint8_t { Lf, CrLf };

/// Inside of what each write ends.
enum class CutWithin : std::uint8_t { Nothing, Character, LineEnd };

/// What the mock does for one request. The same rows are read from a script, from the header
/// `x-mock` and from what stands behind `?` in a model's name.
struct Plan {
  std::uint32_t status = 200;
  Refusal refuse = Refusal::None;
  std::string retry_after = {};           ///< header of that name, as given
  std::chrono::milliseconds retry_in{0};  ///< 0: what the refusal says
  RetryForm retry_form = RetryForm::Own;
  std::string type = {};     ///< an error's own type; empty: what the status says
  std::string message = {};  ///< an error's message; empty: one of ours
  std::string text = "Hello from the mock: \xEB\x82\x98\xEB\xA3\xA8 greets you.";
  std::string thinking = {};      ///< reasoning before the text
  std::string tool = {};          ///< a tool called behind the text
  std::string arguments = "{}";   ///< of that call, as they are
  std::uint32_t event_bytes = 0;  ///< the last text before the ending is filled up to so many
  std::uint32_t chunks = 0;       ///< content events of a stream; 0: one a word
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds first{0};
  std::chrono::milliseconds spacing{0};
  std::chrono::milliseconds jitter{0};  ///< each wait is longer by up to that, evenly
  std::uint32_t tail = 0;               ///< each wait's 99th percentile in times its median
  std::uint32_t bytes_a_second = 0;     ///< 0: as fast as it goes
  std::uint32_t pings = 0;
  std::uint32_t cut_every = 0;  ///< bytes a write, of several events too; 0: one event a write
  std::uint32_t cut_at = 0;     ///< one further cut behind so many bytes of the body
  CutWithin cut_within = CutWithin::Nothing;
  LineEnd line_end = LineEnd::Lf;
  bool gzip = false;
  bool usage = true;
  std::uint32_t input_tokens = 0;   ///< 0: counted, one a word
  std::uint32_t output_tokens = 0;  ///< 0: counted, one a word
  Ending ending = Ending::Whole;
  std::uint32_t after = 1'000'000'000;  ///< content events before the ending; those there are
  std::string content_type = {};        ///< empty: the right one
  std::string body = {};                ///< the whole body in place of ours

  bool operator==(const Plan&) const = default;
};

/// What a plan may say.
const settings::Fields<Plan>& plan_fields();

/// `text` as `status=503&retry_after=1`, values percent-encoded, put over `plan`.
/// Fails: InvalidRequest, naming every row that is wrong.
Result<void> read_controls(std::string_view text, Plan& plan);

}  // namespace naru::mock
