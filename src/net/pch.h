#pragma once
// For rooms from net upwards: the base set, and the one header that names Asio's awaitable.
#include "base/pch.h"
#include "net/task.h"
