"""The batch engine's bars: the same as the session's, made of whole columns and put where they end."""

from pathlib import Path

from tests.proving.uptrend_rig import configured, recorded
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.desks.uptrend.config import MarketSettings
from tradeworthy.desks.uptrend.events import SocialSignal
from tradeworthy.market.bars import BarClosed
from tradeworthy.proving.parity.session_path import empty_home
from tradeworthy.proving.parity.uptrend_bars import turns
from tradeworthy.proving.parity.uptrend_subject import uptrend_subject
from tradeworthy.runtime.backtest import run_backtest
from tradeworthy.runtime.plan import Mode, Plan

MINUTE = 60_000_000_000
GRACE = 2_000_000_000
MARKET = MarketSettings(bars={"1m": "1m", "15m": "1m"}, backfill=False)
START = 1_746_316_800_000_000_000


class Heard(Agent):
    """Keeps the bars of a session with their session time."""

    def __init__(self) -> None:
        super().__init__("heard", State())
        self.bars: list[tuple[int, BarClosed]] = []

    @on(BarClosed)
    def keep(self, bar: BarClosed, context: Context) -> None:
        """Keep it."""
        self.bars.append((context.now, bar))


def minute(at: int, name: str = "WAVE") -> tuple[int, BarClosed]:
    """A minute with a close of its own."""
    figures = (float(at), at + 2.0, at - 0.5, at + 1.0, 10.0 + at)
    return START + (at + 1) * MINUTE, BarClosed(name, "1m", START + at * MINUTE, *figures)


def test_they_are_those_of_the_session(tmp_path: Path) -> None:
    """L13: with minutes missing, at the same times and in the same order."""
    data = recorded(tmp_path, 900)
    market = {"bars": {"1m": "1m", "15m": "1m", "1h": "1m", "4h": "1m"}}
    plan = Plan(configured(market=market), feed=f"recorded:{data}", mode=Mode.BACKTEST, fresh=True)
    heard = Heard()
    with empty_home() as home:
        subject = uptrend_subject(plan, home)
        run_backtest(plan, home, observers=[heard])
        made = turns(subject.rows(), subject.settings.market, subject.grace_ns, subject.end_ts)
    assert [(turn.ts, bar) for turn in made for bar in turn.bars] == heard.bars


def test_a_bar_whose_last_minute_never_came_ends_at_the_grace() -> None:
    """L13: in a turn of its own, in order of time with what the feed has."""
    rows = [minute(at) for at in range(30) if at != 14]
    made = turns(rows, MARKET, GRACE, START + 30 * MINUTE)
    late = next(turn for turn in made if turn.ts == START + 15 * MINUTE + GRACE)
    (bar,) = late.bars
    assert (bar.ts_event, bar.open, bar.close, bar.high, bar.low) == (START, 0.0, 14.0, 15.0, -0.5)
    assert bar.volume == sum(10.0 + at for at in range(14))
    assert [turn.ts for turn in made] == sorted(turn.ts for turn in made)
    assert [len(turn.bars) for turn in made if turn.ts == START + 30 * MINUTE] == [2]


def test_a_bar_with_too_few_minutes_is_none() -> None:
    """L13: under coverage_min it is left out, whether it ends in time or late."""
    rows = [minute(at) for at in range(30) if at in {0, 14, *range(15, 21)}]
    made = turns(rows, MARKET, GRACE, START + 60 * MINUTE)
    assert all(bar.timeframe == "1m" for turn in made for bar in turn.bars)


def test_a_grace_that_ends_after_the_session_brings_nothing() -> None:
    """L13: the session has no such bar either."""
    rows = [minute(at) for at in range(14)]
    made = turns(rows, MARKET, GRACE, START + 15 * MINUTE)
    assert all(len(turn.bars) == 1 for turn in made)


def test_what_is_no_bar_has_a_turn_of_its_own() -> None:
    """L2: a signal between two minutes stays there."""
    signal = SocialSignal("1", "anna", "WAVE", START + 90_000_000_000)
    made = turns([minute(0), (START + 90_000_000_000, signal), minute(1)], MARKET, GRACE, START + 3 * MINUTE)
    assert [turn.event for turn in made] == [None, signal, None]
