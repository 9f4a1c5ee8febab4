#include "base/secret.h"

namespace naru {

Secret::~Secret() {
  text_.resize(text_.capacity());  // a move or a shorter text may have left bytes behind the end
  // A volatile write is not optimised away although the object is about to die.
  volatile char* bytes = text_.data();
  for (std::size_t i = 0; i < text_.size(); ++i) bytes[i] = 0;
}

std::string Secret::hint() const {
  return text_.size() < 12 ? "…" : "…" + text_.substr(text_.size() - 4);
}

}  // namespace naru
