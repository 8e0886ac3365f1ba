"""What a prediction market asks of a price, read from its title: a strict grammar, and a reason where it ends.

Every word of a title must be understood. A title that says more than the grammar knows is no match: a wrong shape
or strike is priced with confidence and loses money.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from tradeworthy.market import titles
from tradeworthy.market.predictions import Market

MINUTE_NS = 60_000_000_000
SECOND_NS = 1_000_000_000

STRIKE_NOISE = 1e-6
"""Two strikes this near (a millionth) are the same."""


class Shape(StrEnum):
    """What makes a market YES: where the price ends, what it meets on the way, or which way a window goes."""

    ABOVE = "above"
    BELOW = "below"
    TOUCH_UP = "touch_up"
    TOUCH_DOWN = "touch_down"
    RANGE = "range"
    WINDOW = "window"
    NONE = "none"


class Match(msgspec.Struct, frozen=True, gc=False):
    """The shape of a market on the price of `underlying`; NONE with a `reason` if its title was not understood.

    A RANGE is from `strike` up to `strike_high`; a WINDOW lasts `window_ns` and its strike is the price at its start
    (None: the venue did not say). `confidence` is 1 where nothing was guessed. `at` is the time of day in the title.
    A touch counts from `from_ts` on, UTC ns (0: from the market's start), and is `guessed` if the title says no
    direction: the strike may turn out to be on the other side of the price.
    """

    shape: Shape
    underlying: str = ""
    strike: float | None = None
    strike_high: float | None = None
    window_ns: int = 0
    confidence: float = 0.0
    reason: str = ""
    at: str = ""
    from_ts: int = 0
    guessed: bool = False


ENDS = (Shape.ABOVE, Shape.BELOW, Shape.RANGE)
TOUCHES = (Shape.TOUCH_UP, Shape.TOUCH_DOWN)
"""Shapes that ask for the price at the end, and for any price until then."""

_SHAPES = {
    "above": Shape.ABOVE,
    "below": Shape.BELOW,
    "up": Shape.TOUCH_UP,
    "down": Shape.TOUCH_DOWN,
}

_SLUG = re.compile(r"([a-z]+)-updown-(\d+)([mh])-(\d+)$")
_TICKER = re.compile(r"([A-Z]+(?:-[A-Z]+)?)(?:-\d{2}[A-Z]{3}\d{0,4})?(?:-…)?-T(\d+(?:[.P]\d+)?)$")
_MINUTES_BEHIND_UTC = {"UTC": (0,), "GMT": (0,), "EST": (300,), "EDT": (240,), "ET": (240, 300)}
DAY_MINUTES = 1440
_SUMMER = range(4, 11)
"""Months that are all daylight saving time in New York."""
_UP_DOWN_LABELS = ("up", "down")
_YES_NO_LABELS = ("yes", "no")


def match(market: Market) -> Match:
    """The match of `market` by its title, its slug and what the venue says besides, which must not disagree."""
    found = match_title(market.title, slug=market.slug, underlying=market.underlying, strike=market.strike)
    if found.shape is Shape.NONE:
        return found
    labels = tuple(label.strip().lower() for label in market.labels)
    if labels != (_UP_DOWN_LABELS if found.shape is Shape.WINDOW else _YES_NO_LABELS):
        return _none("labels_unclear", found.underlying)
    slug = _SLUG.match(market.slug)
    if slug and market.end_ts:
        end_ts = int(slug[4]) * SECOND_NS + found.window_ns
        if abs(end_ts - market.end_ts) > SECOND_NS:
            return _none("end_disagrees", found.underlying)
    if found.shape in ENDS and _ends_at_another_time(found.at, market.end_ts):
        return _none("end_disagrees", found.underlying)
    if found.shape in TOUCHES and market.end_ts:
        return msgspec.structs.replace(found, from_ts=_period_start(market.title, market.end_ts))
    return found


def match_title(title: str, *, slug: str = "", underlying: str = "", strike: float | None = None) -> Match:
    """The match of a title alone; `slug`, `underlying` and `strike` are the venue's own words, "" or None if none.

    A strike that is not above 0 is none: some venues number the strikes of an event instead.
    """
    ticker = _TICKER.match(title.strip())
    if ticker:
        return _of_ticker(ticker)
    text = titles.plain(title)
    refused = titles.refused(text)
    if refused:
        return _none(refused)
    asset, fault = _asset(text, underlying)
    if fault:
        return _none(fault, asset)
    sure = 1.0 if titles.assets(text) else 0.9
    venue_strike = strike if strike is not None and strike > 0.0 else None
    if titles.UP_OR_DOWN.search(text):
        return _window(text, slug, asset, venue_strike, sure)
    return _question(text, asset, venue_strike, sure)


def _asset(text: str, hint: str) -> tuple[str, str]:
    """The one asset of a title, or why there is none."""
    named = titles.assets(text)
    if len(named) > 1:
        return "", "several_assets"
    asset = named[0] if named else hint
    if not asset:
        return "", "no_asset"
    if hint and hint != asset:
        return asset, "asset_disagrees"
    return asset, ""


def _window(text: str, slug: str, asset: str, strike: float | None, sure: float) -> Match:
    named = _SLUG.match(slug)
    minutes = titles.window_minutes(text)
    if named:
        by_slug = int(named[2]) * (60 if named[3] == "h" else 1)
        if titles.assets(named[1]) != [asset] or minutes not in (0, by_slug):
            return _none("slug_disagrees", asset)
        minutes = by_slug
    if not minutes:
        return _none("window_unknown", asset)
    left = titles.unread(titles.UP_OR_DOWN.sub(" ", text))
    if left:
        return _none("words_unknown", asset)
    return Match(Shape.WINDOW, asset, strike, None, minutes * MINUTE_NS, sure, at=titles.time_of_day(text))


def _question(text: str, asset: str, venue_strike: float | None, sure: float) -> Match:
    at = titles.time_of_day(text)
    when = titles.when(text)
    text = titles.without_dates(text)
    prices = titles.prices(text)
    verb, fault = titles.verb(text, when)
    left = titles.unread(text)
    if len(prices) > (2 if verb == "between" else 1):
        return _none("several_numbers", asset)
    if fault or left:
        return _none(fault or "words_unknown", asset)
    if verb == "between":
        low, high = prices if len(prices) == 2 else (0.0, 0.0)
        if not 0.0 < low < high:
            return _none("range_unclear", asset)
        return Match(Shape.RANGE, asset, low, high, 0, sure, at=at)
    if prices and venue_strike is not None and abs(prices[0] - venue_strike) > STRIKE_NOISE * venue_strike:
        return _none("strike_disagrees", asset)
    strike = prices[0] if prices else venue_strike
    if strike is None or strike <= 0.0:
        return _none("no_strike", asset)
    shape = _SHAPES[verb]
    guessed = shape in TOUCHES and titles.direction_is_guessed(text)
    sure *= (1.0 if when else 0.9) * (0.8 if guessed else 1.0)
    return Match(shape, asset, strike, None, 0, sure, at=at, guessed=guessed)


def _of_ticker(ticker: re.Match[str]) -> Match:
    """A ticker of the form `SERIES-DATE-Tstrike`: at or above the strike; rates without a point have two places."""
    series, figure = ticker[1], ticker[2].replace("P", ".")
    implied = series == "FEDRATE" and "." not in figure
    strike = float(figure) / (100.0 if implied else 1.0)
    named = titles.assets(series.lower().removesuffix("usd"))
    return Match(Shape.ABOVE, named[0] if named else series, strike, None, 0, 1.0)


def _ends_at_another_time(at: str, end_ts: int) -> bool:
    """Whether a title's time of day with its zone is not that of the market's end: then one of the two is wrong."""
    clock, _, zone = at.partition(" ")
    if not (zone and end_ts):
        return False
    minutes = int(clock[:2]) * 60 + int(clock[3:])
    behind = _MINUTES_BEHIND_UTC[zone]
    end = end_ts // MINUTE_NS
    return all((minutes + west - end) % DAY_MINUTES for west in behind)


def _period_start(title: str, end_ts: int) -> int:
    """When a period that the title names begins, UTC ns, by the clock of New York; 0 if it names none.

    Never too early, though in March and November it may be an hour late. Without its year it is the last such
    date before the end.
    """
    named = titles.period_start(titles.plain(title))
    if named is None:
        return 0
    year, month, day = named
    end = datetime.fromtimestamp(end_ts // SECOND_NS, UTC) - timedelta(hours=5, seconds=1)
    behind = timedelta(hours=4 if month in _SUMMER else 5)
    try:
        first = datetime(year or end.year, month, day, tzinfo=UTC)
        if not year and first > end:
            first = first.replace(year=end.year - 1)
    except ValueError:
        return 0
    return int((first + behind).timestamp()) * SECOND_NS


def _none(reason: str, asset: str = "") -> Match:
    return Match(Shape.NONE, asset, reason=reason)
