"""The part `uptrend-engine` in a core: what it says at which bar, and what of it is on record."""

import itertools
from typing import Any, TypeVar

import numpy as np
import pytest

from tests.desks.arbitrage.scanning import Tape
from tests.desks.uptrend.seeing import START, STEP, window_of
from tradeworthy.core.events import Event
from tradeworthy.core.sequencer import Sequencer
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    Allocated,
    EngineJudged,
    EngineReported,
    PositionsAllocated,
    PositionStatusChanged,
    RowOperated,
    SignalDecided,
    StageChanged,
    StateForced,
)
from tradeworthy.desks.uptrend.history import BarHistory, Window
from tradeworthy.desks.uptrend.names import TIMEFRAMES, DecisionType, Row, Stage, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.thresholds import Thresholds
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.desks.uptrend.uptrend_engine import BARS_MIN, UptrendEngine
from tradeworthy.journal import snapshots
from tradeworthy.journal.digest import Digest
from tradeworthy.journal.segments import START as JOURNAL_START
from tradeworthy.learning.events import Threshold, ThresholdsChanged
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import BarClosed
from tradeworthy.runtime.event_union import codec

KEY = "1h@BONK"
CONTEXT = {"chain": "solana", "mcap_bucket": "micro"}
Kind = TypeVar("Kind", bound=Event)


class Rig:
    """History, trader, thresholds and engine of one desk; the token's rows trade from `threshold` bars on."""

    def __init__(self, threshold: int = 80, **engine: Any) -> None:
        tokens = [{"instrument": "BONK", "ticker": "BONK"}]
        market = {"bars": {"1h": "1h"}, "bars_threshold": threshold, "backfill": False}
        settings = UptrendSettings.model_validate({"tokens": tokens, "market": market, "engine": engine})
        self.history = BarHistory("uptrend", settings)
        self.trader = Trader("uptrend", settings, self.history)
        self.trader.holding_lots = lambda _: 0
        self.thresholds = Thresholds("uptrend", settings)
        self.engine = UptrendEngine("uptrend", settings, self.history, self.trader, self.thresholds)
        self.tape = Tape()
        agents = [self.history, self.trader, self.thresholds, self.engine]
        self.sequencer = Sequencer(agents, codec(), self.tape, self.tape, seed=7)
        self.count = 0
        self.now = START
        self.threshold = threshold

    def put(self, event: Event) -> list[Event]:
        """Admit it now; what came of it."""
        before = len(self.tape.packets)
        self.count += 1
        self.sequencer.admit("test", self.count, self.now, event)
        return [packet.event for packet in self.tape.packets[before:]]

    def allocate(self) -> None:
        """The decision maker makes the token's rows."""
        self.put(SignalDecided("uptrend", 1, "BONK", approved=True, checks=(), reason="", positions=(KEY,)))
        rows = tuple(
            Allocated(Row("BONK", one).key, one, 0.25, 2.5, 10, Status.DORMANT, 0, self.threshold)
            for one in TIMEFRAMES
        )
        self.put(PositionsAllocated("uptrend", "BONK", "solana", "So1", "BONK", rows, CONTEXT, ("x",)))

    def feed(self, window: Window, first: int = 0, end: int | None = None) -> list[Event]:
        """The window's bars, each at its close; what came of them."""
        made: list[Event] = []
        for ts, *figures in list(zip(*(column.tolist() for column in window), strict=True))[first:end]:
            self.now = ts + STEP
            made += self.put(BarClosed("BONK", "1h", ts, *figures))
        return made


def of(kind: type[Kind], made: list[Event]) -> list[Kind]:
    """Those of exactly that kind, or below it."""
    return [event for event in made if isinstance(event, kind)]


def course() -> Window:
    """A long fall, a rise that takes the row through all states, and a fall."""
    rates = np.concatenate((np.full(300, -0.004), np.full(260, 0.006), np.full(260, -0.008)))
    wave = 0.02 * np.sin(np.arange(len(rates)) / 3.0)
    return window_of(100.0 * np.exp(np.cumsum(rates) + wave))


@pytest.fixture(scope="module")
def whole() -> tuple[Rig, list[Event]]:
    """A row that was taken through the whole course."""
    rig = Rig()
    rig.allocate()
    return rig, rig.feed(course())


def test_a_row_goes_through_all_states_on_its_bars(whole: tuple[Rig, list[Event]]) -> None:
    """L4: S0, S1, S2, S3 and back, each transition on record once, with its episode and scope."""
    changed = of(StageChanged, whole[1])
    assert (changed[0].from_state, changed[0].to_state) == (Stage.NONE, Stage.S0)
    path = [change.to_state for change in changed if change.to_state is not Stage.NONE]
    assert [*dict.fromkeys(path)] == [Stage.S0, Stage.S1, Stage.S2, Stage.S3]
    assert path[-1] is Stage.S0
    for before, after in itertools.pairwise(changed):
        assert after.from_state is before.to_state
    assert len({change.bar_ts for change in changed}) == len(changed)
    began, entered, ended = (next(c for c in changed if c.to_state == one) for one in ("S1", "S3", "S0"))
    assert began.episode == f"s1/{began.bar_ts}"
    assert entered.episode == changed[-1].episode == f"s3/{entered.bar_ts}"
    assert (began.pattern_key, began.action_category) == ("pm.uptrend.S1.entry", "entry")
    assert began.scope == {**CONTEXT, "timeframe": "1h"}
    assert ended.episode == ""


def test_a_dormant_row_is_judged_from_its_least_bars_on_and_says_no_more_than_its_state(
    whole: tuple[Rig, list[Event]],
) -> None:
    """L3: bootstrap and figures without signals below the threshold, and none at all below the minimum."""
    judged = of(EngineJudged, whole[1])
    dormant = [one for one in judged if one.status is Status.DORMANT]
    assert judged[0].payload.bar_ts == START + STEP * (BARS_MIN["1h"] - 1)
    assert len(dormant) == 80 - BARS_MIN["1h"]
    for one in dormant:
        assert one.payload.warmup
        assert not one.payload.has_flag
        assert isinstance(one, EngineReported)
    first = judged[len(dormant)]
    assert (first.status, first.payload.warmup) == (Status.WATCHLIST, True)
    assert not any(one.payload.warmup for one in judged[len(dormant) + 1 :])


def test_an_active_row_with_too_few_bars_says_no_more_than_a_dormant_one(
    whole: tuple[Rig, list[Event]],
) -> None:
    """A9, L13: what was taken over waits for its history; nothing is sold on the averages of a few bars."""
    rig = Rig()
    rig.allocate()
    rig.put(PositionStatusChanged("uptrend", KEY, Status.DORMANT, Status.ACTIVE, "taken_over", trade="t1"))
    judged = of(EngineJudged, rig.feed(course(), end=400))
    assert {one.status for one in judged} == {Status.ACTIVE}
    seen = of(EngineJudged, whole[1])[: len(judged)]
    assert [one.payload for one in judged] == [one.payload for one in seen]


@pytest.mark.parametrize("seed", [2, 3, 8])
def test_a_row_that_bootstraps_at_each_bar_has_one_strand_for_each_change(seed: int) -> None:
    """L3, L4: a dormant row's log is what it was found in, not what each bar found again."""
    moves = np.random.default_rng(seed).normal(0.0, 0.02, 420)
    rig = Rig(threshold=333)
    rig.allocate()
    made = rig.feed(window_of(100.0 * np.exp(np.cumsum(moves))))
    judged, changed = of(EngineJudged, made), of(StageChanged, made)
    assert [one.bar_ts for one in changed] == [
        one.payload.bar_ts for one in judged if one.payload.changed_state
    ]
    for before, after in itertools.pairwise(changed):
        assert after.from_state in {before.to_state, Stage.NONE}
        assert after.to_state is not before.to_state
    assert 2 < len(changed) < len(judged) / 10


def test_only_what_is_worth_it_is_on_record(whole: tuple[Rig, list[Event]]) -> None:
    """P2: transitions, flags, warm-ups and the first of each hour of bars; the rest stays in the core."""
    rig = Rig(report_every_s=36_000)
    rig.allocate()
    judged = of(EngineJudged, rig.feed(course()))
    assert [one.payload for one in judged] == [one.payload for one in of(EngineJudged, whole[1])]
    plain = [one for one in judged if not isinstance(one, EngineReported)]
    assert len(plain) > len(judged) / 3
    for one in plain:
        payload = one.payload
        assert (payload.changed_state, payload.has_flag, payload.warmup) == (False, False, False)
    assert all(isinstance(one, EngineReported) for one in of(EngineJudged, whole[1]))


def test_an_exit_is_asked_for_on_one_bar(whole: tuple[Rig, list[Event]]) -> None:
    """B8: however long the downtrend."""
    payloads = [one.payload for one in of(EngineJudged, whole[1])]
    assert [one.changed_state for one in payloads if one.exit_position] == [True]
    assert payloads[-1].state is Stage.S0


def test_what_was_said_last_can_be_read(whole: tuple[Rig, list[Event]]) -> None:
    """L4: by the desk's other parts."""
    rig, made = whole
    assert rig.engine.payload(KEY) == of(EngineJudged, made)[-1].payload
    assert rig.engine.payload("1h@WIF") is None
    levels = rig.engine.geometry(KEY)
    assert levels is not None
    assert levels.updated_ts == rig.now
    assert rig.engine.geometry("4h@BONK") is None


def test_a_snapshot_in_the_middle_changes_nothing() -> None:
    """P1: a restored engine goes on as if nothing had happened, a forced state included."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.feed(window, 0, 400)
    rig.put(StateForced("BONK", "1h", Stage.S1, {"buy_signal": True}, bars=3))
    rig.feed(window, 400, 401)
    kept = snapshots.take(rig.sequencer, Digest(b""), JOURNAL_START)
    other = Rig()
    snapshots.restore(other.sequencer, Digest(b""), kept)
    other.count = rig.count
    made = other.feed(window, 401, 500)
    assert made == rig.feed(window, 401, 500)
    assert [one.payload.forced for one in of(EngineJudged, made)] == [True] * 2 + [False] * 97


def test_the_same_bar_twice_is_judged_once() -> None:
    """L4: no second transition, whichever way the bar comes again."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.feed(window, 0, 400)
    assert not of(EngineJudged, rig.feed(window, 399, 400))
    assert not of(EngineJudged, rig.feed(window, 200, 201))
    assert not of(EngineJudged, rig.put(answer(window, 0, 400)))


def answer(window: Window, first: int, end: int) -> BackfillAnswered:
    """These bars of the window as a backfill."""
    columns: list[Any] = [tuple(column[first:end].tolist()) for column in window]
    return BackfillAnswered("k", "BONK", "1h", *columns)


def test_a_backfill_is_judged_at_once() -> None:
    """L3: the row bootstraps on the newest bar, anew where it was judged by too little before."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.feed(window, 500, 575)
    assert rig.engine.payload(KEY) is not None
    (judged,) = of(EngineJudged, rig.put(answer(window, 0, 575)))
    assert (judged.status, judged.payload.warmup, judged.payload.bars) == (Status.WATCHLIST, True, 575)
    assert not of(EngineJudged, rig.put(answer(window, 0, 575)))
    (judged,) = of(EngineJudged, rig.feed(window, 575, 576))
    assert not judged.payload.warmup


def test_rows_that_a_person_holds_back_are_left_alone() -> None:
    """L3: paused and archived rows are not judged; a bar of no row is nothing to it."""
    rig, window = Rig(), course()
    assert not of(EngineJudged, rig.feed(window, 0, 100))
    rig.allocate()
    assert of(EngineJudged, rig.feed(window, 100, 101))
    rig.put(RowOperated("BONK", "1h", Status.PAUSED, "me", "rug"))
    assert not of(EngineJudged, rig.feed(window, 101, 102))
    rig.put(RowOperated("BONK", "1h", Status.WATCHLIST, "me", "no rug"))
    assert of(EngineJudged, rig.feed(window, 102, 103))


def test_a_row_that_comes_back_bootstraps_as_nobody_saw_what_it_did() -> None:
    """L3: the state of before the pause is not gone on with, and its first bar asks for nothing."""
    rig, window = Rig(), course()
    rig.allocate()
    (before, *_) = reversed(of(EngineJudged, rig.feed(window, 0, 500)))
    rig.put(RowOperated("BONK", "1h", Status.PAUSED, "me", "rug"))
    rig.feed(window, 500, 700)
    rig.put(RowOperated("BONK", "1h", Status.WATCHLIST, "me", "no rug"))
    made = rig.feed(window, 700, 702)
    first, second = (one.payload for one in of(EngineJudged, made))
    (change,) = of(StageChanged, made)
    assert (before.payload.state, change.from_state, change.to_state) == (Stage.S3, Stage.NONE, Stage.S4)
    assert (first.warmup, first.has_flag, second.warmup) == (True, False, False)


def test_a_state_is_forced_for_so_many_bars() -> None:
    """L4: its transitions are on record, and the engine goes on from where it was forced to."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.feed(window, 0, 290)
    rig.put(StateForced("BONK", "1h", Stage.S1, {"buy_signal": True}, bars=2, a_value=0.9))
    made = rig.feed(window, 290, 293)
    judged = of(EngineJudged, made)
    assert [(one.payload.state, one.payload.forced) for one in judged] == [
        (Stage.S1, True),
        (Stage.S1, True),
        (Stage.S0, False),
    ]
    assert (judged[0].payload.buy_signal, judged[0].payload.forced_a) == (True, 0.9)
    assert [(one.from_state, one.to_state) for one in of(StageChanged, made)] == [("S0", "S1"), ("S1", "S0")]
    assert judged[2].payload.exit_reason == "fast_band_at_bottom"


def test_a_state_forced_without_end_holds_until_the_next() -> None:
    """L4: and a row with too few bars can be forced too."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.put(StateForced("BONK", "1h", Stage.S2, {}, bars=0))
    judged = of(EngineJudged, rig.feed(window, 0, 5))
    assert [one.payload.state for one in judged] == [Stage.S2] * 5
    assert judged[-1].payload.price == window.close[4]
    rig.put(StateForced("BONK", "1h", Stage.S3, {"emergency_exit": True}))
    made = rig.feed(window, 5, 7)
    (last,) = of(EngineReported, made)
    assert (last.payload.state, last.payload.emergency_exit) == (Stage.S3, True)
    (changed,) = of(StageChanged, made)
    assert changed.episode == f"s3/{int(window.ts[5])}"


def test_a_threshold_that_a_person_sets_is_in_force() -> None:
    """L14: by its key and timeframe."""
    rig, window = Rig(), course()
    rig.allocate()
    entry = Threshold("s1_halo_atr", 2.5, timeframe="1h")
    rig.put(ThresholdsChanged((entry, Threshold("ts_threshold", 0.1, timeframe="4h")), "operator", "me"))
    rig.feed(window, 0, 100)
    payload = rig.engine.payload(KEY)
    assert payload is not None
    assert (payload.check["halo"], payload.check["ts_threshold"]) == (2.5, 0.6)


def test_a_threshold_of_a_phase_is_in_force_in_that_phase() -> None:
    """L14, B17: an entry that names a phase is read by the engine too."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.put(ThresholdsChanged((Threshold("ts_threshold", 0.31, "1h", "dip"),), "operator"))
    rig.engine.phase_of = lambda: "dip" if rig.now < int(window.ts[200]) else "good"
    judged = of(EngineJudged, rig.feed(window, 0, 300))
    assert [judged[at].payload.check["ts_threshold"] for at in (0, -1)] == [0.31, 0.6]


def test_whoever_knows_the_regime_says_the_scope() -> None:
    """L11: a transition's scope is that of its decision."""
    rig, window = Rig(), course()
    rig.allocate()

    def scope_of(row: RowState, payload: Payload) -> dict[str, str]:
        return {"chain": row.chain, "macro_phase": f"at {payload.state}"}

    rig.engine.scope_of = scope_of
    changed = of(StageChanged, rig.feed(window, 0, 100))
    assert changed[0].scope == {"chain": "solana", "macro_phase": "at S0"}


def test_a_first_dip_is_over_when_it_was_bought() -> None:
    """L5: the engine hears of it from the action, and of no action that bought nothing."""
    rig, window = Rig(), course()
    rig.allocate()
    rig.feed(window, 0, 100)
    rig.put(StateForced("BONK", "1h", Stage.S3, {}, bars=0))
    rig.feed(window, 100, 101)
    rig.put(bought("pm.uptrend.S3.dx", 5))
    rig.put(bought("pm.uptrend.S3.first_dip", 0))
    rig.feed(window, 101, 102)
    assert figure(rig, "first_dip_taken") is False
    rig.put(bought("pm.uptrend.S3.first_dip", 5))
    rig.feed(window, 102, 103)
    assert figure(rig, "first_dip_taken") is True


def figure(rig: Rig, name: str) -> object:
    """A figure of the last check."""
    payload = rig.engine.payload(KEY)
    return payload.check[name] if payload else None


def bought(pattern: str, lots: int) -> ActionTaken:
    """An add in S3."""
    return ActionTaken(
        *("uptrend", KEY, "BONK", "solana", "1h", 0, DecisionType.ADD, Stage.S3, "buy", 0.1, 0.5, 0.5),
        *({}, pattern, "add", {}, {}, "t", 1, "executed"),
        lots=lots,
    )
