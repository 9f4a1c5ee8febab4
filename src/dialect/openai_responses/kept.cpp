#include "dialect/openai_responses/kept.h"

#include "base/id.h"
#include "base/json_fields.h"
#include "base/json_writer.h"
#include "chat/wire/sse.h"
#include "dialect/json_views.h"

namespace naru::dialect::openai_responses_wire {
namespace {

using json::ValueView;

constexpr std::size_t kMostIdBytes = 128;
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

void append_item(std::string& list, std::string_view item) {
  if (list.size() > 1) list += ',';
  list += item;
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

Item item_of(ValueView value, Rng& rng) {
  const std::string_view id = text_of(value, "id");
  if (!id.empty() && id.size() <= kMostIdBytes)
    return {.id = std::string(id), .body = std::string(value.raw())};
  if (const auto wrong = value.find("id"); wrong && value.size() > 0) {
    // An id nobody can name: it is kept under one of ours, and its own stays within.
    return {.id = random_id(prefix_of(text_of(value, "type")), rng),
            .body = std::string(value.raw())};
  }
  return with_id(value.raw(), text_of(value, "type"), rng);
}

std::optional<Keepsake> keepsake_of(ValueView response, Rng& rng) {
  const std::string_view id = text_of(response, "id");
  const std::optional<ValueView> output = response.find("output");
  if (id.empty() || id.size() > kMostIdBytes || !output || !output->is_array()) return std::nullopt;
  Keepsake kept{.id = std::string(id), .body = std::string(response.raw()), .items = {}};
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
    recall.references.emplace_back(text_of(item, "id"));
  }
  return in.finish(std::move(recall));
}

Result<std::string> with_recalled(const json::Tree& body, std::span<const std::string> earlier,
                                  const std::map<std::string, std::string>& referenced) {
  std::string list = "[";
  for (const std::string& item : earlier) append_item(list, item);
  const std::optional<ValueView> input = body.root().find("input");
  if (input && input->is_string()) append_item(list, user_item(input->text()));
  std::size_t at = 0;
  if (input && input->is_array()) {
    for (const ValueView item : *input) {
      const std::string path = fmt::format("input[{}]", at++);
      if (!is_reference(item)) {
        append_item(list, item.raw());
        continue;
      }
      const auto found = referenced.find(std::string(text_of(item, "id")));
      if (found == referenced.end())
        return fail(Fault{.kind = FaultKind::InvalidRequest,
                          .detail = fmt::format("$.{} names the item '{}', which is not kept here "
                                                "for this key; send the item itself",
                                                path, text_of(item, "id")),
                          .param = path});
      append_item(list, found->second);
    }
  }
  list += ']';
  if (input)
    return patched(body.text(), {{input->span().begin, input->span().end, std::move(list)}});
  const std::uint32_t inside = body.root().span().begin + 1;
  const std::string_view comma = body.root().size() > 0 ? "," : "";
  return patched(body.text(),
                 {{inside, inside, fmt::format("\"input\":{}{}", std::move(list), comma)}});
}

std::vector<Item> input_items(const json::Tree& body, std::size_t skip, Rng& rng) {
  std::vector<Item> items;
  const std::optional<ValueView> input = body.root().find("input");
  if (!input) return items;
  if (input->is_string()) {
    items.push_back(with_id(user_item(input->text()), "message", rng));
    return items;
  }
  for (const ValueView item : *input) {
    if (skip > 0)
      --skip;
    else if (item.is_object())
      items.push_back(item_of(item, rng));
  }
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
