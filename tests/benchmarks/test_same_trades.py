"""The session's trades against those that NautilusTrader made of the same bars, kept as a file."""

from pathlib import Path

import msgspec
import pytest

from benchmarks import bars
from benchmarks.session.backtest import trades_of
from benchmarks.session.parts import breakout
from benchmarks.trades import Trade, compare
from benchmarks.workload import Workload
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

KEPT = Path(__file__).with_name("nautilus_trades.json")


class Kept(msgspec.Struct):
    """Trades of another engine: `made_by` says which."""

    made_by: str
    workload: Workload
    trades: list[Trade]


@pytest.fixture(scope="module")
def kept() -> Kept:
    """The file's content."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Kept)


def test_the_session_makes_the_trades_of_nautilus_trader(kept: Kept, tmp_path: Path) -> None:
    """P6: an outside engine agrees in every trade: times, side, prices, quantities, profit to 1e-8."""
    data = bars.write(kept.workload, tmp_path)
    home = Home(tmp_path / "home")
    plan = Plan(breakout(kept.workload), Mode.BACKTEST, f"recorded:{data.parent}")
    done = run_backtest(plan, home)
    agreement = compare(trades_of(home.runs / done.figures["run"], kept.workload), kept.trades)
    assert agreement.difference == ""
    assert agreement.trades == len(kept.trades) > 300


def test_the_kept_trades_lie_on_the_bars(kept: Kept) -> None:
    """Each entry and exit is at the close of a bar of its instrument."""
    minute_ns = bars.MINUTE_MS * 1_000_000
    for number, name in enumerate(kept.workload.names()):
        walk = bars.walk(kept.workload, number)
        closes = dict(zip((walk.opens_ms * 1_000_000 + minute_ns).tolist(), walk.close.tolist(), strict=True))
        for trade in kept.trades:
            if trade.instrument == name:
                assert closes[trade.entry_ts] == pytest.approx(trade.entry_ticks * float(kept.workload.tick))
                assert closes[trade.exit_ts] == pytest.approx(trade.exit_ticks * float(kept.workload.tick))
