"""The episode log inside a core: what it says of bars, and how it waits for a buy that is under way."""

import math
from collections.abc import Callable

import msgspec
import pytest

from tests.desks.uptrend.judging import CONTEXT, HOUR, ROW, START, in_s0, in_s1, in_s2, in_s3, row_state
from tests.execution.trading import Tape
from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.core.candidates import Candidate, Outcome, Verdict
from tradeworthy.core.events import CountersClosed, Event, Resumed, TimeAdvanced, WokeUp
from tradeworthy.core.packets import Codec
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.config import ManagerSettings, UptrendSettings
from tradeworthy.desks.uptrend.episode_log import HELD_MAX, EpisodeLog, EpisodeLogState, sample_of
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EngineReported,
    EpisodeEnded,
    WindowClosed,
    WindowResolved,
)
from tradeworthy.desks.uptrend.names import DecisionType, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.trader import RowState
from tradeworthy.execution.intents import Intent, Leg, TradeCandidate
from tradeworthy.learning.events import Override, Scope
from tradeworthy.learning.scopes import S1_ENTRY, build_scope
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.market.instruments import Side

CODEC = Codec(
    (
        *(TimeAdvanced, WokeUp, Resumed, CountersClosed, Candidate, Verdict, TradeCandidate),
        *(EngineJudged, EngineReported, ActionTaken, WindowClosed, WindowResolved, EpisodeEnded),
    )
)


class Rows:
    """A book of one row."""

    def __init__(self, status: Status) -> None:
        self._row = row_state(status=status)

    def row(self, key: str) -> RowState | None:
        """The row, under its own key."""
        return self._row if key == ROW.key else None


class Answer(msgspec.Struct):
    """A buy that waits for its answer."""

    candidate: int
    payload: Payload


class Buyer(Agent):
    """Stands where the position manager does: it buys on a signal, and is answered at once or when it is told."""

    def __init__(self, *, share: float, at_once: bool) -> None:
        self.share, self.at_once = share, at_once
        self.asked: list[Answer] = []
        super().__init__("buyer", State(), desk="uptrend")

    @on(EngineJudged)
    def judge(self, event: EngineJudged, _: Context) -> Event | None:
        """One leg in the row's name."""
        if not (event.payload.buy_signal or event.payload.buy_flag):
            return None
        self.asked.append(Answer(0, event.payload))
        leg = Leg(event.instrument, Side.BUY, 100, position=event.position)
        return TradeCandidate("s1_entry", event.instrument, {}, intent=Intent((leg,)))

    @on(TradeCandidate)
    def hear(self, _: TradeCandidate, context: Context) -> list[Event] | None:
        """Its candidate is its own packet's seq."""
        self.asked[-1].candidate = context.seq
        return self.answer() if self.at_once else None

    @on(WokeUp)
    def wake(self, _: WokeUp, __: Context) -> list[Event]:
        """The answer comes late."""
        return self.answer()

    def answer(self) -> list[Event]:
        """Verdict and action of the oldest buy."""
        one = self.asked.pop(0)
        outcome = Outcome.FILLED if self.share else Outcome.REJECTED
        verdict = Verdict(one.candidate, "uptrend", outcome, "answered", self.share)
        return [verdict, action(one, int(100 * self.share))]


def action(one: Answer, lots: int) -> ActionTaken:
    """What the position manager says of a buy: how many lots it got."""
    status = "executed" if lots else "failed"
    return ActionTaken(
        desk="uptrend",
        position=ROW.key,
        instrument=ROW.instrument,
        chain="solana",
        timeframe=ROW.timeframe,
        bar_ts=one.payload.bar_ts,
        decision_type=DecisionType.ENTRY,
        state=one.payload.state,
        signal="buy_signal",
        size_frac=0.3,
        a_value=0.5,
        e_value=0.5,
        reasons={},
        pattern_key=S1_ENTRY,
        action_category="entry",
        scope={},
        signals={},
        trade=f"{ROW.key}#1",
        candidate=one.candidate,
        status=status,
        lots=lots,
    )


def scope_of(row: RowState, seen: Payload) -> Scope:
    """Entry context and real modes, as the position manager builds it."""
    return build_scope(row.entry_context, timeframe=row.timeframe, a=0.8, e=0.1, regime={})


class LogStage:
    """A core of the log and the buyer."""

    def __init__(
        self,
        *,
        share: float = 1.0,
        at_once: bool = True,
        status: Status = Status.WATCHLIST,
        overrides: Callable[[], tuple[Override, ...]] = tuple,
        settings: UptrendSettings | None = None,
    ) -> None:
        self.status = status
        self.log = EpisodeLog(
            "uptrend",
            settings or UptrendSettings(),
            Rows(status),
            overrides,
            LearningSettings(),
            scope_of,
            lambda _, __: (0.8, 0.1),
        )
        self.buyer = Buyer(share=share, at_once=at_once)
        self.tape = Tape(CODEC)
        self.sequencer = Sequencer([self.log, self.buyer], CODEC, self.tape, self.tape, seed=1)
        self._inputs = 0

    def bars(self, *payloads: Payload, desk: str = "uptrend") -> "LogStage":
        """Bars that the engine judged, each an input at its close."""
        for seen in payloads:
            event = EngineJudged(desk, ROW.key, ROW.instrument, ROW.timeframe, self.status, seen)
            self._inputs += 1
            self.sequencer.admit("test", self._inputs, seen.bar_ts + HOUR, event)
        return self

    def answer(self) -> "LogStage":
        """The buy that waits is answered now."""
        context = Context(self.sequencer, self.buyer)
        context.wake_at(self.sequencer.now + 1, "answer")
        self.sequencer.advance(self.sequencer.now + 1)
        return self

    def snapshot(self) -> "LogStage":
        """The log's state is written and read."""
        body = msgspec.msgpack.encode(self.log.state)
        self.log.state = msgspec.msgpack.decode(body, type=EpisodeLogState)
        return self

    def made(self, kind: type[Event]) -> list[Event]:
        """All events of that kind so far."""
        return [one.event for one in self.tape.packets if type(one.event) is kind]

    def windows(self) -> list[WindowClosed]:
        """The windows that are over."""
        return [one for one in self.made(WindowClosed) if isinstance(one, WindowClosed)]

    def skips(self) -> list[Verdict]:
        """The verdicts of skipped windows."""
        found = [one for one in self.made(Verdict) if isinstance(one, Verdict)]
        return [one for one in found if one.outcome is Outcome.SKIPPED]


def test_a_skipped_window_is_a_candidate_with_its_first_blocking_gate() -> None:
    """P2: exactly one verdict, SKIPPED, with the gate, the gates' values and what the bar had."""
    stage = LogStage().bars(in_s0(0), in_s1(1), in_s1(2, check={"slope_ok": False}), in_s2(3))
    (closed,), (verdict,) = stage.windows(), stage.skips()
    assert closed.decision_taken == "skipped"
    assert verdict.reason == "blocked_slope"
    figures = verdict.figures
    assert (figures["window"], figures["blocked_by"]) == (closed.window, "slope,ts")
    assert (figures["ts_min"], figures["ts_with_boost"], figures["halo_distance"]) == (60.0, 0.5, 0.0)
    (candidate,) = (one for one in stage.made(Candidate) if isinstance(one, Candidate))
    assert (candidate.kind, candidate.instrument) == ("s1_window", ROW.instrument)
    assert not stage.sequencer.candidates.open


def test_a_window_with_a_buy_is_acted_and_opens_no_candidate() -> None:
    """L10: the buy of the window's only bar comes after the bar, in its turn."""
    stage = LogStage().bars(in_s0(0), in_s1(1, strong=True), in_s2(2))
    (closed,) = stage.windows()
    assert (closed.decision_taken, closed.trade, closed.bars) == ("acted", f"{ROW.key}#1", 1)
    assert stage.made(Candidate) == []


@pytest.mark.parametrize(("share", "decision"), [(1.0, "acted"), (0.4, "acted"), (0.0, "skipped")])
def test_bars_wait_for_a_buy_that_is_under_way(share: float, decision: str) -> None:
    """L10: a buy that is answered after the state left is still the window's; one that failed is none."""
    stage = LogStage(share=share, at_once=False).bars(in_s0(0), in_s1(1, strong=True), in_s2(2), in_s3(3))
    assert stage.windows() == []
    stage.snapshot().answer()
    assert [one.decision_taken for one in stage.windows()] == [decision]
    assert [one.closed_ts for one in stage.windows()] == [START + 2 * HOUR]
    assert len(stage.made(WindowResolved)) == len(stage.made(EpisodeEnded)) == 1
    assert [one.reason for one in stage.skips()] == ([] if share else ["signal_not_acted"])
    assert not stage.log.state.buys


def test_an_action_that_bought_nothing_is_no_act() -> None:
    """L10: a refused buy leaves the window skipped."""
    stage = LogStage(share=0.0).bars(in_s1(0, strong=True), in_s2(1))
    assert [one.decision_taken for one in stage.windows()] == ["skipped"]


@pytest.mark.parametrize("status", [Status.DORMANT, Status.PAUSED, Status.ARCHIVED])
def test_a_row_that_may_not_be_traded_opens_nothing(status: Status) -> None:
    """L3: a dormant row warms up; a paused one is left alone."""
    stage = LogStage(status=status).bars(in_s1(0), in_s2(1), in_s0(2))
    assert stage.windows() == []
    assert not stage.log.state.rows


def test_a_warm_up_opens_nothing_and_its_state_is_taken_from_the_next_bar() -> None:
    """L3: found in S3, the episode is that of S3's own start."""
    stage = LogStage().bars(in_s3(0, dip=True, warmup=True), in_s3(1, dip=True), in_s0(2))
    (closed,) = stage.windows()
    assert (closed.opened_ts, closed.episode) == (START + HOUR, f"s3/{START}")


def test_a_bar_that_is_judged_again_counts_once() -> None:
    """L10: history that comes late has the newest bar judged again."""
    stage = LogStage().bars(in_s1(0), in_s1(1), in_s1(1), in_s1(0), in_s2(2))
    assert [one.bars for one in stage.windows()] == [2]


def test_another_desks_bars_are_its_own() -> None:
    """L19: a shadow desk beside this one changes nothing here."""
    stage = LogStage().bars(in_s1(0), desk="shadow").bars(in_s2(1), desk="shadow")
    assert stage.windows() == []


def test_a_window_has_the_scope_of_the_decision_with_its_real_modes() -> None:
    """B32: entry context included; the modes are those of A and E, not always normal."""
    stage = LogStage().bars(in_s1(0), in_s2(1))
    (closed,) = stage.windows()
    assert closed.scope == {
        **CONTEXT,
        "market_family": "lowcaps",
        "timeframe": "1h",
        "A_mode": "aggressive",
        "E_mode": "patient",
    }
    assert (closed.pattern_key, closed.factors["a_value"]) == (S1_ENTRY, 0.8)


def tuned() -> tuple[Override, ...]:
    """The S1 gate lowered to 49.12."""
    return (Override("id", S1_ENTRY, "tuning_ts_min", {"chain": "solana"}, 0.818731, 1.0, ()),)


@pytest.mark.parametrize(("enabled", "gate", "blocked_by"), [(True, 49.12386, ()), (False, 60.0, ("ts",))])
def test_the_gates_on_record_are_those_in_force(
    *, enabled: bool, gate: float, blocked_by: tuple[str, ...]
) -> None:
    """L11: tuned by the overrides of the scope, unless the desk has tuning turned off."""
    settings = UptrendSettings(manager=ManagerSettings(tuning_overrides=enabled))
    stage = LogStage(overrides=tuned, settings=settings).bars(in_s1(0), in_s2(1))
    (closed,) = stage.windows()
    assert closed.gates["ts_min"] == pytest.approx(gate)
    assert (closed.gates["ts_min_base"], closed.blocked_by) == (60.0, blocked_by)


def test_figures_that_are_not_finite_are_left_out() -> None:
    """L10: the record holds plain numbers only."""
    sample = sample_of(in_s1(0, atr=math.nan, check={"ema60_slope": math.inf, "halo_distance": None}))
    assert not {"atr", "ema60_slope"} & set(sample)
    assert sample["price"] == 102.0


def test_the_state_may_be_written_between_any_two_bars() -> None:
    """L10: a killed run goes on with its open windows."""
    payloads = [in_s0(0), in_s1(1), in_s1(2, strong=True), in_s2(3), in_s3(4, dip=True), in_s3(5), in_s0(6)]
    whole, cut = LogStage().bars(*payloads), LogStage()
    for seen in payloads:
        cut.bars(seen).snapshot()
    assert [one.event for one in cut.tape.packets] == [one.event for one in whole.tape.packets]


def test_bars_that_wait_are_bounded() -> None:
    """L10: a buy that is never answered holds no more than so many bars back."""
    stage = LogStage(at_once=False).bars(in_s1(0, strong=True))
    stage.bars(*(in_s2(bar) for bar in range(1, HELD_MAX + 1)))
    assert stage.windows() == []
    stage.bars(in_s2(HELD_MAX + 1))
    assert [one.decision_taken for one in stage.windows()] == ["skipped"]


def test_a_buy_that_was_never_answered_holds_no_bar_back_after_it_was_given_up() -> None:
    """L10: a lost answer delays a row once; from there on its bars are taken in as they come."""
    stage = LogStage(at_once=False).bars(in_s1(0, strong=True))
    stage.bars(*(in_s2(bar) for bar in range(1, HELD_MAX + 2)))
    assert not stage.log.state.buys
    stage.snapshot().bars(in_s1(HELD_MAX + 2), in_s2(HELD_MAX + 3))
    assert len(stage.windows()) == 2
    stage.answer()
    assert len(stage.windows()) == 2
