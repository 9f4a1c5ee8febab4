#include "net/byte_stream.h"

#include <algorithm>

namespace naru::net {

bool drop_front(Parts& parts, std::size_t count) {
  for (std::string_view& part : parts) {
    const std::size_t taken = std::min(count, part.size());
    part.remove_prefix(taken);
    count -= taken;
    if (!part.empty()) return true;
  }
  return false;
}

Parts front_of(Parts parts, std::size_t count) {
  for (std::string_view& part : parts) {
    part = part.substr(0, count);
    count -= part.size();
  }
  return parts;
}

Task<Result<void>> ByteStream::write(std::string_view bytes, Until until) {
  return write_all({bytes}, until);
}

Task<Result<void>> ByteStream::write(std::string_view first, std::string_view second, Until until) {
  return write_all({first, second}, until);
}

}  // namespace naru::net
