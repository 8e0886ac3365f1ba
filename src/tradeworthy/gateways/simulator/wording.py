"""Titles and slugs of simulated markets, in the venue's words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Spelt out here: strftime's names follow the machine's language."""


def eastern(moment: datetime) -> datetime:
    """New York's wall clock at a UTC `moment`, by the rule of the United States since 2007."""
    summer = _sunday(moment.year, 3, 2, 7) <= moment < _sunday(moment.year, 11, 1, 6)
    return (moment - timedelta(hours=4 if summer else 5)).replace(tzinfo=None)


def noon(day: date) -> datetime:
    """The UTC moment of noon in New York on `day`."""
    early = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
    return early + timedelta(hours=12 - eastern(early).hour)


def window_title(name: str, start: datetime, end: datetime) -> str:
    """`Bitcoin Up or Down - March 12, 5:20AM-5:25AM ET`."""
    local = eastern(start)
    return f"{name} Up or Down - {day_text(local)}, {_clock(local)}-{_clock(eastern(end))} ET"


def day_text(day: date) -> str:
    """`March 12`."""
    return f"{MONTHS[day.month - 1]} {day.day}"


def price_text(price: float) -> str:
    """`$95,000`, `$0.50`: cents only where there are some."""
    return f"${price:,.2f}".removesuffix(".00")


def round_step(size: float) -> float:
    """The nearest of 1, 2, 5, 10, 20 ... to `size`, not below a cent: what people put strikes on."""
    steps = [digit * 10.0**power for power in range(-2, 9) for digit in (1, 2, 5)]
    return min(steps, key=lambda step: abs(step - size))


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment.minute:02d}{'AM' if moment.hour < 12 else 'PM'}"


def _sunday(year: int, month: int, number: int, hour: int) -> datetime:
    """The UTC `hour` of the month's Sunday with that number."""
    first = datetime(year, month, 1, hour, tzinfo=UTC)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))
