"""The divergence desk from its files to its trades: the shipped configurations, real bars, and bad ones."""

import tomllib
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.desks.divergence.desk_rig import NAMES, STEP, TIMEFRAME, configured, desk, engine_of, rows_of
from tests.desks.divergence.rows import START
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.divergence.codes import EXITS
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import run_engine
from tradeworthy.execution.fingerprint import fingerprint_of
from tradeworthy.execution.orders import FillObserved, PlaceOrder
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.market.bars import FeedGap
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.desks import built_in_settings, check_desks
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGS = Path(__file__).parents[2] / "configs"
DATA = {"": "hyperliquid_candles/candles_5m.parquet", "-binance": "binance_um_1m/klines_1m.parquet"}
MAY_DIFFER = {"strategy_name", "direction", "state_key", "pnl_key", "log_dir"}
ROWS = 240
ABSENT, NOT_A_NUMBER, STILL = 70, 110, 150
"""Rows of the bad record: one lacks a bar, one has a bar without a close, one has a bar without volume."""


def values(name: str) -> dict[str, Any]:
    """A shipped configuration as it stands in its file."""
    return tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("suffix", DATA)
def test_blue_and_green_differ_in_five_keys_alone(suffix: str) -> None:
    """D1: the same name, limits, instruments and rules; direction and the places of state are their own."""
    blue, green = values(f"blue{suffix}"), values(f"green{suffix}")
    own = [one["desks"][0].pop("settings") for one in (blue, green)]
    assert blue == green
    assert {key for key in own[0] if own[0][key] != own[1].get(key)} == MAY_DIFFER
    assert own[0].keys() == own[1].keys()
    assert [one["direction"] for one in own] == [-1, 1]
    for color, one in zip(("blue", "green"), own, strict=True):
        assert (one["strategy_name"], one["state_key"]) == (color, f"divergence:{color}:state")
        assert one["pnl_key"] == f"divergence:{color}:pnl"


@pytest.mark.parametrize("name", [f"{color}{suffix}" for suffix in DATA for color in ("blue", "green")])
def test_a_champions_file_is_whole_and_has_the_champions_figures(name: str) -> None:
    """D1: every setting is written out, and where the rules state a figure it is that."""
    whole = load(CONFIGS / f"{name}.toml")
    check_desks(whole)
    given = whole.desks[0].settings
    read = built_in_settings(whole.desks[0])
    assert given.keys() == DivergenceSettings.model_fields.keys()
    for key, value in given.items():
        if isinstance(value, dict):
            assert value.keys() | {"vol_p60"} >= type(getattr(read, key)).model_fields.keys()
    own = {key: value for key, value in given.items() if key in {*MAY_DIFFER, "vol_symbol", "assets_min"}}
    assert DivergenceSettings(**own) == read
    assert (whole.seed, whole.account.cash, read.fraction, read.abs_max_leverage) == (
        *(42, Decimal(25_000)),
        *(0.20, 6.0),
    )


@pytest.mark.parametrize("suffix", DATA)
def test_every_recorded_close_is_a_whole_number_of_ticks(suffix: str, recorded_data: Path) -> None:
    """P6: no path has to round a price that another has not."""
    bars = pl.scan_parquet(recorded_data / DATA[suffix])
    for one in load(CONFIGS / f"blue{suffix}.toml").instruments:
        closes = bars.filter(pl.col("symbol") == one.id).select(pl.col("close").unique()).collect()["close"]
        below, above = Fraction(one.tick).denominator, Fraction(one.tick).numerator
        steps = closes.to_numpy() * below / above
        assert len(steps), one.id
        assert np.abs(steps - np.rint(steps)).max() < 1e-6, one.id


@pytest.mark.parametrize(
    ("suffix", "first", "last"),
    [("", date(2025, 3, 14), date(2025, 5, 15)), ("-binance", date(2025, 5, 4), date(2025, 5, 24))],
)
def test_the_days_of_a_record_are_those_that_are_in_it(
    suffix: str, first: date, last: date, recorded_data: Path, home: Path
) -> None:
    """Spec 2.1: days and bars are counted from the data; no length of a day or of a record is taken for a fact."""
    folder = (recorded_data / DATA[suffix]).parent
    plan = Plan(load(CONFIGS / f"blue{suffix}.toml"), Mode.BACKTEST, feed=f"recorded:{folder}")
    frame = panel_frame(open_feed(plan, Home(home)), grace_ns=1_000_000_000)
    dates = [date(1970, 1, 1) + timedelta(days=day) for day, _, _ in frame.days()]
    assert dates == [first + timedelta(days=place) for place in range((last - first).days + 1)]
    assert sum(stop - start for _, start, stop in frame.days()) == frame.rows


class Watch(Agent):
    """Notes how each fill came about, and the gaps."""

    def __init__(self) -> None:
        super().__init__("watch", State())
        self.orders: dict[str, PlaceOrder] = {}
        self.branches: Counter[str] = Counter()
        self.sides: set[tuple[str, str]] = set()
        self.gaps: Counter[str] = Counter()

    @on(PlaceOrder)
    def sent(self, event: PlaceOrder, _: Context) -> None:
        """An order."""
        self.orders[event.order] = event

    @on(FillObserved)
    def filled(self, event: FillObserved, _: Context) -> None:
        """By the order's chance and the fee that was paid."""
        posted = self.orders[event.order].maker_chance > 0
        self.branches["maker" if event.maker else "taker_after_miss" if posted else "taker"] += 1
        self.sides.add((event.desk, event.side.value))

    @on(FeedGap)
    def missing(self, event: FeedGap, _: Context) -> None:
        """A label."""
        self.gaps[event.reason] += 1


def test_the_dense_configuration_reaches_every_exit_and_every_way_to_be_filled(
    recorded_data: Path, home: Path
) -> None:
    """P6: four days of real bars with both desks; no limit binds."""
    plan = Plan(
        load(CONFIGS / "parity-dense-binance.toml"),
        Mode.BACKTEST,
        feed=f"recorded:{recorded_data / 'binance_um_1m'}",
        first_day=date(2025, 5, 5),
        last_day=date(2025, 5, 8),
    )
    watch = Watch()
    done = run_backtest(plan, Home(home), observers=[watch])
    reasons = {one.reason for one in watch.orders.values()}
    assert reasons == {"entry", *(code.word for code in EXITS)}
    assert set(watch.branches) == {"maker", "taker_after_miss", "taker"}
    verdicts = done.overview["verdicts"]
    assert verdicts["CANCELLED"]["maker_missed"]
    assert "REJECTED" not in verdicts
    assert watch.sides == {(name, side) for name in ("short", "long") for side in ("buy", "sell")}
    assert done.overview["trades_closed"] > 400


def recorded(folder: Path, *, without: str = "") -> Path:
    """A record with every kind of bad bar, its rows in no order."""
    closes = rows_of(ROWS)
    rows = []
    for place in range(ROWS):
        opened = datetime.fromtimestamp((START + place * STEP) / 1e9, UTC)
        for column, name in enumerate(NAMES):
            close = float(closes[place, column])
            first = column == 0
            if name == without or (first and place == ABSENT):
                continue
            volume = 0.0 if first and place == STILL else 1e6
            bar = float("nan") if first and place == NOT_A_NUMBER else close
            rows.append((name, opened, close, close, close, bar, volume))
            if first and place == 200:
                rows.append((name, opened, close, close, close, close + 1.0, volume))
    columns = ("symbol", "ts", "open", "high", "low", "close", "volume")
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    folder.mkdir()
    frame.reverse().write_parquet(folder / f"candles_{TIMEFRAME}.parquet")
    return folder


def test_bad_bars_are_labelled_and_the_rows_around_them_are_right(home: Path, tmp_path: Path) -> None:
    """D4: NaN, a duplicate, an absent bar, no volume, no order: gaps by name, and the engine's trades to the unit."""
    configuration = configured(desk(assets_min=5))
    plan = Plan(configuration, Mode.BACKTEST, feed=f"recorded:{recorded(tmp_path / 'bad')}")
    watch = Watch()
    done = run_backtest(plan, Home(home), observers=[watch])
    assert watch.gaps == {"missing": 1, "bad_bar:nan": 1, "bad_bar:outside_range": 1}
    engine = engine_of(configuration)
    frame = panel_frame(open_feed(plan, Home(home)), grace_ns=1_000_000_000)
    assert np.flatnonzero(np.isnan(frame.close).any(axis=1)).tolist() == [ABSENT, NOT_A_NUMBER]
    assert frame.volume[STILL, 0] == 0.0
    run_engine(engine, frame)
    assert len(engine.trades) > 20
    assert done.figures["fingerprint"] == fingerprint_of(engine.rows)


def test_a_symbol_that_the_record_lacks_is_one_line(home: Path, tmp_path: Path) -> None:
    """A11: before a run begins, with the nearest names."""
    folder = recorded(tmp_path / "short", without=NAMES[2])
    plan = Plan(configured(), Mode.BACKTEST, feed=f"recorded:{folder}")
    with pytest.raises(UsageError, match=f"has no symbol '{NAMES[2]}'; the nearest are"):
        run_backtest(plan, Home(home))


def test_the_desk_trades_on_the_simulator(home: Path) -> None:
    """A day of a market that moves together; the same seed gives the same trades."""
    configuration = configured(simulator={"correlation": 0.6})
    plan = Plan(configuration, Mode.BACKTEST, duration_s=86_400)
    first = run_backtest(plan, Home(home))
    assert first.overview["trades_closed"] > 10
    again = run_backtest(plan, Home(home))
    assert again.figures["fingerprint"] == first.figures["fingerprint"]
    other = run_backtest(replace(plan, seed=5), Home(home))
    assert other.figures["fingerprint"] != first.figures["fingerprint"]
