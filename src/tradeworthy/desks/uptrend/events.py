"""What only the uptrend desk knows, as events; those of the event log `ad_strands` name their kind."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend.names import DecisionType, Stage, Status
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.learning.events import Scope


class SocialSignal(Event, frozen=True):
    """A person's public word on a token, as it enters. `signal` is the source's id of it: a repeat is told by it.

    `ts_event` is when it was said (UTC ns); `mapping_confidence` is contract, cashtag or ticker: how the token was
    found. `timeframe` is what the author speaks of ("": nothing). Money figures are in USD, None where not known.
    """

    decision: ClassVar[bool] = True

    signal: str
    curator: str
    ticker: str
    ts_event: int
    contract: str = ""
    chain: str = ""
    intent: str = "new_discovery"
    confidence: float | None = None
    mapping_confidence: str = "ticker"
    timeframe: str = ""
    market_cap: float | None = None
    volume_24h: float | None = None
    liquidity_usd: float | None = None
    age_days: float | None = None
    source: str = ""
    url: str = ""


class StateForced(Event, frozen=True):
    """A test forces what the engine says of a row for its next `bars` closed bars (0: until the next StateForced).

    `payload` overlays fields of Payload by name (flags, scores, price, sr_level); flags that it leaves out are false.
    `a_value` and `e_value` (0 to 1) take the place of the levers; None leaves them.
    """

    decision: ClassVar[bool] = True

    instrument: str
    timeframe: str
    state: Stage
    payload: dict[str, Figure] = {}
    check: dict[str, Figure] = {}
    a_value: float | None = None
    e_value: float | None = None
    bars: int = 1


class Curator(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One whose word is heard: `final_weight`, 0 to 1, is what the decision maker asks of."""

    id: str
    final_weight: float = 0.5
    win_rate: float | None = None
    base_weight: float = 0.5
    performance_weight: float = 0.5
    status: str = "active"
    total_signals: int = 0


class CuratorsChanged(Event, frozen=True):
    """The whole list of curators from now on."""

    decision: ClassVar[bool] = True

    curators: tuple[Curator, ...]
    by: str = ""


class SignalTaken(Event, frozen=True):
    """Strand social_lowcap: a signal after ingestion. `blocked` says why it goes no further ("": it goes on).

    `health` are the ingest figures and whether each floor is met (recorded, not blocking); `entry` is what is known of
    token and curator at this time, in the words that lessons use; `repeat_of` the seq of the same signal before it.
    """

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "social_lowcap"

    desk: str
    signal: str
    curator: str
    instrument: str
    ticker: str
    chain: str
    contract: str
    intent: str
    grade: str
    blocked: str
    health: dict[str, Figure]
    entry: Scope
    figures: dict[str, Figure] = {}
    repeat_of: int = 0
    ts_event: int = 0


class Check(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of the decision maker's five checks."""

    name: str
    passed: bool
    figure: Figure
    limit: Figure
    reason: str


class SignalDecided(Event, frozen=True):
    """Strand decision_lowcap: the five checks of SignalTaken `signal` (a seq), all evaluated.

    `allocation` is in cash units, `positions` the keys of the token's four rows; `reused` rows stood there before.
    """

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "decision_lowcap"

    desk: str
    signal: int
    instrument: str
    approved: bool
    checks: tuple[Check, ...]
    reason: str
    allocation_pct: float = 0.0
    allocation: int = 0
    curator: str = ""
    curator_score: float = 0.0
    positions: tuple[str, ...] = ()
    reused: bool = False


class Allocated(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of a token's four rows as the decision made it; `cap` is the most it may deploy, in cash units."""

    position: str
    timeframe: str
    split: float
    allocation_pct: float
    cap: int
    status: Status
    bars_count: int
    bars_threshold: int


class PositionsAllocated(Event, frozen=True):
    """The four rows of a token, all or none; cause is the SignalDecided. `entry_context` goes into each scope."""

    decision: ClassVar[bool] = True

    desk: str
    instrument: str
    chain: str
    contract: str
    ticker: str
    rows: tuple[Allocated, ...]
    entry_context: Scope
    curator_sources: tuple[str, ...]
    reused: bool = False


class PositionStatusChanged(Event, frozen=True):
    """A row's status is another from now on; `trade` is the open trade's id ("": none)."""

    decision: ClassVar[bool] = True

    desk: str
    position: str
    before: Status
    status: Status
    reason: str
    bars_count: int = 0
    trade: str = ""


class RowOperated(Event, frozen=True):
    """A person pauses, archives or brings back a row ("" is all rows of `instrument`): PM and engine leave it alone."""

    decision: ClassVar[bool] = True

    instrument: str
    timeframe: str
    status: Status
    by: str
    reason: str


class EngineJudged(Event, frozen=True):
    """What the engine says of a row at a bar's close; for the desk's other parts, not for the record."""

    desk: str
    position: str
    instrument: str
    timeframe: str
    status: Status
    payload: Payload


class EngineReported(EngineJudged, frozen=True):
    """The same where it is worth a record: a transition, a flag, the first of an hour, a warm-up, a forced one."""

    decision: ClassVar[bool] = True


class StageChanged(Event, frozen=True):
    """Strand uptrend_stage_transition: exactly one for each transition."""

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "uptrend_stage_transition"

    desk: str
    position: str
    episode: str
    from_state: Stage
    to_state: Stage
    bar_ts: int
    price: float
    pattern_key: str
    action_category: str
    scope: Scope


class WindowClosed(Event, frozen=True):
    """One opportunity window that is over: its row of `pattern_episode_events`, outcome still unknown.

    `window` is `<position>/<s1|s3>/<open ts>`; `samples` are the bars seen in it (first and last 11), `factors` the
    least, greatest and median of each figure. `gates` are the values in force, `passed` which gate was met on the last
    bar, `blocked_by` those that were not. A skipped one has a Candidate beside it, whose figures name the window.
    """

    decision: ClassVar[bool] = True

    desk: str
    position: str
    window: str
    episode: str
    episode_type: str
    pattern_key: str
    decision_taken: str
    factors: dict[str, Figure]
    gates: dict[str, float]
    passed: dict[str, bool]
    blocked_by: tuple[str, ...]
    scope: Scope
    opened_ts: int
    closed_ts: int
    bars: int
    samples: tuple[dict[str, Figure], ...] = ()
    trade: str = ""
    retest_index: int = 0


class WindowResolved(Event, frozen=True):
    """The outcome of a closed window: once, success or failure (neutral: too many waited for theirs)."""

    decision: ClassVar[bool] = True

    desk: str
    position: str
    window: str
    episode: str
    decision_taken: str
    outcome: str
    reason: str
    bar_ts: int


class EpisodeEnded(Event, frozen=True):
    """Strand uptrend_episode_summary: outcome success, failure, missed or correct_skip."""

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "uptrend_episode_summary"

    desk: str
    position: str
    episode: str
    episode_type: str
    outcome: str
    entered: bool
    started_ts: int
    ended_ts: int
    pattern_key: str
    scope: Scope
    windows: tuple[str, ...]
    levers_considered: tuple[dict[str, Figure], ...] = ()


class ActionTaken(Event, frozen=True):
    """Strand pm_action: an action that was executed, or failed with a reason; holds have none.

    `candidate` is its candidate's seq, `trade` the trade's id. `lots` and `notional` (cash units, unsigned, fees apart)
    are what was filled; `price` its average. `bar_ts` is the bar that it was decided on. `history` is the row's
    pm_execution_history after it.
    """

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "pm_action"

    desk: str
    position: str
    instrument: str
    chain: str
    timeframe: str
    bar_ts: int
    decision_type: DecisionType
    state: Stage
    signal: str
    size_frac: float
    a_value: float
    e_value: float
    reasons: dict[str, Figure]
    pattern_key: str
    action_category: str
    scope: Scope
    signals: dict[str, Figure]
    trade: str
    candidate: int
    status: str
    error: str = ""
    lots: int = 0
    notional: int = 0
    fee: int = 0
    price: float = 0.0
    slippage: float = 0.0
    pm_strength_applied: float = 1.0
    exposure_skew_applied: float = 1.0
    pm_final_multiplier: float = 1.0
    history: dict[str, Any] = {}


class PositionBooked(Event, frozen=True):
    """A row's books after an action, a closure or a refresh: what `lowcap_positions` shows. Money in cash units.

    `spent` and `extracted` are of the open trade, fees included; `value` what is held at the last close. `realised`
    sums the closed trades' results. `why` is action, closed or refresh.
    """

    decision: ClassVar[bool] = True

    desk: str
    position: str
    instrument: str
    status: Status
    trade: str
    lots: int
    lots_bought: int
    lots_sold: int
    spent: int
    extracted: int
    remaining: int
    value: int
    realised: int
    trades_closed: int
    avg_entry: float
    avg_exit: float
    first_entry_ts: int
    why: str
    history: dict[str, Any] = {}


class PositionClosed(Event, frozen=True):
    """Strand position_closed: S0 ended the trade. `summary` is the trade summary (specs/uptrend.md 11)."""

    decision: ClassVar[bool] = True
    kind: ClassVar[str] = "position_closed"

    desk: str
    position: str
    instrument: str
    chain: str
    timeframe: str
    trade: str
    entry_context: Scope
    summary: dict[str, Figure]
    rr: float
    pnl: int
    exit_reason: str
    decision_type: str
    opened_ts: int
    closed_ts: int
