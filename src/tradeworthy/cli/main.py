"""The command `tradeworthy`. This module imports nothing slow, so that Ctrl+C is heard from the start."""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; SIGTERM ends any verb as Ctrl+C does, so that no server is left behind."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _leave)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that can't show a character is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    from tradeworthy.cli.commands import app

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, _interrupt)
    try:
        app()
    finally:
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_IGN)
    raise SystemExit


def _leave(_: int, __: FrameType | None) -> NoReturn:
    """Nothing has begun yet."""
    os.write(2, b"error: interrupted before anything was done\n")
    os._exit(1)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
