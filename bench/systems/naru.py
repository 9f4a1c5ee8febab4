"""naru itself, with all on that it does for every call: key, limits, metering, ledger."""
import subprocess
from pathlib import Path

from ..system import Running, System, free_port, spawn, wait_for

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "build/release/naru"
DOCUMENTS = """kind: Gateway
data: {{listen: "127.0.0.1:{port}"}}
admin: {{listen: "127.0.0.1:0"}}
power_safe_ledger: {power_safe}
---
kind: Upstream
name: provider
provider: openai
base_url: {upstream}/v1
credential: {{env: PROVIDER_KEY}}
---
kind: Model
name: "m*"
targets: [{{upstream: provider}}]
"""
LIMITS = ["--requests-per-minute", "100000000", "--tokens-per-minute", "100000000",
          "--concurrency", "100000"]  # counted, never reached


def install() -> None:
    subprocess.run([ROOT / "tools/build"], check=True)


def version() -> str:
    said = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]


def start_with(folder: Path, upstream: str, power_safe: bool = False) -> Running:
    """One naru with a key. Its log has a line a call, as it always has."""
    config, data, port = folder / "naru.yaml", folder / "data", free_port()
    config.write_text(DOCUMENTS.format(port=port, power_safe=str(power_safe).lower(),
                                       upstream=upstream))
    url = f"http://127.0.0.1:{port}"
    process = spawn([BINARY, "--data-dir", data, "serve", "--config", config], folder,
                    {"PROVIDER_KEY": "sk-of-no-use"})
    running = wait_for(f"{url}/health/ready", Running(url, process), folder)
    said = subprocess.run([BINARY, "--data-dir", data, "keys", "create", "bench", *LIMITS],
                          capture_output=True, text=True, check=True).stdout
    running.headers["authorization"] = f"Bearer {said.split()[1]}"
    return running


def start(folder: Path, upstream: str) -> Running:
    return start_with(folder, upstream)


SYSTEM = System("naru", "keys, limits, metering and a ledger whose rows outlive kill -9", install,
                version, start)
