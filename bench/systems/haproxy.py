"""HAProxy as a reverse proxy: what forwarding alone costs, without a look at the bodies."""
from pathlib import Path
from urllib.parse import urlsplit

from ..system import Running, System, free_port, install_debian, spawn, version_in, wait_for

PROGRAM = "/usr/sbin/haproxy"  # Debian's; a user's PATH does not hold it

# Left out: `log`, nothing is logged; `nbthread`, a thread a core; `maxconn`, as open files allow.
# Without `http-no-delay` it waits up to 200 ms for more of a stream before it sends what it has.
CONFIG = """
defaults
  mode http
  http-reuse always
  option http-no-delay
  no option http-server-close
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend clients
  bind 127.0.0.1:{port}
  monitor-uri /healthy
  default_backend provider
backend provider
  server provider {upstream}
"""


def start(folder: Path, upstream: str) -> Running:
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(CONFIG.format(port=port, upstream=urlsplit(upstream).netloc),
                      encoding="utf-8")
    running = Running(f"http://127.0.0.1:{port}", spawn([PROGRAM, "-db", "-f", config], folder))
    return wait_for(f"{running.url}/healthy", running, folder)


SYSTEM = System(
    name="HAProxy",
    about="Debian's haproxy in mode http: kept connections on both sides, those to the upstream "
          "shared (http-reuse always), http-no-delay for streams, no log, a thread a core",
    install=install_debian,
    version=lambda: version_in(PROGRAM, "-v"),
    start=start)
