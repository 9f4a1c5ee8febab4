#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace naru::net {

/// A coroutine that runs on one loop; started by `co_await` or `TaskGroup::spawn`. The rules for
/// writing one stand in CONTRIBUTING.md: one `co_await` a statement, never in a condition or a
/// catch; parameters by value, or by reference with the word Lifetime in the comment; no capturing
/// lambda.
template <class T = void>
using Task = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;

}  // namespace naru::net
