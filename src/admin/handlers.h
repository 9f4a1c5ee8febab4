#pragma once
#include "admin/api.h"

/// The handlers of the table in `api.cpp`, by subject.
namespace naru::admin {

// keys.cpp
Result<Reply> list_keys(Context& context, const Request& request);
Result<Reply> create_key(Context& context, const Request& request);
Result<Reply> change_key(Context& context, const Request& request);
Result<Reply> revoke_key(Context& context, const Request& request);

// usage.cpp
Result<Reply> usage(Context& context, const Request& request);
Result<Reply> list_exchanges(Context& context, const Request& request);
Result<Reply> one_exchange(Context& context, const Request& request);

// state.cpp
Result<Reply> metrics(Context& context, const Request& request);
Result<Reply> status(Context& context, const Request& request);
Result<Reply> list_models(Context& context, const Request& request);
Result<Reply> list_upstreams(Context& context, const Request& request);
Result<Reply> list_deployments(Context& context, const Request& request);
Result<Reply> reload(Context& context, const Request& request);
Result<Reply> backup(Context& context, const Request& request);

// upgrade.cpp
Result<Reply> upgrade(Context& context, const Request& request);
Result<Reply> upgrade_state(Context& context, const Request& request);

}  // namespace naru::admin
