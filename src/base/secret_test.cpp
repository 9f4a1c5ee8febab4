#include "base/secret.h"

#include <gtest/gtest.h>

#include <ostream>

namespace naru {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(fmt::is_formattable<std::string>::value && !fmt::is_formattable<Secret>::value);
static_assert(Streamable<std::string> && !Streamable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>, "a secret is made on purpose");

TEST(Secret, shows_its_end_only_when_it_is_long) {
  EXPECT_EQ(Secret("sk-naru-0123456789").hint(), "…6789");
  EXPECT_EQ(Secret("12345678901").hint(), "…");
  EXPECT_EQ(Secret().hint(), "…");
}

TEST(Secret, gives_its_text_on_demand) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(secret, Secret("hunter2"));
  EXPECT_NE(secret, Secret("hunter3"));
}

TEST(Secret, survives_copies_and_moves) {
  Secret first("one long enough to be on the heap, not inline");
  const Secret copy = first;
  const Secret moved = std::move(first);
  EXPECT_EQ(copy, moved);
}

/// Whether a secret made and changed by `change` leaves `text` in its memory when it dies. Short
/// texts lie within the object, so that they can be looked for after its end.
template <class Change>
bool leaves_behind(std::string_view text, Change change) {
  alignas(Secret) std::array<char, sizeof(Secret)> place{};
  auto* const secret = new (place.data()) Secret(std::string(text));
  change(*secret);
  secret->~Secret();
  return std::string_view(place.data(), place.size()).find(text.substr(1)) != text.npos;
}

TEST(Secret, wipes_its_bytes_when_it_dies) {
  EXPECT_FALSE(leaves_behind("short one", [](Secret&) {}));
}

TEST(Secret, wipes_what_a_move_or_a_shorter_text_left) {
  EXPECT_FALSE(leaves_behind("short one", [](Secret& from) { const Secret to = std::move(from); }));
  EXPECT_FALSE(leaves_behind("short one", [](Secret& secret) { secret = Secret("x"); }));
}

}  // namespace
}  // namespace naru
