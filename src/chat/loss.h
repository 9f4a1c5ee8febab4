#pragma once
#include <string>

namespace naru::chat {

/// Something of a request or an answer that the other side cannot carry: which field, and why.
struct Loss {
  std::string field;   ///< path in the client's request: `messages[2].content[0]`; of an answer:
                       ///< `answer.content[1]`
  std::string reason;  ///< "anthropic has no logit_bias"
  bool operator==(const Loss&) const = default;
};

}  // namespace naru::chat
