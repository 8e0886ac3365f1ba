"""The outside engine computes the same trades, and a difference is named."""

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.proving.market import CAPITAL, frame, instruments, settings
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.divergence.config import DivergenceSettings
from tradeworthy.desks.divergence.engine import DivergenceEngine, run_engine
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.market.instruments import Instrument
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.proving.parity.nautilus_pair import (
    NautilusComparison,
    NautilusRun,
    compare_with_engine,
    gap_text,
    nautilus_trades,
)
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import load

CONFIGS = Path(__file__).parents[2] / "configs"
TAKER = PaperVenueSettings(fills="taker_close")
DAY_NS = 86_400_000_000_000


def both(
    rows: PanelFrame, chosen: DivergenceSettings, listed: list[Instrument], venue: PaperVenueSettings = TAKER
) -> tuple[DivergenceEngine, NautilusRun, NautilusComparison]:
    """Our engine and theirs on the same rows."""
    pytest.importorskip("nautilus_trader")
    timeframe = rows.timeframe
    engine = DivergenceEngine(chosen, listed, timeframe, venue, desk="made", seed=1, capital=CAPITAL)
    run_engine(engine, rows)
    run = nautilus_trades(rows, chosen, listed, timeframe, desk="made", capital=CAPITAL, venue=venue)
    return engine, run, compare_with_engine(engine.trades, engine.rows, run)


@pytest.mark.parametrize("direction", [-1, 1])
def test_nautilus_makes_the_same_trades(direction: int) -> None:
    """P6: counts, prices and lots are equal, fees to 1e-8 a fill; holes, still and empty bars included."""
    rows = frame(1_500)
    venue = PaperVenueSettings(fills="taker_close", participation=0.7)
    engine, run, compared = both(rows, settings(direction), instruments(), venue)
    assert compared.gap is None
    assert compared.trades == compared.their_trades > 40
    assert compared.fills > 2 * compared.trades, "volume must have bound, or parts were never filled"
    assert {trade.exit_reason for trade in run.trades} == {"MAX_HOLD", "FIXED_TP", "STOP_LOSS"}
    assert compared.fee_gap_max <= 1
    assert abs(run.capital - engine.capital) <= compared.fills


def test_a_row_that_ends_the_data_incomplete_is_acted_on() -> None:
    """The grace of the last row ends after the last bar: Nautilus's clock is led past it."""
    rows = frame(300)
    engine, _, _ = both(rows, settings(), instruments())
    entry = next(trade for trade in engine.trades if trade.entry_ts % 60_000_000_000)
    until = int(np.flatnonzero(rows.closed_ts == entry.entry_ts)[0]) + 1
    _, run, compared = both(rows.slice(0, until), settings(), instruments())
    assert compared.gap is None
    assert run.fills[-1].ts == entry.entry_ts


def test_recorded_days_give_the_same_trades(recorded_data: Path) -> None:
    """P6: five real days of 28 instruments, through the configuration that parity is proved on."""
    configuration = load(CONFIGS / "parity-dense.toml")
    listed, desk = instruments_of(configuration), configuration.desks[0]
    folder = recorded_data / "hyperliquid_candles"
    start_ts, _ = RecordedFeed(folder, listed, desk.timeframe).span()
    feed = RecordedFeed(folder, listed, desk.timeframe, to_ts=start_ts + 5 * DAY_NS)
    rows = panel_frame(feed, grace_ns=1_000_000_000)
    _, _, compared = both(rows, DivergenceSettings.model_validate(desk.settings), listed)
    assert compared.gap is None
    assert compared.trades > 30


def test_a_difference_is_named_with_trade_field_and_both_values() -> None:
    """A changed price, a pnl off by more than a unit a fill, and a missing trade are each found."""
    engine, run, _ = both(frame(300), settings(), instruments())
    first = engine.trades[0]
    dearer = msgspec.structs.replace(first, exit_price=first.exit_price * 2)
    gap = compare_with_engine([dearer, *engine.trades[1:]], engine.rows, run).gap
    assert gap
    assert (gap.what, gap.place, gap.field) == ("trade", 0, "exit_price")
    assert repr(dearer.exit_price) in gap_text(gap)
    richer = msgspec.structs.replace(first, pnl_absolute=first.pnl_absolute + 10)
    gap = compare_with_engine([richer, *engine.trades[1:]], engine.rows, run).gap
    assert gap
    assert gap.field == "pnl_absolute"
    gap = compare_with_engine(engine.trades[:-1], engine.rows, run).gap
    assert gap
    assert (gap.place, gap.field, gap.ours) == (len(engine.trades) - 1, "trade", "None")


def test_a_lost_fill_and_a_wrong_fee_are_found() -> None:
    """Fills are compared one by one, also those that closed no trade."""
    engine, run, _ = both(frame(300), settings(), instruments())
    fewer = msgspec.structs.replace(run, fills=run.fills[:-1])
    gap = compare_with_engine(engine.trades, engine.rows, fewer).gap
    assert gap
    assert (gap.what, gap.place) == ("fill", len(run.fills) - 1)
    cheap = msgspec.structs.replace(run.fills[0], fee=run.fills[0].fee - 2)
    gap = compare_with_engine(
        engine.trades, engine.rows, msgspec.structs.replace(run, fills=(cheap, *run.fills[1:]))
    ).gap
    assert gap
    assert (gap.what, gap.place, gap.field) == ("fill", 0, "fee")


def test_without_nautilus_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is optional: what is missing, and the command that brings it."""
    monkeypatch.setitem(sys.modules, "nautilus_trader", None)
    with pytest.raises(NotAvailable, match=r"pip install 'tradeworthy\[nautilus\]'"):
        nautilus_trades(frame(3), settings(), instruments(), "1m", desk="made", capital=CAPITAL, venue=TAKER)


def test_other_fills_than_takers_at_the_close_are_refused() -> None:
    """Nautilus has no draw of ours: the two would differ for a reason that proves nothing."""
    pytest.importorskip("nautilus_trader")
    venue = PaperVenueSettings(fills="maker_draw")
    with pytest.raises(UsageError, match=r'venue\.fills is "maker_draw"'):
        nautilus_trades(frame(3), settings(), instruments(), "1m", desk="made", capital=CAPITAL, venue=venue)


def test_a_close_between_two_ticks_is_refused() -> None:
    """Nautilus would round it: the error names instrument, price and time."""
    pytest.importorskip("nautilus_trader")
    rows = frame(3)
    close = rows.close.copy()
    close[1, 2] += 0.0004
    with pytest.raises(UsageError, match=r"C02 closed at .* between two ticks of 0.001 \(1 closes are\)"):
        nautilus_trades(
            replace(rows, close=close),
            settings(),
            instruments(),
            "1m",
            desk="a",
            capital=CAPITAL,
            venue=TAKER,
        )


def test_instruments_of_two_quotes_are_refused() -> None:
    """One account has one currency."""
    pytest.importorskip("nautilus_trader")
    listed = instruments()
    listed[3] = msgspec.structs.replace(listed[3], quote="EUR", lot=Decimal(1))
    with pytest.raises(UsageError, match="quoted in EUR, USDT"):
        nautilus_trades(frame(3), settings(), listed, "1m", desk="made", capital=CAPITAL, venue=TAKER)
