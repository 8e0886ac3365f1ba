"""Calendar factors: which markets are awake, weekday, and the moon, as functions of a time and nothing else.

They are told, and size nothing: the champion's calendar factor (`esof_mult`) is 1.0.
"""

from __future__ import annotations

import math

import msgspec

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
EPOCH_JULIAN = 2_440_587.5
"""The Julian day of 1970-01-01 00:00 UTC."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Region(msgspec.Struct, frozen=True):
    """A part of the world: its share of the liquidity, its clock's hours ahead of UTC, and its open hours by UTC."""

    name: str
    liquidity: float
    ahead_hours: float
    opens: float
    closes: float

    def is_open(self, hour: float) -> bool:
        """Whether its working day is under way at that UTC hour (0 to 24)."""
        if self.opens < self.closes:
            return self.opens <= hour < self.closes
        return hour >= self.opens or hour < self.closes


REGIONS = (
    Region("americas", 0.35, -5.0, 13.0, 22.0),
    Region("emea", 0.30, 1.0, 7.0, 16.0),
    Region("east_asia", 0.20, 8.5, 0.0, 9.0),
    Region("oceania_sea", 0.10, 9.0, 22.0, 7.0),
    Region("south_asia", 0.05, 5.5, 3.5, 12.0),
)
"""The most liquid first; the working day is 08:00 to 17:00 of the region's main market, in standard time."""


class CalendarFactors(msgspec.Struct, frozen=True):
    """What the calendar says of one time.

    `session` is the most liquid region whose day is under way, `liquidity` the share of all that are; the
    `liquidity_hour` (0 to 24) is the local time of the liquidity-weighted world. `moon_phase` is 0 at new moon, 0.5
    at full, and `moon_light` the lit share of its disc.
    """

    session: str
    weekday: str
    liquidity: float
    liquidity_hour: float
    moon_phase: float
    moon_light: float


def calendar_factors(ts: int) -> CalendarFactors:
    """The factors at `ts`, UTC ns."""
    hour = utc_hour(ts)
    awake = [region for region in REGIONS if region.is_open(hour)]
    phase = moon_phase(ts)
    return CalendarFactors(
        awake[0].name if awake else "none",
        WEEKDAYS[(ts // DAY_NS + 3) % 7],
        sum(region.liquidity for region in awake),
        liquidity_hour(ts),
        phase,
        0.5 * (1.0 - math.cos(2.0 * math.pi * phase)),
    )


def utc_hour(ts: int) -> float:
    """Hours since 00:00 UTC."""
    return ts % DAY_NS / HOUR_NS


def liquidity_hour(ts: int) -> float:
    """The mean of the regions' local hours on the clock's circle, weighted by liquidity; 0 to 24."""
    east = north = 0.0
    for region in REGIONS:
        angle = (utc_hour(ts) + region.ahead_hours) / 24.0 * 2.0 * math.pi
        east += region.liquidity * math.sin(angle)
        north += region.liquidity * math.cos(angle)
    return math.atan2(east, north) / (2.0 * math.pi) * 24.0 % 24.0


def moon_phase(ts: int) -> float:
    """How far the moon is from new to new, 0 to 1, to about an hour.

    Meeus, Astronomical Algorithms (1998), equations 47.2 to 47.4 without the higher powers, and 48.4.
    """
    centuries = (ts / DAY_NS + EPOCH_JULIAN - 2_451_545.0) / 36_525.0
    elongation = 297.8501921 + 445_267.1114034 * centuries
    sun = math.radians(357.5291092 + 35_999.0502909 * centuries)
    moon = math.radians(134.9633964 + 477_198.8675055 * centuries)
    mean = math.radians(elongation)
    angle = (
        elongation
        + 6.289 * math.sin(moon)
        - 2.100 * math.sin(sun)
        + 1.274 * math.sin(2.0 * mean - moon)
        + 0.658 * math.sin(2.0 * mean)
        + 0.214 * math.sin(2.0 * moon)
        + 0.110 * math.sin(mean)
    )
    return angle % 360.0 / 360.0
