"""What people ask of a running session, as inputs: the control gateway and the bus both end here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from tradeworthy.core.errors import AllHalted, UsageError
from tradeworthy.core.events import Event
from tradeworthy.gateways.control import Flatten, Halt, Inject, Request, Resume, Status, Stop
from tradeworthy.gateways.latch import Latch, LatchFile
from tradeworthy.gateways.market_facts import events_of
from tradeworthy.gateways.prices import prices_of
from tradeworthy.market.bars import PriceObserved
from tradeworthy.market.instruments import Instrument
from tradeworthy.risk.operators import Operator, Order
from tradeworthy.runtime.assembly import Core
from tradeworthy.runtime.clocks import Now, wall_now
from tradeworthy.runtime.concluded import SESSION
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.overview import overview

log = structlog.get_logger()

ACCOUNT = "paper"
"""The one account of a paper session."""

OPERATOR = "operator"
INJECTED = "inject"
SHOWN_MAX = 20
"""Names that a refusal lists at most."""


class RequestHandler:
    """Answers requests between turns, in the session's own thread; `now` is session time (UTC ns).

    On the simulated clock that is the last input's: a request is answered before time moves on. `show` says how the
    session stands.
    """

    def __init__(
        self,
        life: Life,
        latch: LatchFile,
        stop: asyncio.Event,
        now: Now,
        show: Callable[[], dict[str, Any]] | None = None,
    ) -> None:
        self._life, self._latch, self._stop, self._now = life, latch, stop, now
        self._show = show or (lambda: overview(life))

    async def handle(self, request: Request) -> dict[str, Any]:
        """The answer to `request`; TradeworthyError says why it is refused. AllHalted ends the session, too."""
        try:
            return self._answer(request)
        except AllHalted:
            self._stop.set()
            raise

    def hear(self, source: str, position: int, event: Event) -> None:
        """Admit what another process says, unless the run is over; what stands at a known position is a repeat."""
        if SESSION in self._life.core.sequencer.positions:
            return
        try:
            self._life.admit(source, self._now(), event, position=position)
        except AllHalted:
            self._stop.set()  # the session's own next step raises it again

    def obey(self, latch: Latch) -> None:
        """Halt by the latch file, which somebody set while no session heard of it."""
        self._operate(Order.HALT, latch.by, latch.reason, "", latch=True)

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
                return self._show()

    def _operate(
        self, order: Order, by: str, reason: str, desk: str, account: str = "", *, latch: bool = False
    ) -> None:
        desks = list(dict.fromkeys(one.desk for one in self._life.core.sequencer.agents.values() if one.desk))
        if desk and desk not in desks:
            raise UsageError(f"there is no desk {desk!r} in this session; there is {', '.join(desks)}")
        log.warning("operator", order=order.value, by=by, reason=reason, desk=desk or "all")
        event = Operator(order, by, reason, desk, account, latch)
        self._life.admit(OPERATOR, self._now(), event)

    def _inject(self, request: Inject) -> int:
        """Admit all of what was handed in, or nothing; how much that was."""
        now, core = self._now(), self._life.core
        match request.kind:
            case "price":
                made: Sequence[Event] = self._prices(request, now)
            case "state":
                made = events_of(request.events, _Known(core), now)
            case _:
                from tradeworthy.runtime.token_requests import token_events

                made = token_events(request.kind, request.events, core, now)
        for event in made:
            self._life.admit(INJECTED, now, event)
        return len(made)

    def _prices(self, request: Inject, now: int) -> list[PriceObserved]:
        prices, core = prices_of(request.events, now), self._life.core
        symbols, listed = core.oracles.state.symbols, core.listing.state.instruments
        for price in prices:
            if price.instrument not in listed and price.instrument not in symbols:
                known = [*(name for name in symbols if name not in listed), *listed]
                shown = ", ".join(known[:SHOWN_MAX]) + (", ..." if len(known) > SHOWN_MAX else "")
                raise UsageError(
                    f"instrument {price.instrument!r} is not listed here; listed are {shown or 'none yet'}"
                )
        return prices


class _Known:
    """What injected facts may speak of."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def instrument(self, instrument: str) -> Instrument | None:
        """The present definition, or None."""
        return self._core.listing.state.instruments.get(instrument)

    def is_market(self, market: str) -> bool:
        """Whether a market of that id is known."""
        return self._core.markets.market(market) is not None
