"""Portkey's AI gateway (Node.js, from npm): each request says where it goes."""
import json
from pathlib import Path

from naru_tools import sdks

from ..system import Running, System, free_port, spawn, version_in, wait_for

FOLDER = Path(__file__).with_name("portkey")
PACKAGE = FOLDER / "node_modules/@portkey-ai/gateway"


def install() -> None:
    sdks.link_npm_packages(FOLDER / "package-lock.json", sdks.node())


def version() -> str:
    own = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))["version"]
    return f"{own} on Node.js {version_in(sdks.node() / 'node', '--version')}"


def start(folder: Path, upstream: str) -> Running:
    port = free_port()
    process = spawn([sdks.node() / "node", PACKAGE / "build/start-server.js", f"--port={port}",
                     "--headless"], folder, {"NODE_ENV": "production"})
    running = Running(f"http://127.0.0.1:{port}", process, headers={
        "authorization": "Bearer sk-bench",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{upstream}/v1"})
    return wait_for(running.url, running, folder)


SYSTEM = System(
    name="Portkey",
    about="Portkey's AI gateway with --headless, so without its console: one Node.js process, the "
          "upstream named by headers of each request",
    install=install,
    version=version,
    start=start)
