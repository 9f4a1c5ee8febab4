#pragma once
#include "dialect/dialect.h"

namespace naru::dialect {

const Dialect& openai_chat();  ///< Chat Completions, Completions, Embeddings, Models

}  // namespace naru::dialect
