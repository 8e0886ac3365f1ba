"""The units of systemd: what they start is there, and they keep what docs/operations.md says of them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.command_line import COMMAND, call

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
SESSION, WEB = FOLDER / "tradeworthy@.service", FOLDER / "tradeworthy-web.service"
PROGRAM = "/opt/tradeworthy/.venv/bin/tradeworthy"


def settings(unit: Path) -> dict[str, list[str]]:
    """The values of each name in a unit."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@pytest.mark.parametrize("unit", [SESSION, WEB], ids=lambda unit: unit.name)
def test_a_unit_starts_a_verb_that_is_there(unit: Path) -> None:
    """With options that it has."""
    (line,) = settings(unit)["ExecStart"]
    program, verb, *words = shlex.split(line)
    assert program == PROGRAM
    told = call(verb, "--help")
    assert told.code == 0
    for word in words:
        if word.startswith("--"):
            assert word in told.out


@pytest.mark.parametrize("unit", [SESSION, WEB], ids=lambda unit: unit.name)
def test_a_unit_starts_again_what_failed_and_not_what_is_wrong(unit: Path) -> None:
    """Exit code 2 is a mistake of the user's; and nothing is tried without end."""
    found = settings(unit)
    assert found["Restart"] == ["on-failure"]
    assert found["RestartPreventExitStatus"] == ["2"]
    assert found["StartLimitBurst"] == ["5"]


@pytest.mark.parametrize("unit", [SESSION, WEB], ids=lambda unit: unit.name)
def test_a_unit_may_touch_little(unit: Path) -> None:
    """No privilege, no device, no file but its own."""
    found = settings(unit)
    assert found["User"] == ["tradeworthy"]
    assert found["CapabilityBoundingSet"] == [""]
    for name in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "ProtectHome", "RestrictSUIDSGID"):
        assert found[name] == ["yes"]
    assert found["ProtectSystem"] == ["strict"]
    # Compiled code is written and then run.
    assert "MemoryDenyWriteExecute" not in found


def test_a_session_that_hangs_is_noticed() -> None:
    """It says by itself that it is ready and alive."""
    found = settings(SESSION)
    assert found["Type"] == ["notify"]
    assert int(found["WatchdogSec"][0]) >= 10
    # A cache that outlives an upgrade would run the steps of the version before.
    assert not any("NUMBA_CACHE_DIR" in value for value in found["Environment"])


def test_the_page_names_the_files_that_the_units_read() -> None:
    """Home, configuration and environment are where the page says."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for unit in (SESSION, WEB):
        for path in re.findall(r"/(?:etc|var/lib)/tradeworthy/[\w%.]+", unit.read_text(encoding="utf-8")):
            assert path.replace("%i", "NAME").rstrip(".") in page


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("unit", [SESSION, WEB], ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    """No unknown name, no wrong value."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, str(COMMAND)), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
