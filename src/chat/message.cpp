#include "chat/message.h"

namespace naru::chat {

std::string ToolResult::text() const {
  std::string all;
  bool first = true;
  for (const ResultPart& part : parts) {
    const auto* text = std::get_if<Text>(&part);
    if (text == nullptr) continue;
    if (!std::exchange(first, false)) all += '\n';
    all += text->text;
  }
  return all;
}

}  // namespace naru::chat
