"""The rows of the API's lists that trading makes. Money is in the run's currency."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from tradeworthy.web.api.values import Figures, Money, Number, Objects

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Rows, the newest first; `next` is what `before` takes for those that follow, null if there are none."""

    rows: list[T]
    next: str | None = None


class Rows(BaseModel, Generic[T]):
    """All the rows there are."""

    rows: list[T]


class Row(BaseModel):
    """What each row has that stands for a packet."""

    id: UUID | None = Field(description="The packet's, as in all tables; null if there is none.")
    run: str
    seq: int = Field(description="The packet's number in its run.")
    created_at: datetime = Field(description="Session time, UTC.")


class Position(Row):
    """What is held: `id` and `seq` are those of its trade."""

    desk: str
    strategy: str | None
    position: str
    instrument: str | None
    market: str | None
    outcome: str | None
    title: str | None = Field(description="The market's question.")
    venue: str | None
    side: str | None
    lots: int = Field(description="Signed: below 0 it is short.")
    quantity: Money | None
    entry_price: Money | None
    cost: Money | None
    realised: Money | None
    fees: Money | None
    candidate: int | None = Field(description="The candidate that opened it; see traces.")
    opened_at: datetime | None
    updated_at: datetime | None
    disputed: bool
    end_at: datetime | None = Field(description="When the market ends.")


class OrderShown(Row):
    """An order and what filled of it."""

    order_ref: str
    candidate: int | None
    leg_no: int | None
    desk: str | None
    position: str | None
    instrument: str | None
    side: str | None
    lots: int | None
    quantity: Money | None
    limit_price: Money | None = Field(description="null: at market.")
    time_in_force: str | None
    expires_at: datetime | None
    reduce_only: bool | None
    reason: str | None
    status: str | None
    status_reason: str | None
    cancel_reason: str | None
    venue_order: str | None
    updated_at: datetime | None
    filled_lots: int
    filled_quantity: Money | None
    filled_price: Money | None = Field(description="The average of its fills.")
    fees: Money


class TradeShown(Row):
    """A round trip, open or closed; of status rejected and cancelled it is a request that became none."""

    opportunity_id: str | None
    opportunity_type: str | None
    market_id: str | None
    title: str | None = Field(description="The market's question.")
    venue: str | None
    side: str | None
    outcome: str | None
    quantity: Money | None
    price: Money | None = Field(description="The average entry price.")
    fees: Money | None
    expected_edge: Money | None = Field(
        description="Of an opportunity the net edge per 1 of payout, else the profit that the desk expected."
    )
    strategy_id: str | None
    risk_approved: bool
    risk_rejection_reason: str | None
    status: str = Field(description="open, closed, resolved, rejected or cancelled.")
    exit_price: Money | None
    realized_pnl: Money | None = Field(description="After fees; null while it is open.")
    resolved_at: datetime | None
    leg_no: int
    token_id: str | None
    notional: Money | None
    mode: str | None
    liquidity: str | None
    latency_ms: Number = Field(description="From the order to the fill, ms of session time.")
    fair_value: Number
    book_ts: datetime | None
    oracle_value: Number
    oracle_ts: datetime | None
    reason: str | None
    disputed: bool
    books: str | None = Field(description="recorded or simulated.")
    desk: str | None
    position: str | None
    instrument: str | None
    candidate: int | None = Field(description="The candidate that opened it; see traces.")
    opened_at: datetime | None
    closed_at: datetime | None


class CandidateShown(Row):
    """What a desk thought of doing, and how that ended."""

    trace: int | None
    desk: str | None
    strategy: str | None
    kind: str | None
    instrument: str | None
    market: str | None
    title: str | None
    side: str | None
    quantity: Money | None
    price: Money | None
    edge: Money | None = Field(description="The profit that the desk expected.")
    status: str
    verdict: str = Field(description="FILLED, SKIPPED, REJECTED, EXPIRED, CANCELLED, FAILED, or OPEN.")
    reason: str | None
    share: Number = Field(description="The filled part, 0 to 1.")
    approved: bool | None
    decided_by: str | None
    rule: str | None = Field(description="The rule of risk that refused it.")
    figures: Figures = Field(description="What the desk saw.")
    decision_figures: Figures = Field(description="What risk measured; money as text.")
    limits: Figures = Field(description="The limits beside them.")
    legs: Objects
    method: str | None
    net_edge: Number = Field(description="Per 1 of payout.")
    gap_ms: Number = Field(description="How long the gap lasted, ms of session time.")
    closed_at: datetime | None


class DecisionShown(Row):
    """A yes or no about a candidate, with all that was measured."""

    candidate: int
    decided_by: str | None
    desk: str | None
    approved: bool
    reason: str | None = Field(description="The first rule that failed.")
    figures: Figures = Field(description="Money as text, ages in ms, the others as their names say.")
    limits: Figures
    kind: str | None
    instrument: str | None
    side: str | None
    strategy: str | None
    verdict: str


class OpportunityShown(Row):
    """A gap, what was made of it, and how it ended."""

    detected: bool
    strategy: str | None
    kind: str | None
    method: str | None
    market: str | None
    title: str | None
    markets: list[str] | None
    legs: Objects
    gross_edge: Number = Field(description="Per 1 of payout.")
    net_edge: Number = Field(description="Per 1 of payout, after fees.")
    signal: Number
    fair: Number = Field(description="The modelled probability of the first leg's outcome.")
    capacity: Money | None
    profit: Money | None
    payout_floor: Money | None
    oracle: str | None
    oracle_value: Number
    oracle_age_ms: Number
    book_age_ms: Number
    expires_at: datetime | None
    skip: str | None = Field(description="Why no strategy heard of it.")
    gap_opened_at: datetime | None
    gap_closed_at: datetime | None
    gap_ms: Number
    net_edge_max: Number
    survived: bool | None = Field(description="Whether it outlived the latency.")
    gap_reason: str | None
    verdict: str | None
    reason: str | None
