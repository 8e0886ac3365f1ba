"""The file of curated events: which markets belong together, and whether they exclude each other."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.market.predictions import Relation

COMES_ALONG = Path(__file__).with_name("us_quotes_events.toml")
"""The events of the recorded quotes that this package knows."""


class CuratedEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says of the markets named `prefix` + each of `markets`, and for which `reason`.

    Without `verified` the relation counts for nothing. Nested ones stand from the widest to the narrowest.
    """

    title: str
    relation: Literal["complete", "exclusive", "nested", "independent"]
    verified: bool
    reason: str
    prefix: str
    markets: tuple[str, ...]

    @property
    def slugs(self) -> tuple[str, ...]:
        """The whole names of its markets."""
        return tuple(self.prefix + name for name in self.markets)

    @property
    def known(self) -> Relation:
        """What may be relied on: markets that are independent of each other, or not verified, are UNKNOWN."""
        if not self.verified or self.relation == "independent":
            return Relation.UNKNOWN
        return Relation(self.relation)


class CuratedEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All events by id, and the markets that stand alone."""

    events: dict[str, CuratedEvent]
    singles: tuple[str, ...] = ()

    def by_slug(self) -> dict[str, str]:
        """The event's id of each market that belongs to one."""
        return {slug: name for name, event in self.events.items() for slug in event.slugs}


def read_events(path: Path) -> CuratedEvents:
    """The events of a TOML file; NotAvailable if there is none, UsageError if it says what it may not."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        read = msgspec.convert(content, CuratedEvents)
    except FileNotFoundError as error:
        raise NotAvailable(
            f"there is no file of curated events {path}: correct recorded_markets.events"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"the file of curated events {path} can't be used: {error}") from error
    seen: dict[str, str] = dict.fromkeys(read.singles, "singles")
    for name, event in read.events.items():
        if event.verified and not event.reason:
            raise UsageError(
                f"{path}: event {name} is verified without a reason: write down how it was checked"
            )
        for slug in event.slugs:
            if slug in seen:
                raise UsageError(f"{path}: market {slug} is in {seen[slug]} and in {name}; keep it in one")
            seen[slug] = name
    return read
