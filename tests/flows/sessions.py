"""The product's own command in processes of its own, watched from outside through its log and its files."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

PATIENCE_S = 90.0
LOOK_S = 0.005
COMMAND = (sys.executable, "-c", "from tradeworthy.cli.main import main; main()")

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tradeworthy.cli.main", "tradeworthy.runtime.session", "tests.flows.sessions"])


def eventually(holds: Callable[[], object], within_s: float = PATIENCE_S) -> bool:
    """Whether `holds` comes true before patience ends."""
    until, pause = time.monotonic() + within_s, threading.Event()
    while not holds():
        if time.monotonic() > until:
            return False
        pause.wait(LOOK_S)
    return True


class Ran(NamedTuple):
    """Exit code (negative: the signal that killed it), all it wrote, and the words of its closing line."""

    code: int
    text: str
    closing: dict[str, str]

    @property
    def digest(self) -> str:
        """The digest that its closing line says."""
        return self.closing["digest"]

    def events(self, name: str) -> list[str]:
        """Its log lines of that event."""
        return [line for line in self.text.splitlines() if re.search(rf"\] {name}( |$)", line)]

    def errors(self) -> list[str]:
        """The lines that tell the user what went wrong."""
        return [line for line in self.text.splitlines() if line.startswith("error")]


class Session:
    """One process of `tradeworthy`, with `home` for its home folder and no other setting than `environment`.

    Without `real` it is forked from a server that has the imports done: a process all the same, but quick to start.
    """

    def __init__(
        self,
        home: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        real: bool = False,
        file_bytes_max: int = 0,
    ) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self.log = home.parent / f"{home.name}.{time.monotonic_ns()}.log"
        self.log.touch()
        variables = surroundings(home, environment or {})
        self._real: subprocess.Popen[bytes] | None = None
        if real:
            with self.log.open("ab") as output:
                self._real = subprocess.Popen(
                    [*COMMAND, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=variables,
                )
            self.pid = self._real.pid
        else:
            given = (arguments, variables, str(self.log), file_bytes_max)
            self._forked = _forks.Process(target=_be_the_command, args=given)
            self._forked.start()
            self.pid = self._forked.pid or 0

    def text(self) -> str:
        """All it wrote so far."""
        return self.log.read_text(errors="replace")

    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._real.poll() if self._real else self._forked.exitcode

    def wait_for(self, *words: str) -> None:
        """Return once it has written all of `words`; fails if it ends, or patience does, before."""

        def written() -> bool:
            text = self.text()
            return all(word in text for word in words)

        assert eventually(lambda: written() or self.code() is not None), f"no {words}: {self.text()}"
        assert written(), f"ended with {self.code()} without {words}: {self.text()}"

    def wait_until(self, holds: Callable[[], object], what: str) -> None:
        """Return once `holds`; fails if it ends, or patience does, before."""
        assert eventually(lambda: holds() or self.code() is not None), f"not seen: {what}: {self.text()}"
        assert self.code() is None, f"ended with {self.code()} before {what}: {self.text()}"

    def signal(self, number: int) -> None:
        """Send it a signal, unless it is gone already."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> Ran:
        """Wait for its end; it is killed if patience ends before."""
        if not eventually(lambda: self.code() is not None):
            self.signal(signal.SIGKILL)
            assert eventually(lambda: self.code() is not None)
            raise AssertionError(f"it did not end: {self.text()}")
        code, text = self.code(), self.text()
        assert code is not None
        last = [line for line in text.splitlines() if line.startswith("run_finished ")]
        words = dict(word.split("=", 1) for word in last[-1].split()[1:]) if last else {}
        return Ran(code, text, words)

    def kill(self) -> Ran:
        """End it with SIGKILL."""
        self.signal(signal.SIGKILL)
        return self.end()


def say(line: str) -> None:
    """A line of a drill, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def surroundings(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The environment of a session: ours without any setting of the product, and `more`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TRADEWORTHY_") and name not in {"DATABASE_URL", "REDIS_URL"}
    }
    return {**kept, "TRADEWORTHY_HOME": str(home), **more}


def run(home: Path, *arguments: str, environment: Mapping[str, str] | None = None, real: bool = False) -> Ran:
    """A whole session, from start to its own end."""
    return Session(home, *arguments, environment=environment, real=real).end()


def run_folder(home: Path, number: int = 1) -> Path:
    """The folder of the home's only run of that ordinal."""
    (folder,) = (home / "runs").glob(f"*-{number}")
    return folder


def journal_bytes(home: Path) -> int:
    """How much all journals of the home hold at present."""
    return sum(path.stat().st_size for path in (home / "runs").glob("*/*.journal"))


def _be_the_command(
    arguments: Sequence[str], variables: Mapping[str, str], log: str, file_bytes_max: int
) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(variables)
    if file_bytes_max:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, resource.RLIM_INFINITY))
    sys.argv = ["tradeworthy", *arguments]
    from tradeworthy.cli.main import main

    main()
