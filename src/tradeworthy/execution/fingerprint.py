"""The fingerprint: what a run did to the account, whatever path it took."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from tradeworthy.core.agents import Agent, Context, State, on
from tradeworthy.execution.accounting import TradeClosed, TradeReversed
from tradeworthy.execution.ledger import Ledger
from tradeworthy.execution.orders import FillObserved, FillStatus, PlaceOrder

DIGEST_BYTES = 16
"""Length of the chain's links."""

Economic = tuple[str, str, str, str, int | None, int, int, str, int]
"""Kind, desk, instrument, side, ticks (of a close: its pnl), lots, fee, reason, time."""


class FingerprintState(State):
    """The chain's last link."""

    chain: bytes = bytes(DIGEST_BYTES)


class Fingerprint(Agent):
    """The part named `fingerprint`: a BLAKE2b chain over orders, fills and closes in their order.

    No seq, order id or path is in it, so a sweep, a backtest and a session that decide the same agree.
    A fill counts when it moves the books: the ledger must come before this part.
    """

    state: FingerprintState

    def __init__(self, ledger: Ledger) -> None:
        super().__init__("fingerprint", FingerprintState())
        self._ledger = ledger

    def hex(self) -> str:
        """The fingerprint so far: 32 hexadecimal digits."""
        return self.state.chain.hex()

    @on(PlaceOrder)
    def take_order(self, event: PlaceOrder, context: Context) -> None:
        """Chain an order, at session time."""
        limit, lots, reason = event.limit_ticks, event.lots, event.reason
        self._chain(("order", event.desk, event.instrument, event.side, limit, lots, 0, reason, context.now))

    @on(FillObserved)
    def take_fill(self, event: FillObserved, context: Context) -> None:
        """Chain a fill that moved the books; one that failed is another kind."""
        if not self._ledger.booked_at(context.seq):
            return
        kind = "reversal" if event.status is FillStatus.FAILED else "fill"
        who = (kind, event.desk, event.instrument, event.side)
        self._chain((*who, event.ticks, event.lots, event.fee, event.reason, event.ts_event))

    @on(TradeClosed, TradeReversed)
    def take_close(self, event: TradeClosed | TradeReversed, _: Context) -> None:
        """Chain a round trip, or that it is void, with its pnl in the place of ticks."""
        kind = "close" if isinstance(event, TradeClosed) else "void"
        who = (kind, event.desk, event.instrument, event.side)
        self._chain((*who, event.pnl, event.lots, event.fees, event.reason, event.closed_ts))

    def _chain(self, fields: Economic) -> None:
        self.state.chain = _linked(self.state.chain, fields)


def fingerprint_of(rows: Iterable[Economic]) -> str:
    """The fingerprint of a run that did `rows`, in their order: 32 hexadecimal digits."""
    chain = bytes(DIGEST_BYTES)
    for fields in rows:
        chain = _linked(chain, fields)
    return chain.hex()


def _linked(chain: bytes, fields: Economic) -> bytes:
    payload = msgspec.msgpack.encode(fields)
    return blake2b(chain + payload, digest_size=DIGEST_BYTES).digest()
