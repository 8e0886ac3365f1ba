"""How often a strategy asked, and how often it lost in a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.session import reborn
from tests.risk.market_rig import ARB, DESK, SNIPER, MarketRig, one, pair, question, token
from tests.risk.rig import SECOND, START, all_of
from tradeworthy.execution.accounting import TradeClosed, TradeReversed
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.instruments import Side
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import MarketResolved
from tradeworthy.risk.pace import KEPT_MORE, Pace

PAUSE = 1800 * SECOND


def closed(pnl: int, entry: int = 0, ts: int = START, position: str = "p") -> TradeClosed:
    """A round trip of that profit."""
    return TradeClosed(DESK, position, "i", Side.BUY, 1, 1, 1, 0, pnl, ts, ts, "settled", 9, entry)


def void(trade: TradeClosed) -> TradeReversed:
    """It never was."""
    return TradeReversed(
        trade.desk,
        trade.position,
        "i",
        Side.BUY,
        1,
        0,
        trade.pnl,
        trade.closed_ts,
        9,
        trade.closed_ts,
        "failed",
    )


def lost(pace: Pace, *pnls: int, now: int = START) -> int:
    """Count these, each of its own candidate; when the pause ends."""
    for pnl in pnls:
        entry = 100 + sum(len(result.parts) for result in pace.results) + len(pace.results)
        pace.close(closed(pnl, entry, now, f"p{entry}"), now, 5, PAUSE)
    return pace.paused_until


def test_five_losses_in_a_row_pause_for_half_an_hour() -> None:
    """A win in between begins anew; what breaks even is no loss."""
    assert lost(Pace(), -1, -1, -1, -1) == 0
    assert lost(Pace(), -1, -1, -1, -1, -1) == START + PAUSE
    assert lost(Pace(), -1, -1, -1, 1, -1, -1) == 0
    assert lost(Pace(), -1, -1, -1, -1, 0, -1) == 0


def test_after_its_pause_a_strategy_begins_anew() -> None:
    """Losses during the pause don't lengthen it, and the first after it is the first."""
    pace = Pace()
    assert lost(pace, -1, -1, -1, -1, -1) == START + PAUSE
    assert lost(pace, -1, now=START + PAUSE - 1) == START + PAUSE
    assert lost(pace, -1, -1, -1, -1, now=START + PAUSE) == 0
    assert lost(pace, -1, now=START + PAUSE) == START + 2 * PAUSE


def test_a_loss_that_never_was_ends_the_pause_that_it_brought() -> None:
    """TradeReversed takes its trade out, wherever it stands; a win that is void lets the losses meet."""
    trades = [closed(-1, number, START, f"p{number}") for number in range(1, 6)]
    pace = Pace()
    for trade in trades:
        pace.close(trade, START, 5, PAUSE)
    pace.take_back(void(trades[2]), START + SECOND, 5, PAUSE)
    assert (pace.paused_until, len(pace.results)) == (0, 4)
    pace.close(closed(3, 7, START, "win"), START, 5, PAUSE)
    pace.close(closed(-1, 8, START, "p8"), START, 5, PAUSE)
    assert pace.paused_until == 0
    pace.take_back(void(closed(3, 7, START, "win")), START + SECOND, 5, PAUSE)
    assert pace.paused_until == START + SECOND + PAUSE
    pace.take_back(void(closed(-7, 99, START, "unknown")), START + SECOND, 5, PAUSE)
    assert pace.paused_until == START + SECOND + PAUSE


def test_the_legs_of_a_set_win_or_lose_together() -> None:
    """Four outcomes of five lose in every set that is bought whole: none of these is a loss of the strategy."""
    pace = Pace()
    for entry in range(1, 4):
        for number, pnl in enumerate((-20, -20, -20, 71)):
            pace.close(closed(pnl, entry, START, f"{entry}/{number}"), START, 3, PAUSE)
    assert ([result.pnl for result in pace.results], pace.paused_until) == ([11, 11, 11], 0)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 4)), max_size=60))
def test_what_is_remembered_is_bounded_and_plain(trades: list[tuple[int, int]]) -> None:
    """However many results: a few more than the streak needs, and a snapshot is the same."""
    pace = Pace()
    for number, (pnl, entry) in enumerate(trades):
        pace.close(closed(pnl, entry, START + number, f"p{number}"), START + number, 3, PAUSE)
        assert len(pace.results) <= 3 + KEPT_MORE
        assert reborn(pace) == pace
    tail = [result.pnl < 0 for result in pace.results[-3:]]
    if pace.paused_until == 0:
        assert not (len(tail) == 3 and all(tail))


def test_requests_slide_out_of_the_minute() -> None:
    """A minute later the first no longer counts."""
    pace = Pace([START, START + 30 * SECOND])
    assert pace.requests(START + 60 * SECOND - 1) == 2
    assert pace.requests(START + 60 * SECOND) == 1
    assert pace.approved == [START + 30 * SECOND]


def lose(rig: MarketRig, number: int, by: str = SNIPER) -> None:
    """Buy into a fresh market and see it go the other way."""
    name = f"m{number}"
    rig.open(question(name, end_ts=rig.now + 900 * SECOND))
    rig.refresh()
    assert rig.decide(one(name, shares=5, by=by), f"lag {number}").approved
    assert len(all_of(rig.admit(MarketResolved(f"polymarket:{name}", rig.now, 0)), TradeClosed)) == 1


def test_a_strategy_that_lost_five_times_pauses_and_the_other_goes_on() -> None:
    """loss_streak refuses its entries for half an hour of session time; exits and others pass (P2)."""
    rig = MarketRig(daily_loss_max="1", drawdown_max="1")
    rig.ask(one())
    for number in range(5):
        lose(rig, number)
    decision = rig.decide(one("c", shares=5))
    assert (decision.reason, decision.figures["pause_left_ms"]) == ("loss_streak", 1_800_000)
    assert rig.decide(one(side=Side.SELL, ticks=39, reduce_only=True), "exit").approved
    assert rig.decide(pair(5)).approved
    again = reborn(rig.guardian.state)
    assert again == rig.guardian.state
    rig.guardian.state = again
    rig.wait(1800)
    rig.open(question("late", end_ts=rig.now + 900 * SECOND))
    rig.refresh()
    assert rig.decide(one("late", shares=5), "after the pause").approved


def test_a_reversed_fill_takes_the_loss_back() -> None:
    """The trade that made the streak full rests on a fill that failed: the strategy goes on."""
    rig = MarketRig(loss_streak_max=1, daily_loss_max="1", drawdown_max="1")
    held = f"{SNIPER}@{token('c')}"

    def fill(order: str, side: Side, ticks: int, status: FillStatus) -> None:
        rig.admit(
            FillObserved(
                "polymarket",
                f"f{order}",
                order,
                DESK,
                held,
                token("c"),
                side,
                ticks,
                500,
                0,
                False,
                rig.now,
                status,
            )
        )

    fill("1.0", Side.BUY, 40, FillStatus.MATCHED)
    fill("2.0", Side.SELL, 30, FillStatus.MATCHED)
    assert rig.decide(one()).reason == "loss_streak"
    fill("2.0", Side.SELL, 30, FillStatus.FAILED)
    assert rig.decide(one()).approved


@pytest.mark.parametrize("by", [SNIPER, ARB])
def test_without_a_limit_nothing_is_remembered(by: str) -> None:
    """No streak and no request rate: no paces."""
    rig = MarketRig(loss_streak_max=None, requests_per_minute_max=None)
    for number in range(3):
        lose(rig, number, by)
    assert rig.guardian.state.paces == {}
    assert cash_of(494) == rig.ledger.equity_at_cost()
