"""Which trades are asked for: the filters of the page and of the download, as an address has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from tradeworthy.core.errors import UsageError

STATUSES: Final = {
    "": "All trades",
    "open": "Open",
    "closed": "Closed by the desk",
    "resolved": "Resolved by the market",
    "rejected": "Refused by risk",
    "cancelled": "Asked for, not filled",
}
"""What a status is called; the last two never became trades."""

DAY: Final = timedelta(days=1)
INSTANT: Final = timedelta(microseconds=1)


class TradeFilter(NamedTuple):
    """What is empty takes all; `since` and `until` are UTC days, both included, of when a trade was opened."""

    strategy: str = ""
    status: str = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None

    def query(self) -> dict[str, str]:
        """As queries of an address."""
        return {name: str(value or "") for name, value in self._asdict().items()}

    def asked(self) -> dict[str, Any]:
        """As Listings.trades takes it."""
        last = _midnight(self.until) + (DAY - INSTANT) if self.until else None
        return {
            "strategy": self.strategy,
            "status": self.status,
            "kind": self.kind,
            "since": _midnight(self.since) if self.since else None,
            "until": last,
        }


def filter_of(query: Mapping[str, str]) -> TradeFilter:
    """The filter that an address asks for; UsageError for a status or a day that there is not."""
    status = query.get("status", "")
    if status not in STATUSES:
        raise UsageError(f"status {status[:50]!r} is none of {', '.join(filter(None, STATUSES))}")
    return TradeFilter(
        query.get("strategy", ""),
        status,
        query.get("kind", ""),
        day_of("since", query.get("since", "")),
        day_of("until", query.get("until", "")),
    )


def day_of(name: str, text: str) -> date | None:
    """A day as YYYY-MM-DD, None for ""; UsageError for anything else."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name} {text[:50]!r} is no day; give it as 2026-05-31") from None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
