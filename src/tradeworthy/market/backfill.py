"""History on request: what a desk asks for before it can judge, and what came."""

from __future__ import annotations

from typing import ClassVar

from tradeworthy.core.events import Event


class RequestBackfill(Event, frozen=True):
    """Command: send the newest `bars` closed bars of `instrument` and `timeframe`. `key` names the request.

    It is answered at least once, by a BackfillAnswered whose cause is this packet.
    """

    decision: ClassVar[bool] = True
    command: ClassVar[bool] = True

    key: str
    instrument: str
    timeframe: str
    bars: int
    chain: str = ""
    contract: str = ""
    pool: str = ""


class BackfillAnswered(Event, frozen=True):
    """Closed bars, oldest first, as columns of one length: open times (UTC ns), prices, volume.

    `error` says why there are none, or fewer ("": all is well); `pool` is the pool that they are of; `dropped` counts
    rows that were no bars.
    """

    decision: ClassVar[bool] = True

    key: str
    instrument: str
    timeframe: str
    ts: tuple[int, ...] = ()
    open: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    close: tuple[float, ...] = ()
    volume: tuple[float, ...] = ()
    error: str = ""
    pool: str = ""
    dropped: int = 0
