"""The example configurations and desks: the checkout's own files, which the wheel brings along."""

from __future__ import annotations

from pathlib import Path

import tradeworthy
from tradeworthy.core.errors import NotAvailable

FOLDERS = {"configs": "*.toml", "examples": "*.py"}
"""Configurations name their desks relative to themselves, so both folders keep their places."""


def examples_root() -> Path:
    """The folder that holds FOLDERS; NotAvailable if the installation lacks them."""
    package = Path(tradeworthy.__file__).parent
    for root in (package / "_examples", package.parents[1]):
        if all((root / folder).is_dir() for folder in FOLDERS):
            return root
    raise NotAvailable(
        f"{package} has no example configurations: install the whole package, or name a configuration of your own"
    )


def example_files() -> dict[str, Path]:
    """Where each example lies, by its name relative to the root (`configs/breakout.toml`)."""
    root = examples_root()
    found = (path for folder, pattern in FOLDERS.items() for path in sorted((root / folder).glob(pattern)))
    return {path.relative_to(root).as_posix(): path for path in found}
