"""The systems side by side, one a file: each module of this folder that has a `SYSTEM`."""
import importlib
import pkgutil

from ..system import System

# No gateway, plain proxies, naru, then gateways as it is one; any other follows by name.
ORDER = ("direct", "nginx", "haproxy", "naru", "smg", "portkey", "litellm")


def rank(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def all_systems() -> list[System]:
    names = sorted((module.name for module in pkgutil.iter_modules(__path__)), key=rank)
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [module.SYSTEM for module in modules if hasattr(module, "SYSTEM")]
