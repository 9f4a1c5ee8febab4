#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include "net/socket_stream.h"

namespace naru::net {

Result<SocketAddress> SocketAddress::of_ip(const std::string& ip, std::uint16_t port) {
  SocketAddress address;
  auto& v4 = *reinterpret_cast<sockaddr_in*>(&address.storage);
  auto& v6 = *reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.length = sizeof v4;
    return address;
  }
  if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.length = sizeof v6;
    return address;
  }
  return fail(FaultKind::InvalidRequest, "'{}' is no IP address", ip);
}

Result<SocketAddress> SocketAddress::of_path(const std::string& path) {
  SocketAddress address;
  auto& local = *reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof local.sun_path)
    return fail(FaultKind::InvalidRequest, "socket path '{}' must have 1 to {} bytes", path,
                sizeof local.sun_path - 1);
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  if (family() == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return 0;
}

std::string SocketAddress::text() const {
  char ip[INET6_ADDRSTRLEN] = {};
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, ip, sizeof ip);
    return fmt::format("{}:{}", ip, port());
  }
  if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, ip, sizeof ip);
    return fmt::format("[{}]:{}", ip, port());
  }
  return "unix";
}

}  // namespace naru::net
