"""Recorded bars of several timeframes as one feed: one folder's files, merged by the time at which bars close."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.core.packets import Input
from tradeworthy.gateways.feeds.files import symbols_of
from tradeworthy.gateways.feeds.merged import ROWS_A_WINDOW, MergedFeed
from tradeworthy.gateways.feeds.protocol import FeedReport, InstrumentReport, Row, inputs_of
from tradeworthy.gateways.feeds.recorded import RecordedSource, find_file
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text
from tradeworthy.market.instruments import Instrument

NAME = "recorded"

_ts_of = itemgetter(1)


class TimeframesFeed:
    """Bars of `instruments` in every one of `timeframes`, opened in [from_ts, to_ts) (UTC ns; None: all there are).

    Bars that close at one time come finest timeframe first, then as the configuration lists the instruments. A file
    may lack some instruments, which then have only the others' bars, and a file may have nothing in the range.
    NotAvailable if folder, a file or the whole range hold nothing; UsageError for a symbol that no file has.
    """

    def __init__(
        self,
        folder: Path,
        instruments: Sequence[Instrument],
        timeframes: Collection[str],
        *,
        from_ts: int | None = None,
        to_ts: int | None = None,
        rows_a_window: int = ROWS_A_WINDOW,
    ) -> None:
        finest_first = [name for name in TIMEFRAMES_NS if name in timeframes]
        if not finest_first or len(finest_first) != len(set(timeframes)):
            given = ", ".join(timeframes) or "none"
            raise UsageError(
                f"timeframes {given} can't be fed; give one or more of {', '.join(TIMEFRAMES_NS)}"
            )
        self.name, self.timeframe = NAME, finest_first[0]
        self.instruments = tuple(instrument.id for instrument in instruments)
        self._asked: dict[str, object] = {
            "instruments": list(self.instruments),
            "timeframes": finest_first,
            "from": from_ts,
            "to": to_ts,
        }
        self._sources = _sources(folder, self.instruments, finest_first)
        self._parts: list[MergedFeed] = []
        for name, (symbols, source) in zip(finest_first, self._sources, strict=True):
            last = source.last + 1
            span = (max(source.first, from_ts or 0), last if to_ts is None else min(last, to_ts))
            if span[0] < span[1]:
                self._parts.append(MergedFeed(NAME, source, symbols, name, span, rows_a_window=rows_a_window))
        if not self._parts:
            first = min(source.first for _, source in self._sources)
            last = max(source.last for _, source in self._sources)
            raise NotAvailable(
                f"{folder} has no bars of {', '.join(self.instruments)} in the range asked for;"
                f" it has them from {utc_text(first)} to {utc_text(last)}"
            )

    def identity(self) -> dict[str, object]:
        """All files by name, rows and sha256, with what was asked for."""
        files: list[object] = []
        for _, source in self._sources:
            listed = source.identity()["files"]
            assert isinstance(listed, list)
            files += listed
        return {"feed": NAME, "files": files, **self._asked}

    def span(self) -> tuple[int, int | None]:
        """First open and last close time, UTC ns."""
        spans = [part.span() for part in self._parts]
        return min(first for first, _ in spans), max(last for _, last in spans if last is not None)

    def end(self) -> int | None:
        """The last position; reads every file unless that was done."""
        return sum((part.end() or 0) + 1 for part in self._parts) - 1

    def report(self) -> FeedReport:
        """Counts of what was read so far, of all timeframes together."""
        report = FeedReport(NAME, {instrument: InstrumentReport() for instrument in self.instruments})
        for part in self._parts:
            for instrument, one in part.report().instruments.items():
                _add(report.instruments[instrument], one)
        return report

    def inputs(self, after: int = -1) -> Iterator[Input]:
        """The events past `after` one by one."""
        return inputs_of(self.batches(after))

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """The events past `after` in lists of some thousand; those up to it are read and left out."""
        return numbered(_merged([part.batches() for part in self._parts]), after)


def numbered(batches: Iterable[list[Row]], after: int) -> Iterator[list[Row]]:
    """The rows of `batches` with their index in the whole as position, those past `after`; no list is empty."""
    start = 0
    for batch in batches:
        skipped = max(0, after + 1 - start)
        if skipped < len(batch):
            first = start + skipped
            yield [(at, ts, event) for at, (_, ts, event) in enumerate(batch[skipped:], first)]
        start += len(batch)


def _sources(
    folder: Path, instruments: Sequence[str], timeframes: Sequence[str]
) -> list[tuple[list[str], RecordedSource]]:
    """Each timeframe's file with those of `instruments` that it has, in their order."""
    paths = [find_file(folder, timeframe) for timeframe in timeframes]
    there = [set(symbols_of(path)) for path in paths]
    known = set().union(*there)
    nowhere = [instrument for instrument in instruments if instrument not in known]
    sources = []
    for path, symbols in zip(paths, there, strict=True):
        # What no file has, or a file that has none, is for RecordedSource to refuse, with the nearest symbols.
        mine = nowhere or [instrument for instrument in instruments if instrument in symbols]
        sources.append((mine, RecordedSource(path, mine or instruments, {})))
    return sources


def _merged(parts: Sequence[Iterator[list[Row]]]) -> Iterator[list[Row]]:
    """The rows of all parts by time; at one time a part's stand before those of the parts after it."""
    waiting: list[list[Row]] = [[] for _ in parts]
    live = [True] * len(parts)

    def read_on(number: int) -> None:
        batch = next(parts[number], [])
        live[number] = bool(batch)
        waiting[number] += batch

    for number in range(len(parts)):
        read_on(number)
    while any(waiting):
        # Up to the earliest of the last rows read every part is known; a part may have more rows of that very time.
        known = min((rows[-1][1] for rows, more in zip(waiting, live, strict=True) if more), default=None)
        taken: list[Row] = []
        for number, rows in enumerate(waiting):
            cut = len(rows) if known is None else bisect_left(rows, known, key=_ts_of)
            taken += rows[:cut]
            waiting[number] = rows[cut:]
        taken.sort(key=_ts_of)
        if taken:
            yield taken
        for number, rows in enumerate(waiting):
            if live[number] and rows[-1][1] == known:
                read_on(number)


def _add(to: InstrumentReport, one: InstrumentReport) -> None:
    to.bars += one.bars
    to.missing += one.missing
    for reason, count in one.bad.items():
        to.bad[reason] = to.bad.get(reason, 0) + count
    if one.bars or one.bad:
        to.first_ts = min(to.first_ts or one.first_ts, one.first_ts)
        to.last_ts = max(to.last_ts, one.last_ts)
