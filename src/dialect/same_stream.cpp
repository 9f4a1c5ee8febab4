#include "base/text.h"
#include "dialect/facts.h"
#include "dialect/streams.h"

namespace naru::dialect {
namespace {

class SameStream final : public AnswerStream {
 public:
  SameStream(const Ends& ends, WriterOptions options)
      : client_(*ends.client),
        options_(std::move(options)),
        scanner_(ends.upstream->make_scanner(ends.operation, options_)) {}

  Result<Progress> take(const wire::EventView& event, std::string& out) override {
    if (broken_) return fail(*broken_);
    if (progress_ == Progress::Ended) return progress_;
    Result<EventScan> scan = scanner_->scan(event, facts_);
    if (!scan) return give_up(std::move(scan).error());
    doubt_usage(facts_);
    const bool terminal = scan->terminal;
    const bool unasked = scan->usage_only && !options_.stream_usage;
    if (!unasked && !scan->silent) append(event, *std::move(scan), terminal ? terminal_ : out);
    if (scan->content) progress_ = Progress::Content;
    if (terminal) end();
    return progress_;
  }

  Result<Progress> finish(std::string&) override {
    if (broken_) return fail(*broken_);
    if (progress_ == Progress::Ended) return progress_;
    if (!scanner_->may_end_here())
      return give_up({.kind = FaultKind::UpstreamFailed,
                      .detail = "the upstream's stream is cut off before its answer is whole",
                      .origin = Origin::Upstream});
    terminal_ = client_.end_mark();
    end();
    return progress_;
  }

  std::string_view terminal() const override { return terminal_; }
  const AnswerFacts& facts() const override { return facts_; }

 private:
  void end() {
    progress_ = Progress::Ended;
    facts_.whole = true;
  }

  std::unexpected<Fault> give_up(Fault fault) {
    broken_ = fault;
    return fail(std::move(fault));
  }

  void append(const wire::EventView& event, EventScan scan, std::string& out) const {
    out.append(scan.before);
    std::vector<Patch>& patches = scan.patches;
    if (scan.usage_span && !options_.stream_usage)
      patches.push_back({scan.usage_span->begin, scan.usage_span->end, {}});
    if (scan.counts_span && options_.hide_counts)
      patches.push_back({scan.counts_span->begin, scan.counts_span->end, {}});
    if (patches.empty() && scan.name.empty()) {
      out.append(event.raw);
      return;
    }
    std::ranges::sort(patches, {}, &Patch::begin);
    if (!scan.name.empty()) return wire::append_event(out, scan.name, patched(event.data, patches));
    append_patched(event, patches, out);
  }

  /// Data of one line lies within the raw bytes; of several it was joined elsewhere.
  static void append_patched(const wire::EventView& event, std::vector<Patch>& patches,
                             std::string& out) {
    const std::less_equal<const char*> at_most;  // defined for unrelated pointers too
    const bool inside =
        at_most(event.raw.data(), event.data.data()) &&
        at_most(event.data.data() + event.data.size(), event.raw.data() + event.raw.size());
    if (!inside) return wire::append_event(out, event.event, patched(event.data, patches));
    const auto shift = static_cast<std::uint32_t>(event.data.data() - event.raw.data());
    for (Patch& patch : patches) {
      patch.begin += shift;
      patch.end += shift;
    }
    out.append(patched(event.raw, patches));
  }

  const Dialect& client_;
  const WriterOptions options_;
  std::unique_ptr<StreamScanner> scanner_;
  AnswerFacts facts_;
  Progress progress_ = Progress::Quiet;
  std::string terminal_;
  std::optional<Fault> broken_;
};

}  // namespace

std::unique_ptr<AnswerStream> make_same_stream(const Ends& ends, WriterOptions options) {
  return std::make_unique<SameStream>(ends, std::move(options));
}

}  // namespace naru::dialect
