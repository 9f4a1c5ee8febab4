#pragma once
#include "base/json_writer.h"
#include "dialect/dialect.h"
#include "dialect/json_views.h"
#include "dialect/openai/openai.h"

/// What plain answers and streams of this dialect share around their output items: how an answer
/// ends, its usage, and the Response object itself.
namespace naru::dialect::openai_responses_wire {

using openai_wire::broken;
using openai_wire::find_error;

/// The fault a Response object tells of: it failed, was cancelled, or is an error in its place.
std::optional<Fault> find_failure(json::ValueView response);

/// What an answer held, as far as it says why the answer has ended.
struct Held {
  bool calls = false;    ///< a tool
  bool refuses = false;  ///< in words
};
Held held_in(json::ValueView output);
/// Why the answer has ended. Fails: UpstreamInvalid, when by its status it has not.
Result<chat::StopReason> read_stop(json::ValueView response, Held held);
/// Appends what has the reason of an incomplete answer be one that clients know. The set is closed:
/// another gives way to the word nearest to `stop`, and beside an answer that is whole to none.
void close_reason(json::ValueView response, chat::StopReason stop, std::vector<Patch>& patches);
/// nullopt if there is no report, or one that counts neither prompt nor answer.
std::optional<chat::Usage> find_usage(json::ValueView response);
/// What a Response object reports that has failed: it was worked on all the same.
void note_cost(std::optional<json::ValueView> response, AnswerFacts& facts);
/// Seconds since 1970, or 0.
std::int64_t created_of(json::ValueView response);
/// How the answer is served, if that is settled: `auto` only repeats the request.
std::string service_tier_of(json::ValueView response);
/// Appends what of a Response object must differ for the client, sorted, and notes its model.
void patch_names(json::ValueView response, const WriterOptions& options,
                 std::vector<Patch>& patches, AnswerFacts& facts);

/// How an answer ends, in this dialect's words.
struct EndView {
  std::string_view status;
  std::string_view reason = {};  ///< of an incomplete one
};
EndView end_of(chat::StopReason stop, bool refuses);
/// The loss of a choice behind the first.
chat::Loss loss_of_choice(std::size_t choice);
void write_usage(json::Writer& out, const chat::Usage& usage);

/// What of a Response object changes while its answer comes. Lifetime: that of the texts it views.
struct ProgressView {
  EndView end = {.status = "in_progress"};
  std::string_view output = "[]";  ///< its items so far
  std::optional<chat::Usage> usage = {};
};

/// The Response object of one answer, with every member that clients of this dialect read. Those
/// that repeat the request are taken from `WriterOptions::echo`, or are the API's defaults.
class ResponseObject {
 public:
  explicit ResponseObject(const WriterOptions& options);
  /// Empty: not known.
  void set_service_tier(std::string tier) { service_tier_ = std::move(tier); }
  std::string text(const ProgressView& progress) const;

 private:
  std::string head_;   // up to `created_at`
  std::string model_;  // quoted
  std::string tail_;   // what repeats the request, each with a comma before it
  std::string service_tier_;
  std::string asked_tier_;  // as the request named it, quoted; or empty
};

}  // namespace naru::dialect::openai_responses_wire
