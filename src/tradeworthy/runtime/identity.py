"""What makes a run that run: decision hash, configuration, feed, seed; and the machine it ran on."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import tradeworthy
from tradeworthy.core.errors import UsageError

DECIDING_ROOMS = ("core", "market", "execution", "risk", "learning", "desks")
DECIDING_LIBRARIES = ("msgspec", "numba", "numpy")
"""Libraries whose version can change a decision."""


def decision_hash(desk_files: Iterable[Path]) -> str:
    """SHA-256 over the deciding rooms' source, the desks' files, and the versions that they stand on.

    A file counts by its name and content, not by its folder. UsageError if one can't be read.
    """
    total = hashlib.sha256(_rooms_hash())
    for name, content in sorted((path.name.encode(), _content(path)) for path in desk_files):
        total.update(len(name).to_bytes(8) + name + len(content).to_bytes(8) + content)
    return total.hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"can't read desk file {path}: {error.strerror}; give its path relative to the configuration"
        ) from error


@cache
def _rooms_hash() -> bytes:
    root = Path(tradeworthy.__file__).parent
    total = hashlib.sha256(json.dumps(versions(), sort_keys=True).encode())
    for room in DECIDING_ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            total.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.digest()


def run_identity(*parts: Any) -> str:
    """SHA-256 over what a run is made of, as canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Python's and the deciding libraries' versions."""
    named = {library: metadata.version(library) for library in DECIDING_LIBRARIES}
    return {"python": platform.python_version(), **named}


@cache
def cpu_features() -> str:
    """The machine class: architecture, and on Linux the processor's flags that matter to floating point."""
    flags: set[str] = set()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith(("flags", "Features")):
                flags.update(line.partition(":")[2].split())
                break
    kept = sorted(flag for flag in flags if flag.startswith(("sse", "avx", "fma", "asimd", "sve")))
    return " ".join([platform.machine(), *kept])
