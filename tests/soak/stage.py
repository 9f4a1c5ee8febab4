"""What a soak runs on: one naru, two `naru mock`, the engine if there is one, and the documents
that put a model before each upstream and each fault."""
import json
import os
from pathlib import Path

from harness import documents, sanitizers
from harness.gateway import LISTENERS, Gateway
from harness.mock import Mock

TEXT = "text=one%20two%20three"
ENGINE = "local"
LIMITS = "limits: {body_bytes: 256KiB, event_bytes: 64KiB, queue: 60}\n"
CALM = "failures_to_open: 0"  # no fault is to shut its upstream to the next call
HASTY = f"{CALM}\ntimeouts: {{between_tokens: 1s, total: 20s}}"

# Upstreams that do well, by the dialect they speak.
STEADY = {"chat": "openai_chat", "responses": "openai_responses", "messages": "anthropic"}

# What the mock does behind a model of that name; each has an upstream of its own.
PLANS = {
    "calling": "text=&tool=look_up&arguments={}",
    "long": "chunks=300",
    "slow": "delay=30s",
    "paced": "chunks=50&spacing=20ms",
    "drip": f"{TEXT}&bytes_a_second=8KiB&cut_within=character",
    "error": f"{TEXT}&ending=error&after=2",
    "malformed": f"{TEXT}&ending=malformed&after=2",
    "cut": f"{TEXT}&ending=cut&after=2",
    "half-close": f"{TEXT}&ending=half_close&after=2",
    "no-end": f"{TEXT}&ending=no_end&after=2",
    "stall": f"{TEXT}&ending=stall&after=2",
    "oversize": f"{TEXT}&event_bytes=100KiB",
    "overloaded": "refuse=overloaded&retry_in=100ms",
    "unavailable": "refuse=unavailable&retry_in=100ms",
    "tokens": "refuse=tokens&retry_in=200ms",
    "broken": "refuse=broken",
}
SMALL_PLACES, SMALL_DELAY = 4, 0.1  # an upstream that bursts are too much for


class Stage:
    """Starts all of it; on the way out naru must end well."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.has_engine = bool(os.environ.get("NARU_ENGINE") and os.environ.get("NARU_MODEL"))
        self.steady, self.mortal = Mock(self._sub("steady")), Mock(self._sub("mortal"))
        self.reports = folder / "sanitizer"
        environment = sanitizers.that_report_to(self.reports, sanitizers.that_give_memory_back())
        try:
            self.naru = Gateway(folder / "naru", self._documents(), LISTENERS + LIMITS,
                                environment=environment)
        except BaseException:
            self._end_mocks()
            raise
        self.text = self.naru.config.read_text(encoding="utf-8")

    def _sub(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, kind, *_) -> None:
        self.naru.close(check=kind is None)
        self._end_mocks()

    def _end_mocks(self) -> None:
        for mock in (self.steady, self.mortal):
            mock.process.kill()
            mock.process.wait()

    def restart_mortal(self, pause) -> None:
        """Kills an upstream under its calls; `pause` later it is there again."""
        port = self.mortal.kill()
        pause()
        self.mortal = Mock(self.folder / "mortal", port)

    def engine(self) -> dict:
        """How naru's own engine does."""
        shown = self.naru.admin("GET", "/admin/v1/deployments")["deployments"]
        return next(each for each in shown if each["name"] == ENGINE)

    def found_reports(self) -> list[str]:
        return sanitizers.reports(self.reports, self.naru.log())

    def _documents(self) -> str:
        text = documents.upstream("mortal", self.mortal.url) + \
            documents.upstream("small", self.steady.url,
                               extra=f"concurrency: {{most: {SMALL_PLACES}}}")
        for name, speaks in STEADY.items():
            provider = "anthropic" if speaks == "anthropic" else "openai"
            text += documents.upstream(name, self.steady.url, provider, f"speaks: [{speaks}]")
            text += documents.model(name, _target(name, TEXT))
        for name, plan in PLANS.items():
            text += documents.upstream(name, self.steady.url, extra=HASTY)
            text += documents.model(name, _target(name, plan), retry="{attempts: 1}")
        text += documents.model("small", _target("small", f"delay={int(SMALL_DELAY * 1000)}ms"))
        text += documents.model("mortal", _target("mortal", PLANS["paced"]),
                                _target("chat", PLANS["paced"], tier=1))
        if self.has_engine:
            text += documents.deployment(ENGINE, extra="context: 512\nparallel: 2\nthreads: 1")
            text += documents.model(ENGINE, ENGINE)
        return text


def _target(upstream: str, plan: str, tier: int = 0) -> str:
    name = json.dumps(f"m?{plan.replace(' ', '%20')}")
    return f"{{upstream: {upstream}, model: {name}, tier: {tier}}}"
