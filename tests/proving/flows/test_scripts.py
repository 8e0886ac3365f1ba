"""The world of a flow: bars that follow its moves, and states that are forced before they end."""

from itertools import pairwise

from tradeworthy.desks.uptrend.events import StateForced
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.market.backfill import RequestBackfill
from tradeworthy.market.bars import BarClosed, check_bar
from tradeworthy.proving.flows.moves import REST, S1_BUY, S3_EMERGENCY
from tradeworthy.proving.flows.scripts import HOUR, MINUTE, START, Course, Script, ScriptFeed, signals_of

COURSE = Course("BONK", "1h", (REST, S1_BUY, S3_EMERGENCY))
SCRIPT = Script("15m", COURSE.end_ts + HOUR, (COURSE,), tuple(signals_of([COURSE])), ("BONK",))


def test_bars_follow_the_moves() -> None:
    """Each hour ends at its move's close, holds its low, and begins where the hour before ended."""
    bars = list(COURSE.bars("15m", SCRIPT.end_ts))
    for bar in bars:
        check_bar(bar)
    assert [bar.close for bar in bars[3::4]] == [1.0, 1.0, 0.9, 0.9]
    assert min(bar.low for bar in bars[8:12]) == 0.88
    assert all(later.open == earlier.close for earlier, later in pairwise(bars))


def test_a_state_is_forced_before_its_bar_closes() -> None:
    """One for each move, halfway in it, and the last holds on without flags."""
    own = [(ts, one) for ts, one in COURSE.forced() if isinstance(one, StateForced) and one.timeframe == "1h"]
    assert [ts for ts, _ in own[:3]] == [START + number * HOUR + HOUR // 2 for number in range(3)]
    assert [one.state for _, one in own] == [Stage.S0, Stage.S1, Stage.S3, Stage.S3]
    assert own[-1][1].payload == {}
    assert own[-1][1].bars == 0


def test_a_feed_gives_its_rows_in_order_from_any_position() -> None:
    """What a resumed session would meet is what the first one met."""
    feed = ScriptFeed(SCRIPT, ("BONK",))
    rows = [row for batch in feed.batches() for row in batch]
    assert [place for place, *_ in rows] == list(range((feed.end() or 0) + 1))
    assert [ts for _, ts, _ in rows] == sorted(ts for _, ts, _ in rows)
    assert [row for batch in feed.batches(5) for row in batch] == rows[6:]


def test_a_feed_answers_for_the_history_of_its_tokens() -> None:
    """Bars that fell to 1 until the start, none of them beyond now; of another token there are none."""
    feed = ScriptFeed(SCRIPT, ("BONK",))
    now = START + 10 * MINUTE
    found = feed.backfill(RequestBackfill("k", "BONK", "1m", 666), now)
    assert (len(found.ts), found.error, found.close[-1]) == (666, "", 1.0)
    assert found.ts[-1] + MINUTE == now
    assert found.close[0] > found.close[300] > 1.0
    assert feed.backfill(RequestBackfill("k", "OTHER", "1m", 666), now).ts == ()


def test_bars_come_before_what_is_said_at_their_close() -> None:
    """At one time the market goes first."""
    kinds = [type(event) for ts, event in SCRIPT.rows() if ts == START + HOUR]
    assert kinds[:1] == [BarClosed]
