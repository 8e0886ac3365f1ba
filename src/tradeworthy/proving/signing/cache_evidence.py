"""What a check of the catalog says of the sign-off list's D13: contiguous to yesterday, its gaps listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice

from tradeworthy.gateways.catalog.wholeness import Wholeness
from tradeworthy.market.bars import utc_text
from tradeworthy.market.gaps import last_whole_day, stretches
from tradeworthy.proving.signing.sign_off import CACHE_PART, Evidence, Status

LISTED_MAX = 50
"""So many gaps of a series are listed; the check itself lists all as JSON."""


def evidence_of_cache(
    checked: Sequence[Wholeness], what: str, command: str, today: date
) -> dict[str, Evidence]:
    """What `checked` series, which `what` names, say of D13.

    It fails if days are missing, files are damaged, or a rolled series is not up to date with its source. Holes within
    days are listed and pass. A check that ended before yesterday is evidence in part.
    """
    wrong = [one for one in checked if one.days_missing or one.damaged or one.stale]
    yesterday = str(last_whole_day(today))
    short = [one for one in checked if one.last_day < yesterday]
    status: Status = "failed" if wrong else "in part" if short or not checked else "passed"
    holes = sum(len(one.holes) for one in checked)
    missing = sum(len(one.days_missing) for one in checked)
    result = f"{len(checked)} series, {missing} days missing, {holes} holes within days"
    if short:
        result += f"; {len(short)} not checked up to yesterday, {yesterday}"
    figures = {f"{one.venue}/{one.instrument} {one.timeframe}": _said(one) for one in checked}
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"D13": Evidence(f"cache {what}", made_at, command, status, result, figures, {}, CACHE_PART)}


def _said(one: Wholeness) -> str:
    lead = f"{one.first_day} to {one.last_day}, {one.bars} of {one.bars_expected} bars"
    gaps = list(_gaps(one))
    more = [f"and {len(gaps) - LISTED_MAX} more"] if len(gaps) > LISTED_MAX else []
    return "; ".join([lead, *islice(gaps, LISTED_MAX), *more])


def _gaps(one: Wholeness) -> Iterator[str]:
    for begin, end in stretches(map(date.fromisoformat, one.days_missing)):
        yield f"missing {begin} to {end}"
    for day in one.damaged:
        yield f"damaged {day}"
    if one.stale:
        yield "stale: its source has changed since"
    if one.partial:
        yield f"partial: {one.partial} bars that lack source bars"
    for begins, ends in one.holes:
        yield f"hole {utc_text(begins)} to {utc_text(ends)}"
