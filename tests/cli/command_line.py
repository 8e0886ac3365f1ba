"""The command line as tests use it: in this process, or as a command of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from tradeworthy.cli.commands import app

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "breakout.toml"
COMMAND = Path(sys.executable).parent / "tradeworthy"
WAIT_S_MAX = 30.0


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line."""
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


def call(*words: str | Path) -> Said:
    """Give a command in this process."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def shell(line: str, **environment: str) -> Said:
    """Give a line to bash, where `tradeworthy` is the command."""
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, **environment},
        check=False,
        timeout=60,
    )
    return Said(done.returncode, done.stdout, done.stderr)


STOP_S = 30
"""A session that takes longer to end in order is killed."""


@contextmanager
def session(
    *words: str | Path, verb: Sequence[str | Path] = ("run", CONFIG)
) -> Iterator[subprocess.Popen[str]]:
    """A session in a process of its own, gone when the test is over, and its servers with it."""
    process = subprocess.Popen(
        [COMMAND, *map(str, (*verb, *words))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: process.poll() is not None or _answers())
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _answers() -> bool:
    said = call("status", "--json")
    return bool(said.code == 0 and said.json["answers"])


def until(true: Callable[[], bool]) -> None:
    """Wait until `true`, and fail if it takes too long."""
    end = time.monotonic() + WAIT_S_MAX
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def ended(process: subprocess.Popen[str]) -> Said:
    """What a process said when it had ended by itself."""
    out, err = process.communicate(timeout=WAIT_S_MAX)
    return Said(process.returncode, out, err)
