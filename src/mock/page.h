#pragma once
#include <string>

namespace naru::mock {

/// `docs/mock.md`: what the mock speaks, how it is told what to do, every row of a script.
std::string reference_page();

}  // namespace naru::mock
