"""What a result was measured on: without it a figure says nothing."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

LIBRARIES = ("tradeworthy", "nautilus_trader", "msgspec", "numba", "numpy", "polars", "duckdb", "vectorbt")


def cpu_model() -> str:
    """The processor as the system calls it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_gib() -> float:
    """Physical memory in GiB."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def version_of(library: str) -> str:
    """The installed version, or "absent"."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "absent"


def described() -> list[str]:
    """Processor, cores, memory, system, load and versions, one line each."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    versions = ", ".join(f"{library} {version_of(library)}" for library in LIBRARIES)
    return [
        f"processor: {cpu_model()}, {os.cpu_count()} cores seen, load averages at the start {load}",
        f"memory: {memory_gib():.1f} GiB",
        f"system: {platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"versions: {versions}",
    ]
