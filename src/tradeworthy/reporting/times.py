"""Session time, UTC ns, as people and files have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
DAY = 86_400 * _SECOND


def time_of(ns: int) -> datetime | None:
    """A time in ns to the microsecond, rounded down; None for 0, when nothing happened yet."""
    return _EPOCH + timedelta(microseconds=ns // 1000) if ns else None


def text_of(ns: int) -> str:
    """ISO 8601 with as many places as it takes to be exact (`2025-01-31T23:59:00Z`)."""
    seconds, part = divmod(ns, _SECOND)
    places = f".{part:09d}".rstrip("0") if part else ""
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}{places}Z"


def day_of(ns: int) -> int:
    """The UTC day as days since 1970."""
    return ns // DAY


def day_text(day: int) -> str:
    """A day as people read it (`2025-01-31`)."""
    return text_of(day * DAY)[:10]
