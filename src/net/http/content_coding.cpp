#include "net/http/content_coding.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/text.h"

namespace naru::net {
namespace {

constexpr std::size_t kPieceBytes = 16 << 10;  // decoded at a time
// Windows larger than this would let a small body claim much memory. RFC 8878 section 3.1.1.1.2
// names 8 MB as what every decoder should support.
constexpr int kZstdWindowLog = 23;

using Piece = std::array<char, kPieceBytes>;

std::unexpected<Fault> too_large(std::size_t limit) {
  return fail(FaultKind::TooLarge, "the body exceeds {} bytes once it is decoded", limit);
}

std::unexpected<Fault> broken(std::string_view coding) {
  return fail(FaultKind::InvalidRequest, "the body is not valid {}", coding);
}

std::unexpected<Fault> cut_short(std::string_view coding) {
  return fail(FaultKind::InvalidRequest, "the body ends before its {} coding does", coding);
}

/// Appends what a decoder made, within the limit.
Result<void> append(std::string& out, const Piece& piece, std::size_t count, std::size_t limit) {
  if (out.size() > limit || count > limit - out.size()) return too_large(limit);
  out.append(piece.data(), count);
  return {};
}

/// gzip (RFC 1952, several members allowed) and deflate (RFC 1950).
class ZlibDecoder final : public ContentDecoder {
 public:
  explicit ZlibDecoder(bool gzip) : gzip_(gzip) {
    is_set_up_ = inflateInit2(&stream_, MAX_WBITS + (gzip ? 16 : 0)) == Z_OK;
  }
  ZlibDecoder(const ZlibDecoder&) = delete;
  ZlibDecoder& operator=(const ZlibDecoder&) = delete;
  ~ZlibDecoder() override { inflateEnd(&stream_); }

  Result<void> feed(std::string_view chunk, std::string& out, std::size_t limit) override {
    if (!is_set_up_) return fail(FaultKind::Overloaded, "no memory to decode the body");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
    stream_.avail_in = static_cast<uInt>(chunk.size());
    Piece piece;
    do {
      if (at_end_ && stream_.avail_in > 0) {
        if (!gzip_ || inflateReset(&stream_) != Z_OK) return broken(name());
        at_end_ = false;
      }
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = kPieceBytes;
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return broken(name());
      at_end_ = at_end_ || state == Z_STREAM_END;
      NARU_TRY_VOID(append(out, piece, kPieceBytes - stream_.avail_out, limit));
    } while (stream_.avail_in > 0 || stream_.avail_out == 0);
    return {};
  }

  Result<void> finish() override {
    if (!at_end_) return cut_short(name());
    return {};
  }

 private:
  std::string_view name() const { return gzip_ ? "gzip" : "deflate"; }

  const bool gzip_;
  bool is_set_up_ = false;
  bool at_end_ = false;
  z_stream stream_{};
};

class BrotliDecoder final : public ContentDecoder {
 public:
  Result<void> feed(std::string_view chunk, std::string& out, std::size_t limit) override {
    if (!state_) return fail(FaultKind::Overloaded, "no memory to decode the body");
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(chunk.data());
    std::size_t available_in = chunk.size();
    Piece piece;
    for (;;) {
      auto* next_out = reinterpret_cast<std::uint8_t*>(piece.data());
      std::size_t available_out = kPieceBytes;
      const BrotliDecoderResult result = BrotliDecoderDecompressStream(
          state_.get(), &available_in, &next_in, &available_out, &next_out, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR) return broken("br");
      NARU_TRY_VOID(append(out, piece, kPieceBytes - available_out, limit));
      if (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) continue;
      if (available_in > 0) return broken("br");
      return {};
    }
  }

  Result<void> finish() override {
    if (!state_ || BrotliDecoderIsFinished(state_.get()) == BROTLI_FALSE) return cut_short("br");
    return {};
  }

 private:
  struct Free {
    void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
  };
  std::unique_ptr<BrotliDecoderState, Free> state_{
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)};
};

/// zstd, several frames allowed. RFC 8878 section 3.
class ZstdDecoder final : public ContentDecoder {
 public:
  ZstdDecoder() { ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLog); }

  Result<void> feed(std::string_view chunk, std::string& out, std::size_t limit) override {
    if (!stream_) return fail(FaultKind::Overloaded, "no memory to decode the body");
    if (chunk.empty()) return {};
    ZSTD_inBuffer input{chunk.data(), chunk.size(), 0};
    Piece piece;
    ZSTD_outBuffer output{};
    do {
      output = {piece.data(), kPieceBytes, 0};
      const std::size_t hint = ZSTD_decompressStream(stream_.get(), &output, &input);
      if (ZSTD_isError(hint) != 0) return broken("zstd");
      at_end_ = hint == 0;
      NARU_TRY_VOID(append(out, piece, output.pos, limit));
    } while (input.pos < input.size || (output.pos == kPieceBytes && !at_end_));
    return {};
  }

  Result<void> finish() override {
    if (!at_end_) return cut_short("zstd");
    return {};
  }

 private:
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_{ZSTD_createDStream()};
  bool at_end_ = false;
};

}  // namespace

Result<std::unique_ptr<ContentDecoder>> ContentDecoder::make(std::string_view content_encoding) {
  const std::string coding = to_lower(trim(content_encoding));
  if (coding.empty() || coding == "identity") return nullptr;
  if (coding == "gzip" || coding == "x-gzip") return std::make_unique<ZlibDecoder>(true);
  if (coding == "deflate") return std::make_unique<ZlibDecoder>(false);
  if (coding == "br") return std::make_unique<BrotliDecoder>();
  if (coding == "zstd") return std::make_unique<ZstdDecoder>();
  return fail(FaultKind::InvalidRequest,
              "content-encoding '{}' is not known; send one of gzip, deflate, br, zstd, or none",
              content_encoding);
}

}  // namespace naru::net
