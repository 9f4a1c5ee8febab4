#include "telemetry/field.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/secret.h"

namespace naru::telemetry {
namespace {

enum class Colour { Red };

template <class T>
concept CanBeLogged = requires(const T& value) { field("name", value); };

static_assert(CanBeLogged<std::string> && CanBeLogged<std::string_view> && CanBeLogged<char[4]>);
static_assert(CanBeLogged<int> && CanBeLogged<std::size_t> && CanBeLogged<double>);
static_assert(CanBeLogged<bool> && CanBeLogged<std::uint8_t>);
static_assert(!CanBeLogged<Secret>, "a secret cannot be logged");
static_assert(!CanBeLogged<std::optional<Secret>> && !CanBeLogged<const Secret*>);
static_assert(!CanBeLogged<const int*> && !CanBeLogged<std::nullptr_t>);
static_assert(!CanBeLogged<char> && !CanBeLogged<char8_t>, "a character or a number?");
static_assert(!CanBeLogged<std::chrono::seconds>, "the unit belongs into the name");
static_assert(!CanBeLogged<Colour>);

template <class T>
T value_of(const FieldView& field) {
  return std::get<T>(field.value);
}

TEST(Field, keeps_the_kind_of_its_value) {
  EXPECT_EQ(value_of<std::int64_t>(field("a", -1)), -1);
  EXPECT_EQ(value_of<std::uint64_t>(field("a", std::uint64_t{18'446'744'073'709'551'615U})),
            18'446'744'073'709'551'615U);
  EXPECT_EQ(value_of<double>(field("a", 0.5F)), 0.5);
  EXPECT_EQ(value_of<bool>(field("a", true)), true);
  EXPECT_EQ(value_of<std::string_view>(field("a", "x")), "x");
  EXPECT_EQ(value_of<std::string_view>(field("a", std::string("a longer text"))).size(), 13U);
}

}  // namespace
}  // namespace naru::telemetry
