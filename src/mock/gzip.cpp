#include "mock/gzip.h"

#include <zlib.h>

#include <array>

#include "base/check.h"

namespace naru::mock {
namespace {

constexpr int kGzipWindow = 15 + 16;  // 16: with gzip's head, RFC 1952
constexpr int kMemoryLevel = 8;

std::string deflated(z_stream& stream, std::string_view plain, int flush) {
  std::string out;
  std::array<char, 16 << 10> room;
  // zlib reads only, but says so nowhere in its types.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = room.size();
    const int done = deflate(&stream, flush);
    NARU_CHECK(done != Z_STREAM_ERROR, "the stream is set up as zlib wants it");
    out.append(room.data(), room.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

}  // namespace

std::vector<std::string> gzipped(const std::vector<std::string_view>& pieces) {
  z_stream stream{};
  const int begun = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow,
                                 kMemoryLevel, Z_DEFAULT_STRATEGY);
  NARU_CHECK(begun == Z_OK, "zlib takes these settings");
  std::vector<std::string> out;
  out.reserve(pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i)
    out.push_back(deflated(stream, pieces[i], i + 1 == pieces.size() ? Z_FINISH : Z_SYNC_FLUSH));
  deflateEnd(&stream);
  return out;
}

}  // namespace naru::mock
