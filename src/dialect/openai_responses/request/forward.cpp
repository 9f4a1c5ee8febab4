#include <algorithm>

#include "base/text.h"
#include "dialect/cut.h"
#include "dialect/openai/openai.h"
#include "dialect/openai_responses/codec.h"
#include "dialect/openai_responses/words.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

/// Whether the model will be told to reason, or has reasoned before.
bool has_reasoning(ValueView body) {
  if (const auto reasoning = find_object(body, "reasoning"))
    if (text_of(*reasoning, "effort") != "none") return true;
  const std::optional<ValueView> input = find_filled(body, "input");
  if (!input) return false;
  for (const ValueView item : *input)
    if (kind_of_item(item) == Item::Reasoning) return true;
  return false;
}

/// Members to be added where there are none; members to be changed are patched in their place.
class Wishes {
 public:
  Wishes(ValueView body, std::vector<Patch>& patches) : body_(body), patches_(patches) {}

  /// naru keeps what is to be kept; the upstream need not.
  void store_nothing() {
    const std::optional<ValueView> said = body_.find("store");
    if (!said)
      added_ += R"(,"store":false)";
    else if (said->raw() != "false")
      replace(*said, "false");
  }

  /// What was said before stands in the input already; the upstream knows no answer of naru's.
  void name_no_previous() {
    const std::optional<ValueView> said = body_.find("previous_response_id");
    if (said && !said->is_null()) replace(*said, "null");
  }

  /// What the next turn is to bring back, the upstream does not keep.
  void ask_sealed_reasoning() {
    const std::string quoted = fmt::format(R"("{}")", kSealedReasoning);
    const std::optional<ValueView> said = body_.find("include");
    if (!said) {
      added_ += fmt::format(R"(,"include":[{}])", quoted);
    } else if (!said->is_array()) {
      replace(*said, fmt::format("[{}]", quoted));
    } else {
      for (const ValueView one : *said)
        if (one.text() == kSealedReasoning) return;
      const std::uint32_t inside = said->span().begin + 1;
      patches_.push_back({inside, inside, quoted + (said->size() > 0 ? "," : "")});
    }
  }

  /// Puts what is to be added behind the bytes that end at `place`.
  void add_at(std::uint32_t place) {
    if (!added_.empty()) patches_.push_back({place, place, std::move(added_)});
  }

 private:
  void replace(ValueView value, std::string with) {
    patches_.push_back({value.span().begin, value.span().end, std::move(with)});
  }

  ValueView body_;
  std::vector<Patch>& patches_;
  std::string added_;
};

/// Reasoning that the upstream would refuse, since it can neither unseal nor find it.
void cut_unknown_reasoning(ValueView body, std::vector<Patch>& patches,
                           std::vector<chat::Loss>& losses) {
  const std::optional<ValueView> input = body.find("input");
  if (!input || !input->is_array()) return;
  std::size_t at = 0;
  cut_children(*input, patches, [&](ValueView item) {
    const std::string_view why = why_not_sent(item);
    if (!why.empty()) losses.push_back({fmt::format("input[{}]", at), std::string(why)});
    ++at;
    return why.empty();
  });
}

}  // namespace

std::string forward_request(Operation operation, const json::Tree& body, const RequestScan& scan,
                            const Forward& forward, std::vector<chat::Loss>& losses) {
  std::vector<Patch> patches;
  openai_wire::rename_model(patches, scan, forward);
  Wishes wishes(body.root(), patches);
  wishes.name_no_previous();
  if (operation != Operation::CountTokens) {
    wishes.store_nothing();
    if (has_reasoning(body.root())) wishes.ask_sealed_reasoning();
    wishes.add_at(scan.model_span.end);
  }
  if (forward.fields != Fields::All)
    list_unlisted(body.root(), forward.fields, patches, losses);
  else
    cut_unknown_reasoning(body.root(), patches, losses);
  std::ranges::sort(patches, {},
                    [](const Patch& patch) { return std::pair(patch.begin, patch.end); });
  return patched(body.text(), patches);
}

}  // namespace naru::dialect::openai_responses_wire
