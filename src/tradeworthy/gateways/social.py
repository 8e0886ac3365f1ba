"""Social signals that a person injects: JSON lines of `{"curator", "ticker", ...}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.deciding import INTENTS
from tradeworthy.desks.uptrend.events import SocialSignal
from tradeworthy.desks.uptrend.ingest import GRADES, named_by
from tradeworthy.desks.uptrend.names import TIMEFRAMES
from tradeworthy.gateways.json_lines import known_name, read_objects, stamp_of, struct_of

SOURCE = "injected"
"""Where a signal came from that does not say."""

EXAMPLE = '{"curator": "ann", "ticker": "$BONK", "intent": "new_discovery"}'
_MONEY = ("market_cap", "volume_24h", "liquidity_usd", "age_days")


class SignalLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line. Without `signal` its id is a digest of the line, so that the same line again is told as a repeat.

    `ts` is when it was said (now); `mapping_confidence` is contract if one is given, else cashtag for a ticker with a
    $, else ticker. Money figures are in USD.
    """

    curator: str
    ticker: str
    signal: str = ""
    ts: str | int | None = None
    contract: str = ""
    chain: str = ""
    intent: str = "new_discovery"
    confidence: float | None = None
    mapping_confidence: str = ""
    timeframe: str = ""
    market_cap: float | None = None
    volume_24h: float | None = None
    liquidity_usd: float | None = None
    age_days: float | None = None
    source: str = SOURCE
    url: str = ""


def read_signals(path: Path) -> list[dict[str, Any]]:
    """The file's objects, each checked: nothing is injected if one line is wrong. Empty lines are passed over.

    UsageError names the file, the line and what is wrong with it.
    """
    return read_objects(path, lambda found, where: _signal(found, 0, where), noun="signal", example=EXAMPLE)


def signals_of(events: Iterable[Mapping[str, Any]], now: int) -> list[SocialSignal]:
    """The events of such objects; one without `ts` was said at `now` (UTC ns). UsageError names the first wrong one."""
    return [_signal(found, now, f"signal {number}") for number, found in enumerate(events, start=1)]


def _signal(found: Mapping[str, Any], now: int, where: str) -> SocialSignal:
    line = struct_of(found, SignalLine, where, EXAMPLE)
    for name in ("curator", "ticker"):
        if not getattr(line, name).strip(" $"):
            raise UsageError(f"{where}: {name} is empty; write it like {EXAMPLE}")
    known_name(line.intent, INTENTS, "intent", where)
    if line.mapping_confidence:
        known_name(line.mapping_confidence, GRADES, "mapping_confidence", where)
    if line.timeframe:
        known_name(line.timeframe, TIMEFRAMES, "timeframe", where)
    for name in _MONEY:
        value = getattr(line, name)
        if value is not None and value < 0:
            raise UsageError(f"{where}: {name} is {value}; it must be 0 or more, or left out")
    if line.confidence is not None and not 0 <= line.confidence <= 1:
        raise UsageError(f"{where}: confidence is {line.confidence}; it must be 0 to 1")
    signal = SocialSignal(
        signal=line.signal or _digest(found),
        curator=line.curator.strip(),
        ticker=line.ticker.strip(),
        ts_event=now if line.ts is None else stamp_of(line.ts, where),
        contract=line.contract.strip(),
        chain=line.chain.strip(),
        intent=line.intent,
        confidence=line.confidence,
        timeframe=line.timeframe,
        market_cap=line.market_cap,
        volume_24h=line.volume_24h,
        liquidity_usd=line.liquidity_usd,
        age_days=line.age_days,
        source=line.source,
        url=line.url,
    )
    return msgspec.structs.replace(signal, mapping_confidence=line.mapping_confidence or named_by(signal))


def _digest(found: Mapping[str, Any]) -> str:
    return blake2b(msgspec.json.encode(dict(found), order="sorted"), digest_size=8).hexdigest()
