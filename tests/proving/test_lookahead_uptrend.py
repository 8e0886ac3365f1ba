"""The uptrend desk's session on bars whose future is changed: it says the same up to then, and peeking is caught."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from tests.cli.command_line import call
from tests.proving.planting import plant
from tests.proving.uptrend_rig import TOKENS, plan_of, recorded
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.uptrend import uptrend_engine
from tradeworthy.desks.uptrend.geometry import geometry, swings
from tradeworthy.desks.uptrend.history import Window
from tradeworthy.proving.lookahead import CHANGES
from tradeworthy.proving.lookahead_paths import Lookahead
from tradeworthy.proving.lookahead_uptrend import (
    FUTURE_ROWS,
    changed_after,
    cuts_of,
    frames_of,
    search_uptrend,
    session_notes,
)
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan

MINUTE = 60_000_000_000
ROWS = 420
CONFIG = Path(__file__).parents[2] / "configs" / "uptrend-hyperliquid.toml"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Seven hours of the made tokens."""
    return recorded(tmp_path / "data", ROWS)


def searched(plan: Plan, cuts: int = 4) -> Lookahead:
    """The search in a home of its own."""
    with empty_home() as home:
        return search_uptrend(plan, home, cuts=cuts, progress=lambda *_: None)


def test_nothing_that_was_known_changes_with_the_future(data: Path) -> None:
    """L4, L13: payloads, levels, actions, windows and the bars rolled up for them, under every way of change."""
    found = searched(plan_of(data))
    assert found.found == []
    assert len(found.cuts) == 4
    (desk,) = found.searched
    assert desk.outputs["payloads"] > 400
    assert desk.outputs["levels"] > 5
    assert desk.outputs["actions"] > 0


def test_history_that_is_asked_for_looks_no_further_than_its_time(data: Path) -> None:
    """L13: a backfill brings what had closed before it was asked for, from files that go on."""
    assert searched(plan_of(data, market={"backfill": True}), cuts=2).found == []


def test_a_level_made_of_a_later_bar_is_caught_and_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """L13: levels that know the next minute's close, read from the file that the session runs on."""
    closes: dict[tuple[Path, int], dict[int, float]] = {}

    def peeked(given: tuple[Any, ...], levels: Any) -> Any:
        *_, ends = given
        if levels is None:
            return None
        path = max(
            Path(tempfile.gettempdir()).glob("lookahead-*/data/*.parquet"), key=lambda one: one.stat().st_ino
        )
        if (path, path.stat().st_ino) not in closes:
            bars = pl.read_parquet(path).group_by(pl.col("ts").dt.epoch("ns")).agg(pl.col("close").sum())
            closes[path, path.stat().st_ino] = dict(bars.iter_rows())
        later = closes[path, path.stat().st_ino].get(ends, 0.0)
        return msgspec.structs.replace(levels, swing_highs=round(1e4 * later))

    plant(monkeypatch, uptrend_engine, "geometry", peeked)
    plan = plan_of(data, market={"geometry_every_s": 60})
    names = {ahead.output: ahead for _, ahead in searched(plan, cuts=2).found}
    assert set(names) == {"levels"}
    ahead = names["levels"]
    assert ahead.field.startswith("swing_highs of ")
    assert ahead.ts == ahead.cut_ts
    assert ahead.left != ahead.right


def test_a_swing_is_known_two_bars_later() -> None:
    """L13: a longer window takes none back, and none is at its last two bars."""
    closes = np.array([1.0 + 0.02 * ((at * 7) % 13) for at in range(200)])
    whole = swings(closes)
    for end in range(60, 200):
        cut = swings(closes[:end])
        assert cut.tolist() == [one for one in whole.tolist() if one < end - 2]


def test_levels_rest_on_the_window_alone() -> None:
    """L13: the same bars give the same levels, whatever lies behind them in memory."""
    closes = np.array([1.0 + 0.02 * ((at * 7) % 13) for at in range(120)], np.float64)
    ts = np.arange(120, dtype=np.int64) * MINUTE
    short = Window(ts[:80], *[closes[:80]] * 5)
    copied = Window(ts[:80].copy(), *[closes[:80].copy()] * 5)
    assert geometry(short, "solana", "", 1) == geometry(copied, "solana", "", 1)


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_change_leaves_the_bars_before_it(change: str, data: Path, tmp_path: Path) -> None:
    """L13: every timeframe is changed after the same time, and up to it is as it was."""
    frames = frames_of((one.ts, one.event) for one in _feed(data, tmp_path).inputs())
    cut = cuts_of(session_notes(plan_of(data))(frames, ()), frames, 1, 4)[0]
    after = changed_after(frames, type(cut)(cut.ts, change))["1m"]
    frame = frames["1m"]
    kept = int((frame.closed_ts <= cut.ts).sum())
    assert np.array_equal(after.close[:kept], frame.close[:kept], equal_nan=True)
    assert after.rows <= kept + FUTURE_ROWS
    assert not np.array_equal(after.close[kept:], frame.close[kept : after.rows], equal_nan=True) or (
        change == "truncated" and after.rows == kept
    )


def test_a_frame_has_a_row_for_each_open_time(data: Path, tmp_path: Path) -> None:
    """L13: what never came is NaN there."""
    frame = frames_of((one.ts, one.event) for one in _feed(data, tmp_path).inputs())["1m"]
    assert frame.instruments == TOKENS
    assert np.isnan(frame.close).sum() > 0
    assert (np.diff(frame.ts) >= MINUTE).all()


def test_too_few_bars_for_the_cuts_are_refused(tmp_path: Path) -> None:
    """Forty minutes are judged at no time."""
    with pytest.raises(NotAvailable, match="--cuts"):
        searched(plan_of(recorded(tmp_path / "short", 40)))


def test_a_feed_without_bars_on_record_is_refused(data: Path) -> None:
    """The simulator's future is not there to be changed."""
    plan = plan_of(data)
    with pytest.raises(UsageError, match="--feed recorded"):
        searched(Plan(plan.configuration, feed="simulator", duration_s=60.0))


def test_the_command_takes_this_desk(tmp_path: Path) -> None:
    """L13: a folder without bars ends with 3, as for other desks."""
    said = call("prove", "lookahead", CONFIG, "--feed", f"recorded:{tmp_path}")
    assert said.code == 3, said.err


def _feed(data: Path, tmp_path: Path) -> Any:
    return open_feed(plan_of(data), Home(tmp_path / "home").make())
