"""Recorded announcements of public groups (social_calls): signals for ingestion, of years that no bars here are of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.uptrend.events import Curator, SocialSignal
from tradeworthy.gateways.feeds.recorded import SETTING

FOLDER = "social_calls"
GROUPS, EVENTS = "groups.parquet", "pump_events_telegram.parquet"
SOURCE = "telegram"

_GROUP_COLUMNS = ("group_code",)
_EVENT_COLUMNS = ("symbol", "group", "date", "hour", "exchange")


def curators_of(recorded: Path) -> tuple[Curator, ...]:
    """The groups of the record in folder `recorded`, each a curator of no merit yet, by code.

    NotAvailable if it has none, UsageError if the file can't be read.
    """
    groups = _read(recorded, GROUPS, _GROUP_COLUMNS)
    return tuple(Curator(code) for code in groups["group_code"].unique().sort().to_list())


def announcements(recorded: Path) -> list[tuple[int, SocialSignal]]:
    """The record's announcements with the time of each (UTC ns), oldest first: none is left out.

    A symbol is all that they say of a token: no contract, chain or text. Errors as curators_of.
    """
    rows = _read(recorded, EVENTS, _EVENT_COLUMNS).select(_EVENT_COLUMNS).iter_rows()
    signals = [_signal(row, number) for number, row in enumerate(rows, start=1)]
    return sorted(((signal.ts_event, signal) for signal in signals), key=lambda one: one[0])


def _signal(row: tuple[str, str, str, str, str], number: int) -> SocialSignal:
    symbol, group, date, hour, exchange = row
    try:
        said = datetime.strptime(f"{date} {hour}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(
            f"{EVENTS} row {number}: {date!r} {hour!r} is no date and hour; correct or remove it"
        ) from error
    return SocialSignal(
        signal=f"{group}/{date}T{hour}/{symbol}/{exchange}",
        curator=group,
        ticker=symbol,
        ts_event=int(said.timestamp()) * 1_000_000_000,
        source=SOURCE,
    )


def _read(recorded: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    path = recorded / FOLDER / name
    if not path.is_file():
        raise NotAvailable(
            f"the folder of recorded data {recorded} has no {FOLDER}/{name}; name one that has in {SETTING}"
        )
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).partition("\n")[0]
        raise UsageError(f"{path} can't be read: {first}; fetch it again") from error
    if missing := [column for column in columns if column not in frame.columns]:
        raise UsageError(f"{path} has no column {missing[0]!r}; it must have {', '.join(columns)}")
    return frame
