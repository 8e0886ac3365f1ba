"""Loads a desk's file: one Python file with one Desk in it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from tradeworthy.core.errors import UsageError
from tradeworthy.execution.desk import Desk


def load_desk(path: Path) -> type[Desk]:
    """The Desk that `path` defines; UsageError if the file can't be loaded or has none, or several."""
    module = _load(path)
    desks = [
        member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Desk) and member.__module__ == module.__name__
    ]
    if len(desks) != 1:
        names = ", ".join(desk.__name__ for desk in desks) or "none"
        raise UsageError(f"desk file {path} must define one Desk, it defines {names}")
    return desks[0]


def _load(path: Path) -> ModuleType:
    name = f"tradeworthy_desk_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"there is no desk file {path}; give its path relative to the configuration")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError, NameError, AttributeError, TypeError, ValueError) as error:
        where = f" line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise UsageError(f"desk file {path}{where} can't be loaded: {error}") from error
    return module
