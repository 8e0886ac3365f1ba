"""What a check of the catalog says of the sign-off list."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tradeworthy.gateways.catalog.wholeness import Wholeness
from tradeworthy.proving.signing.cache_evidence import LISTED_MAX, evidence_of_cache

TODAY = date(2025, 3, 13)
MINUTE_NS = 60_000_000_000
BEGIN = int(datetime(2025, 3, 10, tzinfo=UTC).timestamp()) * 1_000_000_000


def checked(**given: Any) -> Wholeness:
    """A series that is whole up to the day before TODAY, but for what is `given`."""
    whole: dict[str, Any] = {
        "venue": "binance_um",
        "instrument": "BTCUSDT",
        "timeframe": "1m",
        "first_day": "2025-03-10",
        "last_day": "2025-03-12",
        "bars": 4320,
        "bars_expected": 4320,
        "days_missing": [],
        "holes": [],
        "partial": 0,
        "damaged": [],
        "stale": False,
    }
    return Wholeness(**{**whole, **given})


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, "passed"),
        ({"holes": [(BEGIN, BEGIN + MINUTE_NS)], "bars": 4319}, "passed"),
        ({"partial": 2}, "passed"),
        ({"days_missing": ["2025-03-11"]}, "failed"),
        ({"damaged": ["2025-03-11"]}, "failed"),
        ({"stale": True}, "failed"),
        ({"last_day": "2025-03-11"}, "in part"),
    ],
)
def test_missing_days_fail_and_holes_are_listed(given: dict[str, Any], status: str) -> None:
    """D13: contiguous to yesterday, gaps listed."""
    evidence = evidence_of_cache([checked(), checked(**given)], "all", "c", TODAY)["D13"]
    assert (evidence.status, evidence.part) == (status, "cache")


def test_gaps_are_named() -> None:
    """D13: stretches of days, and holes by their times, of which so many are listed."""
    holes = [(BEGIN + at * 2 * MINUTE_NS, BEGIN + (at * 2 + 1) * MINUTE_NS) for at in range(LISTED_MAX)]
    one = checked(days_missing=["2025-03-11", "2025-03-12"], holes=holes, bars=1390)
    said = evidence_of_cache([one], "all", "c", TODAY)["D13"].figures["binance_um/BTCUSDT 1m"]
    assert said.startswith(
        "2025-03-10 to 2025-03-12, 1390 of 4320 bars; missing 2025-03-11 to 2025-03-12; hole "
    )
    assert "hole 2025-03-10T00:00:00Z to 2025-03-10T00:01:00Z" in said
    assert said.endswith("; and 1 more")
