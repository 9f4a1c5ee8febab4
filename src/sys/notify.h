#pragma once
#include <string_view>

namespace naru::sys {

/// Tells the service manager `state` (`READY=1`, `STOPPING=1`, `RELOADING=1`, …) over the socket
/// named by $NOTIFY_SOCKET; does nothing without one. Source: sd_notify(3).
void notify(std::string_view state);

}  // namespace naru::sys
