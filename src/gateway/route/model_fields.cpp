#include <set>

#include "gateway/route/model.h"

namespace naru::gateway {
namespace {

using settings::Fields;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const Fields<TargetSpec>& target_fields() {
  static const auto fields =
      Fields<TargetSpec>{}
          .text("upstream", &TargetSpec::upstream, settings::dns_label,
                "Name of an upstream or a deployment.")
          .required("openai")
          .text("model", &TargetSpec::model, settings::any_text,
                "What that upstream calls the model. Left out: the name of this document, or for a "
                "pattern the name the client asked for.")
          .integer(
              "weight", &TargetSpec::weight, 0, 1'000'000,
              "Share of the calls among targets of the same tier; 0: the target stands here but "
              "gets none.")
          .integer("tier", &TargetSpec::tier, 0, 15,
                   "0 is tried first; a higher tier only when all lower ones have failed.")
          .integer("slots", &TargetSpec::slots, 0, 100'000,
                   "Calls it computes at once, as vLLM's `--max-num-seqs`; a call goes elsewhere "
                   "before it would wait for one, but where `balance` is `weight`. 0: not known. "
                   "Of a deployment naru knows it itself.");
  return fields;
}

std::vector<Problem> check_retry(const RetryPolicy& retry) {
  if (retry.base <= retry.most) return {};
  return {{.path = "base",
           .text = fmt::format("is {}, longer than most, {}; make it shorter",
                               settings::write_duration(retry.base),
                               settings::write_duration(retry.most))}};
}

const Fields<RetryPolicy>& retry_fields() {
  static const auto fields =
      Fields<RetryPolicy>{}
          .integer("attempts", &RetryPolicy::attempts, 1, 10,
                   "Calls in all before the first content byte, over all targets; 1: nothing is "
                   "tried again.")
          .duration("base", &RetryPolicy::base, 0ms, 60s,
                    "The first wait is chance below this, each further one below twice the last.")
          .duration("most", &RetryPolicy::most, 0ms, 600s,
                    "No wait is longer; an upstream that asks for more is not called again.")
          .check(check_retry);
  return fields;
}

const Fields<HedgePolicy>& hedge_fields() {
  static const auto fields = Fields<HedgePolicy>{}.duration(
      "after", &HedgePolicy::after, 0ms, 600s,
      "A call that streams and has no content after this long goes to the next target too, if "
      "one has a place at once. Whichever has content first answers; the other is cancelled, "
      "and what it has read is paid for. At most one call in twenty. 0: never.");
  return fields;
}

/// In each tier some target must get the calls.
void check_weights(const ModelSpec& spec, std::vector<Problem>& problems) {
  std::map<std::uint32_t, std::uint64_t> weights;
  for (const TargetSpec& target : spec.targets) weights[target.tier] += target.weight;
  for (std::size_t i = 0; i < spec.targets.size(); ++i) {
    const auto tier = weights.find(spec.targets[i].tier);
    if (tier == weights.end() || tier->second > 0) continue;
    problems.push_back(
        {.path = settings::join(settings::join("targets", i), "weight"),
         .text = fmt::format("is 0, as all weights of tier {} are; give one target more than 0",
                             tier->first)});
    weights.erase(tier);  // said once a tier
  }
}

std::vector<Problem> check_model(const ModelSpec& spec) {
  std::vector<Problem> problems;
  if (spec.targets.empty())
    problems.push_back(
        {.path = "targets", .text = "is empty; say where calls go, as '- upstream: openai'"});
  check_weights(spec, problems);
  std::set<std::pair<std::string, std::string>> places;
  for (std::size_t i = 0; i < spec.targets.size(); ++i)
    if (!places.emplace(spec.targets[i].upstream, spec.targets[i].model).second)
      problems.push_back({.path = settings::join("targets", i),
                          .text = "is the same upstream and model as a target before it; keep one "
                                  "and give it the weight of both"});
  return problems;
}

}  // namespace

bool is_pattern(std::string_view name) { return name.find('*') != name.npos; }

const Fields<ModelSpec>& model_fields() {
  static const auto fields =
      Fields<ModelSpec>{}
          .text("name", &ModelSpec::name, settings::model_name,
                "What clients ask for; `*` stands for any characters, as in `claude-*`. A full "
                "name goes before a pattern, the pattern with more fixed characters before others.")
          .required("smollm2")
          .texts("aliases", &ModelSpec::aliases, settings::model_name,
                 "Further names or patterns for the same model.")
          .objects("targets", &ModelSpec::targets, target_fields(), "Where calls go; at least one.")
          .required("[{upstream: openai}]")
          .choice("balance", &ModelSpec::balance,
                  {{"weight", Balance::Weight},
                   {"least_outstanding", Balance::LeastOutstanding},
                   {"peak_ewma", Balance::PeakEwma},
                   {"prefix", Balance::Prefix}},
                  "How calls are spread over the targets of a tier, each in proportion to its "
                  "weight: by chance; to the one with the fewest calls under way; to the better of "
                  "two drawn by chance, by the time it lets calls wait and its calls under way; or "
                  "each conversation to one target, whose engine has its beginning in its cache, "
                  "as long as that has room.")
          .object("retry", &ModelSpec::retry, retry_fields(),
                  "What is tried again when an attempt fails before its first content byte.")
          .object("hedge", &ModelSpec::hedge, hedge_fields(),
                  "A second call to another target when the first is slow.")
          .choice("on_loss", &ModelSpec::on_loss,
                  {{"refuse", LossPolicy::Refuse},
                   {"warn", LossPolicy::Warn},
                   {"drop", LossPolicy::Drop}},
                  "When a target cannot carry part of a request: refuse it with 400, go on and "
                  "say so in a header and the log, or go on in silence.")
          .text("owned_by", &ModelSpec::owned_by, settings::any_text,
                "Owner shown in the model list.")
          .check(check_model);
  return fields;
}

}  // namespace naru::gateway
