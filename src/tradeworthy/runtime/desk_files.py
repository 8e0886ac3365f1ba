"""Loads a desk's file: one Python file with one Desk in it."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from zlib import crc32

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


_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a file's own statements may raise while it is loaded."""


def _load(path: Path) -> ModuleType:
    # Two files of one name in two folders are two modules: msgspec looks up a state's types by module.
    name = f"tradeworthy_desk_{path.stem}_{crc32(bytes(path.absolute())):08x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UsageError(f"there is no desk file {path}; give its path relative to the configuration")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except _FAULTS as error:
        del sys.modules[name]
        raise UsageError(
            f"desk file {path} can't be loaded: {type(error).__name__} in line {_line_of(error, path)}:"
            f" {error}; correct it"
        ) from error
    return module


def _line_of(error: BaseException, path: Path) -> int:
    """The last line of the file itself that `error` came through."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 0 for frame in reversed(frames) if frame.filename == str(path)), 0)
