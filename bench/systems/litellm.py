"""LiteLLM's proxy (Python, from PyPI), without a database."""
import json
from pathlib import Path

from naru_tools import sdks

from ..system import Running, System, free_port, spawn, version_in, wait_for

REQUIREMENTS = Path(__file__).with_name("litellm.txt")
KEY = "sk-bench"

# `m` by its name; any other name reaches the upstream as it is, a plan for its mock included.
CONFIG = """
model_list:
- model_name: m
  litellm_params: {{model: openai/m, api_base: {upstream}/v1, api_key: sk-upstream}}
- model_name: "*"
  litellm_params: {{model: openai/*, api_base: {upstream}/v1, api_key: sk-upstream}}
general_settings: {{master_key: {key}}}
"""

# Its web server prints a line a request unless told; the others here print none either.
LOGS = {"version": 1, "disable_existing_loggers": False,
        "loggers": {"uvicorn.access": {"handlers": [], "propagate": False}}}

# The LOCAL ones: else it asks the network for tables that it ships, and waits for an answer.
ENVIRONMENT = {"LITELLM_LOG": "ERROR", **{f"LITELLM_LOCAL_{table}": "True" for table in (
    "MODEL_COST_MAP", "ANTHROPIC_BETA_HEADERS", "AUTOROUTER_PRESETS", "BLOG_POSTS",
    "POLICY_TEMPLATES")}}


def python() -> Path:
    return sdks.python(REQUIREMENTS)


def version() -> str:
    own = version_in(python(), "-c", "from importlib import metadata; "
                                     "print(metadata.version('litellm'))")
    return f"{own} on Python {version_in(python(), '--version')}"


def start(folder: Path, upstream: str) -> Running:
    port = free_port()
    config, logs = folder / "litellm.yaml", folder / "logs.json"
    logs.write_text(json.dumps(LOGS), encoding="utf-8")
    config.write_text(CONFIG.format(upstream=upstream, key=KEY), encoding="utf-8")
    # Its own first line names the folder that the cache made it in, which has moved since.
    process = spawn([python(), python().with_name("litellm"), "--config", config,
                     "--log_config", logs, "--host", "127.0.0.1", "--port", port,
                     "--telemetry", "False"], folder, ENVIRONMENT)
    running = Running(f"http://127.0.0.1:{port}", process,
                      headers={"authorization": f"Bearer {KEY}"})
    return wait_for(f"{running.url}/health/liveliness", running, folder)


SYSTEM = System(
    name="LiteLLM",
    about="LiteLLM's proxy without a database, with a master key: one worker, its default, "
          "telemetry and access log off",
    install=python,
    version=version,
    start=start)
