#pragma once
#include "dialect/dialect.h"

namespace naru::dialect {

const Dialect& openai_responses();  ///< Responses, Input token counts

}  // namespace naru::dialect
