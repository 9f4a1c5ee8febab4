#include "driver/gguf.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "sys/fd.h"
#include "sys/files.h"

namespace naru::driver {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF numbers are little-endian");

// Bounds no real model comes near; a file beyond them is made to harm.
constexpr std::uint64_t kMaxTensors = 1'000'000;
constexpr std::uint64_t kMaxPairs = 1'000'000;
constexpr std::uint64_t kMaxKeyBytes = 65'535;
constexpr std::uint64_t kMaxNameBytes = 64;
constexpr std::uint32_t kMaxDimensions = 4;
constexpr std::uint32_t kMaxAlignment = 1 << 20;
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::string_view kMagic = "GGUF";
constexpr int kMaxArrayDepth = 4;
constexpr std::uint64_t kMaxHeadBytes = 64 << 20;  // its vocabulary is nearly all of it
constexpr std::uint64_t kFirstBytes = 1 << 20;

/// Kinds of a metadata value, by number.
enum Kind : std::uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
  kKinds
};
constexpr std::array<std::uint64_t, kKinds> kScalarBytes{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/// A block of one tensor type: so many elements take so many bytes.
struct BlockRow {
  std::uint32_t type;
  std::uint64_t elements;
  std::uint64_t bytes;
};
// Source: ggml.h and ggml-common.h; numbers that are missing were withdrawn.
constexpr auto kBlocks = std::to_array<BlockRow>({
    {0, 1, 4},      {1, 1, 2},      {2, 32, 18},   {3, 32, 20},    {6, 32, 22},    {7, 32, 24},
    {8, 32, 34},    {9, 32, 36},    {10, 256, 84}, {11, 256, 110}, {12, 256, 144}, {13, 256, 176},
    {14, 256, 210}, {15, 256, 292}, {16, 256, 66}, {17, 256, 74},  {18, 256, 98},  {19, 256, 50},
    {20, 32, 18},   {21, 256, 110}, {22, 256, 82}, {23, 256, 136}, {24, 1, 1},     {25, 1, 2},
    {26, 1, 4},     {27, 1, 8},     {28, 1, 8},    {29, 256, 56},  {30, 1, 2},     {34, 256, 54},
    {35, 256, 66},  {39, 32, 17},
});

std::optional<BlockRow> find_block(std::uint32_t type) {
  for (const BlockRow& row : kBlocks)
    if (row.type == type) return row;
  return std::nullopt;
}

/// Reads forward through the head; every read is checked against the file's size, of which `bytes`
/// are the beginning.
class Reader {
 public:
  Reader(std::string_view bytes, std::uint64_t file_bytes)
      : bytes_(bytes), file_bytes_(file_bytes) {}
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return file_bytes_ - at_; }
  /// More of the file than there was, if a read came upon that.
  std::uint64_t wants_bytes() const { return wants_bytes_; }

  template <class T>
  Result<T> number() {
    NARU_TRY_VOID(has(sizeof(T)));
    T value{};
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  Result<std::string_view> text(std::uint64_t most) {
    NARU_TRY(const auto length, number<std::uint64_t>());
    if (length > most)
      return wrong(fmt::format("a text of {} bytes; at most {} fit", length, most));
    NARU_TRY_VOID(has(length));
    const std::string_view found = bytes_.substr(at_, length);
    at_ += length;
    return found;
  }

  Result<void> skip(std::uint64_t bytes) {
    NARU_TRY_VOID(has(bytes));
    at_ += bytes;
    return {};
  }

  std::unexpected<Fault> wrong(std::string_view what) const {
    return fail(FaultKind::InvalidRequest, "not a sound GGUF file: at byte {}: {}", at_, what);
  }
  std::unexpected<Fault> ends_early() const { return wrong("the file ends early"); }

 private:
  Result<void> has(std::uint64_t bytes) {
    if (bytes > left()) return ends_early();
    if (bytes <= bytes_.size() - at_) return {};
    wants_bytes_ = at_ + bytes;
    return wrong(fmt::format("its head reaches to byte {}; at most {} are read", wants_bytes_,
                             kMaxHeadBytes));
  }

  std::string_view bytes_;
  std::uint64_t file_bytes_;
  std::uint64_t at_ = 0;
  std::uint64_t wants_bytes_ = 0;
};

/// Passes over one value of `kind`.
Result<void> skip_value(Reader& in, std::uint32_t kind, int depth) {
  if (kind >= kKinds) return in.wrong(fmt::format("unknown kind {} of a value", kind));
  if (kind == kString) {
    NARU_TRY_VOID(in.text(in.left()));
    return {};
  }
  if (kind != kArray) return in.skip(kScalarBytes[kind]);
  if (depth >= kMaxArrayDepth) return in.wrong("arrays within arrays too deep");
  NARU_TRY(const auto inner, in.number<std::uint32_t>());
  NARU_TRY(const auto count, in.number<std::uint64_t>());
  if (inner >= kKinds) return in.wrong(fmt::format("unknown kind {} of an array", inner));
  if (count > in.left()) return in.ends_early();  // each element takes a byte at least
  if (inner != kString && inner != kArray) {
    if (count > in.left() / kScalarBytes[inner]) return in.ends_early();
    return in.skip(count * kScalarBytes[inner]);
  }
  for (std::uint64_t i = 0; i < count; ++i) NARU_TRY_VOID(skip_value(in, inner, depth + 1));
  return {};
}

struct Metadata {
  std::uint64_t alignment = kDefaultAlignment;
};

Result<void> read_alignment(Reader& in, std::uint32_t kind, Metadata& metadata) {
  if (kind != kUint32) return in.wrong("general.alignment is not a 32-bit number");
  NARU_TRY(const auto alignment, in.number<std::uint32_t>());
  if (alignment == 0 || alignment > kMaxAlignment || !std::has_single_bit(alignment))
    return in.wrong(fmt::format("general.alignment is {}; a power of two is needed", alignment));
  metadata.alignment = alignment;
  return {};
}

Result<void> read_pair(Reader& in, Metadata& metadata, GgufFacts& facts) {
  NARU_TRY(const std::string_view key, in.text(kMaxKeyBytes));
  NARU_TRY(const auto kind, in.number<std::uint32_t>());
  if (key == "general.alignment") return read_alignment(in, kind, metadata);
  if (key == "general.architecture") {
    if (kind != kString) return in.wrong("general.architecture is not a text");
    NARU_TRY(const std::string_view name, in.text(kMaxNameBytes));
    facts.architecture = std::string(name);
    return {};
  }
  if (key.ends_with(".context_length") && kind == kUint32) {
    NARU_TRY(facts.context_length, in.number<std::uint32_t>());
    return {};
  }
  if (key == "tokenizer.chat_template") facts.has_chat_template = true;
  return skip_value(in, kind, 0);
}

bool multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

/// Bytes of one tensor's data, from its dimensions and type.
Result<std::uint64_t> read_shape(Reader& in) {
  NARU_TRY(const auto dimensions, in.number<std::uint32_t>());
  if (dimensions > kMaxDimensions)
    return in.wrong(
        fmt::format("a tensor of {} dimensions; at most {} fit", dimensions, kMaxDimensions));
  std::uint64_t elements = 1;
  std::uint64_t row_elements = 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    NARU_TRY(const auto size, in.number<std::uint64_t>());
    if (i == 0) row_elements = size;
    if (size == 0 || size > INT64_MAX || !multiply(elements, size, elements) ||
        elements > INT64_MAX)
      return in.wrong("a tensor whose size overflows or is zero");
  }
  NARU_TRY(const auto type, in.number<std::uint32_t>());
  const auto block = find_block(type);
  if (!block) return in.wrong(fmt::format("unknown tensor type {}", type));
  if (row_elements % block->elements != 0)
    return in.wrong(
        fmt::format("rows of {} elements do not fill blocks of {}", row_elements, block->elements));
  std::uint64_t bytes = 0;
  if (!multiply(elements / block->elements, block->bytes, bytes))
    return in.wrong("a tensor whose bytes overflow");
  return bytes;
}

/// How far into the data section the tensors reach.
Result<std::uint64_t> read_tensors(Reader& in, const Metadata& metadata, GgufFacts& facts) {
  std::uint64_t reach = 0;
  for (std::uint64_t i = 0; i < facts.tensors; ++i) {
    NARU_TRY_VOID(in.text(kMaxNameBytes));
    NARU_TRY(const std::uint64_t bytes, read_shape(in));
    NARU_TRY(const auto offset, in.number<std::uint64_t>());
    std::uint64_t end = 0;
    if (offset % metadata.alignment != 0 || __builtin_add_overflow(offset, bytes, &end))
      return in.wrong(
          fmt::format("a tensor at offset {}, which is not aligned or overflows", offset));
    if (__builtin_add_overflow(facts.tensor_bytes, bytes, &facts.tensor_bytes))
      return in.wrong("tensors whose bytes overflow");
    reach = std::max(reach, end);
  }
  return reach;
}

Result<GgufFacts> read_head(Reader& in, std::string_view magic, std::uint64_t file_bytes) {
  if (magic != kMagic) return in.wrong("it does not begin with GGUF");
  NARU_TRY_VOID(in.skip(kMagic.size()));
  GgufFacts facts;
  NARU_TRY(facts.version, in.number<std::uint32_t>());
  if (facts.version < 2 || facts.version > 3)
    return in.wrong(fmt::format("version {}; 2 and 3 are known", facts.version));
  NARU_TRY(facts.tensors, in.number<std::uint64_t>());
  NARU_TRY(const auto pairs, in.number<std::uint64_t>());
  if (facts.tensors > kMaxTensors || pairs > kMaxPairs)
    return in.wrong(fmt::format("{} tensors and {} values; too many", facts.tensors, pairs));
  Metadata metadata;
  for (std::uint64_t i = 0; i < pairs; ++i) NARU_TRY_VOID(read_pair(in, metadata, facts));
  NARU_TRY(const std::uint64_t reach, read_tensors(in, metadata, facts));
  const std::uint64_t data =
      (in.at() + metadata.alignment - 1) / metadata.alignment * metadata.alignment;
  if (data > file_bytes || reach > file_bytes - data)
    return in.wrong(fmt::format("tensors reach {} bytes beyond a head of {}; the file has {}",
                                reach, data, file_bytes));
  if (facts.architecture.empty()) return in.wrong("general.architecture is missing");
  return facts;
}

std::unexpected<Fault> cannot_read(const std::string& path, int error) {
  return fail(FaultKind::Unavailable, "cannot read the weights {}: {}", path,
              sys::error_text(error));
}

/// Appends what `file` has from the end of `head` up to `size` bytes. Fails: Unavailable, also when
/// it has less: it was as long a moment ago.
Result<void> read_up_to(const sys::Fd& file, std::uint64_t size, const std::string& path,
                        std::string& head) {
  std::size_t at = head.size();
  head.resize(size);
  while (at < size) {
    const ssize_t got = ::pread(file.get(), head.data() + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path, errno);
    if (got == 0)
      return fail(FaultKind::Unavailable, "the weights {} were cut while they were read", path);
    at += static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace

Result<GgufFacts> check_gguf(std::string_view bytes) {
  Reader in(bytes, bytes.size());
  return read_head(in, bytes.substr(0, kMagic.size()), bytes.size());
}

// Not mapped: a file that is cut under a mapping ends the process that reads it.
Result<GgufFacts> check_gguf_file(const std::string& path) {
  // Opening a pipe that has no writer would wait for one.
  const sys::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat about{};
  if (!file.is_open() || ::fstat(file.get(), &about) != 0) return cannot_read(path, errno);
  if (!S_ISREG(about.st_mode) || about.st_size == 0)
    return fail(FaultKind::InvalidRequest, "the weights {} are not a file with bytes in it", path);
  const auto size = static_cast<std::uint64_t>(about.st_size);
  std::string head;
  std::uint64_t wanted = kFirstBytes;
  while (true) {
    NARU_TRY_VOID(read_up_to(file, std::min(wanted, size), path, head));
    Reader in(head, size);
    auto facts = read_head(in, std::string_view(head).substr(0, kMagic.size()), size);
    if (facts) return facts;
    if (in.wants_bytes() > 0 && in.wants_bytes() <= kMaxHeadBytes) {
      wanted = std::min(std::max(wanted * 4, in.wants_bytes()), kMaxHeadBytes);
      continue;
    }
    facts.error().detail = fmt::format("{}: {}", path, facts.error().detail);
    return facts;
  }
}

}  // namespace naru::driver
