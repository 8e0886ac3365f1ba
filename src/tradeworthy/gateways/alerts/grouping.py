"""What of the alerts is said now: once for each key in a while, with what was left out, and halts again and again.

Plain values in wall time (UTC seconds): nothing here reads a clock or sends anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from tradeworthy.gateways.alerts.settings import AlertSettings
from tradeworthy.store.alerts import Alert, Severity

TITLES_MAX = 5
"""Titles of left-out alerts that a message lists at most."""


class Message(msgspec.Struct, frozen=True):
    """What one address is sent."""

    severity: Severity
    title: str
    text: str


class Happened(msgspec.Struct, frozen=True):
    """An alert of a run at a session time (UTC ns)."""

    alert: Alert
    run: str
    ts: int


class Waiting(msgspec.Struct):
    """The newest of a key that waits for its turn, and how many before it were left out, with some of their titles."""

    newest: Happened
    count: int = 0
    titles: list[str] = []


class Told(msgspec.Struct):
    """When a key was last told, and what of it waits."""

    at: float
    waiting: Waiting | None = None


class Lasting(msgspec.Struct):
    """What holds until a person acts: since when, and when it was last said."""

    happened: Happened
    since: float
    said_at: float


class GroupingState(msgspec.Struct):
    """What was told of each key in the last while, and what holds, by key."""

    told: dict[str, Told] = {}
    lasting: dict[str, Lasting] = {}


class Grouping:
    """Decides what is said, by `settings`; `state` is kept up."""

    def __init__(self, state: GroupingState, settings: AlertSettings) -> None:
        self.state, self._settings = state, settings

    def offer(self, happened: Happened, now: float) -> Message | None:
        """The message to send now for what happened, or None: it waits, counted, for its key's turn."""
        alert, state = happened.alert, self.state
        if alert.ends:
            state.lasting.pop(alert.ends, None)
            ended = state.told.get(alert.ends)
            if ended is not None and ended.waiting is None:
                # What comes after its end is news.
                del state.told[alert.ends]
        if alert.lasting:
            state.lasting[alert.key] = Lasting(happened, now, now)
        told = state.told.get(alert.key)
        if told is not None and 0.0 <= now - told.at < self._settings.repeat_s:
            told.waiting = _after(told.waiting, happened)
            return None
        waiting = _after(told.waiting if told else None, happened)
        state.told[alert.key] = Told(now)
        return _message(waiting)

    def forget_others(self, run: str) -> None:
        """Say again only what holds in `run`: one that is over halts nobody."""
        lasting = self.state.lasting
        for key in [key for key, one in lasting.items() if one.happened.run != run]:
            del lasting[key]

    def due(self, now: float, *, last: bool = False) -> Iterator[Message]:
        """What waited long enough, and what holds still; `last` has nothing wait any longer."""
        settings, state = self._settings, self.state
        for key, told in list(state.told.items()):
            if 0.0 <= now - told.at < settings.repeat_s and not (last and told.waiting):
                continue
            if told.waiting is None:
                del state.told[key]
            else:
                yield _message(told.waiting)
                state.told[key] = Told(now)
        for key, one in list(state.lasting.items()):
            held_s = now - one.since
            if held_s < 0 or held_s >= settings.critical_expire_s:
                del state.lasting[key]
            elif now - one.said_at >= settings.critical_retry_s:
                one.said_at = now
                yield _message(Waiting(one.happened), f"This holds for {held_s / 60:.0f} min by now.")


def _after(waiting: Waiting | None, happened: Happened) -> Waiting:
    """`happened` as the newest, with what waited before it counted."""
    if waiting is None:
        return Waiting(happened)
    titles = waiting.titles
    if len(titles) < TITLES_MAX:
        titles = [*titles, waiting.newest.alert.title]
    return Waiting(happened, waiting.count + 1, titles)


def _message(waiting: Waiting, also: str = "") -> Message:
    alert, run, ts = waiting.newest.alert, waiting.newest.run, waiting.newest.ts
    lines = [alert.text]
    if waiting.count:
        rest = waiting.count - len(waiting.titles)
        more = f"; and {rest} more" if rest else ""
        lines.append(f"Before it, and not sent: {'; '.join(waiting.titles)}{more} ({waiting.count} in all).")
    if also:
        lines.append(also)
    if ts:
        lines.append(f"Run {run} at {datetime.fromtimestamp(ts // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}.")
    return Message(alert.severity, alert.title, "\n".join(lines))
