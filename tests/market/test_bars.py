"""Which bars are valid, and how an error names the one that is not."""

import math

import msgspec
import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.market.bars import BAR_RULE, BarClosed, check_bar, check_price, utc_text

HOUR = 3_600_000_000_000
GOOD = BarClosed("BTC", "1h", 490_000 * HOUR, 10.0, 12.0, 9.0, 11.0, 0.0)


def test_a_bar_that_keeps_the_rule_passes() -> None:
    """Also one without volume, and one without any movement."""
    check_bar(GOOD)
    check_bar(msgspec.structs.replace(GOOD, open=9.0, high=9.0, low=9.0, close=9.0, volume=1e300))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"open": math.nan}, "open at 2025-11-24T16:00:00Z is nan"),
        ({"high": math.inf}, "high at 2025-11-24T16:00:00Z is inf"),
        ({"low": 0.0}, "low at 2025-11-24T16:00:00Z is 0.0"),
        ({"close": -1.0}, "close at 2025-11-24T16:00:00Z is -1.0"),
        ({"high": 8.0}, "high 8.0 is below low 9.0"),
        ({"close": 12.5}, "close 12.5 is outside low 9.0 to high 12.0"),
        ({"open": 8.5}, "open 8.5 or"),
        ({"volume": -0.5}, "volume is -0.5"),
        ({"volume": math.nan}, "volume is nan"),
        ({"volume": math.inf}, "volume is inf"),
        ({"timeframe": "7m"}, "timeframe '7m' is none of 1m, 5m"),
        ({"ts_event": 490_000 * HOUR + 1}, "its open time is no whole 1h"),
    ],
)
def test_a_bar_that_breaks_the_rule_is_named_with_value_instrument_and_time(
    change: dict[str, object], fault: str
) -> None:
    """A11: one line says which bar, what is wrong with it and what to do."""
    with pytest.raises(UsageError) as refused:
        check_bar(msgspec.structs.replace(GOOD, **change))
    message = str(refused.value)
    assert fault in message
    assert message.startswith("BTC ")
    assert "2025-11-24T16:00:00" in message
    assert message.endswith(": correct or remove it")
    assert "\n" not in message


def test_the_rule_is_said_once_and_shown_in_errors() -> None:
    """Gateways that check whole columns quote the same words."""
    with pytest.raises(UsageError) as refused:
        check_bar(msgspec.structs.replace(GOOD, volume=-1.0))
    assert BAR_RULE in str(refused.value)


def test_a_price_from_a_person_is_checked_likewise() -> None:
    """`inject price` takes no NaN."""
    check_price("BTC", "price", 1e-9, 0)
    with pytest.raises(UsageError, match="BTC price at 1970-01-01T00:00:00Z is nan"):
        check_price("BTC", "price", math.nan, 0)


@pytest.mark.parametrize(
    ("ts", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1_000_000_000, "1969-12-31T23:59:59Z"),
        ((1 << 63) - 1, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_a_time_is_shown_in_utc_to_the_nanosecond(ts: int, text: str) -> None:
    """Any int64 can be shown."""
    assert utc_text(ts) == text
