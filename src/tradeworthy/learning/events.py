"""What learning asks, finds and changes, as events: each with its full content."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tradeworthy.core.events import Event, Figure

Scope = dict[str, str]
"""Dimension to value, both text; what is not known is left out (specs/uptrend.md 13.2)."""


class Job(StrEnum):
    """The learning jobs; a session that lacks one does not start."""

    FACTS = "facts"
    LESSONS = "lessons"
    TUNING = "tuning"
    OVERRIDES = "overrides"


class TradeFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One action of a closed trade with the whole trade's result: a row of `pattern_trade_events`.

    `action` is unique within its trade; `ts` the action's session time (UTC ns); `pnl_usd` in units of currency.
    """

    trade: str
    action: str
    pattern_key: str
    action_category: str
    scope: Scope
    rr: float
    pnl_usd: float
    ts: int


class EpisodeFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One closed opportunity window: a row of `pattern_episode_events`.

    `decision` is acted or skipped, `outcome` success, failure or neutral ("": not known yet). `blocked_by` names the
    gates that failed on the window's last bar, `gates` the values that they had.
    """

    window: str
    episode: str
    pattern_key: str
    scope: Scope
    decision: str
    factors: dict[str, Figure]
    gates: dict[str, float]
    blocked_by: tuple[str, ...]
    ts: int
    trade: str = ""
    outcome: str = ""


class Lesson(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A mined statistic: a row of `learning_lessons`. `lesson_type` is pm_strength or tuning_rates.

    pm_strength `stats`: avg_rr, variance, delta_rr, reliability, support, magnitude, time, stability, edge_raw,
    decay_multiplier, decay_state, slope_per_hour, edge_shrunk, rr_winsorised, q_value, p_value, baseline_rr,
    n_actions. tuning_rates `stats`: wr, fpr, mr, dr, n_acted, n_skipped, n_misses, n_fps, n_total, and blocked_<gate>
    counts of misses by the gate that failed.
    """

    pattern_key: str
    action_category: str
    scope_subset: Scope
    n: int
    stats: dict[str, Figure]
    lesson_type: str = "pm_strength"
    module: str = "pm"
    decay_halflife_hours: float | None = None
    status: str = "active"


class Override(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A bounded multiplier made from lessons: a row of `pm_overrides`. `id` is the same for the same slice.

    `previous` is what it was before the change that made it so (None: it is new); `lessons` names its lessons as
    `type|pattern|category|{scope}`; `status` is active or archived.
    """

    id: str
    pattern_key: str
    action_category: str
    scope_subset: Scope
    multiplier: float
    confidence: float
    lessons: tuple[str, ...]
    decay_state: str = ""
    previous: float | None = None
    status: str = "active"
    reason: str = ""


class RunJob(Event, frozen=True):
    """Command: do learning `job` on all that is on record before this packet. `key` names the run of it.

    `blocked` names the overrides that a person took back, `kept` those that the configuration brought: they need no
    lesson of this run.
    """

    decision: ClassVar[bool] = True
    command: ClassVar[bool] = True

    job: Job
    key: str
    blocked: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    kept: tuple[str, ...] = ()


class JobAsked(Event, frozen=True):
    """A person wants learning `job` done now, besides its schedule."""

    decision: ClassVar[bool] = True

    job: Job
    by: str


class JobAnswered(Event, frozen=True):
    """What a learning job found, as of packet `as_of`; its cause is the RunJob. `error` "" is success.

    facts brings TradeFacts that are new; lessons and tuning all lessons of their type (`lessons` is the whole table);
    overrides the whole table of overrides, archived ones included.
    """

    decision: ClassVar[bool] = True

    job: Job
    key: str
    as_of: int
    facts: tuple[TradeFact, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    overrides: tuple[Override, ...] = ()
    figures: dict[str, Figure] = {}
    error: str = ""


class OverridesChanged(Event, frozen=True):
    """The whole table of active overrides from now on; `by` says who changed it, `reason` why."""

    decision: ClassVar[bool] = True

    overrides: tuple[Override, ...]
    by: str
    reason: str
    as_of: int = 0


class OverrideRolledBack(Event, frozen=True):
    """A person takes override `override` back (`undo`: lets learning make it again)."""

    decision: ClassVar[bool] = True

    override: str
    by: str
    reason: str
    undo: bool = False


class Threshold(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry of `pm_thresholds`; an empty timeframe, phase or level stands for any. `value` None takes it away."""

    key: str
    value: float | None
    timeframe: str = ""
    phase: str = ""
    a_level: str = ""


class ThresholdsChanged(Event, frozen=True):
    """Entries that are new or other from now on; read again by desks every five minutes of session time.

    `source` is environment, configuration or operator; the environment goes before the others.
    """

    decision: ClassVar[bool] = True

    entries: tuple[Threshold, ...]
    source: str
    by: str = ""


class ImportedAction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One action of an imported trade; `ts` is session time (UTC ns)."""

    pattern_key: str
    action_category: str
    scope: Scope
    ts: int


class ImportedTrade(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A closed trade from outside: its result and its actions."""

    trade: str
    rr: float
    pnl_usd: float
    closed_ts: int
    actions: tuple[ImportedAction, ...]
    entry_context: Scope = {}


class ActionsImported(Event, frozen=True):
    """Closed trades and closed windows from outside (`inject actions`), to be learned from like our own."""

    decision: ClassVar[bool] = True

    trades: tuple[ImportedTrade, ...] = ()
    episodes: tuple[EpisodeFact, ...] = ()
    by: str = ""
