#pragma once
#include "dialect/dialect.h"

/// From a client's dialect to an upstream's and back. Same dialect: the bytes go on, patched.
/// Different dialects: through the canonical model. No pair of dialects has code of its own.
namespace naru::dialect {

/// The two sides of one attempt.
struct Ends {
  const Dialect* client = nullptr;
  const Dialect* upstream = nullptr;
  Operation operation = Operation::Chat;
  bool same() const { return client == upstream; }
};

/// Conversations and their counts cross; prompts and embeddings have a shape in one dialect only.
bool can_cross(Operation operation);

/// Takes out of a fault what only the upstream's dialect understands: codes, details, and paths in
/// another request.
void strip_foreign(const Ends& ends, Fault& fault);

/// The body for the upstream. Fails: InvalidRequest; UnsupportedEndpoint when the upstream's
/// dialect has no such operation.
Result<std::string> translate_request(const Ends& ends, const json::Tree& body,
                                      const RequestScan& scan, const Forward& forward,
                                      std::vector<chat::Loss>& losses);

/// A plain answer as the client's body; fills `facts`. Fails: UpstreamInvalid.
Result<std::string> translate_answer(const Ends& ends, std::string_view body,
                                     const WriterOptions& options, AnswerFacts& facts);

/// Upstream's stream → client's stream; one a stream.
class AnswerStream {
 public:
  /// How far the answer has come after an event.
  enum class Progress : std::uint8_t {
    Quiet,    ///< nothing yet that commits: heads, pings
    Content,  ///< the answer itself has begun; from here no other target may take over
    Ended,    ///< whole; the terminal frame waits in `terminal()`
  };
  virtual ~AnswerStream() = default;
  /// Takes one upstream event and appends the client's bytes, but for the terminal frame, to `out`.
  /// Fails: UpstreamInvalid, or the fault the upstream reports in its stream.
  virtual Result<Progress> take(const wire::EventView& event, std::string& out) = 0;
  /// The upstream's bytes ended without a marker. Ended if the answer is whole all the same.
  /// Fails: UpstreamFailed when it was cut.
  virtual Result<Progress> finish(std::string& out) = 0;
  /// The completion marker in the client's dialect; empty before the end.
  virtual std::string_view terminal() const = 0;
  virtual const AnswerFacts& facts() const = 0;
};
std::unique_ptr<AnswerStream> make_answer_stream(const Ends& ends, WriterOptions options);

}  // namespace naru::dialect
