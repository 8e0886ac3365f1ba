"""The part `uptrend-engine`: it judges each row at its bars' close, says what it sees and does nothing about it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tradeworthy.core.agents import Agent, Answer, Context, State, on
from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.checks import gates_of
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.engine import Memory, force, judge
from tradeworthy.desks.uptrend.events import (
    ActionTaken,
    EngineJudged,
    EngineReported,
    StageChanged,
    StateForced,
)
from tradeworthy.desks.uptrend.geometry import Geometry, geometry
from tradeworthy.desks.uptrend.history import BarHistory, Window
from tradeworthy.desks.uptrend.names import Row, Stage, Status, part_name
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.technicals import technicals
from tradeworthy.desks.uptrend.thresholds import Thresholds
from tradeworthy.desks.uptrend.trader import RowState, Trader
from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import pattern_key
from tradeworthy.market.backfill import BackfillAnswered
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

BARS_MIN = {"1m": 333, "15m": 288, "1h": 72, "4h": 18}
"""Bars below which a row of that timeframe is not judged (a row that asks for fewer to be traded is, from there on)."""

BARS_LOOKED_AT = 1_000
"""The newest bars that averages are made of: the first of them weighs 0.25 % of EMA333."""

JUDGED, TOO_FEW_BARS, HELD_BACK, JUDGED_BEFORE = (
    "judged",
    "too_few_bars",
    "row_held_back",
    "bar_judged_before",
)
"""Reasons why a bar brings no more than this."""

SECOND_NS = 1_000_000_000

FIRST_DIP = pattern_key(Stage.S3, "first_dip")

_PATTERNS = {
    Stage.S0: (pattern_key(Stage.S0, "exit"), "exit"),
    Stage.S1: (pattern_key(Stage.S1, "entry"), "entry"),
    Stage.S2: (pattern_key(Stage.S2, "retest_entry"), "add"),
    Stage.S3: (pattern_key(Stage.S3, "dx"), "add"),
}
"""What a state asks for, in the words of lessons; S4 asks for nothing."""

_TRYING = (Stage.S1, Stage.S2)
"""The states of an S1 episode."""

ScopeOf = Callable[[RowState, Payload], Scope]


class Judgement(msgspec.Struct):
    """What the engine keeps of one row: its memory, what it said last, and its levels.

    `geometry_ts` is the end of the newest bar that the levels are made of (0: none were sought), `episode_ts` the bar
    that the try in S1 and S2 began with (0: there is none), UTC ns.
    """

    memory: Memory = Memory()
    payload: Payload | None = None
    geometry: Geometry | None = None
    geometry_ts: int = 0
    episode_ts: int = 0


class Forcing(msgspec.Struct):
    """What is forced on a row, for `left` more bars (-1: until something else is)."""

    event: StateForced
    left: int


class EngineState(State):
    """By row key: what is kept of the rows that the trader has, and what is forced on them or will be."""

    rows: dict[str, Judgement] = {}
    forced: dict[str, Forcing] = {}


def entry_scope(row: RowState, _: Payload) -> Scope:
    """What is known of a row without a regime: its entry context and timeframe."""
    return {**row.entry_context, "timeframe": row.timeframe}


class UptrendEngine(Agent):
    """One payload for each bar of each row that is neither paused nor archived.

    `scope_of` says in which circumstances a transition is made, `phase_of` the market's meso phase ("": unknown), by
    which thresholds are read; whoever knows the regime replaces both.
    """

    def __init__(
        self,
        desk: str,
        settings: UptrendSettings,
        history: BarHistory,
        trader: Trader,
        thresholds: Thresholds,
        scope_of: ScopeOf = entry_scope,
    ) -> None:
        self._settings, self._history, self._trader, self._thresholds = settings, history, trader, thresholds
        self.scope_of = scope_of
        self.phase_of: Callable[[], str] = lambda: ""
        super().__init__(part_name(desk, "uptrend-engine"), EngineState(), desk=desk)

    # What the desk's other parts read

    def payload(self, key: str) -> Payload | None:
        """What was said last of the row of that key."""
        kept = self.state.rows.get(key)
        return kept.payload if kept else None

    def geometry(self, key: str) -> Geometry | None:
        """The levels that the row's last payload rests on."""
        kept = self.state.rows.get(key)
        return kept.geometry if kept else None

    # What it hears

    @on(BarClosed)
    def judge_bar(self, bar: BarClosed, context: Context) -> Answer:
        """Judge the row that the bar is of."""
        return self._judge(Row(bar.instrument, bar.timeframe), context, live=True)

    @on(BackfillAnswered)
    def judge_history(self, answer: BackfillAnswered, context: Context) -> Answer:
        """Judge the row by its newest bar at once."""
        return self._judge(Row(answer.instrument, answer.timeframe), context, live=False)

    @on(StateForced)
    def take_forced(self, event: StateForced, _: Context) -> None:
        """Force it from the row's next bar on, in place of what was forced before."""
        key = Row(event.instrument, event.timeframe).key
        self.state.forced[key] = Forcing(event, event.bars if event.bars > 0 else -1)

    @on(ActionTaken)
    def take_action(self, event: ActionTaken, _: Context) -> None:
        """The first dip of a run in S3 is over once it has been bought, not when it is said."""
        kept = self.state.rows.get(event.position) if event.desk == self.desk else None
        if kept and event.pattern_key == FIRST_DIP and event.lots > 0:
            kept.memory = kept.memory.without_first_dip()

    # One bar

    def _judge(self, place: Row, context: Context, *, live: bool) -> Answer:
        """The row's newest bar; what is forced holds for `live` bars alone."""
        row = self._trader.row(place.key)
        if row is None:
            return None
        kept = self.state.rows.setdefault(place.key, Judgement())
        if row.status in {Status.PAUSED, Status.ARCHIVED}:
            kept.memory = kept.memory.unsettled()
            return HELD_BACK
        window = self._history.window(place, BARS_LOOKED_AT)
        if not len(window.ts):
            return TOO_FEW_BARS
        if not _may_judge(kept, int(window.ts[-1])):
            return JUDGED_BEFORE
        forced = self._next_forced(place.key) if live else None
        if len(window.ts) >= min(BARS_MIN.get(place.timeframe, 0), row.bars_threshold):
            self._see_levels(kept, row, window)
            gates = gates_of(self._settings.engine, self._reader(place.timeframe, context.now))
            seen, waits = technicals(window), self._waits(row, place)
            judged = judge(kept.memory, window, seen, kept.geometry, gates, dormant=waits, forced=forced)
        elif forced is not None:
            judged = force(kept.memory, forced, int(window.ts[-1]), float(window.close[-1]))
        else:
            return TOO_FEW_BARS
        before = kept.payload
        kept.payload, kept.memory = judged
        return [self._said(row, kept.payload, before), *self._transition(kept, row), JUDGED]

    def _waits(self, row: RowState, place: Row) -> bool:
        """Whether the row has too few bars to be traded; one that was taken over is active before it has them."""
        if row.status is Status.ACTIVE:
            return self._history.count(place) < row.bars_threshold
        return row.status is Status.DORMANT

    def _reader(self, timeframe: str, now: int) -> Callable[[str, float], float]:
        read, phase = self._thresholds.read, self.phase_of()
        return lambda key, default: read(key, default, now, timeframe=timeframe, phase=phase)

    def _next_forced(self, key: str) -> StateForced | None:
        """What is forced on this bar, if anything is, with one bar less to go."""
        forcing: Forcing | None = self.state.forced.get(key)
        if forcing is None:
            return None
        if forcing.left > 0:
            forcing.left -= 1
            if not forcing.left:
                del self.state.forced[key]
        return forcing.event

    def _see_levels(self, kept: Judgement, row: RowState, window: Window) -> None:
        """Seek the levels anew when they are old."""
        end = int(window.ts[-1]) + TIMEFRAMES_NS[row.timeframe]
        if kept.geometry_ts == 0 or end - kept.geometry_ts >= (
            self._settings.market.geometry_every_s * SECOND_NS
        ):
            kept.geometry = geometry(window, row.chain, row.contract, end)
            kept.geometry_ts = end

    # What it says

    def _said(self, row: RowState, payload: Payload, before: Payload | None) -> EngineJudged:
        every = self._settings.engine.report_every_s * SECOND_NS
        first = before is None or payload.bar_ts // every != before.bar_ts // every
        worth = first or payload.changed_state or payload.has_flag or payload.warmup or payload.forced
        kind = EngineReported if worth else EngineJudged
        return kind(self.desk, row.position, row.instrument, row.timeframe, row.status, payload)

    def _transition(self, kept: Judgement, row: RowState) -> list[Event]:
        payload = kept.payload
        if payload is None or not payload.changed_state:
            return []
        if payload.state is Stage.S1 and not kept.episode_ts:
            kept.episode_ts = payload.bar_ts
        episode = _episode(kept, payload)
        if payload.state not in _TRYING:
            kept.episode_ts = 0
        pattern, category = _PATTERNS.get(payload.state, ("", ""))
        return [
            StageChanged(
                desk=self.desk,
                position=row.position,
                episode=episode,
                from_state=payload.prev_state,
                to_state=payload.state,
                bar_ts=payload.bar_ts,
                price=payload.price,
                pattern_key=pattern,
                action_category=category,
                scope=self.scope_of(row, payload),
            )
        ]


def _may_judge(kept: Judgement, bar_ts: int) -> bool:
    """Whether the bar is new; or more history came, and the row was not judged yet as one that trades."""
    memory, payload = kept.memory, kept.payload
    settled = memory.now.settled or (payload is not None and payload.forced)
    return bar_ts > memory.bar_ts or (bar_ts == memory.bar_ts and not settled)


def _episode(kept: Judgement, payload: Payload) -> str:
    """The id of the episode that the transition opens, goes on with or ends; "" where there is none."""
    ended = payload.state not in {*_TRYING, Stage.S3}
    state = payload.prev_state if ended else payload.state
    if state is Stage.S3:
        return f"s3/{kept.memory.before.s3_start_ts if ended else payload.s3_start_ts}"
    return f"s1/{kept.episode_ts}" if state in _TRYING and kept.episode_ts else ""
