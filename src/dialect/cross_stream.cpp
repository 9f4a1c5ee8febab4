#include "dialect/facts.h"
#include "dialect/reread.h"
#include "dialect/streams.h"

namespace naru::dialect {
namespace {

class CrossStream final : public AnswerStream {
 public:
  CrossStream(const Ends& ends, WriterOptions options)
      : ends_(ends),
        reader_(ends.upstream->make_reader()),
        writer_(ends.client->make_writer(std::move(options))),
        reread_(*ends.client) {}

  Result<Progress> take(const wire::EventView& event, std::string& out) override {
    if (broken_) return fail(*broken_);
    if (progress_ == Progress::Ended) return progress_;
    events_.clear();
    Result<void> read = reader_->read(event, events_);
    for (const chat::Event& one : events_)
      if (const auto* part = std::get_if<chat::PartStarted>(&one))
        if (std::optional<Fault> fault = find_nameless(part->head))
          return give_up(*std::move(fault));
    write_events(out);
    if (!read) {
      facts_.whole = std::ranges::any_of(events_, is_report);  // with its fault, its last word
      return give_up(std::move(read).error());
    }
    return progress_;
  }

  Result<Progress> finish(std::string& out) override {
    if (broken_) return fail(*broken_);
    if (progress_ == Progress::Ended) return progress_;
    events_.clear();
    Result<void> read = reader_->finish(events_);
    write_events(out);
    if (!read) {
      Fault fault = std::move(read).error();
      fault.kind = FaultKind::UpstreamFailed;  // cut off on the way, whatever was missing
      return give_up(std::move(fault));
    }
    if (progress_ != Progress::Ended) end(chat::Ended{});
    return progress_;
  }

  std::string_view terminal() const override { return terminal_; }
  const AnswerFacts& facts() const override { return facts_; }

 private:
  void write_events(std::string& out) {
    const std::size_t before = out.size();
    write_each(out);
    reread_.feed(std::string_view(out).substr(before));
    if (progress_ == Progress::Ended) reread_.feed(terminal_);
    facts_.next_event = writer_->next_event();
  }

  void write_each(std::string& out) {
    for (const chat::Event& event : events_) {
      note(event);
      if (std::holds_alternative<chat::Ended>(event)) return end(event);
      if (is_running(event)) continue;  // for the ledger; no client is told
      if (is_doubtful(event)) continue;
      writer_->write(event, out, facts_.losses);
    }
  }

  /// A report of no output waits for the end: beside words it is none, and no client is told.
  bool is_doubtful(const chat::Event& event) {
    const auto* usage = std::get_if<chat::UsageSeen>(&event);
    if (usage == nullptr || usage->usage.output > 0) return false;
    doubtful_ = *usage;
    return true;
  }

  void end(const chat::Event& ended) {
    if (doubtful_ && facts_.usage_reported) writer_->write(*doubtful_, terminal_, facts_.losses);
    writer_->write(ended, terminal_, facts_.losses);
    progress_ = Progress::Ended;
    facts_.whole = true;
  }

  static bool is_report(const chat::Event& event) {
    const auto* usage = std::get_if<chat::UsageSeen>(&event);
    return usage != nullptr && !usage->running;
  }
  static bool is_running(const chat::Event& event) {
    const auto* usage = std::get_if<chat::UsageSeen>(&event);
    return usage != nullptr && usage->running;
  }

  void note(const chat::Event& event) {
    if (const auto* started = std::get_if<chat::Started>(&event)) {
      facts_.upstream_model = started->model;
    } else if (const auto* usage = std::get_if<chat::UsageSeen>(&event)) {
      note_usage_seen(*usage);
    } else if (const auto* finished = std::get_if<chat::Finished>(&event)) {
      if (!facts_.stop) facts_.stop = finished->stop;
    } else if (const auto* part = std::get_if<chat::PartStarted>(&event)) {
      tally_part(part->head, facts_.delivered);
      if (std::holds_alternative<chat::ToolCall>(part->head)) progress_ = Progress::Content;
    } else if (const auto* delta = std::get_if<chat::PartDelta>(&event)) {
      facts_.delivered.add(delta->text);
    } else if (const auto* lost = std::get_if<chat::Lost>(&event)) {
      facts_.losses.push_back(lost->loss);
    }
    if (facts_.delivered.total() > 0) progress_ = Progress::Content;
    doubt_usage(facts_);
  }

  /// Counts of a running answer that have no output yet tell of its prompt alone.
  void note_usage_seen(const chat::UsageSeen& seen) {
    if (!seen.running)
      note_usage(facts_, seen.usage);
    else if (seen.usage.output == 0)
      merge_usage(facts_.usage, seen.usage);
    else
      facts_.counted = seen.usage;
  }

  std::unexpected<Fault> give_up(Fault fault) {
    strip_foreign(ends_, fault);
    broken_ = fault;
    return fail(std::move(fault));
  }

  const Ends ends_;
  std::unique_ptr<StreamReader> reader_;
  std::unique_ptr<StreamWriter> writer_;
  RereadStream reread_;
  std::vector<chat::Event> events_;
  std::optional<chat::UsageSeen> doubtful_;
  AnswerFacts facts_;
  Progress progress_ = Progress::Quiet;
  std::string terminal_;
  std::optional<Fault> broken_;
};

}  // namespace

std::unique_ptr<AnswerStream> make_cross_stream(const Ends& ends, WriterOptions options) {
  return std::make_unique<CrossStream>(ends, std::move(options));
}

}  // namespace naru::dialect
