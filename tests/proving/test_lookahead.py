"""A change of the future changes nothing earlier, and what looks ahead is caught and named."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command_line import call
from tests.proving.market import CAPITAL, frame, instruments, settings
from tradeworthy.core.errors import NotAvailable
from tradeworthy.desks.divergence.engine import DivergenceEngine
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.lookahead import (
    CHANGES,
    Ahead,
    Output,
    changed_after,
    cuts_of,
    find_ahead,
    first_changed,
)
from tradeworthy.proving.lookahead_paths import engine_outputs, indicator_outputs

CONFIGS = Path(__file__).parents[2] / "configs"
MINUTE = 60_000_000_000
CUT = 180

DESK = """
import tempfile
from pathlib import Path

import polars as pl

from tradeworthy import BarClosed, Candidate, Desk, DeskContext, Event, on


class Peeks(Desk):
    seen = {}

    @on(BarClosed)
    def decide(self, bar: BarClosed, context: DeskContext) -> Event | str:
        path = max(Path(tempfile.gettempdir()).glob("lookahead-*/data/*.parquet"), key=lambda one: one.stat().st_ino)
        if path not in self.seen:
            bars = pl.read_parquet(path).filter(pl.col("symbol") == "BTCUSDT").sort("ts")
            self.seen[path] = dict(zip(bars["ts"].dt.epoch("ns").to_list(), bars["close"].to_list()))
        later = self.seen[path].get(bar.ts_event + 60_000_000_000, 0.0)
        return Candidate("peek", bar.instrument, {"later": later}, skip="peeked")
"""


def engine(direction: int = -1) -> DivergenceEngine:
    """A desk on the generated market, with draws."""
    venue = PaperVenueSettings(fills="maker_draw")
    return DivergenceEngine(
        settings(direction, vol_gate=True, vol_lookback=20),
        instruments(),
        "1m",
        venue,
        desk="made",
        seed=3,
        capital=CAPITAL,
    )


def computed(rows: PanelFrame) -> list[Output]:
    """All that a desk and the indicators make of the rows."""
    return [*engine_outputs(engine(), rows), *indicator_outputs(rows)]


@pytest.mark.parametrize("direction", [-1, 1])
def test_nothing_of_a_desk_or_an_indicator_looks_ahead(direction: int) -> None:
    """Every feature, the desk's memory, its bar log, orders, fills and trades, and every indicator, at twelve cuts."""
    rows = frame(500)

    def compute(rows: PanelFrame) -> list[Output]:
        return [*engine_outputs(engine(direction), rows), *indicator_outputs(rows)]

    cuts = cuts_of(rows, 12, seed=1)
    assert list(find_ahead(compute, rows, cuts)) == [[]] * 12
    assert {len(one.ts) for one in compute(rows) if one.name != "trades"} >= {500}


def caught(compute: object, change: str) -> list[Ahead]:
    """What is found with one change after row CUT."""
    rows = frame(300)
    assert callable(compute)
    left, right = compute(rows), compute(changed_after(rows, CUT, change))
    return first_changed(left, right, int(rows.closed_ts[CUT]), change, rows.step_ns)


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_feature_that_peeks_one_bar_is_named_with_its_bar(change: str) -> None:
    """A planted look-ahead: one feature of one instrument takes the next bar's close."""

    def peeks(rows: PanelFrame) -> list[Output]:
        outputs = engine_outputs(engine(), rows)
        features = outputs[0].rows
        assert isinstance(features, np.ndarray)
        features["confirm"][:-1, 4] = rows.close[1:, 4]
        return outputs

    (found,) = caught(peeks, change)
    assert (found.output, found.field, found.date, found.bar) == (
        "features",
        "confirm[C04]",
        "2025-05-05",
        CUT,
    )
    assert found.change == change
    assert found.left != found.right


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_desk_that_is_handed_the_next_close_is_caught(change: str) -> None:
    """Its features are off at the cut's own bar, and the bar log with them."""

    def peeks(rows: PanelFrame) -> list[Output]:
        later = np.vstack([rows.close[1:], rows.close[-1:]])
        return engine_outputs(engine(), replace(rows, close=later))

    found = {one.output: one for one in caught(peeks, change)}
    assert found["features"].bar == found["bar log"].bar == CUT


def test_a_figure_made_of_the_whole_sample_is_caught_at_its_first_row() -> None:
    """A scale by the mean of all rows knows the future everywhere."""

    def scales(rows: PanelFrame) -> list[Output]:
        values = np.zeros(rows.rows, [("scaled", "f8")])
        values["scaled"] = rows.close[:, 0] / rows.close[:, 0].mean()
        return [Output("scaled", rows.closed_ts, values)]

    (found,) = caught(scales, "scaled")
    assert (found.field, found.bar) == ("scaled", 0)


def test_a_row_that_the_future_adds_or_takes_is_a_difference() -> None:
    """A trade that only a known future makes, and one that it prevents."""

    def trades(rows: PanelFrame) -> list[Output]:
        rising = [{"at": i} for i in range(rows.rows - 1) if rows.close[i + 1, 0] > rows.close[i, 0]]
        return [Output("trades", rows.closed_ts[[row["at"] for row in rising]], rising)]

    def until(rows: PanelFrame) -> list[Output]:
        kept = range(max(0, rows.rows - 120))
        return [Output("kept", rows.closed_ts[: len(kept)], [{"at": i} for i in kept])]

    fields = {one.field for change in CHANGES for one in caught(trades, change)}
    assert fields == {"rows"}
    (found,) = caught(until, "truncated")
    assert (found.field, found.left, found.right) == ("rows", "180 rows", "61 rows")


def test_zero_is_not_minus_zero_and_nan_is_itself() -> None:
    """Equal means equal to the bit."""

    def output(*values: float) -> Sequence[Output]:
        rows = np.array([(value,) for value in values], [("value", "f8")])
        return [Output("values", np.arange(len(values), dtype=np.int64), rows)]

    nan = float("nan")
    assert not first_changed(output(nan, 0.0), output(nan, 0.0), 9, "scaled", MINUTE)
    (found,) = first_changed(output(nan, 0.0), output(nan, -0.0), 9, "scaled", MINUTE)
    assert (found.left, found.right) == ("0.0", "-0.0")


def test_cuts_are_drawn_and_come_after_every_instruments_first_bar() -> None:
    """The same seed gives the same cuts; with too few rows there are none."""
    rows = frame(400)
    late = rows.close.copy()
    late[:300, 5] = np.nan
    cuts = cuts_of(replace(rows, close=late), 20, seed=2)
    assert cuts == cuts_of(replace(rows, close=late), 20, seed=2)
    assert len(set(cuts)) == 20
    assert min(cuts) >= 300
    assert max(cuts) < rows.rows - 1
    with pytest.raises(NotAvailable, match="400 rows, 99 of which"):
        cuts_of(replace(rows, close=late), 200, seed=2)


def test_a_configurations_desk_is_searched_in_its_session(home: Path) -> None:
    """The tutorial's desk: its decisions before a cut are those of a feed that goes on otherwise."""
    config = str(CONFIGS / "breakout.toml")
    asked = ("prove", "lookahead", config, "--feed", "simulator", "--duration", "14400")
    found = call(*asked, "--cuts", "4", "--json").json
    assert [one["what"] for one in found["searched"]] == ["indicators", "desk breakout"]
    assert found["searched"][1]["outputs"]["decisions"] > 30
    assert not any(one["found"] for one in found["searched"])


def test_a_desk_that_reads_the_next_bar_from_the_disk_is_caught(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and one line that names the desk, the bar and both values."""
    (tmp_path / "peeks.py").write_text(DESK)
    text = (CONFIGS / "breakout.toml").read_text().replace("../examples/breakout.py", "peeks.py")
    (tmp_path / "peeks.toml").write_text(text.replace("lookback = 60\nhold = 30\n", ""))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    config = str(tmp_path / "peeks.toml")
    said = call("prove", "lookahead", config, "--feed", "simulator", "--duration", "3600", "--cuts", "2")
    assert said.code == 1
    (line,) = [line for line in said.lines if "looked ahead:" in line]
    assert line.startswith("desk breakout looked ahead: decisions, 2024-01-01 bar ")
    assert "'later': " in line


def test_recorded_days_show_no_look_ahead(recorded_data: Path, home: Path) -> None:
    """D8: both desks on two real days of 28 instruments, features and all."""
    feed = f"recorded:{recorded_data / 'hyperliquid_candles'}"
    config = str(CONFIGS / "parity-dense.toml")
    said = call("prove", "lookahead", config, "--feed", feed, "--to", "2025-03-16", "--cuts", "4", "--json")
    found = json.loads(said.out)
    assert said.code == 0
    assert [one["what"] for one in found["searched"]] == ["indicators", "desk short", "desk long"]
    assert found["searched"][1]["outputs"]["features"] == found["rows"]


@pytest.mark.parametrize(
    ("config", "options", "code", "words"),
    [
        ("pilot.toml", (), 2, "trade order books"),
        ("breakout.toml", ("--feed", "simulator"), 2, "has no end; give --duration"),
        ("breakout.toml", ("--feed", "recorded:/nowhere"), 3, "/nowhere does not exist"),
        ("breakout.toml", ("--feed", "simulator", "--duration", "240"), 3, "too few for 8 cuts"),
    ],
)
def test_what_cannot_be_searched_is_one_line(
    home: Path, config: str, options: tuple[str, ...], code: int, words: str
) -> None:
    """Wrong use is 2, absent data 3."""
    said = call("prove", "lookahead", str(CONFIGS / config), *options)
    assert said.code == code
    assert words in said.err
    assert said.err.count("\n") == 1
