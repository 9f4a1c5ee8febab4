#pragma once
#include <string>

#include "base/json.h"

namespace naru::dialect::openai_wire {

/// A value of a lenient tree as JSON that every reader takes: its own bytes where they are that
/// already, else written anew. For what an upstream says and naru passes on without a look inside.
std::string strict_json(json::ValueView value);

}  // namespace naru::dialect::openai_wire
