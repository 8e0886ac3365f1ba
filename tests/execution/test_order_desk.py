"""From an approved intent to its one verdict: expiry, halts, unknown orders, reversals."""

from decimal import Decimal

import msgspec
import pytest

from tests.execution.trading import (
    BUY,
    GTC,
    MINUTE,
    SELL,
    START,
    Ask,
    Trading,
    answer,
    ends,
    fills,
    instrument,
    leg,
    placed,
    report,
    verdict,
)
from tests.market.session import reborn
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Decision, Verdict
from tradeworthy.core.errors import Bug
from tradeworthy.core.events import Event, Resumed
from tradeworthy.execution.intents import Intent, IntentProposed, Policy
from tradeworthy.execution.orders import (
    CancelOrder,
    CancelWorking,
    FillStatus,
    OrderObserved,
    OrderStatus,
    Reconciled,
)
from tradeworthy.market.instruments import InstrumentChanged

S = OrderStatus


def test_an_intent_waits_for_its_decision_and_is_dropped_on_a_no() -> None:
    """P2: risk's own verdict stands alone; a skipped candidate never waits."""
    trading = Trading()
    trading.approver.yes = False
    assert verdict(trading.ask(leg("A", BUY, 1))) == ("REJECTED", "no", 0.0)
    assert verdict(trading.admit(Ask(Intent((leg("A", BUY, 1),)), skip="quiet"))) == ("SKIPPED", "quiet", 0.0)
    assert not trading.orders.state.waiting
    assert not trading.orders.state.works


def test_only_the_decider_decides() -> None:
    """What others say of a candidate is their opinion; a second yes is a Bug."""
    trading = Trading()
    opinion = Decision("allocator", 99, "desk", True, "ok", {}, {})
    assert trading.admit(opinion) == []
    with pytest.raises(Bug, match="risk-guardian approved candidate 99, which has no intent waiting"):
        trading.admit(Decision("risk-guardian", 99, "desk", True, "ok", {}, {}))


def test_an_order_that_nobody_approved_reaches_no_venue() -> None:
    """Whoever places one besides risk's yes stops the turn, before the venue, which comes later, can fill it."""
    trading = Trading()
    (one,) = placed(trading.ask(leg("A", BUY, 5)))
    forged = msgspec.structs.replace(one, order="77.0", candidate=77)
    with pytest.raises(Bug, match=r"order 77\.0 of desk belongs to no approved intent"):
        trading.admit(forged)
    assert "77.0" not in trading.venue.state.orders


def test_orders_carry_what_the_venue_needs_to_know() -> None:
    """Ids by candidate and leg; a group only if there are several; the position's key defaults to the instrument."""
    trading = Trading(live=True)
    (one,) = placed(trading.ask(leg("A", BUY, 5, 90, GTC), reason="breakout", expires_at=START + MINUTE))
    assert one.order == f"{one.candidate}.0"
    assert (one.position, one.reason, one.expires_at) == ("A", "breakout", START + MINUTE)
    assert (one.group, one.group_size, one.group_policy) == (0, 1, "")
    two = placed(trading.ask(leg("A", BUY, 5, key="arb"), leg("B", SELL, 5)))
    assert [(order.order, order.position) for order in two] == [
        (f"{two[0].candidate}.0", "arb"),
        (f"{two[0].candidate}.1", "B"),
    ]
    assert {(order.group, order.group_size, order.group_policy) for order in two} == {
        (two[0].candidate, 2, "all_or_none")
    }


@pytest.mark.parametrize(
    ("intent", "outcome"),
    [
        (Intent(()), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 0),)), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1), leg("B", BUY, -1))), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1),), complete_ticks=-1), ("REJECTED", "bad_intent", 0.0)),
        (Intent((leg("A", BUY, 1),), expires_at=START), ("EXPIRED", "intent_expired", 0.0)),
    ],
)
def test_an_intent_that_can_not_be_sent_ends_at_once(intent: Intent, outcome: tuple[str, str, float]) -> None:
    """P2: with a reason, and no order."""
    made = Trading().admit(Ask(intent))
    assert verdict(made) == outcome
    assert not placed(made)


def test_working_is_true_from_the_order_to_the_verdict() -> None:
    """By desk and instrument; other desks see their own."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 5)))
    assert trading.orders.working("desk", "A")
    assert not trading.orders.working("desk", "B")
    assert not trading.orders.working("other", "A")
    answer(trading, order, S.CANCELLED, "gone")
    assert not trading.orders.working("desk", "A")
    assert trading.orders.state.busy == {}


def test_a_halt_takes_back_entries_and_leaves_exits() -> None:
    """Of one desk or of all."""
    trading = Trading()
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10))
    trading.bar("A", 1.0)
    trading.ask(leg("A", BUY, 10, 50, GTC))
    trading.admit(Ask(Intent((leg("A", BUY, 10, 50, GTC),)), desk="other"))
    trading.ask(leg("A", SELL, 10, 500, GTC), reduce_only=True)
    assert len(trading.verdicts()) == 1
    assert trading.admit(CancelWorking("nobody", "halted")) == []
    trading.admit(CancelWorking("", "halted"))
    assert [one.reason for one in trading.verdicts()] == ["filled", "halted", "halted"]
    made = trading.bar("A", 9.0)
    assert fills(made)[0][1:] == (900, 10, False)


def test_a_cancel_is_asked_for_once() -> None:
    """A second halt adds nothing to the first, nor does the expiry."""
    trading = Trading(live=True)
    trading.ask(leg("A", BUY, 10), expires_at=START + MINUTE)
    first = trading.admit(CancelWorking("", "halted"))
    assert [type(made) for made in first] == [CancelOrder]
    assert trading.admit(CancelWorking("", "halted")) == []
    assert [type(made).__name__ for made in trading.advance(START + MINUTE)] == []


def test_each_intent_expires_at_its_time() -> None:
    """One timer, set for the first of them; none is left when nothing can expire."""
    trading = Trading(live=True)
    orders = [
        placed(trading.ask(leg("A", BUY, 1), expires_at=START + after * MINUTE))[0] for after in (3, 1, 2)
    ]
    for minute, order in ((1, orders[1]), (2, orders[2]), (3, orders[0])):
        made = trading.advance(START + minute * MINUTE)
        assert made == [CancelOrder(order.order, "intent_expired")]
        assert verdict(answer(trading, order, S.EXPIRED, "intent_expired"))[0] == "EXPIRED"
    assert [timer for timer in trading.sequencer.timers.dump() if timer.agent == "orders"] == []


def test_an_order_without_an_answer_is_unknown_until_it_is_reconciled() -> None:
    """No entry is sent meanwhile; one that never reached the venue failed."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    trading.admit(Resumed(MINUTE), START + MINUTE)
    record = trading.orders.order(order.order)
    assert record is not None
    assert record.status is S.UNKNOWN
    assert verdict(trading.ask(leg("B", BUY, 1))) == ("CANCELLED", "unreconciled", 0.0)
    assert placed(trading.ask(leg("B", SELL, 1), reduce_only=True))
    assert trading.admit(Reconciled("elsewhere", trading.now)) == []
    made = trading.admit(Reconciled("paper", trading.now))
    assert ends(made) == [("REJECTED", "not_at_venue")]
    assert verdict(made) == ("FAILED", "not_at_venue", 0.0)
    assert placed(trading.ask(leg("B", BUY, 1)))


def test_an_unknown_order_that_the_venue_knows_goes_on() -> None:
    """Its fills and its status are taken as if they had come in time."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10, 100, GTC)))
    answer(trading, order, S.UNKNOWN, "timeout")
    report(trading, order, 4)
    answer(trading, order, S.ACCEPTED)
    assert trading.admit(Reconciled("", trading.now)) == []
    report(trading, order, 6, number=2)
    assert verdict(answer(trading, order, S.FILLED)) == ("FILLED", "filled", 1.0)


def test_an_unknown_order_with_fills_is_cancelled_by_the_reconciliation() -> None:
    """It was there; now it is not."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10, 100, GTC)))
    report(trading, order, 4)
    answer(trading, order, S.UNKNOWN)
    made = trading.admit(Reconciled("", trading.now))
    assert ends(made) == [("CANCELLED", "not_at_venue")]
    assert verdict(made) == ("FILLED", "partly_filled", 0.4)


def test_the_verdict_waits_for_fills_that_may_still_fail() -> None:
    """A failed one is no fill: the share counts what is real."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    report(trading, order, 6, FillStatus.MATCHED, 1)
    report(trading, order, 4, FillStatus.MATCHED, 2)
    assert not trading.verdicts()
    answer(trading, order, S.FILLED)
    report(trading, order, 6, FillStatus.FAILED, 1)
    assert not trading.verdicts()
    made = report(trading, order, 4, FillStatus.CONFIRMED, 2)
    assert verdict(made) == ("FILLED", "partly_filled", 0.4)
    assert trading.lots("A") == 4


def test_an_order_whose_every_fill_failed_has_failed() -> None:
    """FAILED, and nothing is held."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    report(trading, order, 10, FillStatus.MATCHED)
    answer(trading, order, S.FILLED)
    assert verdict(report(trading, order, 10, FillStatus.FAILED)) == ("FAILED", "fill_failed", 0.0)
    assert trading.lots("A") == 0


def test_what_is_said_of_orders_that_are_over_is_nobody_s() -> None:
    """Late news, foreign orders: the ledger books fills, this part is done with them."""
    trading = Trading(live=True)
    (order,) = placed(trading.ask(leg("A", BUY, 10)))
    answer(trading, order, S.CANCELLED)
    assert answer(trading, order, S.FILLED) == []
    report(trading, order, 10)
    assert trading.lots("A") == 10
    assert trading.admit(OrderObserved("by-hand", S.FILLED, 0)) == []
    assert trading.orders.order("by-hand") is None


@pytest.mark.parametrize("matcher", ["bar", "book"])
def test_what_is_remembered_does_not_grow_with_the_trades(matcher: str) -> None:
    """A10: orders, groups, timers and taken size are dropped when they are over."""
    trading = Trading(matcher=matcher, latency_ms=250)

    def trade(times: int) -> None:
        for _ in range(times):
            for side in (BUY, SELL):
                for name in ("A", "B"):
                    trading.book(name, {100: 50}, {100: 50})
                trading.ask(leg("A", side, 5), leg("B", side, 5), expires_at=trading.now + 10 * MINUTE)
                opens = trading.now - trading.now % MINUTE + MINUTE
                for name in ("A", "B"):
                    trading.bar(name, 1.0, ts=opens)

    def remembered() -> int:
        states = [trading.venue.state, trading.orders.state]
        return sum(len(msgspec.msgpack.encode(state)) for state in states) + len(
            trading.sequencer.timers.dump()
        )

    trade(5)
    before = remembered()
    trade(50)
    assert remembered() <= before + 64
    assert len(trading.verdicts()) == 110
    assert {one.reason for one in trading.verdicts()} == {"filled"}


def test_a_snapshot_holds_the_orders_whole() -> None:
    """In the middle of an unwinding."""
    trading = Trading(live=True)
    first, second = placed(
        trading.ask(leg("A", BUY, 10), leg("B", BUY, 10), policy=Policy.UNWIND, expires_at=START + MINUTE)
    )
    report(trading, first, 10)
    answer(trading, first, S.FILLED)
    (back,) = placed(answer(trading, second, S.CANCELLED, "gone"))
    trading.orders.state = reborn(trading.orders.state)
    report(trading, back, 10)
    assert verdict(answer(trading, back, S.FILLED)) == ("FILLED", "unwound", 0.5)


class Opens(Event, frozen=True):
    """A test wants a candidate without an intent."""


class Opener(Agent):
    """A part of the desk that opens candidates for others to propose an intent for."""

    def __init__(self) -> None:
        super().__init__("opener", State(), desk="desk")

    @on(Opens)
    def open(self, _: Opens, __: Context) -> Candidate:
        """The candidate."""
        return Candidate("M1", "A", {})


def proposing() -> tuple[Trading, int]:
    """A session with an open candidate that has no intent yet, and its seq."""
    trading = Trading(matcher="book", extra=[Opener()], events=[Opens, Candidate])
    trading.book("A", {99: 10}, {101: 10})
    trading.admit(Opens())
    (candidate,) = trading.sequencer.candidates.open
    return trading, candidate


def test_a_proposed_intent_is_traded_like_a_candidate_s_own() -> None:
    """Its verdict is that of the candidate that another part opened."""
    trading, candidate = proposing()
    made = trading.admit(
        IntentProposed(candidate, "desk", "M1", "A", Intent((leg("A", BUY, 3, 101),), strategy="atomic"))
    )
    assert verdict(made) == ("FILLED", "filled", 1.0)
    assert [one.candidate for one in made if isinstance(one, Verdict)] == [candidate]
    assert placed(made)[0].order == f"{candidate}.0"
    assert trading.orders.state == type(trading.orders.state)()


def test_a_candidate_has_one_intent() -> None:
    """A second is its desk's mistake."""
    trading, candidate = proposing()
    proposed = IntentProposed(candidate, "desk", "M1", "A", Intent((leg("A", BUY, 3, 90, GTC),)))
    trading.admit(proposed)
    with pytest.raises(Bug, match=f"proposed a second intent for candidate {candidate}"):
        trading.admit(proposed)


def test_an_unknown_order_holds_up_entries_at_its_own_venue_alone() -> None:
    """What it may cost stays reserved; another venue's books are in order."""
    far = msgspec.structs.replace(instrument("FAR"), venue="elsewhere")
    trading = Trading(live=True, listed=(instrument("A"), instrument("B"), far))
    (order,) = placed(trading.ask(leg("A", BUY, 10, 100, GTC)))
    answer(trading, order, S.UNKNOWN, "timeout")
    assert placed(trading.ask(leg("FAR", BUY, 1)))
    for legs in ([leg("B", BUY, 1)], [leg("FAR", BUY, 1), leg("A", BUY, 1)], [leg("NOWHERE", BUY, 1)]):
        assert verdict(trading.ask(*legs)) == ("CANCELLED", "unreconciled", 0.0)


def test_another_tick_bars_the_intents_that_count_the_old_one() -> None:
    """Their orders are taken back and what was filled is unwound; exits and other instruments go on."""
    trading = Trading(live=True)
    first, second = placed(
        trading.ask(leg("A", BUY, 5, 100, GTC), leg("B", BUY, 5, 100, GTC), policy=Policy.COMPLETE)
    )
    placed(trading.ask(leg("B", BUY, 5, 100, GTC)))
    report(trading, first, 5)
    answer(trading, first, S.FILLED, "filled")
    made = trading.admit(InstrumentChanged(instrument("A", tick=Decimal("0.001"))))
    assert made == [CancelOrder(second.order, "tick_changed")]
    (back,) = placed(answer(trading, second, S.CANCELLED, "tick_changed"))
    assert (back.instrument, back.side, back.lots, back.reduce_only) == ("A", SELL, 5, True)
    assert trading.admit(InstrumentChanged(instrument("A", tick=Decimal("0.001")))) == []
