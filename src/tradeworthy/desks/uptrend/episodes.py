"""Episodes of a row and the opportunity windows in them: pure steps over plain state.

An S1 episode runs from the first bar in S1 to S3 (a success) or back to S0 (a failure), whatever it does between S1
and S2. An S3 episode runs from the first bar in S3 to S0. A window is a run of bars in which a buy was on offer: near
EMA60 in S1, at or under EMA144 in S3. Source: specs/uptrend.md 19.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

import msgspec

from tradeworthy.core.events import Event, Figure
from tradeworthy.desks.uptrend.events import EpisodeEnded, WindowClosed, WindowResolved
from tradeworthy.desks.uptrend.gates import HALO, Judged, discounted
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import Payload
from tradeworthy.desks.uptrend.shortfalls import Shortfall, considered, shortfalls
from tradeworthy.learning.events import Scope
from tradeworthy.learning.scopes import S1_ENTRY, S3_DX

S1, S3 = "s1", "s3"
"""The kinds of windows."""

EPISODES = {S1: "s1_entry", S3: "s3_retest"}
PATTERNS = {S1: S1_ENTRY, S3: S3_DX}

ACTED, SKIPPED = "acted", "skipped"
SUCCESS, FAILURE, NEUTRAL = "success", "failure", "neutral"
S3_REACHED, S0_REACHED, TRIMMED, CROWDED = "s3_reached", "s0_reached", "trim_flag", "window_limit"
"""Why a window has its outcome."""

SAMPLES_MAX = 12
WINDOWS_MAX = 500
"""Windows of one row that may wait for their outcome; one more, and the oldest is resolved as neutral."""

_OUTCOMES = {
    (True, True): "success",
    (True, False): "failure",
    (False, True): "missed",
    (False, False): "correct_skip",
}


class Bar(msgspec.Struct):
    """What one bar says of a row: the engine's payload, the gates in force, the scope, and the bar's figures."""

    payload: Payload
    judged: Judged
    scope: Scope
    sample: dict[str, Figure]


class Window(msgspec.Struct):
    """A window that is open. `least` and `most` are over all its bars, `samples` the first and the last eleven.

    `last` is its newest bar, whose gates and scope it is known by.
    """

    id: str
    kind: str
    opened_ts: int
    last: Bar
    bars: int = 0
    samples: list[dict[str, Figure]] = []
    least: dict[str, float] = {}
    most: dict[str, float] = {}
    acted: bool = False
    trade: str = ""
    trimmed: bool = False
    index: int = 0


class Waiting(msgspec.Struct):
    """A closed window whose outcome is not known yet."""

    id: str
    kind: str
    acted: bool
    opened_ts: int


class Episode(msgspec.Struct):
    """An episode that is under way. `windows` names its newest windows, `opened` counts all of them."""

    id: str
    kind: str
    started_ts: int
    entered: bool = False
    succeeded: bool = False
    opened: int = 0
    windows: list[str] = []
    bars: int = 0
    shortfalls: dict[str, Shortfall] = {}


class RowEpisodes(msgspec.Struct):
    """What is remembered of one row. `last_ts` is the newest bar that was taken in (UTC ns)."""

    position: str
    last_ts: int = 0
    episodes: dict[str, Episode] = {}
    window: Window | None = None
    waiting: list[Waiting] = []


class Ended(NamedTuple):
    """A window that a bar ended: as it was, and its event."""

    window: Window
    event: WindowClosed


def take_bar(row: RowEpisodes, bar: Bar, desk: str) -> Iterator[Ended | Event]:
    """Take in one bar of `row`: windows that it ends, outcomes that it gives, episodes that it ends, in that order.

    A bar that leaves the state ends the window of the bar before it; nothing that was open is lost (B14). A trim counts
    for windows that opened on an earlier bar (B13), and an emergency exit is none.
    """
    payload = bar.payload
    row.last_ts = payload.bar_ts
    kind = offered(bar)
    if row.window is not None and row.window.kind != kind:
        yield from _close(row, row.window, payload.bar_ts, desk)
    if payload.state is Stage.S3 and payload.trim_flag and not payload.emergency_exit:
        yield from _trim(row, payload.bar_ts, desk)
    if payload.state is Stage.S3:
        yield from _end(row, S1, bar, desk, success=True)
    elif payload.state is Stage.S0:
        for one in (S1, S3):
            yield from _end(row, one, bar, desk, success=False)
    began = {Stage.S1: S1, Stage.S3: S3}.get(payload.state)
    if began and began not in row.episodes:
        row.episodes[began] = _begun(began, payload)
    if kind:
        _extend(row, kind, bar)


def take_buy(row: RowEpisodes, state: Stage, bar_ts: int, trade: str) -> None:
    """Count a buy that was executed and had been decided on at `bar_ts`: its window was acted on."""
    kind = S3 if state is Stage.S3 else S1
    if kind in row.episodes:
        row.episodes[kind].entered = True
    window = row.window
    if window is not None and window.opened_ts <= bar_ts <= window.last.payload.bar_ts:
        window.acted, window.trade = True, trade


def offered(bar: Bar) -> str:
    """The kind of window that a bar is in ("": none)."""
    payload, judged = bar.payload, bar.judged
    if payload.state is Stage.S1:
        near = bool(payload.check.get("entry_zone_ok")) or judged.passed.get(HALO, False)
        return S1 if near or payload.buy_signal or judged.buy_signal else ""
    if payload.state is Stage.S3:
        return S3 if discounted(payload) or judged.buy_flag else ""
    return ""


def _begun(kind: str, payload: Payload) -> Episode:
    # A row that was found in S3 has been there since its own S3 start: the id is that of its StageChanged.
    started = payload.s3_start_ts if kind == S3 and payload.s3_start_ts else payload.bar_ts
    return Episode(f"{kind}/{started}", kind, started)


def _extend(row: RowEpisodes, kind: str, bar: Bar) -> None:
    """The bar belongs to the open window, or opens one."""
    episode, ts = row.episodes[kind], bar.payload.bar_ts
    window = row.window
    if window is None:
        window = row.window = Window(f"{row.position}/{kind}/{ts}", kind, ts, bar, index=episode.opened)
        episode.opened += 1
        episode.windows = [*episode.windows, window.id][-WINDOWS_MAX:]
    window.last = bar
    window.bars += 1
    episode.bars += 1
    if len(window.samples) == SAMPLES_MAX:
        del window.samples[1]
    window.samples.append(bar.sample)
    for name, value in _numbers(bar.sample):
        window.least[name] = min(value, window.least.get(name, value))
        window.most[name] = max(value, window.most.get(name, value))


def _close(row: RowEpisodes, window: Window, ts: int, desk: str) -> Iterator[Ended | Event]:
    """The open window is over: its event, and its outcome if that is known already."""
    episode = row.episodes[window.kind]
    row.window = None
    for name, short in shortfalls(window.last.payload, window.last.judged).items():
        known = episode.shortfalls.setdefault(name, Shortfall())
        known.windows, known.bars = known.windows + 1, known.bars + window.bars
        known.total += short * window.bars
    judged = window.last.judged
    decision = ACTED if window.acted else SKIPPED
    closed = WindowClosed(
        desk,
        row.position,
        window.id,
        episode.id,
        EPISODES[window.kind],
        PATTERNS[window.kind],
        decision,
        _factors(window),
        judged.gates,
        judged.passed,
        judged.blocked_by,
        window.last.scope,
        window.opened_ts,
        ts,
        window.bars,
        tuple(window.samples),
        window.trade,
        window.index,
    )
    yield Ended(window, closed)
    one = Waiting(window.id, window.kind, window.acted, window.opened_ts)
    if window.trimmed:
        yield _resolved(row, one, episode.id, ts, desk, SUCCESS, TRIMMED)
        return
    row.waiting.append(one)
    if len(row.waiting) > WINDOWS_MAX:
        oldest = row.waiting.pop(0)
        yield _resolved(row, oldest, row.episodes[oldest.kind].id, ts, desk, NEUTRAL, CROWDED)


def _trim(row: RowEpisodes, ts: int, desk: str) -> Iterator[Event]:
    """The engine says trim in S3: windows that opened before this bar turned out well."""
    episode = row.episodes.get(S3)
    if episode is None:
        return
    if row.window is not None and row.window.kind == S3 and row.window.opened_ts < ts:
        row.window.trimmed = True
    episode.succeeded |= episode.opened > 0 or episode.entered
    yield from _resolve(row, S3, ts, desk, SUCCESS, TRIMMED)


def _end(row: RowEpisodes, kind: str, bar: Bar, desk: str, *, success: bool) -> Iterator[Event]:
    """The episode of that kind is over, if there is one: its windows that wait are resolved by it."""
    episode = row.episodes.get(kind)
    if episode is None:
        return
    ts = bar.payload.bar_ts
    outcome, reason = (SUCCESS, S3_REACHED) if success else (FAILURE, S0_REACHED)
    yield from _resolve(row, kind, ts, desk, outcome, reason)
    del row.episodes[kind]
    yield EpisodeEnded(
        desk,
        row.position,
        episode.id,
        EPISODES[kind],
        _OUTCOMES[episode.entered, success or episode.succeeded],
        episode.entered,
        episode.started_ts,
        ts,
        PATTERNS[kind],
        bar.scope,
        tuple(episode.windows),
        considered(episode.shortfalls, episode.bars),
    )


def _resolve(
    row: RowEpisodes, kind: str, ts: int, desk: str, outcome: str, reason: str
) -> Iterator[WindowResolved]:
    """Resolve all windows of that kind that wait: they leave the list, so each is resolved once."""
    due = [one for one in row.waiting if one.kind == kind]
    row.waiting = [one for one in row.waiting if one.kind != kind]
    episode = row.episodes[kind].id
    for one in due:
        yield _resolved(row, one, episode, ts, desk, outcome, reason)


def _resolved(
    row: RowEpisodes, one: Waiting, episode: str, ts: int, desk: str, outcome: str, reason: str
) -> WindowResolved:
    decision = ACTED if one.acted else SKIPPED
    return WindowResolved(desk, row.position, one.id, episode, decision, outcome, reason, ts)


def _factors(window: Window) -> dict[str, Figure]:
    """The newest value of each figure, its least and greatest over all bars, and its median over the samples."""
    factors: dict[str, Figure] = {"sample_count": len(window.samples)}
    kept = [dict(_numbers(sample)) for sample in window.samples]
    for name, value in _numbers(window.last.sample):
        factors[name] = value
        factors[f"{name}_min"], factors[f"{name}_max"] = window.least[name], window.most[name]
        factors[f"{name}_median"] = median(sample[name] for sample in kept if name in sample)
    return factors


def _numbers(sample: dict[str, Figure]) -> Iterator[tuple[str, float]]:
    """The figures of a bar that are measured: neither words, nor yes or no, nor its time."""
    for name, value in sample.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and name != "bar_ts":
            yield name, float(value)
