"""What people ask of a running session, as inputs: the control gateway and the bus both end here."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.control import Flatten, Halt, Inject, Request, Resume, Status, Stop
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.gateways.prices import prices_of
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.runtime.clocks import wall_now
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.overview import overview

log = structlog.get_logger()

OPERATOR = "operator"
INJECTED = "inject"


class RequestHandler:
    """Answers requests between turns, in the session's own thread: before session time moves on."""

    def __init__(self, life: Life, latch: LatchFile, stop: asyncio.Event) -> None:
        self._life, self._latch, self._stop = life, latch, stop

    async def handle(self, request: Request) -> dict[str, Any]:
        """The answer to `request`; TradeworthyError says why it is refused."""
        match request:
            case Halt():
                if not request.desk:
                    self._latch.set(request.by or "operator", request.reason, wall_now())
                self._operate(Order.HALT, request.by or "operator", request.reason, request.desk)
                return {"halted": request.desk or "all"}
            case Resume():
                if not request.desk:
                    self._latch.release(request.by, request.reason)
                self._operate(Order.RESUME, request.by, request.reason, request.desk)
                return {"resumed": request.desk or "all"}
            case Flatten():
                self._operate(
                    Order.FLATTEN, request.by or "operator", request.reason, request.desk, request.account
                )
                return {"flattening": [held.position for held in self._life.core.positions()]}
            case Inject():
                return {"admitted": self._inject(request)}
            case Stop():
                log.info("stop_requested")
                self._stop.set()
                return {"stopping": self._life.header.run}
            case Status():
                return overview(self._life)

    def _operate(self, order: Order, by: str, reason: str, desk: str, account: str = "") -> None:
        log.warning("operator", order=order.value, by=by, reason=reason, desk=desk or "all")
        event = Operator(order, by, reason, desk, account)
        self._life.admit(OPERATOR, self._life.core.sequencer.now, event)

    def _inject(self, request: Inject) -> int:
        if request.kind != "price":
            raise UsageError(f"can't inject {request.kind!r}; the kinds are: price")
        now = self._life.core.sequencer.now
        prices = prices_of(request.events, now)
        known = self._life.core.listing.state.instruments
        for price in prices:
            if price.instrument not in known:
                raise UsageError(
                    f"instrument {price.instrument!r} is not listed here; listed are {', '.join(known)}"
                )
        for price in prices:
            self._life.admit(INJECTED, now, price)
        return len(prices)
