"""The batch engine's bars: longer ones are made of whole columns before anything is decided, then put in their turns.

The session makes them one by one as bars come in (market.rolling); here each is folded over all rows of its span.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from tradeworthy.core.events import Event
from tradeworthy.desks.uptrend.config import MarketSettings
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed

Spans = dict[tuple[str, str], dict[int, list[BarClosed]]]
"""Base bars by instrument and timeframe that they make, and by the open time of the bar that they make."""


class Turn(NamedTuple):
    """What comes at one session time (UTC ns) together: a feed's bar with those that it ends, or one other event."""

    ts: int
    bars: tuple[BarClosed, ...]
    event: Event | None = None


class _Late(NamedTuple):
    """A bar whose last base bar never came: it ends at the grace's end."""

    due: int
    length: int
    instrument: str
    bar: BarClosed


def turns(
    rows: Iterable[tuple[int, Event]], market: MarketSettings, grace_ns: int, end_ts: int
) -> list[Turn]:
    """All turns up to `end_ts` in order; bars of less than `coverage_min` of their base bars are left out."""
    kept = list(rows)
    targets = _targets(market.bars)
    whole, late = _rolled(_spans(kept, targets), market, grace_ns, end_ts)
    found: list[Turn] = []
    waiting = [
        Turn(due, tuple(one.bar for one in together))
        for due, together in groupby(late, key=lambda one: one.due)
    ]
    waiting.reverse()
    for ts, event in kept:
        while waiting and waiting[-1].ts <= ts:
            found.append(waiting.pop())
        if isinstance(event, BarClosed):
            found.append(Turn(ts, (event, *_ended(event, targets, whole))))
        else:
            found.append(Turn(ts, (), event))
    return found + waiting[::-1]


def _targets(bars: Mapping[str, str]) -> dict[str, list[str]]:
    """By base timeframe those made of it, shortest first."""
    made = [name for name in TIMEFRAMES_NS if name in bars and bars[name] != name]
    return {base: [name for name in made if bars[name] == base] for base in bars.values()}


def _spans(rows: Iterable[tuple[int, Event]], targets: Mapping[str, list[str]]) -> Spans:
    spans: Spans = {}
    for _, event in rows:
        if isinstance(event, BarClosed):
            for made in targets.get(event.timeframe, ()):
                start = event.ts_event - event.ts_event % TIMEFRAMES_NS[made]
                spans.setdefault((event.instrument, made), {}).setdefault(start, []).append(event)
    return spans


def _rolled(
    spans: Spans, market: MarketSettings, grace_ns: int, end_ts: int
) -> tuple[dict[tuple[str, str, int], BarClosed], list[_Late]]:
    """Bars that end with their last base bar, by instrument, timeframe and open time; and the late ones in order."""
    whole: dict[tuple[str, str, int], BarClosed] = {}
    late: list[_Late] = []
    for (instrument, made), starts in spans.items():
        length, step = TIMEFRAMES_NS[made], TIMEFRAMES_NS[market.bars[made]]
        for start, bars in starts.items():
            if len(bars) / (length // step) < market.coverage_min:
                continue
            bar = _folded(instrument, made, start, bars)
            due = start + length + grace_ns
            if bars[-1].ts_event + step == start + length:
                whole[instrument, made, start] = bar
            elif due <= end_ts:
                late.append(_Late(due, length, instrument, bar))
    return whole, sorted(late, key=lambda one: one[:3])


def _folded(instrument: str, timeframe: str, start: int, bars: list[BarClosed]) -> BarClosed:
    volume = 0.0
    for bar in bars:
        volume += bar.volume
    high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
    return BarClosed(instrument, timeframe, start, bars[0].open, high, low, bars[-1].close, volume)


def _ended(
    bar: BarClosed, targets: Mapping[str, list[str]], whole: Mapping[tuple[str, str, int], BarClosed]
) -> Iterator[BarClosed]:
    """The longer bars that end with `bar`."""
    end = bar.ts_event + TIMEFRAMES_NS[bar.timeframe]
    for made in targets.get(bar.timeframe, ()):
        if end % TIMEFRAMES_NS[made] == 0:
            found = whole.get((bar.instrument, made, end - TIMEFRAMES_NS[made]))
            if found is not None:
                yield found
