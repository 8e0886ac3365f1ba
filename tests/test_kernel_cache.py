"""Compiled kernels are compiled anew when anything that they are made of changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import tradeworthy

PACKAGE = Path(tradeworthy.__file__).parent


def test_every_module_with_a_kernel_is_watched() -> None:
    """A kernel that is not watched would run as it was before a change of what it calls."""
    watched = {path for pattern in tradeworthy.KERNELS for path in PACKAGE.glob(pattern)}
    compiled = {path for path in PACKAGE.rglob("*.py") if "import njit" in path.read_text(encoding="utf-8")}
    assert compiled
    assert compiled <= watched


def test_a_change_of_a_watched_module_means_another_cache(tmp_path: Path) -> None:
    """The state of the modules names the cache, so a changed file finds no old kernel."""
    (tmp_path / "tradeworthy" / "market").mkdir(parents=True)
    source = tmp_path / "tradeworthy" / "__init__.py"
    source.write_text((PACKAGE / "__init__.py").read_text(encoding="utf-8"), encoding="utf-8")
    watched = tmp_path / "tradeworthy" / "market" / "arithmetic.py"
    show = "import os, tradeworthy; print(os.environ['NUMBA_CACHE_DIR'])"
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment["PYTHONPATH"] = str(tmp_path)

    def cache() -> str:
        done = subprocess.run(
            [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    watched.write_text("a = 1\n", encoding="utf-8")
    first = cache()
    assert cache() == first
    watched.write_text("a = 22\n", encoding="utf-8")
    assert cache() != first
