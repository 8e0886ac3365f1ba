"""Candles of what a run trades or watches: from its table of bars, else made from its journal while someone looks.

A journal is read on from where the last look ended, in one thread of its own, at most once a second, and only while a
page asks. Of a long one only the newest part is read (JOURNAL_BYTES_MAX), so that a look costs seconds at most.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import HEAD, Codec
from tradeworthy.journal.reader import Reading as Journal
from tradeworthy.journal.reader import Record
from tradeworthy.journal.segments import (
    FRAME,
    START,
    Header,
    Place,
    list_segments,
    packed_path,
    segment_path,
    segment_stat,
)
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, PriceObserved

CANDLES_MAX: Final = 3_000
"""Candles that are kept of an instrument and timeframe."""

SERIES_MAX: Final = 64
"""Instruments and timeframes that are kept of a run."""

RUNS_MAX: Final = 4
JOURNAL_BYTES_MAX: Final = 128 << 20
LOOK_EVERY_S: Final = 1.0
SLICE_S: Final = 0.5
MINUTE: Final = "1m"
MINUTE_NS: Final = TIMEFRAMES_NS[MINUTE]
LARGER: Final = ("1m", "5m", "15m", "1h")
"""Timeframes that candles of prices are put together to."""

_PRICE, _BAR = b"PriceObserved", b"BarClosed"
_CODEC: Final = Codec((BarClosed, PriceObserved))


class Candle(NamedTuple):
    """Prices from `open_ms` (UTC ms) on; `volume` in base units, None where only prices are known."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None


class JournalCandles:
    """The candles of one run, whose journal is in `folder`.

    `trouble` says why it can't be read on ("": it can), `is_whole` whether it was read from its beginning, `is_behind`
    whether its end was not reached yet.
    """

    def __init__(self, folder: Path, *, bytes_max: int = JOURNAL_BYTES_MAX) -> None:
        self._folder, self._bytes_max = folder, bytes_max
        self._place: Place | None = None
        self._journal: Journal | None = None
        self._records: Iterator[Record] = iter(())
        self._lock = threading.Lock()
        self._bars: dict[tuple[str, str], deque[Candle]] = {}
        self._prices: dict[str, deque[Candle]] = {}
        self.trouble, self.is_whole, self.read_at, self.is_busy = "", False, float("-inf"), False
        self.is_behind = True

    def advance(self, slice_s: float = SLICE_S) -> tuple[bool, bool]:
        """Read on for `slice_s` at most; whether a candle changed, and whether more is left to read."""
        stop, changed = time.monotonic() + slice_s, False
        try:
            for record in self._left():
                body = record.body
                if _PRICE in body or _BAR in body:
                    changed |= self._take(body)
                if time.monotonic() > stop:
                    return changed, True
            self.trouble = ""
        except (AllHalted, OSError) as error:
            self.trouble = f"its journal can't be read on: {error}"
        if self._journal is not None:
            # What follows a torn tail is read from there once it is written.
            self._place, self._journal = self._journal.end, None
        return changed, False

    def _left(self) -> Iterator[Record]:
        """The records of the pass that is under way, else of one from where the last has ended."""
        if self._place is None:
            self._place = beginning(self._folder, self._bytes_max)
            self.is_whole = self._place == START
        if self._journal is None:
            self._journal = Journal(self._folder, self._place)
            self._records = iter(self._journal)
        return self._records

    def names(self) -> dict[str, list[str]]:
        """The timeframes that there are of each instrument."""
        with self._lock:
            found: dict[str, list[str]] = {}
            for instrument, timeframe in self._bars:
                found.setdefault(instrument, []).append(timeframe)
            for instrument in self._prices:
                found.setdefault(instrument, list(LARGER))
        return {name: sorted(found[name], key=TIMEFRAMES_NS.__getitem__) for name in sorted(found)}

    def candles(self, instrument: str, timeframe: str) -> list[Candle]:
        """The candles of an instrument, the oldest first; bars where there are some, else made of its prices."""
        with self._lock:
            if bars := self._bars.get((instrument, timeframe)):
                return list(bars)
            prices = list(self._prices.get(instrument, ()))
        return grouped(prices, timeframe)

    def _take(self, body: bytes) -> bool:
        try:
            _, packet = _CODEC.decode(body)
        except msgspec.DecodeError:
            return False  # Another event that only names these in its text.
        event = packet.event
        with self._lock:
            if isinstance(event, BarClosed):
                return self._add_bar(event)
            if isinstance(event, PriceObserved):
                return self._add_price(event, packet.ts)
        return False

    def _add_bar(self, bar: BarClosed) -> bool:
        if bar.timeframe not in TIMEFRAMES_NS or not self._has_room(
            self._bars, (bar.instrument, bar.timeframe)
        ):
            return False
        series = self._bars.setdefault((bar.instrument, bar.timeframe), deque(maxlen=CANDLES_MAX))
        candle = Candle(bar.ts_event // 1_000_000, bar.open, bar.high, bar.low, bar.close, bar.volume)
        if series and series[-1].open_ms >= candle.open_ms:
            return False
        series.append(candle)
        return True

    def _add_price(self, event: PriceObserved, ts: int) -> bool:
        if not self._has_room(self._prices, event.instrument):
            return False
        series = self._prices.setdefault(event.instrument, deque(maxlen=CANDLES_MAX))
        open_ms, price = ts // MINUTE_NS * (MINUTE_NS // 1_000_000), event.price
        if not series or open_ms > series[-1].open_ms:
            series.append(Candle(open_ms, price, price, price, price))
            return True
        last = series[-1]
        series[-1] = last._replace(high=max(last.high, price), low=min(last.low, price), close=price)
        return True

    def _has_room(self, kept: dict[Any, deque[Candle]], key: Any) -> bool:
        return key in kept or len(self._bars) + len(self._prices) < SERIES_MAX


class CandleBook:
    """The candles of the runs below the folder `runs` that pages look at; `heard` is called where some changed.

    All methods may be called in any thread; `heard` is called in the book's own.
    """

    def __init__(self, runs: Path, heard: Callable[[], None]) -> None:
        self._runs, self._heard = runs, heard
        self._journals: OrderedDict[str, JournalCandles] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="candles")

    def wanted(self, run: str) -> JournalCandles:
        """The candles of `run` as far as they are read; they are read on behind the caller's back."""
        with self._lock:
            journal = self._journals.get(run)
            if journal is None:
                journal = self._journals[run] = JournalCandles(self._runs / run)
                if len(self._journals) > RUNS_MAX:
                    self._journals.popitem(last=False)
            self._journals.move_to_end(run)
            if not journal.is_busy and time.monotonic() - journal.read_at >= LOOK_EVERY_S:
                journal.is_busy = True
                self._worker.submit(self._read_on, journal)
        return journal

    def candles(self, runs: Sequence[str], instrument: str, timeframe: str) -> list[Candle]:
        """Of `runs` (the newest first): the newest CANDLES_MAX candles, the oldest first."""
        found: dict[int, Candle] = {}
        for run in runs[:RUNS_MAX]:
            for candle in self.wanted(run).candles(instrument, timeframe):
                found.setdefault(candle.open_ms, candle)
            if len(found) >= CANDLES_MAX:
                break
        return [found[at] for at in sorted(found)][-CANDLES_MAX:]

    def close(self) -> None:
        """Read no more."""
        self._worker.shutdown(cancel_futures=True)

    def _read_on(self, journal: JournalCandles) -> None:
        try:
            more = True
            while more:
                was_behind = journal.is_behind
                changed, more = journal.advance()
                journal.is_behind = more
                if changed or was_behind != more:
                    self._heard()
        finally:
            journal.read_at, journal.is_busy = time.monotonic(), False


def grouped(candles: Iterable[Candle], timeframe: str) -> list[Candle]:
    """Smaller candles, the oldest first, put together to those of `timeframe`; each opens at a whole one."""
    step, found = TIMEFRAMES_NS[timeframe] // 1_000_000, list[Candle]()
    for one in candles:
        open_ms = one.open_ms - one.open_ms % step
        if not found or found[-1].open_ms != open_ms:
            found.append(one._replace(open_ms=open_ms))
            continue
        last = found[-1]
        volume = None if last.volume is None or one.volume is None else last.volume + one.volume
        found[-1] = Candle(
            open_ms, last.open, max(last.high, one.high), min(last.low, one.low), one.close, volume
        )
    return found


def beginning(folder: Path, bytes_max: int) -> Place:
    """Where the newest `bytes_max` of a journal begin: at a segment, and no later than at its last one."""
    numbers, size, first = list_segments(folder), 0, 1
    for number in reversed(numbers):
        size += segment_stat(segment_path(folder, number)).st_size
        if size > bytes_max and number != numbers[-1]:
            break
        first = number
    if not numbers or first == numbers[0]:
        return START
    return Place(first, 0, _header(segment_path(folder, first)).chain)


def _header(path: Path) -> Header:
    """What stands at a segment's beginning."""
    try:
        with path.open("rb") as file:
            length, _ = FRAME.unpack(file.read(FRAME.size))
            body = file.read(length)
    except FileNotFoundError:
        data = zlib.decompress(packed_path(path).read_bytes())
        length, _ = FRAME.unpack_from(data)
        body = data[FRAME.size : FRAME.size + length]
    return msgspec.msgpack.decode(body[HEAD.size :], type=Header)
