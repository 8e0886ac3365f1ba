"""What only the arbitrage desk knows: opportunities, how long gaps live, and how capital is shared."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

import msgspec

from tradeworthy.core.candidates import Candidate
from tradeworthy.core.events import Event
from tradeworthy.market.instruments import Side

SCANNER, SNIPER, ATOMIC_ARB, ALLOCATOR = (
    "opportunity-scanner",
    "oracle-sniper",
    "atomic-arb",
    "capital-allocator",
)


class Kind(StrEnum):
    """The types of opportunity, and `exit` for what closes a position."""

    ORACLE_LAG = "oracle_lag"
    MISPRICING = "mispricing"
    EXIT = "exit"


class Method(StrEnum):
    """How an opportunity is computed, by the names of the specification."""

    BUY_BOTH = "M1"
    SPLIT_AND_SELL = "M2"
    BUY_ALL_YES = "M3"
    BUY_ALL_NO = "M4"
    LADDER = "M5"
    TERMINAL = "O1"
    TOUCH = "O2"
    WINDOW = "O3"


class OpportunityLeg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One token to trade: `lots` up to `limit_ticks`, at `vwap` (price), for `fee` cash units."""

    market: str
    instrument: str
    outcome: str
    side: Side
    lots: int
    limit_ticks: int
    vwap: float
    fee: int


class OpportunityDetected(Candidate, frozen=True, kw_only=True):
    """A gap that outlived the latency. Its `kind` is a Kind, its `instrument` the first leg's.

    Edges are per 1 of payout, never below 0; `profit` is cash units at full `capacity_lots`. `fair` is the modelled
    probability of the first leg's outcome (0: none is needed), `payout_floor` as in Intent, for full capacity.
    `book_ts` and `oracle_ts` are arrival times, UTC ns (0: none). With `skip` no strategy hears of it.
    """

    strategy: str
    method: Method
    markets: tuple[str, ...]
    legs: tuple[OpportunityLeg, ...]
    gross_edge: float
    net_edge: float
    signal: float
    fair: float = 0.0
    capacity_lots: int = 0
    profit: int = 0
    payout_floor: int = 0
    oracle: str = ""
    oracle_value: float = 0.0
    oracle_ts: int = 0
    book_ts: int = 0
    expires_at: int = 0
    dedupe_key: str = ""


class GapClosed(Event, frozen=True):
    """A gap is over: from `opened_ts` to `closed_ts` (session ns), the best net edge it had, and why it ended.

    `survived`: it was still there after the latency. `candidate` is the opportunity made of it (0: none).
    """

    decision: ClassVar[bool] = True

    kind: str
    method: Method
    markets: tuple[str, ...]
    opened_ts: int
    closed_ts: int
    net_edge_max: float
    survived: bool
    reason: str
    candidate: int = 0


class DataHeard(Event, frozen=True):
    """The scanner's proof of data: it has handled `count` events of `what` (price or market) named `name`."""

    decision: ClassVar[bool] = True

    what: str
    name: str
    count: int


class Allocation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One strategy's share of the desk's capital, and what it rests on; `pnl` in cash units."""

    strategy: str
    share: float
    score: float
    trades: int
    wins: int
    losses: int
    pnl: int


class AllocationsChanged(Event, frozen=True):
    """The desk's capital is shared anew; what the shares leave is cash. `reason` is start, trades or midnight."""

    decision: ClassVar[bool] = True

    desk: str
    allocations: tuple[Allocation, ...]
    capital: int
    reason: str
