#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"
#include "chat/event.h"
#include "chat/request.h"
#include "chat/response.h"
#include "chat/tally.h"
#include "chat/wire/sse.h"
#include "dialect/opening.h"
#include "dialect/profile.h"

/// Wire formats. Everything here is pure: bytes and values in, bytes and values out.
namespace naru::dialect {

/// What the stages need to know of a request without its full canonical form.
struct RequestScan {
  std::string model;      ///< as the client spelled it, unescaped
  json::Span model_span;  ///< the bytes of that value
  bool stream = false;
  bool stream_usage = false;  ///< the client asked for usage in its stream
  std::optional<std::int64_t> max_tokens = {};
  bool uses_tools = false;
  std::vector<json::Span> texts = {};  ///< strings a person or program wrote: quotes included
};

/// Which fields of a request go on; the others stay here, each a Loss.
enum class Fields : std::uint8_t {
  All,         ///< also those nobody here knows
  Documented,  ///< to providers: what their API documents
  Listed,      ///< to engines we run: what is known to do no harm there
};

/// How a request goes on to an upstream of the same dialect.
struct Forward {
  std::string upstream_model;
  bool ask_usage = true;  ///< streams: have the upstream report usage
  Fields fields = Fields::All;
  bool ask_counts = false;    ///< streams of llama-server: have it count tokens in every event
  std::string upstream = {};  ///< its name: reasoning that another one has sealed stays here
};

/// An image of a request that is given by its address.
struct MediaUrl {
  std::string url;
  std::string path;   ///< of its part, for a Loss: `messages[0].content[1]`
  json::Span part;    ///< the whole part; `Dialect::empty_part` may take its place
  json::Span source;  ///< what says where it is; `Dialect::inline_media` may take its place
};

/// What an answer has told so far.
struct AnswerFacts {
  chat::Usage usage;
  /// `usage` is the upstream's report of the whole; else what is known of it, as the prompt alone.
  bool usage_reported = false;
  /// The upstream has said its last word, be it a fault: no later report can follow.
  bool whole = false;
  std::string upstream_model;  ///< what the upstream calls itself in the answer
  /// Counted by the engine as it wrote: what a stream has cost that was cut before its usage.
  std::optional<chat::Usage> counted = {};
  std::optional<chat::StopReason> stop;
  chat::Tally delivered;                ///< text and tool arguments of the answer
  std::vector<chat::Loss> losses = {};  ///< what of it the client's dialect cannot show
  std::int64_t next_event = 0;          ///< streams whose events are numbered: that of the next
};

/// A model as the list shows it.
struct ModelEntry {
  std::string id;
  std::int64_t created_s = 0;
  std::string owned_by;
};

/// What one upstream event of the same dialect says. Spans and patches are of the event's `data`.
struct EventScan {
  std::vector<Patch> patches = {};  ///< what must differ: model, ids; sorted
  std::string before = {};          ///< whole events its upstream owes; they go out ahead of it
  std::string_view name = {};       ///< of an event that came without: it is written anew with it
  bool content = false;             ///< carries text, arguments or reasoning
  bool terminal = false;            ///< the completion marker (`[DONE]`, `message_stop`)
  bool silent = false;              ///< means nothing to anybody; dropped
  bool usage_only = false;  ///< is there for usage alone; dropped when the client asked for none
  std::optional<json::Span> usage_span = {};   ///< member `"usage":…` with one comma beside it
  std::optional<json::Span> counts_span = {};  ///< the same of the engine's running counts
};

/// Follows one stream of a dialect, event by event, and fills `facts`.
class StreamScanner {
 public:
  virtual ~StreamScanner() = default;
  /// Fails: UpstreamInvalid, when the event breaks the dialect's own grammar; or the fault the
  /// upstream reports.
  virtual Result<EventScan> scan(const wire::EventView& event, AnswerFacts& facts) = 0;
  /// Whether an end of bytes without the marker is still a whole answer (every choice finished).
  virtual bool may_end_here() const = 0;
};

/// Upstream events → canonical events.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  /// Appends what `event` means. Fails: UpstreamInvalid; or the fault the upstream reports.
  virtual Result<void> read(const wire::EventView& event, std::vector<chat::Event>& out) = 0;
  /// The bytes have ended: appends what is still owed. Fails: UpstreamInvalid when it was cut.
  virtual Result<void> finish(std::vector<chat::Event>& out) = 0;
};

/// How an answer is to be written for a client.
struct WriterOptions {
  std::string public_model;
  std::string answer_id;  ///< in the client dialect's form, from `Dialect::make_id`
  std::int64_t created_s = 0;
  bool stream_usage = false;         ///< the client asked for usage in its stream
  bool hide_counts = false;          ///< naru asked for `Forward::ask_counts`, the client did not
  std::string upstream = {};         ///< name of who answers: goes with the reasoning it has sealed
  std::string previous_answer = {};  ///< id of the kept answer that the request stands on
  bool kept = false;                 ///< naru keeps the answer
  std::string echo =
      {};  ///< on a crossing, from `Dialect::echo`: what of the request its answer repeats
};

/// Canonical events → the client's bytes.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  /// Appends the frames of `event` to `out`; those of `Ended` are the terminal frame. What this
  /// dialect cannot show is appended to `losses`.
  virtual void write(const chat::Event& event, std::string& out,
                     std::vector<chat::Loss>& losses) = 0;
  virtual std::int64_t next_event() const { return 0; }  ///< as `AnswerFacts::next_event`
};

/// One of naru's own limits a minute on whoever calls, as far as it is used.
struct RateLimit {
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::chrono::nanoseconds reset{};  ///< until all of it is there again
};
/// Those that bind a caller.
struct RateLimits {
  std::optional<RateLimit> requests = {};
  std::optional<RateLimit> tokens = {};
};
struct HeaderLine {
  std::string name;  ///< lower case
  std::string value;
};

/// One wire format. Stateless; lives as long as the program.
class Dialect {
 public:
  /// Lifetime: `profile` lives as long as the program.
  explicit Dialect(const Profile& profile) : profile_(profile) {}
  virtual ~Dialect() = default;
  const Profile& profile() const { return profile_; }
  std::string_view name() const { return profile_.name; }
  std::string_view family() const { return profile_.family; }
  bool serves(Operation operation) const { return !path(operation).empty(); }
  /// On a provider, as `CallRow::path`; empty: not served.
  std::string_view path(Operation operation) const;
  /// A fresh id of the form this dialect gives its answers.
  virtual std::string make_id(Operation operation, Rng& rng) const = 0;

  // Requests.
  /// Fails: InvalidRequest, with the path of each wrong field.
  virtual Result<RequestScan> scan_request(Operation operation, const json::Tree& body) const = 0;
  /// The same bytes with only the spans changed that must differ.
  virtual std::string forward_request(Operation operation, const json::Tree& body,
                                      const RequestScan& scan, const Forward& forward,
                                      std::vector<chat::Loss>& losses) const = 0;
  /// Of a chat or a count. Fails: InvalidRequest, with the path of each wrong field.
  virtual Result<chat::Request> read_request(Operation operation, const json::Tree& body) const = 0;
  /// What this dialect cannot carry is appended to `losses`. Fails: InvalidRequest, when nothing is
  /// left that could be asked.
  virtual Result<std::string> write_request(Operation operation, const chat::Request& request,
                                            std::vector<chat::Loss>& losses) const = 0;
  /// Members of the request that this dialect's answers repeat, as JSON without its braces.
  virtual std::string echo(const json::Tree&) const { return {}; }

  /// The images of a chat or a count that are given by address, in the order of their bytes.
  virtual std::vector<MediaUrl> media_urls(const json::Tree& body) const = 0;
  /// An image's bytes themselves, as they stand in place of its `MediaUrl::source`. `media_type` is
  /// of letters, digits, `/`, `+`, `-` and `.` alone.
  virtual std::string inline_media(std::string_view media_type, std::string_view base64) const = 0;
  /// A part that says nothing: what stands behind one that is left out keeps its place.
  virtual std::string_view empty_part() const = 0;

  /// What the conversation begins with that `body` is a turn of.
  virtual Opening opening(const json::Tree& body) const = 0;

  // Plain answers.
  /// What must differ for the client (model, ids), sorted; fills `facts`. Fails: UpstreamInvalid.
  virtual Result<std::vector<Patch>> scan_answer(Operation operation, const json::Tree& body,
                                                 const WriterOptions& options,
                                                 AnswerFacts& facts) const = 0;
  virtual Result<chat::Response> read_answer(const json::Tree& body) const = 0;
  /// Id, model and time are those of `options`. What this dialect cannot show is appended to
  /// `losses`.
  virtual std::string write_answer(const chat::Response& response, const WriterOptions& options,
                                   std::vector<chat::Loss>& losses) const = 0;
  /// The answer to `CountTokens`, for a dialect that serves it. Fails: UpstreamInvalid.
  virtual Result<std::int64_t> read_count(const json::Tree& body) const;
  virtual std::string write_count(std::int64_t tokens) const;

  // Streams.
  virtual std::unique_ptr<StreamScanner> make_scanner(Operation operation,
                                                      const WriterOptions& options) const = 0;
  virtual std::unique_ptr<StreamReader> make_reader() const = 0;
  virtual std::unique_ptr<StreamWriter> make_writer(WriterOptions options) const = 0;
  virtual std::string_view ping() const = 0;  ///< a frame that keeps a silent stream open
  /// The completion marker alone, for a stream whose upstream ended it whole but without one.
  virtual std::string_view end_mark() const = 0;

  // Faults, and the model list.
  virtual std::string write_error(const Fault& fault, std::string_view request_id) const = 0;
  /// As an event of a stream that has begun, its number `next_event` where they are numbered; ends
  /// it, no completion marker follows.
  virtual std::string write_stream_error(const Fault& fault, std::string_view request_id,
                                         std::int64_t next_event) const = 0;
  /// What a provider's answer with an error status means. Never fails: a body that cannot be
  /// understood still has its status.
  virtual Fault read_error(int status, std::string_view body) const = 0;
  /// How clients of this dialect are told of their limits, beside any answer; none without limits.
  virtual std::vector<HeaderLine> rate_limit_headers(const RateLimits& limits,
                                                     WallTime now) const = 0;
  virtual std::string write_models(std::span<const ModelEntry> models) const = 0;
  virtual std::string write_model(const ModelEntry& model) const = 0;

 private:
  const Profile& profile_;
};

/// All of them, in a fixed order; the first is spoken with whoever gives no sign of another.
std::span<const Dialect* const> all_dialects();
/// By name; nullptr if there is none.
const Dialect* find_dialect(std::string_view name);

}  // namespace naru::dialect
