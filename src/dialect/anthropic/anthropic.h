#pragma once
#include "dialect/dialect.h"

namespace naru::dialect {

const Dialect& anthropic();  ///< Messages, Count tokens, Models

}  // namespace naru::dialect
