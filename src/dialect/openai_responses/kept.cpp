#include "dialect/openai_responses/kept.h"

#include "base/id.h"
#include "base/json_fields.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "chat/wire/sse.h"
#include "dialect/json_views.h"
#include "dialect/openai/strict_json.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

constexpr std::size_t kMostIdBytes = 128;
constexpr std::size_t kMostReferences = 256;
constexpr std::string_view kReference = "item_reference";

void check_id(json::FieldReader& in, std::string_view path, std::string_view id) {
  if (id.empty() || id.size() > kMostIdBytes)
    in.problem(path, fmt::format("must be an id of 1 to {} bytes, this one has {}", kMostIdBytes,
                                 id.size()));
}

/// OpenAI takes a reference without its type too.
bool is_reference(ValueView item) {
  if (!item.is_object() || !item.find("id")) return false;
  const std::string_view type = text_of(item, "type");
  return type == kReference || (type.empty() && !item.find("role") && item.size() == 1);
}

std::string user_item(std::string_view text) {
  std::string item;
  json::Writer out(item);
  out.object().field("type", "message").field("role", "user").key("content").array();
  out.object().field("type", "input_text").field("text", text).end_object();
  out.end_array().end_object();
  return item;
}

std::string_view prefix_of(std::string_view type) {
  if (type == "function_call") return "fc_";
  if (type == "function_call_output") return "fco_";
  if (type == "reasoning") return "rs_";
  return "msg_";
}

/// `item` with an id as its first member.
Item with_id(std::string_view item, std::string_view type, Rng& rng) {
  Item made{.id = random_id(prefix_of(type), rng), .body = "{\"id\":"};
  json::append_quoted(made.body, made.id);
  const std::size_t inside = item.find_first_not_of(" \t\r\n", 1);
  if (item[inside] != '}') made.body += ',';
  made.body += item.substr(inside);
  return made;
}

/// What an upstream spelled as only lenient readers take it is written anew: it will stand in a
/// request.
Item item_of(ValueView value, Rng& rng) {
  const std::string_view id = text_of(value, "id");
  const std::string_view type = text_of(value, "type");
  std::string body = openai_wire::strict_json(value);
  if (!id.empty() && id.size() <= kMostIdBytes)
    return {.id = std::string(id), .body = std::move(body)};
  // An id nobody can name: it is kept under one of ours, and its own stays within.
  if (value.find("id")) return {.id = random_id(prefix_of(type), rng), .body = std::move(body)};
  return with_id(body, type, rng);
}

std::optional<Keepsake> keepsake_of(ValueView response, Rng& rng) {
  const std::string_view id = text_of(response, "id");
  const std::optional<ValueView> output = response.find("output");
  if (id.empty() || id.size() > kMostIdBytes || !output || !output->is_array()) return std::nullopt;
  Keepsake kept{.id = std::string(id), .body = openai_wire::strict_json(response), .items = {}};
  for (const ValueView item : *output)
    if (item.is_object()) kept.items.push_back(item_of(item, rng));
  return kept;
}

}  // namespace

Result<Recall> scan_recall(const json::Tree& body) {
  json::FieldReader in(body.root(), "$");
  Recall recall;
  recall.keep = in.find_boolean("store").value_or(true);
  if (const auto previous = in.find_text("previous_response_id")) {
    check_id(in, "previous_response_id", *previous);
    recall.previous = *previous;
  }
  const std::optional<ValueView> input = in.find_any("input");
  if (!input || !input->is_array()) return in.finish(std::move(recall));
  std::size_t at = 0;
  for (const ValueView item : *input) {
    const std::string path = fmt::format("input[{}].id", at++);
    if (!is_reference(item)) continue;
    check_id(in, path, text_of(item, "id"));
    if (std::ranges::find(recall.references, text_of(item, "id")) == recall.references.end())
      recall.references.emplace_back(text_of(item, "id"));
    if (recall.references.size() > kMostReferences)
      in.problem("input", fmt::format("names more than {} items by id; send the others themselves",
                                      kMostReferences));
    if (!in.ok()) break;
  }
  return in.finish(std::move(recall));
}

namespace {

/// A list of items that is to go into a request.
class InputList {
 public:
  explicit InputList(std::size_t most_bytes) : most_(most_bytes) {}

  Result<void> add(std::string_view item) {
    if (list_.size() + item.size() + 2 > most_)
      return fail(FaultKind::TooLarge,
                  "the request with what was said before it exceeds {} bytes (limits.body_bytes)",
                  most_);
    if (list_.size() > 1) list_ += ',';
    list_ += item;
    return {};
  }
  std::string take() { return std::move(list_) + "]"; }

 private:
  const std::size_t most_;
  std::string list_ = "[";
};

Fault not_kept(std::string path, std::string_view id) {
  Fault fault{.kind = FaultKind::InvalidRequest, .detail = {}};
  fault.detail = fmt::format(
      "$.{} names the item '{}', which is not kept here for this key; send the item itself", path,
      clipped(id, kMostIdBytes));
  fault.param = std::move(path);
  return fault;
}

/// The client's own items, those that stand by name given way to what is kept.
Result<void> add_own(ValueView input, const Recalled& recalled, InputList& list) {
  if (input.is_string()) return list.add(user_item(input.text()));
  std::size_t at = 0;
  for (const ValueView item : input) {
    std::string path = fmt::format("input[{}]", at++);
    if (!is_reference(item)) {
      NARU_TRY_VOID(list.add(item.raw()));
      continue;
    }
    const auto found = recalled.referenced.find(std::string(text_of(item, "id")));
    if (found == recalled.referenced.end())
      return fail(not_kept(std::move(path), text_of(item, "id")));
    NARU_TRY_VOID(list.add(found->second));
  }
  return {};
}

}  // namespace

Result<std::string> with_recalled(const json::Tree& body, const Recalled& recalled,
                                  std::size_t most_bytes) {
  InputList list(most_bytes);
  for (const std::string& item : recalled.earlier) NARU_TRY_VOID(list.add(item));
  const ValueView root = body.root();
  const std::optional<ValueView> input = root.find("input");
  if (input && !input->is_null()) NARU_TRY_VOID(add_own(*input, recalled, list));
  if (input) return patched(body.text(), {{input->span().begin, input->span().end, list.take()}});
  const std::uint32_t inside = root.span().begin + 1;
  return patched(
      body.text(),
      {{inside, inside, fmt::format("\"input\":{}{}", list.take(), root.size() > 0 ? "," : "")}});
}

std::vector<Item> input_items(const json::Tree& body, Rng& rng) {
  std::vector<Item> items;
  const std::optional<ValueView> input = body.root().find("input");
  if (!input) return items;
  if (input->is_string()) {
    items.push_back(with_id(user_item(input->text()), "message", rng));
    return items;
  }
  for (const ValueView item : *input)
    if (item.is_object()) items.push_back(item_of(item, rng));
  return items;
}

std::optional<Keepsake> read_keepsake(std::string_view answer, Rng& rng) {
  if (!answer.empty() && answer.front() != '{') {
    wire::Splitter splitter(answer.size() + 1);
    if (!splitter.feed(answer)) return std::nullopt;
    for (auto event = splitter.next(); event; event = splitter.next()) {
      const auto tree = json::Tree::parse(event->data, json::kFromUpstream);
      const auto response = tree ? tree->root().find("response") : std::nullopt;
      if (response) return keepsake_of(*response, rng);
    }
    return std::nullopt;
  }
  const auto tree = json::Tree::parse(answer, json::kFromUpstream);
  return tree ? keepsake_of(tree->root(), rng) : std::nullopt;
}

std::string write_deleted(std::string_view id) {
  std::string body;
  json::Writer out(body);
  out.object().field("id", id).field("object", "response").field("deleted", true).end_object();
  return body;
}

}  // namespace naru::dialect::openai_responses_wire
