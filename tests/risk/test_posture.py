"""The survival stack in a core of its own: what it hears, and the posture that follows."""

from typing import Any

import msgspec
import pytest

from tests.execution.trading import Tape
from tests.risk.rig import DAY, MINUTE, SECOND, START, instrument
from tradeworthy.core.events import Event, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Codec
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.execution import accounting
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.factors import FactorsObserved
from tradeworthy.market.instruments import InstrumentListed, Side
from tradeworthy.market.listing import Listing
from tradeworthy.market.marks import Marks
from tradeworthy.market.money import cash_of
from tradeworthy.market.panels import PanelClosed
from tradeworthy.risk.operators import HealthObserved
from tradeworthy.risk.posture import PostureSettings, StackState, SurvivalStack
from tradeworthy.risk.stance import (
    POSTURES,
    ForewarnerReported,
    McStatus,
    Posture,
    PostureChanged,
    PostureReported,
)

APEX, STALKER, TURTLE, HIBERNATE = POSTURES
CODEC = Codec(
    (
        *(Resumed, TimeAdvanced, WokeUp, InstrumentListed, PriceObserved, PanelClosed, FactorsObserved),
        *(accounting.CashMoved, accounting.EquityMarked, accounting.PositionChanged, accounting.TradeClosed),
        *(FillObserved, HealthObserved, ForewarnerReported, PostureChanged, PostureReported),
    )
)


class Stand:
    """A survival stack over books of 10,000, on bars of a minute."""

    def __init__(self, **settings: Any) -> None:
        listing = Listing()
        marks, ledger = Marks(listing), Ledger(listing)
        self.stack = SurvivalStack(PostureSettings(**settings), MINUTE, ledger, marks)
        self.tape = Tape(CODEC)
        self.sequencer = Sequencer([listing, marks, ledger, self.stack], CODEC, self.tape, self.tape, seed=1)
        self.sequencer.now = START
        self._position = 0
        self.put(InstrumentListed(instrument("AAA")))
        self.put(PriceObserved("AAA", 100.0, START))
        self.put(accounting.CashMoved(cash_of(10_000), "deposit"))

    @property
    def now(self) -> int:
        """Session time."""
        return self.sequencer.now

    @property
    def current(self) -> Posture:
        """The posture that holds now."""
        return self.stack.current(self.now)

    def put(self, event: Event, ts: int = 0) -> list[PostureChanged]:
        """Admit `event` at `ts` (0: now); the changes of posture that it made, timers before it included."""
        before = len(self.tape.packets)
        self._position += 1
        assert self.sequencer.admit("test", self._position, ts or self.now, event)
        made = [packet.event for packet in self.tape.packets[before:]]
        return [event for event in made if isinstance(event, PostureChanged)]

    def wait(self, ns: int) -> list[PostureChanged]:
        """Let time pass."""
        return self.put(TimeAdvanced(), self.now + ns)

    def health(self, part: str, *, ok: bool, figure: float = 0.0) -> list[PostureChanged]:
        """A part says how it is."""
        return self.put(HealthObserved(part, ok, figure))

    def row(self, missing: int = 0, columns: int = 28) -> list[PostureChanged]:
        """A minute passes and its row closes, without the first columns."""
        opened, figures = self.now, (1.0,) * columns
        mask = (False,) * missing + (True,) * (columns - missing)
        return self.put(PanelClosed("all", "1m", opened, mask, *[figures] * 5), opened + MINUTE)

    def report(self, posture: Posture, ts: int = 0, seq: int = 0) -> None:
        """An outside writer's word."""
        assert not self.put(PostureReported(posture, ts or self.now, seq, writer="watchdog"))

    def buy(self, lots: int, price: float) -> None:
        """Hold `lots` thousandths bought at 100, marked at `price`."""
        self.put(
            FillObserved(
                *("paper", "1", "1.0", "desk", "AAA", "AAA", Side.BUY),
                *(10_000, lots, 0, False, self.now, FillStatus.CONFIRMED),
            )
        )
        self.put(PriceObserved("AAA", price, self.now + 1), self.now + 1)


def postures(changes: list[PostureChanged]) -> list[Posture]:
    """What they changed to."""
    return [one.posture for one in changes]


def test_without_input_the_posture_is_apex_and_nothing_is_said() -> None:
    """D12: also over a day of whole rows at a steady equity."""
    stand = Stand()
    assert stand.current is APEX
    assert [stand.row() for _ in range(50)] == [[]] * 50
    assert stand.current is APEX


@pytest.mark.parametrize("part", ["journal", "heartbeat", "ledger", "clock"])
def test_a_hard_invariant_that_fails_hibernates_at_once(part: str) -> None:
    """D12: and another part's word changes nothing."""
    stand = Stand()
    stand.row()
    (change,) = stand.health(part, ok=False)
    assert (change.posture, change.before, change.rm, change.cats) == (
        HIBERNATE,
        APEX,
        0.0,
        (1.0, 0.0, 0.0, 0.0, 0.0),
    )
    assert change.reason == "hard 1"
    assert not stand.health("asker", ok=True)
    assert stand.current is HIBERNATE


def test_a_skewed_clock_is_a_failed_invariant() -> None:
    """A second and more, either way."""
    stand = Stand()
    assert not stand.health("clock", ok=True, figure=0.999)
    assert postures(stand.health("clock", ok=True, figure=-1.0)) == [HIBERNATE]


def test_it_rises_a_step_at_a_time_after_five_evaluations_and_a_minute() -> None:
    """D12: rows of a minute: four are too few, the fifth lifts, and the next step needs five more."""
    stand = Stand()
    stand.row()
    stand.health("ledger", ok=False)
    changes = [stand.health("ledger", ok=True)]
    changes += [stand.row() for _ in range(14)]
    lifted = [(place, made[0].posture) for place, made in enumerate(changes) if made]
    assert lifted == [(4, TURTLE), (9, STALKER), (14, APEX)]


def test_five_evaluations_within_a_minute_are_too_few() -> None:
    """D12: a hundred words a second lift nothing before 60 s."""
    stand = Stand()
    stand.row()
    stand.health("ledger", ok=False)
    for _ in range(100):
        assert not stand.health("ledger", ok=True)
    assert not stand.put(HealthObserved("ledger", ok=True), stand.now + 60 * SECOND - 1)
    assert postures(stand.put(HealthObserved("ledger", ok=True), stand.now + 1)) == [TURTLE]


def test_a_relapse_begins_the_wait_anew() -> None:
    """D12: below the level for one evaluation, though not low enough to fall further."""
    stand = Stand()
    stand.row()
    stand.put(ForewarnerReported(McStatus.RED, 0.0, stand.now))
    assert stand.current is STALKER
    for _ in range(2):
        stand.put(ForewarnerReported(McStatus.OK, 1.0, stand.now))
        assert not [made for made in (stand.row() for _ in range(3)) if made]
        assert not stand.put(ForewarnerReported(McStatus.ORANGE, 0.5, stand.now))
    stand.put(ForewarnerReported(McStatus.OK, 1.0, stand.now))
    assert [bool(stand.row()) for _ in range(4)] == [False, False, False, True]
    assert stand.current is APEX


def test_the_first_evaluation_takes_the_posture_straight() -> None:
    """D9: at the start, and after a gap on the wall clock: up at once."""
    stand = Stand()
    assert postures(stand.health("journal", ok=False)) == [HIBERNATE]
    stand.stack.state.health.clear()
    assert postures(stand.put(Resumed(MINUTE))) == [APEX]
    assert stand.current is APEX


def test_silence_is_noticed_by_timers_and_in_bars() -> None:
    """D12: none at 2 bars, STALKER after 4, TURTLE at 12, and no timer beyond."""
    stand = Stand()
    stand.row()
    closed = stand.now
    changes = []
    for bars in range(1, 20):
        changes += [
            (bars, one.posture, one.cats[2]) for one in stand.wait(closed + bars * MINUTE - stand.now)
        ]
    assert changes == [(5, STALKER, 0.3), (8, TURTLE, 0.6)]
    assert stand.stack.state.rm == 0.5
    assert stand.sequencer.timers.dump() == []


def test_a_row_with_holes_is_stress() -> None:
    """D12: 21 of 28 columns missing halve Rm."""
    stand = Stand()
    assert not stand.row(missing=7)
    (change,) = stand.row(missing=21)
    assert (change.posture, change.rm) == (TURTLE, 0.5)


def test_scans_books_and_boosts_speak_for_themselves() -> None:
    """D12: figures are ages in bars; not ok without one is whole stress."""
    stand = Stand()
    stand.row()
    assert not stand.health("books", ok=True, figure=2.0)
    assert not stand.health("boosts", ok=False), "a quarter of category 4 is not enough"
    assert postures(stand.health("scan", ok=False, figure=7.0)) == [TURTLE]
    assert postures(stand.health("books", ok=False)) == [HIBERNATE]
    assert stand.stack.state.health == {"boosts": 0.25, "scan": 0.5, "books": 1.0}


def test_a_forewarning_grows_old() -> None:
    """D12: OK for a day, then as ORANGE, which leaves Rm at 0.875."""
    stand = Stand()
    stand.put(ForewarnerReported(McStatus.OK, 1.0, START))
    assert not stand.put(FactorsObserved(START + DAY), START + DAY)
    (change,) = stand.put(FactorsObserved(stand.now), stand.now + 1)
    assert (change.posture, change.rm) == (STALKER, 0.875)


def test_one_desks_good_days_do_not_hide_anothers_bad_ones() -> None:
    """D12: of the last reports on each desk the worst counts."""
    stand = Stand()
    stand.row()
    stand.put(ForewarnerReported(McStatus.RED, 0.0, stand.now, desk="short"))
    assert not stand.put(ForewarnerReported(McStatus.OK, 1.0, stand.now, desk="long"))
    assert (stand.current, stand.stack.state.rm) == (STALKER, 0.75)
    stand.put(ForewarnerReported(McStatus.OK, 1.0, stand.now, desk="short"))
    assert stand.stack.state.rm == 1.0


def test_a_fall_of_the_equity_is_seen_at_the_next_row() -> None:
    """D12: 90 of 100 held at 100 that fall to 80 cost 18 %: Rm is 1 - 0.75 x 10 / 12."""
    stand = Stand()
    stand.row()
    stand.buy(90_000, 80.0)
    (change,) = stand.row()
    assert change.posture is HIBERNATE
    assert change.rm == pytest.approx(1 - 0.75 * 10 / 12)
    assert change.cats[4] == pytest.approx(10 / 12)


def test_money_taken_out_is_no_loss() -> None:
    """The peak moves with it, and a guardian's mark sets it."""
    stand = Stand()
    stand.row()
    stand.put(accounting.CashMoved(-cash_of(5_000), "withdrawal"))
    assert not stand.row()
    equity, peak = cash_of(5_000), cash_of(6_250)
    mark = accounting.EquityMarked(stand.now, equity, 0, equity, 0, 0, peak, 0)
    assert postures(stand.put(mark)) == [HIBERNATE]


# An outside writer


def test_the_stricter_of_ours_and_the_reported_rules() -> None:
    """D12: a report is no change of ours, and says nothing of it."""
    stand = Stand()
    stand.row()
    stand.report(TURTLE)
    assert stand.current is TURTLE
    stand.health("journal", ok=False)
    assert stand.current is HIBERNATE
    stand.report(APEX)
    assert stand.current is HIBERNATE
    assert stand.stack.state.posture is HIBERNATE


def test_a_report_holds_until_the_next_if_none_are_expected() -> None:
    """D9: however old, and though a later one was unreadable."""
    stand = Stand()
    stand.report(STALKER)
    stand.wait(DAY)
    stand.health("posture", ok=False)
    assert stand.current is STALKER


def test_an_expected_report_that_is_missing_old_or_unreadable_is_turtle() -> None:
    """D12: 12 bars old is in time, a nanosecond more is not; a stamp of the future counts as now."""
    stand = Stand(reports="expected")
    assert stand.current is TURTLE
    stand.report(APEX, ts=stand.now + DAY)
    assert stand.current is APEX
    stand.wait(12 * MINUTE)
    assert stand.current is APEX
    stand.wait(1)
    assert stand.current is TURTLE
    stand.report(HIBERNATE)
    assert stand.current is HIBERNATE
    stand.report(APEX)
    stand.health("posture", ok=False)
    assert stand.current is TURTLE
    stand.report(APEX)
    assert stand.current is APEX


def test_an_older_report_of_the_same_writer_changes_nothing() -> None:
    """D12: its numbers grow; another writer begins its own."""
    stand = Stand()
    stand.report(TURTLE, seq=5)
    stand.report(APEX, seq=4)
    assert stand.current is TURTLE
    stand.put(PostureReported(STALKER, stand.now, 1, writer="operator"))
    assert stand.current is STALKER


def test_without_our_own_rules_only_reports_count() -> None:
    """P6: for comparisons with engines that have none."""
    stand = Stand(own_rules=False)
    assert not stand.health("journal", ok=False)
    stand.row(missing=28)
    assert stand.current is APEX
    assert stand.sequencer.timers.dump() == []
    stand.report(TURTLE)
    assert stand.current is TURTLE


def test_a_snapshot_holds_all_of_it() -> None:
    """P1: written and read, it is the same."""
    stand = Stand()
    stand.row(missing=8)
    stand.report(HIBERNATE)
    stand.put(ForewarnerReported(McStatus.RED, 0.0, stand.now))
    state = stand.stack.state
    assert state.posture is TURTLE
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=StackState) == state
