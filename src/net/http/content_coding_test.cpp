#include "net/http/content_coding.h"

#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

namespace naru::net {
namespace {

using namespace std::string_view_literals;
using ::testing::HasSubstr;

constexpr std::size_t kLimit = 1 << 20;
constexpr auto kText = R"({"model":"a","messages":[{"role":"user","content":"안녕"}]})"sv;
const std::string kZeros(10 << 20, '\0');

// What `brotli -q 11` makes of kText and of kZeros.
constexpr auto kBrotliText =
    "\x1b\x3c\x00\x40\x2c\x8e\x77\x50\x38\xe6\x17\x13\x13\xe5\x9c\xd7\x22\x7b\x5b\xeb\xb3\x12\xb1"
    "\xb0\xba\xfa\x2a\x8c\xbd\x58\x74\xc0\x21\x07\xcc\x07\xce\xda\x02\x69\x1e\x00\xd4\x96\xcc\xa6"
    "\x43\xb1\x56\xb0\x57\x97\x4d\xab\x14\x08\xa0\xd3\x8f\x02"sv;
constexpr auto kBrotliZeros =
    "\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x2f\xff\xff\x3f\xf0\x4f\x00\xc4\x61\x11"
    "\x80\xee\xfd\x07"sv;

/// `window_bits` as deflateInit2 takes it: 31 is gzip, 15 zlib's own.
std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Coding {
  std::string name;
  std::string text;   // kText, coded
  std::string zeros;  // kZeros, coded
};

std::vector<Coding> codings() {
  return {{"gzip", deflated(kText, 31), deflated(kZeros, 31)},
          {"x-gzip", deflated(kText, 31), deflated(kZeros, 31)},
          {"deflate", deflated(kText, 15), deflated(kZeros, 15)},
          {"br", std::string(kBrotliText), std::string(kBrotliZeros)},
          {" ZSTD ", zstd(kText), zstd(kZeros)}};
}

/// What `bytes` decode to, given in pieces of `step`; `!`, the kind and the reason if they do not.
std::string decoded(const std::string& coding, std::string_view bytes, std::size_t step = 4096) {
  const auto decoder = *ContentDecoder::make(coding);
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    const auto fed = decoder->feed(bytes.substr(0, step), out, kLimit);
    if (!fed) return fmt::format("!{} {}", row(fed.error().kind).word, fed.error().detail);
  }
  const auto done = decoder->finish();
  if (!done) return fmt::format("!{} {}", row(done.error().kind).word, done.error().detail);
  return out;
}

TEST(ContentDecoder, decodes_each_coding_however_its_bytes_are_cut) {
  for (const Coding& coding : codings())
    for (std::size_t step = 1; step <= coding.text.size(); ++step)
      EXPECT_EQ(decoded(coding.name, coding.text, step), kText) << coding.name << " " << step;
}

TEST(ContentDecoder, is_not_needed_without_a_coding) {
  EXPECT_EQ(*ContentDecoder::make(""), nullptr);
  EXPECT_EQ(*ContentDecoder::make("identity"), nullptr);
}

TEST(ContentDecoder, names_the_codings_it_knows) {
  for (const std::string_view unknown : {"compress", "gzip, br", "gzipp"}) {
    const auto made = ContentDecoder::make(unknown);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().detail,
              fmt::format("content-encoding '{}' is not known; send one of gzip, deflate, br, "
                          "zstd, or none",
                          unknown));
  }
}

TEST(ContentDecoder, misses_the_end_of_a_body_that_is_cut) {
  for (const Coding& coding : codings())
    for (std::size_t size = 0; size < coding.text.size(); ++size)
      EXPECT_THAT(decoded(coding.name, coding.text.substr(0, size)), HasSubstr("ends before its"))
          << coding.name << " " << size;
}

TEST(ContentDecoder, stops_at_the_limit_however_small_the_body) {
  for (const Coding& coding : codings()) {
    const auto decoder = *ContentDecoder::make(coding.name);
    std::string out;
    const auto fed = decoder->feed(coding.zeros, out, kLimit);
    ASSERT_FALSE(fed) << coding.name;
    EXPECT_EQ(fed.error().kind, FaultKind::TooLarge) << coding.name;
    EXPECT_LE(out.size(), kLimit) << coding.name;
  }
}

TEST(ContentDecoder, refuses_bytes_of_another_coding) {
  for (const Coding& coding : codings()) {
    EXPECT_THAT(decoded(coding.name, kText), HasSubstr("!invalid_request ")) << coding.name;
    EXPECT_THAT(decoded(coding.name, "\x01\x02\x03\x04\x05\x06\x07\x08"),
                HasSubstr("!invalid_request "))
        << coding.name;
  }
}

TEST(ContentDecoder, refuses_what_follows_the_end) {
  for (const Coding& coding : codings())
    EXPECT_THAT(decoded(coding.name, coding.text + "trailing"), HasSubstr("!invalid_request "))
        << coding.name;
}

TEST(ContentDecoder, joins_several_gzip_members_and_zstd_frames) {
  EXPECT_EQ(decoded("gzip", deflated("one ", 31) + deflated("two", 31), 3), "one two");
  EXPECT_EQ(decoded("zstd", zstd("one ") + zstd("two"), 3), "one two");
}

TEST(ContentDecoder, refuses_a_changed_byte_where_the_coding_has_a_checksum) {
  std::string bytes = deflated(kText, 31);
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);
  EXPECT_EQ(decoded("gzip", bytes), "!invalid_request the body is not valid gzip");
}

}  // namespace
}  // namespace naru::net
