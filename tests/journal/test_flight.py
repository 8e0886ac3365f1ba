"""The flight recorder tells in which turn a process died, however it died."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tradeworthy.journal.flight import FlightRecorder, read_flight

CODE = """
import os, signal, sys
from pathlib import Path
from tradeworthy.journal.flight import FlightRecorder

flight = FlightRecorder(Path(sys.argv[1]), 9)
for seq in range(1, 8):
    flight.begin(seq, 1000 + seq)
    if seq == 7 and sys.argv[2] != "between":
        break
    flight.end()
os._exit(3) if sys.argv[2] != "kill" else os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("death", "code", "turn"),
    [("exit", 3, (7, 1007, 9)), ("kill", -signal.SIGKILL, (7, 1007, 9)), ("between", 3, None)],
)
def test_the_turn_of_a_dead_process_is_read(
    tmp_path: Path, death: str, code: int, turn: tuple[int, int, int] | None
) -> None:
    """P1: os._exit and SIGKILL leave the turn in the page; a death between turns leaves none."""
    path = tmp_path / "inflight"
    ran = subprocess.run([sys.executable, "-c", CODE, str(path), death], check=False, timeout=60)
    assert ran.returncode == code
    assert read_flight(path) == turn


def test_a_new_recorder_forgets_and_an_absent_or_cut_file_has_no_turn(tmp_path: Path) -> None:
    """Only what this life noted counts."""
    path = tmp_path / "inflight"
    assert read_flight(path) is None
    FlightRecorder(path, 1).begin(4, 2**32 - 1)
    assert read_flight(path) == (4, 2**32 - 1, 1)
    FlightRecorder(path, 2)
    assert read_flight(path) is None
    os.truncate(path, 0)
    assert read_flight(path) is None
