"""What the API says of runs, accounts, time and learning. Money is in the run's currency."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from tradeworthy.web.api.models import DecisionShown, Row
from tradeworthy.web.api.values import Figures, Money, Number, Objects


class DeskShown(BaseModel):
    """A desk of a run."""

    name: str | None
    kind: str | None = Field(description="The product's own kind of desk, empty for a file of the user's.")
    timeframe: str | None
    instruments: list[str] | None


class Run(BaseModel):
    """A run, with the sums of its days. Money is in its `currency`."""

    run: str
    parent: str | None = Field(description="The run that it took over from.")
    mode: str | None = Field(description="paper, simulate, backtest or live.")
    currency: str | None
    configuration: str | None
    decision_hash: str | None
    seed: int | None
    registered_at: datetime = Field(description="Wall clock, UTC.")
    created_at: datetime | None = Field(description="Its first session time.")
    last_at: datetime | None = Field(description="Its last session time.")
    last_seq: int = Field(description="How far the tables have come.")
    desks: list[DeskShown]
    candidates: int | None
    filled: int | None
    rejected: int | None
    trades_closed: int | None
    wins: int | None
    losses: int | None
    realized_pnl: Money
    fees: Money
    equity: Money | None = Field(description="As it was last marked.")
    peak: Money | None
    drawdown: Number = Field(description="1 - equity / peak.")


class RunSummary(Run):
    """A run with its report."""

    runs: list[str] = Field(description="It and its parents, the newest first.")
    report: Figures = Field(description="What `tradeworthy report --json` says of it and its parents.")


class PulseShown(BaseModel):
    """Whether packets flow."""

    state: str = Field(description="live, quiet (a session runs, no packet for 15 s) or stopped.")
    age_s: Number = Field(description="Seconds since the journal last grew; null without a run.")


class LatchShown(BaseModel):
    """What halts all entries."""

    by: str
    reason: str
    at: datetime | None


class StatusShown(BaseModel):
    """How the installation stands, as its session says; without one only the first seven are known."""

    running: bool
    answers: bool = Field(description="Whether the session says more of itself.")
    run: str | None
    face: str | None = Field(None, description="pilot or session.")
    pulse: PulseShown
    latch: LatchShown | None = None
    tables: str = Field("", description="Why the tables can't be read; empty: they can.")
    mode: str | None = None
    currency: str | None = None
    progress: Number = Field(None, description="0 to 1, null without an end.")
    session_time: datetime | None = None
    inputs: int | None = None
    packets: int | None = None
    equity: Money | None = None
    cash: Money | None = None
    open_positions: Objects = []
    candidates: int | None = None
    open_candidates: int | None = None
    verdicts: Figures = Field({}, description="By outcome, then by reason.")
    orders: int | None = None
    fills: int | None = None
    trades_closed: int | None = Field(
        None, description="By this run alone; runs/RUN counts its parents', too."
    )
    trades_won: int | None = None
    realised_pnl: Money | None = None
    halted: str | None = Field(None, description="What halts all entries; empty: nothing.")
    faults: int | None = None
    prices: Figures = Field({}, description="By symbol: price, age_ms, volatility (a year's).")
    markets: Figures = Field({}, description="How many are at which stage.")
    parts: Objects = []
    latencies: Objects = Field([], description="By stage: p50_ms, p99_ms, count.")


class EquityPoint(BaseModel):
    """The account as it was marked."""

    run: str
    seq: int
    created_at: datetime
    cash: Money
    cost: Money = Field(description="What the open positions cost.")
    equity: Money
    realised: Money
    fees: Money
    peak: Money
    open_positions: int | None
    drawdown: Number = Field(description="1 - equity / peak.")


class DayShown(BaseModel):
    """A UTC day of a run."""

    run: str
    day: date
    candidates: int | None
    filled: int | None
    skipped: int | None
    rejected: int | None
    unfilled: int | None
    trades: int | None
    wins: int | None
    losses: int | None
    pnl: Money | None
    fees: Money | None
    equity: Money | None = Field(description="The last of the day.")
    peak: Money | None


class PostureShown(Row):
    """A change of the posture."""

    posture: str = Field(description="APEX, STALKER, TURTLE or HIBERNATE.")
    before: str
    rm: Number = Field(description="The multiplier of sizes, 0 to 1.")
    categories: dict[str, Number] = Field(
        description="Stress, 0 to 1: hard, structure, scan, outside, capital."
    )
    reason: str


class AlertShown(Row):
    """What people were told of."""

    severity: str = Field(description="low, normal, high or critical.")
    key: str
    title: str
    text: str


class AllocationShown(BaseModel):
    """A strategy's part of its desk's capital, at present."""

    desk: str | None
    strategy: str
    share: Number = Field(description="0 to 1.")
    score: Number
    trades: int | None
    wins: int | None
    losses: int | None
    pnl: Money | None
    capital: Money | None
    reason: str | None
    created_at: datetime


class BarShown(BaseModel):
    """A closed bar."""

    run: str
    seq: int | None
    instrument: str
    timeframe: str
    open_at: datetime
    open: Number
    high: Number
    low: Number
    close: Number
    volume: Number
    source: str | None
    coverage: Number


class CounterShown(BaseModel):
    """Turns of a desk without a candidate, of one reason, from `from_at` to `to_at` (session time)."""

    run: str
    seq: int | None
    desk: str
    from_at: datetime
    to_at: datetime
    reason: str
    turns: int


class HourShown(BaseModel):
    """Why a desk did not trade in an hour."""

    run: str
    desk: str
    begin: datetime
    end: datetime
    turns: Objects = Field(description="Turns without a candidate: reason, turns.")
    verdicts: Objects = Field(description="What became of candidates: outcome, reason, count.")
    total_turns: int
    candidates: int
    let_pass: Objects = Field(
        description="Windows skipped, by the gate not met: gate, skipped, missed, rightly."
    )
    doubt: str = Field(description="What could not be counted; empty: nothing.")


class PacketShown(BaseModel):
    """A packet; the event's money is in units of 1e-8 and its times are UTC ns, as on record."""

    id: UUID
    seq: int
    trace: int
    cause: int = Field(description="The packet it answers; 0: none.")
    created_at: datetime
    agent: str
    type: str
    event: Figures


class TraceShown(BaseModel):
    """The way of a packet."""

    run: str
    packet: str
    source: str = Field(description="database, or journal for a turn that led to no decision.")
    candidate: int | None
    ended: str = Field(description="The candidate's verdict and reason, or at what it stands.")
    path: list[PacketShown]
    reasons: dict[str, str] = Field(description="By desk: why it opened no candidate in that turn.")
    doubt: str


class LessonShown(BaseModel):
    """A mined statistic."""

    pattern_key: str
    action_category: str
    scope_subset: Figures
    n: int = Field(description="How many facts it rests on.")
    stats: Figures
    lesson_type: str
    module: str
    decay_halflife_hours: Number
    status: str


class OverrideShown(BaseModel):
    """A multiplier that was made from lessons."""

    id: str
    pattern_key: str
    action_category: str
    scope_subset: Figures
    multiplier: Number
    confidence: Number
    lessons: list[str]
    decay_state: str
    previous: Number
    status: str
    reason: str
    rolled_back: str | None = Field(description="Why a person took it back; null: nobody did.")


class ThresholdShown(BaseModel):
    """A threshold that is not its default; an empty timeframe, phase or level is any."""

    key: str
    value: Number
    timeframe: str
    phase: str
    a_level: str
    source: str = Field(description="environment, configuration or operator.")
    by: str


class RiskShown(BaseModel):
    """Risk's figures against their limits, what is open where, what it refused, and what it halted."""

    decision: DecisionShown | None = Field(description="The newest.")
    equity: Money | None
    figures: Objects = Field(
        description="By rule, in their order: value, limit, used (its part of the limit)."
    )
    by_market: Objects
    by_venue: Objects
    rejections: Objects = Field(description="By rule: count, last_at.")
    halts: Objects = Field(description="The latches that are set.")
