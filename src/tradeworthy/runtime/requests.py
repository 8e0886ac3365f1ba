"""What people ask of a running session, as inputs: the control gateway and the bus both end here."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from tradeworthy.core.errors import AllHalted, UsageError
from tradeworthy.gateways.control import Flatten, Halt, Inject, Request, Resume, Status, Stop
from tradeworthy.gateways.latch import LatchFile
from tradeworthy.gateways.prices import prices_of
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.runtime.clocks import Now, wall_now
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.overview import overview

log = structlog.get_logger()

ACCOUNT = "paper"
"""The one account of a paper session."""

OPERATOR = "operator"
INJECTED = "inject"


class RequestHandler:
    """Answers requests between turns, in the session's own thread; `now` is session time (UTC ns).

    On the simulated clock that is the last input's: a request is answered before time moves on.
    """

    def __init__(self, life: Life, latch: LatchFile, stop: asyncio.Event, now: Now) -> None:
        self._life, self._latch, self._stop, self._now = life, latch, stop, now

    async def handle(self, request: Request) -> dict[str, Any]:
        """The answer to `request`; TradeworthyError says why it is refused. AllHalted ends the session, too."""
        try:
            return self._answer(request)
        except AllHalted:
            self._stop.set()
            raise

    def _answer(self, request: Request) -> dict[str, Any]:
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
                if request.account != ACCOUNT:
                    raise UsageError(f"this session trades account {ACCOUNT!r}, not {request.account!r}")
                self._operate(
                    Order.FLATTEN, request.by or "operator", request.reason, request.desk, request.account
                )
                held = self._life.core.positions()
                return {"flattening": [one.position for one in held if request.desk in ("", one.desk)]}
            case Inject():
                return {"admitted": self._inject(request)}
            case Stop():
                log.info("stop_requested")
                self._stop.set()
                return {"stopping": self._life.header.run}
            case Status():
                return overview(self._life)

    def _operate(self, order: Order, by: str, reason: str, desk: str, account: str = "") -> None:
        desks = list(dict.fromkeys(one.desk for one in self._life.core.sequencer.agents.values() if one.desk))
        if desk and desk not in desks:
            raise UsageError(f"there is no desk {desk!r} in this session; there is {', '.join(desks)}")
        log.warning("operator", order=order.value, by=by, reason=reason, desk=desk or "all")
        event = Operator(order, by, reason, desk, account)
        self._life.admit(OPERATOR, self._now(), event)

    def _inject(self, request: Inject) -> int:
        if request.kind != "price":
            raise UsageError(f"can't inject {request.kind!r}; the kinds are: price")
        now = self._now()
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
