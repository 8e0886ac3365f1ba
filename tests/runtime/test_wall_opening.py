"""Runs on the wall clock: resumed after a gap, or followed by a run that takes over what the records say."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import (
    BTC,
    BUY,
    ETH,
    REST,
    SECOND,
    START,
    TOLD,
    WAKE,
    WAKE_LATE,
    book,
    configured,
    desk,
    events_of,
    feed,
    packets_of,
    price,
    values,
)
from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import Resumed, TimeAdvanced
from tradeworthy.core.packets import Kind
from tradeworthy.execution.accounting import CashMoved, Opened, PositionChanged
from tradeworthy.execution.intents import position_key
from tradeworthy.execution.orders import FillObserved, FillStatus, OrderObserved, PlaceOrder
from tradeworthy.journal.reader import Damage, read, read_header
from tradeworthy.market.instruments import CASH_UNIT, Instrument, InstrumentListed, Side
from tradeworthy.market.markets import MarketStatus
from tradeworthy.market.money import cash_of
from tradeworthy.market.predictions import (
    Market,
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
)
from tradeworthy.risk.operators import HaltChanged, Operator, Order
from tradeworthy.runtime import wall_opening
from tradeworthy.runtime.assembly import CONFIGURED
from tradeworthy.runtime.configuration import Configuration, from_values
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.opening import OpenRun
from tradeworthy.runtime.plan import Mode, Plan
from tradeworthy.runtime.replay import replay
from tradeworthy.runtime.requests import OPERATOR
from tradeworthy.runtime.sealed import is_sealed
from tradeworthy.runtime.wall_opening import open_wall_run

FEED = {"feed": "script"}
HOUR = 3_600 * SECOND


@dataclass
class Desk:
    """A home on the wall clock, and what is asked for in it."""

    home: Home
    plan: Plan

    @contextmanager
    def open(self, ts: int = START, **changes: Any) -> Iterator[OpenRun]:
        """The plan, changed, opened at wall time `ts`, and closed as a killed process leaves it."""
        run = open_wall_run(dataclasses.replace(self.plan, **changes), self.home, FEED, ts)
        try:
            yield run
        finally:
            run.life.close()

    def folder(self, run: OpenRun) -> Path:
        """Where the run lies."""
        return self.home.runs / run.life.header.run


@pytest.fixture
def wall(tmp_path: Path) -> Desk:
    """A place for a session of one desk that does as it is told."""
    return Desk(Home(tmp_path / "home").make(), Plan(configured(), Mode.PAPER))


def hold(life: Life) -> None:
    """Have the desk hold a position."""
    feed(life, book(), price(BUY, ts=life.core.sequencer.now))
    assert life.core.positions()


def halt(life: Life) -> None:
    """A person halts."""
    life.admit(OPERATOR, life.core.sequencer.now, Operator(Order.HALT, "anna", "venue is odd"))


CHANGED = configured(desk(notional=500.0))
"""The same session with another setting."""


def test_the_same_command_goes_on_and_is_told_of_the_gap(wall: Desk) -> None:
    """Resumed comes before anything else happens; its gap is the time that nobody was here."""
    with wall.open() as first:
        feed(first.life, price())
        assert not first.resumed
    with wall.open(START + HOUR) as second:
        assert second.resumed
        assert second.life.header.run == first.life.header.run
        assert second.life.core.sequencer.now == START + HOUR
    last = packets_of(wall.folder(second))[-1]
    assert (last.event, last.ts) == (Resumed(HOUR - SECOND), START + HOUR)


def test_a_wall_that_stepped_back_leaves_no_gap(wall: Desk) -> None:
    """Session time does not fall."""
    with wall.open() as first:
        feed(first.life, price())
    with wall.open(START - HOUR) as second:
        assert second.life.core.sequencer.now == START + SECOND
    assert events_of(wall.folder(second), Resumed) == [Resumed(0)]


def test_paper_orders_in_flight_end_cancelled_restart(tmp_path: Path) -> None:
    """Nobody knows what the market did in the gap: each has its one verdict (P2)."""
    wall = Desk(Home(tmp_path / "home").make(), Plan(configured(), Mode.PAPER))
    with wall.open() as first:
        feed(first.life, book(), price(REST, ts=START + SECOND))
        assert first.life.core.orders.working("told", BTC)
    with wall.open(START + HOUR) as second:
        assert not second.life.core.orders.working("told", BTC)
        assert not second.life.core.sequencer.candidates.open
    folder = wall.folder(second)
    assert [(one.status, one.reason) for one in events_of(folder, OrderObserved)][-1] == (
        "CANCELLED",
        "restart",
    )
    assert [(one.outcome, one.reason) for one in events_of(folder, Verdict)] == [("CANCELLED", "restart")]


def test_books_from_before_the_gap_are_not_traded_in(wall: Desk) -> None:
    """A market order finds no price until the feed has told of one."""
    with wall.open() as first:
        feed(first.life, book())
    with wall.open(START + 10 * SECOND) as second:
        feed(second.life, price(BUY, ts=START + 10 * SECOND))
    assert [one.reason for one in events_of(wall.folder(second), Verdict)] == ["no_price"]


@pytest.mark.parametrize(("told", "woken"), [(WAKE, []), (WAKE_LATE, [START + HOUR])])
def test_timers_of_the_gap_run_only_if_they_may_be_late(wall: Desk, told: int, woken: list[int]) -> None:
    """At the time that it is now, not at the time that they were meant for."""
    with wall.open() as first:
        feed(first.life, price(told))
    with wall.open(START + HOUR) as second:
        second.life.advance(START + HOUR)
        assert second.life.core.sequencer.agents["told"].state.woken == woken


def test_a_timer_beyond_the_gap_fires_when_it_is_due(wall: Desk) -> None:
    """The gap takes away only what it hid."""
    with wall.open() as first:
        feed(first.life, price(WAKE))
    with wall.open(START + 2 * SECOND) as second:
        second.life.advance(START + 20 * SECOND)
    assert [
        packet.ts for packet in packets_of(wall.folder(second)) if isinstance(packet.event, TimeAdvanced)
    ] == [START + 6 * SECOND]


def test_the_duration_counts_from_the_runs_first_life(wall: Desk) -> None:
    """However long the gap was."""
    with wall.open(duration_s=7_200.0) as first:
        assert (first.start_ts, first.end_ts) == (START, START + 2 * HOUR)
    with wall.open(START + HOUR, duration_s=7_200.0) as second:
        assert (second.start_ts, second.end_ts) == (START, START + 2 * HOUR)


def test_a_run_with_gaps_replays_from_its_journal(wall: Desk) -> None:
    """Bit for bit: gaps and the wall's timers are inputs like others (P1)."""
    with wall.open() as first:
        feed(first.life, book(), price(BUY, ts=START + SECOND), price(WAKE_LATE), price(REST))
    with wall.open(START + HOUR) as second:
        second.life.advance(START + HOUR)
        feed(second.life, book(ts=START + HOUR))
        second.life.snapshot()
        digest = second.life.digest.hex()
    assert replay(wall.folder(second)).digest == digest


@pytest.mark.parametrize("change", [{"configuration": CHANGED}, {"seed": 8}, {"duration_s": 60.0}])
def test_a_change_starts_a_run_that_is_opened_from_the_records(wall: Desk, change: dict[str, Any]) -> None:
    """Opened is its first input: cash, positions, open orders, latches; then what it lists."""
    with wall.open() as first:
        hold(first.life)
        feed(first.life, price(REST))
        ledger = first.life.core.ledger
        cash, held = ledger.state.cash, ledger.records()
    with wall.open(START + HOUR, **change) as second:
        assert not second.resumed
        assert second.life.header.parent == first.life.header.run
        assert second.life.core.ledger.state.cash == cash
        assert second.life.core.ledger.records() == held
    told = packets_of(wall.folder(second))
    inputs = [packet for packet in told if packet.cause == 0]
    (resting,) = [one.order for one in events_of(wall.folder(first), PlaceOrder) if one.limit_ticks]
    assert inputs[0].seq == 1
    assert inputs[0].event == Opened(first.life.header.run, cash, held, (resting,))
    assert [type(packet.event) for packet in inputs[1:]] == [InstrumentListed, InstrumentListed]
    assert events_of(wall.folder(second), CashMoved) == []


def test_what_was_taken_over_is_told_of_once_its_instrument_is_known(wall: Desk) -> None:
    """So rows and reports can say how much it is; and only once."""
    with wall.open() as first:
        hold(first.life)
    with wall.open(configuration=CHANGED) as second:
        (held,) = second.life.core.positions()
    packets = packets_of(wall.folder(second))
    listed = {
        packet.event.instrument.id: packet.seq
        for packet in packets
        if isinstance(packet.event, InstrumentListed)
    }
    told = [packet for packet in packets if isinstance(packet.event, PositionChanged)]
    assert [(one.cause, one.event.lots, one.event.cost) for one in told] == [  # type: ignore[attr-defined]
        (listed[BTC], held.lots, held.cost)
    ]


def test_the_heir_trades_what_it_took_over(wall: Desk) -> None:
    """The desk that held it can close it; cash and positions stay conserved to the last unit."""
    with wall.open() as first:
        hold(first.life)
    with wall.open(START + HOUR, configuration=CHANGED) as second:
        feed(second.life, book(ts=START + HOUR), price(2, ts=START + HOUR))
        assert second.life.core.positions() == []
        state = second.life.core.ledger.state
        assert state.cash == state.deposits + state.realised - state.fees
    assert [one.outcome for one in events_of(wall.folder(second), Verdict)] == ["FILLED"]


def test_a_sealed_run_is_not_gone_on_with(wall: Desk) -> None:
    """Back at the old configuration, the books are those of the run in between."""
    with wall.open() as first:
        hold(first.life)
    with wall.open(configuration=CHANGED) as second:
        feed(second.life, book(), price(2, ts=START))
        cash = second.life.core.ledger.state.cash
    with wall.open() as third:
        assert not third.resumed
        assert third.life.header.parent == second.life.header.run
        assert third.life.core.ledger.state.cash == cash
        assert third.life.core.positions() == []
    names = [run.life.header.run.rpartition("-") for run in (first, third)]
    assert names[0][0] == names[1][0]
    assert [int(name[2]) for name in names] == [1, 2]
    assert [is_sealed(wall.folder(run)) for run in (first, second, third)] == [True, True, False]


def test_changed_code_starts_a_run_that_takes_over(wall: Desk, tmp_path: Path) -> None:
    """A desk's file is code: the old tail is not replayed with it."""
    file = tmp_path / "told.py"
    shutil.copy(TOLD, file)
    mine = dataclasses.replace(wall.plan, configuration=configured(desk(file=str(file))))
    wall = Desk(wall.home, mine)
    with wall.open() as first:
        hold(first.life)
    file.write_text(file.read_text(encoding="utf-8").replace('"watching"', '"looking"'), encoding="utf-8")
    with wall.open() as second:
        assert second.life.header.parent == first.life.header.run
        assert second.life.header.decision_hash != first.life.header.decision_hash
        assert second.life.core.positions()


def test_after_a_finished_run_an_empty_one_begins(wall: Desk) -> None:
    """The same command, or a changed one: what is finished is not gone on with."""
    with wall.open(duration_s=60.0) as first:
        hold(first.life)
        first.life.finish(START + 60 * SECOND)
        first.life.conclude()
    for change in ({}, {"configuration": CHANGED}):
        with wall.open(START + HOUR, duration_s=60.0, **change) as empty:
            assert not empty.resumed
            assert empty.life.header.parent == ""
            assert empty.life.core.positions() == []
            assert empty.life.core.ledger.state.cash == cash_of(10_000)
            empty.life.finish(START + HOUR)
            empty.life.conclude()


def test_a_finished_run_that_was_not_seen_to_its_end_is_gone_on_with(wall: Desk) -> None:
    """A kill between the last input and the closing line loses neither rows nor the line."""
    with wall.open(duration_s=60.0) as first:
        first.life.finish(START + 60 * SECOND)
    with wall.open(START + HOUR, duration_s=60.0) as second:
        assert second.resumed


def test_fresh_begins_an_empty_run_and_seals_the_old_one(wall: Desk) -> None:
    """What was held is not taken over, then or later."""
    with wall.open() as first:
        hold(first.life)
    with wall.open(fresh=True) as second:
        assert second.life.header.parent == ""
        assert second.life.core.positions() == []
    assert is_sealed(wall.folder(first))
    with wall.open(configuration=CHANGED) as third:
        assert third.life.header.parent == second.life.header.run
        assert third.life.core.positions() == []


def test_runs_on_the_simulated_clock_are_nobodys_parents(wall: Desk, tmp_path: Path) -> None:
    """Their books are of another world, though the configuration has one name."""
    from tradeworthy.runtime.opening import open_run

    simulated = open_run(wall.plan, wall.home, {"feed": "simulator"}, START)
    hold(simulated.life)
    simulated.life.close()
    with wall.open() as first:
        assert first.life.header.parent == ""
        assert first.life.core.positions() == []


def killed_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have the next opening die where it calls `name`."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(wall_opening, name, die)


@pytest.mark.parametrize("name", ["begin", "_seal_others"])
@pytest.mark.parametrize("then", [CHANGED, configured(desk(notional=700.0)), configured()])
def test_a_kill_while_books_are_taken_over_loses_none_of_them(
    wall: Desk, monkeypatch: pytest.MonkeyPatch, name: str, then: Configuration
) -> None:
    """Before the heir is told, or before the parent is sealed; then the same, another, or the old configuration."""
    with wall.open() as first:
        hold(first.life)
        cash, held = first.life.core.ledger.state.cash, first.life.core.ledger.records()
    with monkeypatch.context() as patched:
        killed_at(patched, name)
        with pytest.raises(KeyboardInterrupt), wall.open(configuration=CHANGED):
            pass
    with wall.open(START + HOUR, configuration=then) as after:
        assert after.life.core.ledger.state.cash == cash
        assert after.life.core.ledger.records() == held
        assert len(after.life.core.listing.state.instruments) == 2
    unsealed = [folder for folder in wall.home.runs.iterdir() if not is_sealed(folder)]
    assert unsealed == [wall.folder(after)]


def test_a_kill_between_first_inputs_is_made_good(wall: Desk) -> None:
    """Whatever part of them is on record, the next life tells the rest."""
    with wall.open() as first:
        pass
    folder = wall.folder(first)
    whole = [record for record in read(folder) if record.kind == Kind.INPUT]
    for record in whole:
        copy = Desk(Home(folder.parent.parent.parent / f"home-{record.seq}").make(), wall.plan)
        shutil.copytree(folder, copy.home.runs / folder.name)
        path = copy.home.runs / folder.name / "00000001.journal"
        path.write_bytes(path.read_bytes()[: record.offset_after])
        with copy.open(START + HOUR) as again:
            assert again.resumed
            assert again.life.core.ledger.state.cash == cash_of(10_000)
            assert len(again.life.core.listing.state.instruments) == 2


def test_a_chain_of_runs_hands_on_what_the_first_one_held(wall: Desk) -> None:
    """A run that did nothing hands on what it was handed, latches included."""
    with wall.open() as first:
        hold(first.life)
        halt(first.life)
        held = first.life.core.ledger.records()
    for notional in (500.0, 600.0, 700.0):
        with wall.open(configuration=configured(desk(notional=notional))) as heir:
            assert heir.life.core.ledger.records() == held
            assert heir.life.core.guardian.halted() == "operator"
        (opened,) = events_of(wall.folder(heir), Opened)
        assert opened.latches == ("/operator",)
        (halted,) = events_of(wall.folder(heir), HaltChanged)
        assert (halted.rule, halted.by) == ("operator", "risk-guardian")


def test_a_latch_that_was_released_is_not_handed_on(wall: Desk) -> None:
    """And an entry passes in the run after it."""
    with wall.open() as first:
        halt(first.life)
        first.life.admit(OPERATOR, START + SECOND, Operator(Order.RESUME, "ben", "looked at it"))
    with wall.open(configuration=CHANGED) as second:
        assert second.life.core.guardian.halted() == ""
        hold(second.life)
    assert [one.approved for one in events_of(wall.folder(second), Decision)] == [True]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (
            configured(desk("other")),
            "lots of BTC for desk told, and the configuration has no desk told any more; put it back and close",
        ),
        (
            configured(desk(instruments=["ETH"])),
            "lots of BTC for desk told, and the configuration has no instrument BTC any more; put it back",
        ),
        (
            configured(
                instruments=[
                    {
                        "id": name,
                        "venue": "test",
                        "quote": "USDT",
                        "tick": "0.1",
                        "lot": "0.01",
                        "taker_fee": "0.001",
                    }
                    for name in ("BTC", "ETH")
                ]
            ),
            "of 0.001 USDT each, and the configuration says 0.01 USDT; put that back and close the position first",
        ),
        (
            configured(
                account={"currency": "EUR"},
                instruments=[
                    {"id": name, "venue": "test", "quote": "EUR", "tick": "0.1", "lot": "0.001"}
                    for name in ("BTC", "ETH")
                ],
            ),
            "is in USDT and the configuration says EUR; put it back",
        ),
    ],
)
def test_books_that_would_mean_other_money_are_not_taken_over(
    wall: Desk, then: Configuration, said: str
) -> None:
    """A desk or an instrument that is gone, another lot, another currency: one line, and nothing is begun."""
    with wall.open() as first:
        hold(first.life)
    with pytest.raises(UsageError) as refused, wall.open(configuration=then):
        pass
    assert said in str(refused.value)
    assert "--fresh" in str(refused.value)
    assert [folder.name for folder in wall.home.runs.iterdir()] == [first.life.header.run]
    with wall.open() as again:
        assert again.resumed
    with wall.open(configuration=then, fresh=True) as fresh:
        assert fresh.life.core.positions() == []


def test_a_flatten_that_was_not_done_goes_on_in_the_heir(wall: Desk) -> None:
    """Its latch is heard before the instruments are listed: that is no fault of the desk, and it is closed then."""
    with wall.open() as first:
        hold(first.life)
        first.life.admit("wall", first.life.core.sequencer.now, Resumed(0))
        ask = Operator(Order.FLATTEN, "anna", "go home", account="paper")
        first.life.admit(OPERATOR, first.life.core.sequencer.now, ask)
        assert first.life.core.positions()
    with wall.open(START + HOUR, configuration=CHANGED) as second:
        assert second.life.core.positions()
        feed(second.life, book(ts=START + HOUR))
        second.life.advance(START + HOUR + 5 * SECOND)
        assert second.life.core.positions() == []
        assert second.life.faults.total() == 0


def test_a_kill_while_the_heirs_journal_is_made_is_no_run(wall: Desk) -> None:
    """Whatever of its header is on disk: the books are with the parent, and the next command takes them over."""
    with wall.open() as first:
        hold(first.life)
        held = first.life.core.ledger.records()
    with wall.open(configuration=CHANGED) as heir:
        pass
    whole = (wall.folder(heir) / "00000001.journal").read_bytes()
    header_ends = whole.index(b"committed") + 24
    for bytes_left in (0, 4, 40, header_ends - 80, header_ends - 20, header_ends):
        home = Home(wall.home.path.parent / f"home-{bytes_left}")
        shutil.copytree(wall.home.path, home.path)
        again = Desk(home, wall.plan)
        (again.folder(first) / "sealed").unlink()
        (again.folder(heir) / "00000001.journal").write_bytes(whole[:bytes_left])
        shutil.rmtree(again.folder(heir) / "snapshots", ignore_errors=True)
        with again.open(START + HOUR, configuration=CHANGED) as after:
            assert after.life.core.ledger.records() == held
            assert after.life.header.parent == first.life.header.run
        with again.open(START + HOUR, configuration=CHANGED) as later:
            assert later.resumed
            assert later.life.core.ledger.records() == held


def test_a_damaged_parent_is_named_and_can_be_left(wall: Desk) -> None:
    """Nothing is taken over from what can't be read; `--fresh` begins without it."""
    with wall.open() as first:
        hold(first.life)
    path = wall.folder(first) / "00000001.journal"
    whole = path.read_bytes()
    for at in (30, len(whole) // 2):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 8]) + whole[at + 1 :])
        with pytest.raises(Damage, match="start with --fresh"), wall.open(configuration=CHANGED):
            pass
        path.write_bytes(whole)
    path.write_bytes(whole[:30] + bytes([whole[30] ^ 8]) + whole[31:])
    with wall.open(configuration=CHANGED, fresh=True) as fresh:
        assert fresh.life.core.positions() == []
    assert is_sealed(wall.folder(first))


def test_the_header_says_whose_heir_a_run_is_in_each_of_its_lives(wall: Desk) -> None:
    """The parent's name stands in every segment."""
    with wall.open() as first:
        pass
    for _ in range(2):
        with wall.open(configuration=CHANGED) as second:
            assert second.life.header.parent == first.life.header.run
        assert read_header(wall.folder(second)).parent == first.life.header.run


MARKET = Market("polymarket:0xa", "polymarket", "0xa", "Will it?", "polymarket:0xa:YES", "polymarket:0xa:NO")
HELD = position_key("oracle-sniper", MARKET.yes)


def on_markets(**sections: Any) -> Configuration:
    """A configuration of the built-in desk, whose feed lists what it trades."""
    account = {"currency": "USD", "cash": "500"}
    venue = {"matcher": "book"}
    desks = [{"name": "arbitrage", "kind": "arbitrage"}]
    whole = {"name": "test", "account": account, "venue": venue, "desks": desks, **sections}
    return from_values(whole, "the test's configuration")


def hold_token(life: Life) -> None:
    """Have the desk hold eleven shares of a market that is disputed since."""
    for token, outcome in ((MARKET.yes, "YES"), (MARKET.no, "NO")):
        listed = Instrument(
            *(token, "polymarket", "USD", Decimal("0.01"), Decimal("0.01"), Decimal(0), Decimal(0)),
            price_max=Decimal(1),
            market=MARKET.id,
            outcome=outcome,
        )
        feed(life, InstrumentListed(listed))
    fill = FillObserved(
        *("polymarket", "f1", "0.0", "arbitrage", HELD, MARKET.yes, Side.BUY),
        ticks=85,
        lots=1_100,
        fee=0,
        maker=False,
        ts_event=START,
        status=FillStatus.CONFIRMED,
    )
    feed(life, MarketOpened(MARKET), fill, MarketClosed(MARKET.id, START), MarketDisputed(MARKET.id, START))
    assert life.core.ledger.position("arbitrage", HELD).lots == 1_100


def test_tokens_that_no_configuration_lists_are_handed_over_with_their_market(tmp_path: Path) -> None:
    """Changed code or settings: what is held stays known, and is paid out when its market is resolved."""
    wall = Desk(Home(tmp_path / "home").make(), Plan(on_markets(), Mode.PAPER))
    changed = on_markets(risk={"position_max": "0.11"})
    with wall.open() as first:
        hold_token(first.life)
        cash = first.life.core.ledger.state.cash
    with wall.open(START + HOUR, configuration=changed) as second:
        core = second.life.core
        assert second.life.header.parent == first.life.header.run
        assert core.ledger.position("arbitrage", HELD).lots == 1_100
        assert core.markets.status(MARKET.id) is MarketStatus.DISPUTED
    with wall.open(START + 2 * HOUR, configuration=changed) as third:
        assert third.resumed
        feed(third.life, MarketResolved(MARKET.id, START, CASH_UNIT))
        assert third.life.core.positions() == []
        assert third.life.core.ledger.state.cash == cash + 11 * CASH_UNIT
    told = [type(packet.event) for packet in packets_of(wall.folder(second)) if packet.agent == CONFIGURED]
    assert told == [
        *(Opened, InstrumentListed, InstrumentListed),
        *(MarketOpened, MarketClosed, MarketDisputed),
    ]


def test_a_token_is_not_handed_to_a_session_on_bars(tmp_path: Path) -> None:
    """There nobody would ever sell it."""
    wall = Desk(Home(tmp_path / "home").make(), Plan(on_markets(), Mode.PAPER))
    with wall.open() as first:
        hold_token(first.life)
    bars = from_values(
        {
            **values(desk("arbitrage")),
            "account": {"currency": "USD"},
            "instruments": [
                {"id": name, "quote": "USD", "tick": "0.1", "lot": "0.001"} for name in (BTC, ETH)
            ],
        },
        "the test's",
    )
    with pytest.raises(UsageError, match="the configuration has no instrument polymarket:0xa:YES any more"):
        open_wall_run(Plan(bars, Mode.PAPER), wall.home, FEED, START + HOUR)


def test_without_books_to_take_over_the_opening_is_asked_and_only_then(wall: Desk) -> None:
    """D11: the journal goes first: a run that goes on, and one that follows, have their books from it."""
    asked: list[int] = []

    def opening(ts: int) -> Opened:
        asked.append(ts)
        return Opened("ledger", 77 * CASH_UNIT, ())

    def opened(ts: int, **changes: Any) -> Path:
        run = open_wall_run(dataclasses.replace(wall.plan, **changes), wall.home, FEED, ts, opening)
        run.life.close()
        return wall.folder(run)

    first = opened(START)
    assert opened(START + HOUR) == first
    heir = opened(START + 2 * HOUR, configuration=CHANGED)
    assert asked == [START]
    assert [one.parent for folder in (first, heir) for one in events_of(folder, Opened)] == [
        "ledger",
        first.name,
    ]
    assert [one.cash for one in events_of(heir, Opened)] == [77 * CASH_UNIT]
