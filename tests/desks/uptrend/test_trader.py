"""The trader: rows, the history that they wait for, and the words of the position manager and of people."""

import pytest

from tests.desks.uptrend.signalling import START, Signalling, answer, signal
from tradeworthy.core.events import CountersClosed, TimeAdvanced
from tradeworthy.desks.uptrend.events import PositionStatusChanged, RowOperated
from tradeworthy.desks.uptrend.names import TIMEFRAMES, Row, Status
from tradeworthy.market.backfill import BackfillAnswered, RequestBackfill
from tradeworthy.market.bars import TIMEFRAMES_NS

HOUR = TIMEFRAMES_NS["1h"]


def operated(timeframe: str, status: Status) -> RowOperated:
    """A person's word on BONK."""
    return RowOperated("BONK", timeframe, status, "kim", "rug")


def test_rows_are_kept_in_order_of_creation() -> None:
    """What the other parts read: a row by its key, or all of them."""
    desk = Signalling()
    desk.put(signal(1, ticker="WIF"))
    desk.put(signal(2), START + 5)
    desk.restart()
    rows = desk.trader.rows()
    assert [row.position for row in rows] == [
        Row(one, timeframe).key for one in ("WIF", "BONK") for timeframe in TIMEFRAMES
    ]
    assert [row.created_ts for row in rows] == [START] * 4 + [START + 5] * 4
    assert desk.trader.row("1h@PEPE") is None


def test_an_approval_asks_for_the_history_of_all_four_timeframes() -> None:
    """L13: one request for each row, of its own key, with what a provider needs to find the token."""
    desk = Signalling()
    desk.put(signal())
    desk.put(signal(2, ticker="WIF"))
    requests = desk.events(RequestBackfill)
    assert [one.timeframe for one in requests] == [*TIMEFRAMES, *TIMEFRAMES]
    assert len({one.key for one in requests}) == 8
    first = requests[0]
    assert (first.instrument, first.bars, first.chain, first.contract, first.pool) == (
        *("BONK", 30, "solana"),
        *("Dez1", "p1"),
    )


def test_what_the_feed_does_not_make_or_has_already_is_not_asked_for() -> None:
    """A row of a timeframe without bars stays dormant; a full history needs no more."""
    desk = Signalling(market={"bars": {"1h": "1h", "4h": "1h"}, "bars_threshold": 20, "backfill_bars": 25})
    desk.bars(25)
    desk.put(signal())
    assert [one.timeframe for one in desk.events(RequestBackfill)] == ["4h"]
    assert [row.status for row in desk.trader.rows()] == [
        *(Status.DORMANT, Status.DORMANT, Status.WATCHLIST),
        Status.DORMANT,
    ]


def test_enough_bars_to_be_judged_may_still_be_too_few_to_judge_well() -> None:
    """B39: a row at the threshold is watched, and asked for up to the target all the same."""
    desk = Signalling()
    desk.bars(20)
    desk.put(signal())
    assert desk.row("1h@BONK").status is Status.WATCHLIST
    assert "1h" in [one.timeframe for one in desk.events(RequestBackfill)]


def test_without_backfill_rows_wait_for_live_bars() -> None:
    """A backtest has its history in the feed."""
    desk = Signalling(market={"backfill": False, "bars_threshold": 20})
    desk.put(signal())
    assert not desk.events(RequestBackfill)
    assert not [made for made in desk.bars(19) if isinstance(made, PositionStatusChanged)]
    desk.bars(5, after=19)
    assert desk.events(PositionStatusChanged) == [
        PositionStatusChanged(
            "uptrend", "1h@BONK", Status.DORMANT, Status.WATCHLIST, "bars_reached", bars_count=20
        )
    ]
    assert desk.row("1h@BONK").status is Status.WATCHLIST
    assert desk.row("4h@BONK").status is Status.DORMANT


def test_a_backfill_wakes_the_row_that_it_is_for() -> None:
    """L3: dormant until enough bars, then watchlist; a bar of another timeframe counts for its own row only."""
    desk = Signalling()
    desk.put(signal())
    by_timeframe = {one.timeframe: one.key for one in desk.events(RequestBackfill)}
    made = desk.put(answer(by_timeframe["4h"], Row("BONK", "4h"), 20))
    assert made == [
        PositionStatusChanged(
            "uptrend", "4h@BONK", Status.DORMANT, Status.WATCHLIST, "bars_reached", bars_count=20
        )
    ]
    assert not desk.put(answer(by_timeframe["1h"], Row("BONK", "1h"), 19))
    assert [row.status for row in desk.trader.rows()].count(Status.WATCHLIST) == 1


def test_a_history_that_failed_is_asked_for_again_within_the_hour_under_a_new_key() -> None:
    """L13: a provider's bad minute does not leave a row dormant for weeks; what was answered is not asked again."""
    desk = Signalling()
    desk.put(signal())
    for one in desk.events(RequestBackfill):
        error = "429" if one.timeframe == "1m" else ""
        desk.put(answer(one.key, Row("BONK", one.timeframe), 0 if error else 5, error=error))
    desk.restart()
    desk.sequencer.advance(START + HOUR)
    requests = desk.events(RequestBackfill)
    assert [one.timeframe for one in requests] == [*TIMEFRAMES, "1m"]
    assert requests[-1].key not in [one.key for one in requests[:-1]]
    desk.sequencer.advance(START + 2 * HOUR)
    assert len(desk.events(RequestBackfill)) == 5


def test_rows_are_counted_again_every_hour_while_one_is_dormant() -> None:
    """L3: a row whose bars came by a way that told nobody is found within the hour; then the clock rests."""
    desk = Signalling(market={"bars": {"1h": "1h"}, "bars_threshold": 20, "backfill": False})
    desk.put(signal())
    history = desk.agents[0]
    assert desk.sequencer.timers.due == START + HOUR
    row = Row("BONK", "1h")
    history.take_bars(answer("x", row, 20), desk.sequencer._routes[BackfillAnswered][0].context)  # type: ignore[attr-defined]
    desk.sequencer.advance(START + HOUR)
    assert desk.row("1h@BONK").status is Status.WATCHLIST
    assert desk.sequencer.timers.due == START + 2 * HOUR


def test_the_position_managers_word_is_taken_over() -> None:
    """L5: active with its trade, and back to the watchlist without one; another desk's word is not ours."""
    desk = Signalling()
    desk.put(signal())
    desk.activate("1h@BONK", trade="t7")
    row = desk.row("1h@BONK")
    assert (row.status, row.trade) == (Status.ACTIVE, "t7")
    desk.put(PositionStatusChanged("other", "1h@BONK", Status.ACTIVE, Status.WATCHLIST, "closed"))
    assert row.status is Status.ACTIVE
    desk.put(PositionStatusChanged("uptrend", "1h@BONK", Status.ACTIVE, Status.WATCHLIST, "closed"))
    assert (row.status, row.trade) == (Status.WATCHLIST, "")


def test_a_person_pauses_archives_and_brings_back_rows() -> None:
    """One row or all of a token's; back means watchlist with bars enough, else dormant."""
    desk = Signalling()
    desk.bars(20)
    desk.put(signal())
    assert desk.put(operated("1h", Status.PAUSED)) == [
        PositionStatusChanged("uptrend", "1h@BONK", Status.WATCHLIST, Status.PAUSED, "rug", bars_count=20)
    ]
    assert len(desk.put(operated("", Status.ARCHIVED))) == 4
    assert not desk.put(operated("", Status.ARCHIVED))
    made = [one for one in desk.put(operated("", Status.WATCHLIST)) if isinstance(one, PositionStatusChanged)]
    assert [one.status for one in made] == [
        *(Status.DORMANT, Status.DORMANT, Status.WATCHLIST),
        Status.DORMANT,
    ]
    assert not desk.put(operated("", Status.WATCHLIST))


@pytest.mark.parametrize("timeframe", ["1h", ""])
def test_a_row_that_holds_something_can_not_be_put_aside(timeframe: str) -> None:
    """Quantity must be sold first, and an open trade closed: else nobody would look after it."""
    desk = Signalling()
    desk.put(signal())
    desk.activate("1h@BONK")
    desk.put(operated(timeframe, Status.PAUSED))
    assert desk.row("1h@BONK").status is Status.ACTIVE
    desk.lots["1h@BONK"] = 5
    desk.put(operated(timeframe, Status.ARCHIVED))
    assert desk.row("1h@BONK").status is Status.ACTIVE
    others = [row.status for row in desk.trader.rows() if row.timeframe != "1h"]
    assert others == [Status.DORMANT if timeframe else Status.ARCHIVED] * 3


def test_a_word_that_is_not_followed_is_counted() -> None:
    """P2: why nothing happened stands in the counters."""
    desk = Signalling()
    desk.put(signal())
    desk.put(RowOperated("NOPE", "", Status.PAUSED, "kim", "?"))
    desk.activate("1h@BONK")
    desk.put(operated("1h", Status.PAUSED))
    desk.lots["1h@BONK"] = 5
    desk.put(operated("1h", Status.PAUSED))
    desk.put(TimeAdvanced(), START + 2 * HOUR)
    counts = desk.events(CountersClosed)[0].counts
    assert {word: counts[word] for word in ("no_such_row", "open_trade", "open_quantity")} == {
        "no_such_row": 1,
        "open_trade": 1,
        "open_quantity": 1,
    }


def test_a_row_that_was_put_aside_stays_so_when_its_token_is_approved_again() -> None:
    """A signal does not overrule a person; neither do bars."""
    desk = Signalling()
    desk.put(signal())
    desk.put(operated("", Status.PAUSED))
    desk.put(signal(2))
    desk.bars(25)
    assert {row.status for row in desk.trader.rows()} == {Status.PAUSED}
