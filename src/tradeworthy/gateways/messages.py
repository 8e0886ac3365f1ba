"""What goes over the bus: the channels, and packets as JSON for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from tradeworthy.core.candidates import Decision, Verdict
from tradeworthy.core.errors import UsageError
from tradeworthy.core.events import CountersClosed, Event, Quarantined, Resumed
from tradeworthy.core.packets import Packet
from tradeworthy.desks.arbitrage.events import AllocationsChanged, DataHeard, GapClosed, OpportunityDetected
from tradeworthy.execution.accounting import (
    ResolutionOverdue,
    SetsMerged,
    Settled,
    TradeClosed,
    TradeReversed,
)
from tradeworthy.execution.intents import IntentProposed, TradeCandidate
from tradeworthy.execution.orders import FillObserved
from tradeworthy.market.bars import FeedGap, PriceObserved, utc_text
from tradeworthy.market.instruments import InstrumentChanged
from tradeworthy.market.predictions import (
    MarketClosed,
    MarketDisputed,
    MarketOpened,
    MarketResolved,
    MarketsFetched,
)
from tradeworthy.risk.operators import HaltChanged, HealthObserved, Operator

COMMANDS = "system.commands"
"""The one channel that is read."""

AGENTS = "agent.updates"
MARKETS = "venue.markets"

_BY_TOPIC: Mapping[str, tuple[type[Event], ...]] = {
    "oracle.prices": (PriceObserved,),
    MARKETS: (
        *(FeedGap, InstrumentChanged, MarketsFetched),
        *(MarketOpened, MarketClosed, MarketDisputed, MarketResolved),
    ),
    "opportunity.detected": (OpportunityDetected,),
    "trade.requests": (TradeCandidate, IntentProposed),
    "trade.decisions": (Decision,),
    "trade.results": (FillObserved, SetsMerged, Settled, TradeClosed, TradeReversed, Verdict),
    "allocations.update": (AllocationsChanged,),
    AGENTS: (
        *(CountersClosed, DataHeard, GapClosed, HaltChanged, HealthObserved),
        *(Operator, Quarantined, ResolutionOverdue, Resumed),
    ),
}

TOPICS: Mapping[type[Event], str] = {event: topic for topic, events in _BY_TOPIC.items() for event in events}
"""The channel of each event that is mirrored as it is; books go there as quotes (quotes.py)."""

COMMAND_BYTES_MAX = 8_192
_TIMES = ("_ts", "ts_event", "expires_at")
"""How the names of times end; 0 is not known, or never."""

Word = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2_000)]


class SystemCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another program may ask: HALT_ALL of anyone; RESUME and FLATTEN only with a name and a reason."""

    command: Literal["HALT_ALL", "RESUME", "FLATTEN"]
    by: Word = ""
    reason: Text = ""


_command = msgspec.json.Decoder(SystemCommand)


def parse_command(data: bytes) -> SystemCommand:
    """The command in `data`; UsageError says in one line why it is none."""
    if len(data) > COMMAND_BYTES_MAX:
        raise UsageError(f"a command of {len(data)} bytes; at most {COMMAND_BYTES_MAX} are read")
    try:
        command = _command.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"no command: {error}; it is {{command, by, reason}}") from error
    if command.command != "HALT_ALL" and not (command.by.strip() and command.reason.strip()):
        raise UsageError(f"{command.command} without a name or a reason; give both `by` and `reason`")
    return command


@cache
def topic_of(event: type[Event]) -> str:
    """The channel of events of that type: its own, else its bases' ("" if it is not mirrored)."""
    return next((TOPICS[kind] for kind in event.__mro__ if kind in TOPICS), "")


def envelope(topic: str, message_id: str, ts: int, src: str, data: Mapping[str, Any]) -> bytes:
    """`{v, id, topic, ts, src, data}` as JSON. `data` is as `plain` makes it; `ts` is UTC ns."""
    whole = {"v": 1, "id": message_id, "topic": topic, "ts": utc_text(ts), "src": src, "data": data}
    return msgspec.json.encode(whole)


def message_of(packet: Packet, id_of: Callable[[int], object]) -> tuple[str, bytes] | None:
    """Channel and envelope of a packet, or None if it is not mirrored; a skipped candidate is no request.

    `data` has the event's name as `event` besides its fields. Prices in ticks, sizes in lots and cash in 1e-8
    stay the integers that they are.
    """
    event = packet.event
    topic = topic_of(type(event))
    if not topic or (isinstance(event, TradeCandidate) and event.skip):
        return None
    data = {"event": type(event).__name__, **plain(event)}
    return topic, envelope(topic, str(id_of(packet.seq)), packet.ts, packet.agent, data)


def plain(value: Any, name: str = "") -> Any:
    """`value` of field `name` for JSON: numbers exact as text, times ISO-8601, booleans and null as they are."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value, name)
    if isinstance(value, msgspec.Struct):
        return {field: plain(getattr(value, field), field) for field in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def _number(value: float | Decimal, name: str) -> str | None:
    if isinstance(value, int) and name.endswith(_TIMES):
        return utc_text(value) if value else None
    return format(value, "f") if isinstance(value, Decimal) else repr(value)
