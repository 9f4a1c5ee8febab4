"""nginx as a reverse proxy: what forwarding alone costs, without a look at the bodies."""
import os
from pathlib import Path
from urllib.parse import urlsplit

from ..system import Running, System, free_port, install_debian, spawn, version_in, wait_for

PROGRAM = "/usr/sbin/nginx"  # Debian's; a user's PATH does not hold it
WORKERS = os.environ.get("BENCH_WORKERS", "auto")

# Its requests a connection are 1000 unless told: each thousandth would be paid with a new one.
CONFIG = """
daemon off;
{user}
worker_processes {workers};
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_requests 1000000000;
  upstream provider {{
    server {upstream};
    keepalive 1024;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location = /healthy {{ return 200; }}
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }}
  }}
}}
"""


def start(folder: Path, upstream: str) -> Running:
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not read `folder`
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(user=user, workers=WORKERS, port=port,
                                    upstream=urlsplit(upstream).netloc), encoding="utf-8")
    process = spawn([PROGRAM, "-e", "stderr", "-p", folder, "-c", config], folder)
    running = Running(f"http://127.0.0.1:{port}", process)
    return wait_for(f"{running.url}/healthy", running, folder)


SYSTEM = System(
    name="nginx",
    about="Debian's nginx-light as a reverse proxy: kept connections on both sides, no buffering "
          f"of answers, no access log, worker_processes {WORKERS}",
    install=install_debian,
    version=lambda: version_in(PROGRAM, "-v"),
    start=start)
