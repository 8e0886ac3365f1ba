"""A terminal for tests of the documentation: a shell that is typed into as a reader would."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
MARK = "the-command-before-this-ended-with"

COMMAND_S_MAX = 120
"""No command of a page may take longer."""

END_S_MAX = 30


def recipes() -> dict[str, str]:
    """What each target of the Makefile types, without what it installs first."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z-]+):[^=\n]*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return {
        target: lines.replace("\t", "").replace("$(BIN)/", "").replace("$(ARGS)", "").strip()
        for target, lines in found
    }


def matches(shown: str, printed: str) -> bool:
    """Whether `printed` holds what is shown, where `...` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.search(pattern, printed, re.DOTALL) is not None


class Terminal:
    """A shell in a folder. Its commands' log lines go to `log`; what it leaves running ends with it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], log: IO[str]) -> None:
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        self._shell = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile"],
            cwd=folder,
            env={**environment, "PATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def type(self, command: str) -> tuple[int, str]:
        """Type a command and wait for its end: its exit code, and what it printed."""
        self._write(f"{command}\nprintf '\\n{MARK} %d\\n' $?\n")
        printed = []
        while (line := self._next(command)) and not line.startswith(MARK):
            printed.append(line)
        return int(line.split()[1]), "".join(printed)

    def leave_running(self, command: str, shown: str) -> None:
        """Type a command that does not end, and wait until it has printed what is shown."""
        self._write(f"{command}\n")
        printed = ""
        while not matches(shown, printed):
            printed += self._next(command)

    def close(self) -> None:
        """Ctrl+C for what runs, and the end; AssertionError if it does not end."""
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGINT)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(END_S_MAX)
        self._reader.join(END_S_MAX)
        assert not self._reader.is_alive()

    def _write(self, text: str) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.write(text)
        self._shell.stdin.flush()

    def _next(self, command: str) -> str:
        try:
            line = self._lines.get(timeout=COMMAND_S_MAX)
        except queue.Empty:
            os.killpg(self._shell.pid, signal.SIGKILL)
            raise AssertionError(f"{command} printed nothing for {COMMAND_S_MAX} s") from None
        assert line is not None, f"{command} ended the shell"
        return line

    def _read(self) -> None:
        assert self._shell.stdout is not None
        for line in self._shell.stdout:
            self._lines.put(line)
        self._lines.put(None)
        self._shell.stdout.close()
