#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace naru {

/// ASCII letters only; HTTP names compare so.
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);  ///< spaces and tabs off both ends
std::vector<std::string_view> split(std::string_view text, char separator);
bool is_utf8(std::string_view text);
/// Bytes before the first that breaks UTF-8 or begins a cut character; all of them if none does.
std::size_t utf8_valid_bytes(std::string_view text);
/// The first `most` bytes, or a few less where that would cut a character.
std::string_view clipped(std::string_view text, std::size_t most);
/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
bool matches_pattern(std::string_view pattern, std::string_view name);
/// How many letters must be changed, put in or taken out to make `b` of `a`. Cost: the product of
/// their lengths, so for names only.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// At most `most` of `known` that look like `name`, nearest first.
std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& known,
                                 std::size_t most);
/// Source: RFC 4648, section 4: `+` and `/`, filled up with `=`.
std::string base64(std::string_view bytes);
/// Bytes [begin, end) of a text give way to `with`.
struct Patch {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string with;
};
/// `text` with all patches applied; they must be in order and not overlap.
std::string patched(std::string_view text, const std::vector<Patch>& patches);

}  // namespace naru
