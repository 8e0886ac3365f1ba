"""The batch engine: days, snapshots, and what it refuses."""

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.desks.divergence.desk_rig import TIMEFRAME, configured, desk, engine_of, frame_of, rows_of
from tests.desks.divergence.rows import DAY_NS, START
from tradeworthy.core.errors import Bug, UsageError
from tradeworthy.desks.divergence.engine import DivergenceEngine, action_text, run_engine
from tradeworthy.desks.divergence.results import DayResult
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import CASH_UNIT
from tradeworthy.market.panel_frames import PanelFrame
from tradeworthy.risk.stance import McStatus, Posture
from tradeworthy.runtime.assembly import instruments_of

DATE = START // DAY_NS
ROWS = 500
SCRIPT: list[dict[str, Any]] = [
    {"at": "2024-10-04T07:00:00Z", "boost": 1.8, "beta": 0.5},
    {"at": "2024-10-04T18:00:00Z", "posture": "TURTLE"},
    {"at": "2024-10-05T03:00:00Z", "mc": "ORANGE"},
]


def frame(rows: int = ROWS) -> PanelFrame:
    """Rows of two days, a bar missing from one."""
    closes = rows_of(rows)
    closes[60:61, 2] = np.nan
    return frame_of(closes)


def other(engine: DivergenceEngine, venue: PaperVenueSettings, *, keep_bars: bool = True) -> DivergenceEngine:
    """The same desk at that venue."""
    return DivergenceEngine(
        *(engine.settings, instruments_of(configured()), TIMEFRAME, venue),
        desk=engine.desk,
        seed=42,
        capital=engine.capital,
        keep_bars=keep_bars,
    )


def trace(results: list[DayResult]) -> bytes:
    """All that the days say, to the bit."""
    return msgspec.msgpack.encode(results)


def test_a_day_is_its_three_parts() -> None:
    """D4: begin_day, step_bar for each row and end_day are process_day; run_engine does each day of the frame."""
    whole, parts, rows = engine_of(configured()), engine_of(configured()), frame()
    results = run_engine(whole, rows)
    made = []
    for date, start, stop in rows.days():
        parts.begin_day(date)
        bars = [parts.step_bar(rows, place) for place in range(start, stop)]
        made.append(parts.end_day())
        assert made[-1].bars_log is not None
        assert repr(made[-1].bars_log) == repr(tuple(bars))
    assert trace(made) == trace(results)
    assert [(one.date, one.n_bars) for one in made] == [(DATE, 288), (DATE + 1, ROWS - 288)]


def test_a_days_money_is_its_trades() -> None:
    """D3: pnl is the day's, capital what it came to, and the trades are of the day in which they closed."""
    engine = engine_of(configured())
    capital = engine.capital
    for day in run_engine(engine, frame()):
        assert day.pnl == sum(trade.pnl_absolute for trade in day.trades)
        capital += day.pnl
        assert day.capital == capital
        assert {trade.exit_ts // DAY_NS for trade in day.trades} <= {day.date, day.date + 1}
    assert capital == engine.capital


def test_reset_is_a_new_engine() -> None:
    """D10: preflight 8: the same days again, to the bit, whatever was before."""
    engine, rows = engine_of(configured(script=SCRIPT)), frame()
    first = trace(run_engine(engine, rows))
    made = list(engine.rows)
    engine.reset()
    assert (engine.trades, engine.rows) == ([], [])
    assert trace(run_engine(engine, rows)) == first
    assert engine.rows == made


@pytest.mark.parametrize("at", [0, 77, 300])
def test_a_snapshot_goes_on_to_the_bit(at: int) -> None:
    """D10: at any row, in another engine: bars and capital are those of the one that went on."""
    configuration, rows = configured(script=SCRIPT), frame()
    engine, other = engine_of(configuration), engine_of(configuration)
    engine.begin_day(DATE)
    for place in range(at):
        engine.step_bar(rows, place)
    other.restore(engine.snapshot())
    assert other.snapshot() == engine.snapshot()
    for place in range(at, ROWS):
        assert repr(other.step_bar(rows, place)) == repr(engine.step_bar(rows, place))
    assert other.capital == engine.capital
    assert other.snapshot() == engine.snapshot()


@pytest.mark.parametrize("data", [b"", b"{}", b"\xc1"])
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    """One line, and the engine is as it was."""
    engine = engine_of(configured())
    before = engine.snapshot()
    with pytest.raises(UsageError, match=f"^desk divergence: these {len(data)} bytes are no snapshot"):
        engine.restore(data)
    assert engine.snapshot() == before


def test_a_snapshot_of_another_layout_leaves_the_engine_as_it_was() -> None:
    """The records are taken all or none."""
    engine, rows = engine_of(configured()), frame(40)
    short = msgspec.msgpack.decode(engine.snapshot())
    short["records"][1] = short["records"][1][:-1]
    for place in range(20):
        engine.step_bar(rows, place)
    before = engine.snapshot()
    with pytest.raises(UsageError, match="another layout"):
        engine.restore(msgspec.msgpack.encode(short))
    assert engine.snapshot() == before


def test_a_day_may_begin_with_a_posture_a_boost_and_a_forewarning() -> None:
    """The names of the rules: what is not given stays as it was."""
    engine, rows = engine_of(configured()), frame(40)
    engine.begin_day(DATE, Posture.STALKER, (1.5, 0.3), McStatus.ORANGE)
    bar = engine.step_bar(rows, 0)
    assert (bar.posture, bar.boost, bar.beta, bar.regime_size_mult) == ("STALKER", 1.5, 0.3, 0.75)
    day = engine.end_day()
    assert (day.boost, day.beta, day.mc_status) == (1.5, 0.3, "ORANGE")
    engine.begin_day(DATE)
    assert engine.step_bar(rows, 1).posture == "STALKER"


def test_a_bad_boost_is_refused_and_the_last_one_holds() -> None:
    """D8: between two bars, or with a day."""
    engine, rows = engine_of(configured()), frame(40)
    engine.set_boost(2.0, 0.5)
    with pytest.raises(ValueError, match=r"^boost 4\.5 is not"):
        engine.set_boost(4.5, 0.5)
    with pytest.raises(ValueError, match=r"^beta -1 is not"):
        engine.begin_day(DATE, boost=(1.0, -1))
    bar = engine.step_bar(rows, 0)
    assert (bar.boost, bar.beta) == (2.0, 0.5)


def test_a_days_status_is_what_its_last_bar_was_sized_by() -> None:
    """D3: a report of more than a day ago counts as ORANGE, and the day says so."""
    script = [{"at": "2024-10-04T01:00:00Z", "mc": "OK"}]
    days = run_engine(engine_of(configured(script=script)), frame())
    assert [day.mc_status for day in days] == ["OK", "ORANGE"]
    scales = [min(bar.regime_size_mult for bar in day.bars_log or ()) for day in days]
    assert scales == [1.0, 0.5]


def test_what_a_batch_can_not_do_is_refused() -> None:
    """It has bars alone, and compiled fills."""
    with pytest.raises(UsageError, match='fills "next_open" have no compiled step'):
        other(engine_of(configured()), PaperVenueSettings(fills="next_open"))
    with pytest.raises(UsageError, match=r'order_books\.provider "book" needs the books of a session'):
        engine_of(configured(desk(order_books={"provider": "book"})))


def test_capital_that_is_gone_ends_the_batch() -> None:
    """Nothing is left to size a trade by: it says so and does not trade on."""
    engine = engine_of(configured(desk(fraction=1.0)))
    engine.capital = CASH_UNIT
    closes = rows_of(120, scale=0.3)
    with pytest.raises(Bug, match="has lost all of its capital"):
        run_engine(engine, frame_of(np.maximum(closes, 0.5)))


@pytest.mark.parametrize(
    ("action", "code", "text"),
    [(0, 27, "no_divergence"), (1, 10, "ENTER"), (2, 5, "EXIT:MAX_HOLD"), (3, 31, "SKIP:contradicted")],
)
def test_an_action_in_words(action: int, code: int, text: str) -> None:
    """D7: as the bar log has it."""
    assert action_text(action, code) == text


def test_bars_are_kept_only_if_asked_for() -> None:
    """D10: a replay of years holds no bar."""
    kept = engine_of(configured())
    lean = other(kept, configured().venue, keep_bars=False)
    rows = frame(100)
    (with_bars,), (without,) = run_engine(kept, rows), run_engine(lean, rows)
    assert without.bars_log is None
    assert msgspec.structs.replace(with_bars, bars_log=None) == without
