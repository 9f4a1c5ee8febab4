#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace naru::net {

/// Undoes one content coding of a request body, piece by piece.
class ContentDecoder {
 public:
  /// For a `Content-Encoding` value: `gzip`, `x-gzip`, `deflate`, `br`, `zstd`; `identity` and
  /// empty give null. At most one coding. Fails: InvalidRequest, naming those it knows.
  static Result<std::unique_ptr<ContentDecoder>> make(std::string_view content_encoding);
  virtual ~ContentDecoder() = default;
  /// Appends what `chunk` decodes to. Fails: TooLarge when `out` would exceed `limit_bytes`;
  /// InvalidRequest on broken bytes.
  virtual Result<void> feed(std::string_view chunk, std::string& out, std::size_t limit_bytes) = 0;
  /// The bytes are over. Fails: InvalidRequest when the coding is not at its end.
  virtual Result<void> finish() = 0;
};

}  // namespace naru::net
