"""What makes a run that run: its decision hash, configuration, feed, seed and duration, and nothing else."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import TOLD, configured, desk
from tradeworthy.core.errors import UsageError
from tradeworthy.runtime import identity
from tradeworthy.runtime.identity import cpu_features, decision_hash, versions
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.runs import identity_of

FEED = {"feed": "test", "sha256": "aa"}


def copied(folder: Path, name: str = "told.py", more: str = "") -> Path:
    """The test's desk in another folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(TOLD.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


def test_the_decision_hash_changes_with_a_desks_file(tmp_path: Path) -> None:
    """One character is enough."""
    assert decision_hash([copied(tmp_path / "a")]) != decision_hash([copied(tmp_path / "b", more="#")])


def test_the_decision_hash_does_not_change_with_a_path(tmp_path: Path) -> None:
    """Two desks in two folders that swap places are the same two desks."""
    one = [copied(tmp_path / "a", "one.py"), copied(tmp_path / "b", "two.py", "# two")]
    other = [copied(tmp_path / "b", "one.py"), copied(tmp_path / "a", "two.py", "# two")]
    assert decision_hash(one) == decision_hash(other) == decision_hash(reversed(other))


def test_the_decision_hash_changes_with_what_the_desks_stand_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of a deciding library may decide otherwise."""
    before = decision_hash([TOLD])
    monkeypatch.setattr(identity, "versions", lambda: {"python": "4.0"})
    identity._rooms_hash.cache_clear()
    try:
        assert decision_hash([TOLD]) != before
    finally:
        identity._rooms_hash.cache_clear()


def test_a_desk_file_that_is_gone_is_the_users_mistake(tmp_path: Path) -> None:
    """One line, no traceback (A11)."""
    with pytest.raises(UsageError, match=r"can't read desk file .*gone\.py: No such file or directory; give"):
        decision_hash([tmp_path / "gone.py"])


def plan(**changes: Any) -> Plan:
    """A plan for the test's configuration."""
    return dataclasses.replace(Plan(configured(), Mode.PAPER, duration_s=60.0), **changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda: plan(seed=8),
        lambda: plan(duration_s=61.0),
        lambda: plan(duration_s=None),
        lambda: plan(mode=Mode.BACKTEST),
        lambda: plan(configuration=configured(account={"cash": "9"})),
        lambda: plan(configuration=configured(desk(hates=3.0))),
    ],
)
def test_another_seed_duration_mode_or_setting_is_another_run(change: Callable[[], Plan]) -> None:
    """On the simulated clock each begins an empty one."""
    assert identity_of(change(), FEED) != identity_of(plan(), FEED)


def test_another_feed_is_another_run() -> None:
    """By its content's hash."""
    assert identity_of(plan(), FEED) != identity_of(plan(), FEED | {"sha256": "bb"})


@pytest.mark.parametrize(
    "change",
    [
        lambda _: plan(speed=5.0),
        lambda _: plan(fresh=True),
        lambda folder: plan(out=folder),
        lambda folder: plan(configuration=configured(data={"recorded": str(folder)})),
        lambda folder: plan(configuration=configured(desk(file=str(copied(folder))))),
        lambda _: plan(seed=7),
    ],
)
def test_pace_and_places_do_not_make_another_run(change: Callable[[Path], Plan], tmp_path: Path) -> None:
    """Speed, folders, and a seed that is the configuration's anyway."""
    assert identity_of(change(tmp_path), FEED) == identity_of(plan(), FEED)


def test_machine_class_and_versions_are_words() -> None:
    """They go into the header, and a replay elsewhere names what differs."""
    assert cpu_features().split()
    assert set(versions()) == {"python", "msgspec", "numba", "numpy"}
