#include "mock/page.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace naru::mock {
namespace {

TEST(MockPage, is_what_the_documents_have) {
  const char* source = std::getenv("NARU_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/mock.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(page, reference_page()) << "docs/mock.md is older than the rows; write it anew with "
                                       "'naru mock --reference > docs/mock.md'";
}

}  // namespace
}  // namespace naru::mock
