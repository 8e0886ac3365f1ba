"""The scanner on the real market parts: what it tells of, what it counts, and what it remembers."""

import msgspec
import pytest

from tests.desks.arbitrage.scanning import (
    ABOVE,
    DAY,
    EXACT,
    MINUTE,
    MS,
    SECOND,
    START,
    Rig,
    lagging,
    market,
    outcomes,
)
from tradeworthy.core.candidates import Outcome
from tradeworthy.core.events import Resumed, SessionEnded
from tradeworthy.desks.arbitrage.events import DataHeard, Kind, Method
from tradeworthy.desks.arbitrage.reasons import SkipReason
from tradeworthy.execution.intents import IntentProposed
from tradeworthy.market.instruments import InstrumentChanged, InstrumentDelisted
from tradeworthy.market.predictions import (
    MarketResolved,
)


def test_a_gap_that_outlives_the_latency_is_told_of_with_its_figures() -> None:
    """The worked message flow of the specification: P .972791, gross .122791, net .113866, signal 1 (A3)."""
    rig, one = lagging()
    assert rig.opportunities() == []
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    assert told.kind == Kind.ORACLE_LAG
    assert told.method is Method.TERMINAL
    assert told.markets == (one.id,)
    assert told.fair == pytest.approx(0.972791, abs=1e-6)
    assert told.gross_edge == pytest.approx(0.122791, abs=1e-6)
    assert told.net_edge == pytest.approx(0.113866, abs=1e-6)
    assert told.signal == 1.0
    (leg,) = told.legs
    assert (leg.instrument, leg.outcome, leg.limit_ticks, leg.lots) == (one.yes, "YES", 85, 40_000)
    assert (told.oracle, told.oracle_value, told.skip) == ("BTC", 97_500.0, "")
    assert told.book_ts == told.oracle_ts == START
    assert told.expires_at == START + 250 * MS + 2 * SECOND


def test_the_sniper_asks_for_what_the_scanner_found() -> None:
    """An opportunity becomes a request of the oracle-sniper in the same turn."""
    rig, one = lagging(only_scanner=False)
    rig.wait(250 * MS)
    (told,) = rig.opportunities()
    (asked,) = rig.of(IntentProposed)
    assert asked.candidate == next(p.seq for p in rig.tape.packets if p.event == told)
    assert asked.intent.dedupe_key == told.dedupe_key
    assert asked.intent.legs[0].instrument == one.yes


def test_a_gap_that_vanishes_within_the_latency_is_only_counted() -> None:
    """The market caught up after 100 ms: GapClosed, not survived, and no candidate."""
    rig, one = lagging()
    rig.wait(100 * MS)
    rig.quote(one, 96, 97)
    rig.wait(SECOND)
    assert rig.opportunities() == []
    (gap,) = rig.closed()
    assert (gap.survived, gap.reason, gap.candidate) == (False, SkipReason.GAP_VANISHED, 0)
    assert gap.closed_ts - gap.opened_ts == 100 * MS
    assert gap.net_edge_max == pytest.approx(0.1138, abs=1e-3)
    assert not rig.scanner.state.gaps.told


def test_a_gap_told_of_is_followed_to_its_end() -> None:
    """GapClosed names the candidate, how long the gap lived and the best edge it had."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.wait(750 * MS)
    rig.price(97_501.0)
    rig.quote(one, 84, 86)
    rig.quote(one, 96, 97)
    (gap,) = rig.closed()
    candidate = next(p.seq for p in rig.tape.packets if p.event in rig.opportunities())
    assert (gap.survived, gap.candidate, gap.reason) == (True, candidate, SkipReason.GAP_VANISHED)
    assert gap.closed_ts - gap.opened_ts == SECOND
    assert not rig.scanner.state.gaps.open
    assert not rig.scanner.state.gaps.keys


def test_the_other_side_is_another_gap() -> None:
    """The price falls through the strike: the YES gap is over, and NO is the cheap token now."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.price(96_500.0)
    rig.quote(one, 13, 15)
    assert [gap.reason for gap in rig.closed()] == [SkipReason.NOT_CREDIBLE]
    rig.wait(250 * MS)
    assert [told.legs[0].outcome for told in rig.opportunities()] == ["YES"]
    assert rig.reasons()[SkipReason.COOLDOWN] == 1
    rig.wait(60 * SECOND)
    rig.price(96_500.0)
    rig.quote(one, 13, 15)
    rig.wait(250 * MS)
    assert [told.legs[0].outcome for told in rig.opportunities()] == ["YES", "NO"]


def test_within_the_cooldown_a_standing_gap_is_told_of_once() -> None:
    """The same gap is not told of again for 60 s, and then it is."""
    rig, one = lagging()
    rig.wait(250 * MS)
    for _ in range(59):
        rig.wait(SECOND)
        rig.price(97_500.0)
        rig.quote(one, 83, 85)
    assert len(rig.opportunities()) == 1
    assert rig.reasons()[SkipReason.COOLDOWN] > 100
    rig.wait(2 * SECOND)
    rig.price(97_500.0)
    assert len(rig.opportunities()) == 2
    assert rig.opportunities()[0].dedupe_key != rig.opportunities()[1].dedupe_key


def test_an_edge_half_as_large_again_ends_the_cooldown() -> None:
    """50 % more edge is told of early, under a key of its own so that it can be traded; 40 % more is not."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.quote(one, 79, 81)
    assert len(rig.opportunities()) == 1
    rig.wait(2 * SECOND)
    rig.price(97_500.0)
    rig.quote(one, 76, 78)
    first, second = rig.opportunities()
    assert second.net_edge > 1.5 * first.net_edge
    assert first.dedupe_key != second.dedupe_key


def test_what_grows_to_the_snipers_edge_ends_the_cooldown() -> None:
    """0.046 was too little for the sniper, 0.055 is enough: told of, though it is no half as large again."""
    rig, one = lagging()
    rig.price(97_300.0)
    rig.quote(one, 80, 82)
    rig.wait(250 * MS)
    first = rig.opportunities()[-1].net_edge
    rig.wait(2 * SECOND)
    rig.price(97_300.0)
    rig.quote(one, 79, 81)
    second = rig.opportunities()[-1].net_edge
    assert first < 0.05 <= second < 1.5 * first


def test_gaps_that_stand_at_the_end_are_told_of() -> None:
    """Their lifetimes are cut off, and say so; the state holds nothing of them."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.wait(SECOND)
    rig.put(SessionEnded())
    (gap,) = rig.closed()
    assert (gap.reason, gap.survived) == (SkipReason.SESSION_ENDED, True)
    assert gap.closed_ts - gap.opened_ts == SECOND + 250 * MS
    assert rig.opportunities()[0].markets == gap.markets == (one.id,)
    assert rig.scanner.state.gaps.open == {}


def test_a_gap_that_comes_back_within_the_cooldown_waits_for_its_end() -> None:
    """Closed and open again: it survives the latency anew, and is not told of."""
    rig, one = lagging()
    rig.wait(250 * MS)
    rig.quote(one, 96, 97)
    rig.quote(one, 83, 85)
    rig.wait(250 * MS)
    assert len(rig.opportunities()) == 1
    assert rig.reasons()[SkipReason.COOLDOWN] == 1
    rig.quote(one, 96, 97)
    assert [gap.survived for gap in rig.closed()] == [True, True]


def test_a_strategy_that_is_switched_off_leaves_a_skipped_candidate() -> None:
    """The opportunity is found and ends SKIPPED strategy_off (P2)."""
    rig, _ = lagging(oracle_sniper=False)
    rig.wait(250 * MS)
    (verdict,) = rig.verdicts()
    assert (verdict.outcome, verdict.reason) == (Outcome.SKIPPED, SkipReason.STRATEGY_OFF)


def test_without_a_latency_a_gap_is_told_of_in_its_own_turn() -> None:
    """Latency 0: the wake-up falls into the same turn."""
    rig, _ = lagging(latency_ms=0)
    assert len(rig.opportunities()) == 1


def test_data_is_proved_at_first_and_once_a_minute() -> None:
    """DataHeard at the first price and book, then at most each minute, with how many there were (A3)."""
    rig, one = lagging()
    heard = [(event.what, event.name, event.count) for event in rig.of(DataHeard)]
    assert heard == [("price", "BTC", 1), ("market", "polymarket", 1)]
    for _ in range(61):
        rig.wait(SECOND)
        rig.price(97_500.0)
        rig.quote(one, 96, 97)
    heard = [(event.what, event.name, event.count) for event in rig.of(DataHeard)[2:]]
    assert heard == [("price", "BTC", 61), ("market", "polymarket", 121)]


def test_states_written_down_mid_gap_lead_to_the_same_packets() -> None:
    """A restart while a gap waits, and another while it is followed, change no byte (P1)."""

    def story(*, restarts: bool) -> list[bytes]:
        rig, one = lagging()
        touch = market("t", "Will Bitcoin reach $98,000 by January 8?", end_ts=START + 7 * DAY)
        rig.open(touch, *outcomes(), rate="0.01")
        for step in range(40):
            if restarts and step % 3 == 0:
                rig.reload()
            rig.wait(100 * MS)
            rig.price(97_500.0 + 10 * step)
            rig.quote(one, 83 + step % 5, 86 + step % 5)
            rig.quote(touch, 60, 62)
            for other in outcomes():
                rig.quote(other, 28 + step % 4, 30 + step % 4)
        return rig.tape.bodies

    whole = story(restarts=False)
    assert len(whole) > 20
    assert story(restarts=True) == whole


def test_after_a_time_without_data_no_gap_stands() -> None:
    """Resumed: books are lost, so gaps are over, and a wake-up that was missed does no harm."""
    rig, _ = lagging()
    rig.now += MINUTE
    rig.put(Resumed(MINUTE))
    assert [gap.reason for gap in rig.closed()] == [SkipReason.NO_BOOK]
    rig.wait(SECOND)
    assert rig.opportunities() == []


def test_a_market_that_ends_takes_its_gap_along() -> None:
    """Resolved within the latency: the gap is over, and the wake-up finds nothing."""
    rig, one = lagging()
    rig.put(MarketResolved(one.id, START, 0))
    rig.wait(SECOND)
    assert [(gap.reason, gap.survived) for gap in rig.closed()] == [(SkipReason.RESOLVED, False)]
    assert rig.opportunities() == []


def test_another_tick_size_voids_the_books() -> None:
    """InstrumentChanged: what the books said in old ticks shows no edge."""
    rig, one = lagging()
    for token in (one.yes, one.no):
        old = rig.listing.instrument(token)
        rig.put(InstrumentChanged(msgspec.structs.replace(old, tick=old.tick / 10)))
    rig.wait(SECOND)
    assert rig.opportunities() == []
    assert [gap.reason for gap in rig.closed()] == [SkipReason.NO_BOOK]


def test_nothing_is_left_of_a_thousand_markets() -> None:
    """Opened, traded, resolved or just delisted: the state is as large as before (A10)."""
    rig = Rig(**EXACT)
    rig.price(97_500.0)
    titles = (ABOVE, "Will Bitcoin reach $98,000 by January 8?", "Will candidate 1 win the race?")
    for number in range(1_000):
        one = market(
            f"m{number}",
            titles[number % 3],
            end_ts=rig.now + 15 * MINUTE,
            event=f"e{number // 10}",
            neg_risk=number % 3 == 2,
        )
        rig.open(one)
        rig.price(97_500.0 + number % 7 * 100.0)
        rig.quote(one, 83, 85)
        rig.wait(300 * MS)
        if number % 2:
            rig.put(MarketResolved(one.id, rig.now, 0))
        for token in (one.yes, one.no):
            rig.put(InstrumentDelisted(token))
    state = rig.scanner.state
    assert state.gaps.told
    assert not any((state.gaps.open, state.gaps.keys))
    watched = state.watched
    assert not any((watched.places, watched.tokens, watched.symbols, watched.ladders))
    assert not any((watched.barriers, watched.touched))
    assert len(state.gaps.told) < 300
    assert len(msgspec.msgpack.encode(state)) < 20_000
