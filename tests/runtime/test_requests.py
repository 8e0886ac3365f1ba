"""What people ask of a running session, as inputs between turns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import (
    BTC,
    BUY,
    SECOND,
    START,
    Place,
    book,
    desk,
    events_of,
    feed,
    packets_of,
    place,
    price,
)
from tradeworthy.core.candidates import Verdict
from tradeworthy.core.errors import AllHalted, UsageError
from tradeworthy.gateways.control import Flatten, Halt, Inject, Request, Resume, Status, Stop
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.instruments import CASH_UNIT, Instrument, InstrumentListed
from tradeworthy.market.markets import MarketStatus
from tradeworthy.market.predictions import Market, MarketOpened
from tradeworthy.risk.operators import Operator
from tradeworthy.risk.stance import Posture, PostureReported
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.overview import overview
from tradeworthy.runtime.requests import RequestHandler


class Desk:
    """A session, and someone who asks."""

    def __init__(self, there: Place, life: Life) -> None:
        self.there, self.life = there, life
        self.latch = LatchFile(there.home.path)
        self.stop = asyncio.Event()
        self.ts = 0

    def ask(self, request: Request) -> dict[str, Any]:
        """The answer."""
        handler = RequestHandler(
            self.life, self.latch, self.stop, lambda: self.ts or self.life.core.sequencer.now
        )
        return asyncio.run(handler.handle(request))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Desk]:
    """A session of two desks, the first of which holds a position."""
    there = place(tmp_path, desk("one", "0.5"), desk("two", "0.4", notional=1.0))
    with there.opened() as life:
        feed(life, book(), price(BUY))
        yield Desk(there, life)


def test_a_halt_stops_entries_and_is_on_disk(session: Desk) -> None:
    """Whoever asks: the latch file holds without a session, too."""
    assert session.ask(Halt("anna", "venue is odd")) == {"halted": "all"}
    latch = session.latch.read()
    assert latch
    assert (latch.by, latch.reason) == ("anna", "venue is odd")
    assert session.life.core.guardian.halted() == "operator"
    feed(session.life, price(BUY))
    session.life.writer.wait_durable()
    assert {one.reason for one in events_of(session.there.folder, Verdict)[-2:]} == {"system_halt"}


def test_a_resume_releases_both(session: Desk) -> None:
    """The latch and the file; without a name or a reason it is not even a request."""
    session.ask(Halt("anna", "venue is odd"))
    assert session.ask(Resume("ben", "venue is back")) == {"resumed": "all"}
    assert session.latch.read() is None
    assert session.life.core.guardian.halted() == ""
    with pytest.raises(UsageError, match="resume needs a name and a reason"):
        Resume("ben", "")


def test_one_desk_may_be_halted_alone(session: Desk) -> None:
    """The file is for all; a desk that is not there is refused."""
    assert session.ask(Halt("anna", "odd", desk="one")) == {"halted": "one"}
    assert session.latch.read() is None
    assert (session.life.core.guardian.halted(), session.life.core.guardian.halted("one")) == ("", "operator")
    assert session.ask(Resume("ben", "fine", desk="one")) == {"resumed": "one"}
    with pytest.raises(UsageError, match="there is no desk 'three' in this session; there is one, two"):
        session.ask(Halt("anna", "odd", desk="three"))


def test_a_flatten_closes_what_the_account_holds(session: Desk) -> None:
    """At market, and entries stay halted; another account is refused."""
    with pytest.raises(UsageError, match="this session trades account 'paper', not 'other'"):
        session.ask(Flatten("other", "anna", "go home", confirm=True))
    assert len(session.life.core.positions()) == 2
    assert session.ask(Flatten("paper", "anna", "go home", confirm=True)) == {"flattening": []}
    assert session.life.core.positions() == []
    assert session.life.core.guardian.halted() == "flatten"


def test_injected_prices_are_inputs_like_others(session: Desk) -> None:
    """All or none of them: one that is wrong admits nothing."""
    good = {"instrument": BTC, "price": 101.5}
    assert session.ask(Inject("price", [good, {**good, "price": 102.5}])) == {"admitted": 2}
    session.life.writer.wait_durable()
    injected = [one for one in packets_of(session.there.folder) if one.agent == "inject"]
    assert [one.event.price for one in injected if isinstance(one.event, PriceObserved)] == [101.5, 102.5]
    refused: list[tuple[list[dict[str, Any]], str]] = [
        (
            [good, {"instrument": "XYZ", "price": 1.0}],
            "instrument 'XYZ' is not listed here; listed are BTC, ETH",
        ),
        ([good, {"instrument": BTC, "price": -1.0}], "a price is finite and above 0"),
        ([good, {"instrument": BTC}], "price"),
    ]
    for bad, said in refused:
        inputs = session.life.core.sequencer.inputs
        with pytest.raises(UsageError, match=said):
            session.ask(Inject("price", bad))
        assert session.life.core.sequencer.inputs == inputs
    with pytest.raises(UsageError, match="can't inject 'gossip'; the kinds are: price, state"):
        session.ask(Inject("gossip", [good]))


def test_requests_are_stamped_by_the_sessions_clock(session: Desk) -> None:
    """The last input's time on the simulated clock; on the wall clock the wall's, and never falling."""
    session.ask(Halt("anna", "odd"))
    session.ts = START + 60 * SECOND
    session.ask(Resume("ben", "fine"))
    session.ts = START + 1
    session.ask(Halt("anna", "odd again"))
    session.life.writer.wait_durable()
    times = [one.ts - START for one in packets_of(session.there.folder) if isinstance(one.event, Operator)]
    assert times == [2 * SECOND, 60 * SECOND, 60 * SECOND]


def test_a_stop_is_no_input(session: Desk) -> None:
    """It ends the session, not the run."""
    inputs = session.life.core.sequencer.inputs
    assert session.ask(Stop()) == {"stopping": "test-0-1"}
    assert session.stop.is_set()
    assert session.life.core.sequencer.inputs == inputs


def test_a_status_is_the_overview(session: Desk) -> None:
    """In plain values."""
    assert session.ask(Status()) == overview(session.life)


def test_a_session_that_can_not_write_ends(session: Desk) -> None:
    """The request is refused, and the session is stopped: nothing more is decided."""
    session.life.halted = AllHalted("the disk is full")
    with pytest.raises(AllHalted, match="the disk is full"):
        session.ask(Halt("anna", "odd", desk="one"))
    assert session.stop.is_set()
    session.life.halted = None


def test_a_latch_file_that_is_found_halts_as_a_kill_file(session: Desk) -> None:
    """A10: rule 2 of the guard chain, whoever put the file there; a resume releases it."""
    handler = RequestHandler(session.life, session.latch, session.stop, lambda: session.ts)
    handler.obey(session.latch.set("night watch", "storm", 1))
    assert session.life.core.guardian.halted() == "kill_file"
    feed(session.life, price(BUY))
    session.life.writer.wait_durable()
    assert {one.reason for one in events_of(session.there.folder, Verdict)[-2:]} == {"kill_file"}
    session.ask(Resume("ben", "fine"))
    assert session.life.core.guardian.halted() == ""
    assert session.latch.read() is None


MARKET = "polymarket:0xa"
YES, NO = f"{MARKET}:YES", f"{MARKET}:NO"


def open_market(life: Life) -> None:
    """A market with its two tokens, as a feed lists it."""
    for token, outcome in ((YES, "YES"), (NO, "NO")):
        listed = Instrument(
            id=token,
            venue="polymarket",
            quote="USDT",
            tick=Decimal("0.01"),
            lot=Decimal("0.01"),
            taker_fee=Decimal(0),
            maker_fee=Decimal(0),
            price_max=Decimal(1),
            market=MARKET,
            outcome=outcome,
        )
        feed(life, InstrumentListed(listed))
    feed(life, MarketOpened(Market(MARKET, "polymarket", "0xa", "Will it?", YES, NO)))


def test_injected_facts_are_inputs_like_others(session: Desk) -> None:
    """A market's books, dispute and outcome, by hand: all lines or none."""
    open_market(session.life)
    facts: list[dict[str, Any]] = [
        {"event": "BookChanged", "instrument": YES, "bids": [["0.45", "10"]], "asks": [["0.47", "10"]]},
        {"event": "MarketDisputed", "market": MARKET},
    ]
    assert session.ask(Inject("state", facts)) == {"admitted": 2}
    assert session.life.core.markets.status(MARKET) is MarketStatus.DISPUTED
    inputs = session.life.core.sequencer.inputs
    wrong = {"event": "MarketResolved", "market": "polymarket:0xb", "payout": "1"}
    with pytest.raises(UsageError, match="fact 2: market 'polymarket:0xb' is not known"):
        session.ask(Inject("state", [{**wrong, "market": MARKET}, wrong]))
    assert session.life.core.sequencer.inputs == inputs
    session.ask(Inject("state", [{**wrong, "market": MARKET}]))
    assert session.life.core.markets.payout(MARKET) == CASH_UNIT
    session.life.writer.wait_durable()
    injected = [type(one.event).__name__ for one in packets_of(session.there.folder) if one.agent == "inject"]
    assert injected == ["BookChanged", "MarketDisputed", "MarketResolved"]


def test_an_oracles_symbol_may_be_injected_though_it_is_no_instrument(session: Desk) -> None:
    """The symbol that prediction markets are about, once the oracle has spoken of it."""
    with pytest.raises(UsageError, match="instrument 'SOL' is not listed here"):
        session.ask(Inject("price", [{"instrument": "SOL", "price": 150.0}]))
    feed(session.life, price(instrument="SOL", at=150.0, ts=START))
    assert session.ask(Inject("price", [{"instrument": "SOL", "price": 151.0}])) == {"admitted": 1}
    assert session.life.core.oracles.price("SOL") == 151.0


def test_what_another_process_says_is_an_input_once(session: Desk) -> None:
    """D5: at its own source and position, between turns; a position that is known is a repeat."""
    handler = RequestHandler(session.life, session.latch, session.stop, lambda: START)
    for seq in (5, 5, 4):
        handler.hear("safety:latest/w", seq, PostureReported(Posture.TURTLE, START, seq))
    session.life.writer.wait_durable()
    found = [packet for packet in packets_of(session.there.folder) if packet.agent == "safety:latest/w"]
    assert [packet.position for packet in found] == [5]


def test_after_the_end_nobody_is_heard(session: Desk) -> None:
    """A run that ended stays as it ended."""
    session.life.finish(session.life.core.sequencer.now)
    before = session.life.core.sequencer.seq
    handler = RequestHandler(session.life, session.latch, session.stop, lambda: START)
    handler.hear("safety:latest/w", 1, PostureReported(Posture.APEX, START, 1))
    assert session.life.core.sequencer.seq == before
