"""The words of market titles about prices: assets, numbers, verbs, dates, and what bars a reading."""

from __future__ import annotations

import re

_ALIASES = {
    "BTC": "btc|bitcoin",
    "ETH": "eth|ethereum|ether",
    "SOL": "sol|solana",
    "XRP": "xrp|ripple",
    "DOGE": "doge|dogecoin",
}
_ASSETS = {asset: re.compile(rf"\b(?:{names})\b") for asset, names in _ALIASES.items()}

_REFUSED = (
    ("all_time_high", r"all[- ]time|\bath\b|record high|new high"),
    ("market_cap", r"market ?cap|\bmcap\b|\bfdv\b|capitali[sz]ation"),
    ("dominance", r"dominance"),
    ("fund_flows", r"\betfs?\b|inflows?|outflows?|\bflows?\b"),
    (
        "holdings",
        r"microstrategy|\bstrategy\b|\bholds?\b|\bholdings?\b|\breserves?\b|treasury|\bbuys?\b|purchase",
    ),
    (
        "comparison",
        r"outperform|underperform|flip|\bversus\b|\bvs\b|ratio|than (?:bitcoin|ethereum|btc|eth)\b",
    ),
    ("other_asset", r"bitcoin cash|bitcoin sv|ethereum classic|wrapped|staked|\bbch\b|\bwbtc\b"),
    ("chain_figure", r"hash ?rate|difficulty|\bgas\b|\btvl\b|\bvolume\b|open interest|volatility|\bfees?\b"),
    (
        "path_dependent",
        r"\b(?:stay|stays|remain|remains|hold above|average|twap|every|each|all day|straight)\b",
    ),
    ("first_of_two", r"\bfirst\b"),
    ("negated", r"\bnot\b|\bnever\b|n't\b|\bwithout\b|\bfail"),
    ("percentage", r"%|\bpercent\b|\bbps?\b"),
)
_REFUSALS = tuple((reason, re.compile(pattern)) for reason, pattern in _REFUSED)

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"20\d\d"
_CLOCK = r"(?:(\d{1,2}):(\d\d)\s*([ap]m)?|(\d{1,2})\s*([ap]m))"
_ZONE = r"(?:\s*(?:et|est|edt|utc|gmt))?"
_TIME = re.compile(rf"\b{_CLOCK}{_ZONE}\b")
_TIME_SPAN = re.compile(rf"\b{_CLOCK}{_ZONE}\s*-\s*{_CLOCK}{_ZONE}\b")
_DATE = re.compile(
    rf"\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\s*-\s*(?:{_MONTH}\s+)?\d{{1,2}}\b(?:,?\s+{_YEAR}\b)?"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+{_YEAR}\b)?"
    rf"|\b{_MONTH}(?:\s+{_YEAR})?(?![a-z])|\b{_YEAR}-\d\d-\d\d\b|\bq[1-4](?:\s+{_YEAR})?\b"
    rf"|(?<![\d$,.]){_YEAR}(?![\d,.k])\b|\b(?:today|tomorrow|tonight|midnight|noon)\b"
    r"|\b(?:this|next) (?:week|month|year)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
)

_PRICE = re.compile(
    r"(?<![\w.,])(\$?)\s?(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)\s?([km])?(?!\w)(?![.,]\d)"
)
_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STATED_PERIOD = re.compile(
    rf"\b(?:in|during)\s+(?:(?P<quarter>q[1-4])|(?P<month>{_MONTH}))?,?\s*(?P<year>{_YEAR})?(?![\w,.])"
    rf"|\b(?P<first>{_MONTH})\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*-\s*(?:{_MONTH}\s+)?\d{{1,2}}\b"
    rf"(?:,?\s+(?P<spans>{_YEAR})\b)?"
)

UP_OR_DOWN = re.compile(r"\bup or down\b")

_ABOVE = re.compile(
    r"\b(?:above|over|exceeds?|surpass(?:es)?|(?:greater|more|higher) than|at least|or (?:above|higher|more))\b|≥|>="
)
_BELOW = re.compile(r"\b(?:below|under|(?:less|lower) than|or (?:below|lower|less))\b")
_UP = re.compile(
    r"\b(?:reach(?:es)?|hits?|touch(?:es)?|(?:rise|climb|rally|jump|rises|climbs)(?= (?:to|above|over)\b))\b"
)
_DOWN = re.compile(r"\b(?:dips?|drops?|falls?|crash(?:es)?|sinks?|slides?)\b")
_BETWEEN = re.compile(r"\bbetween\b.*\band\b|\$[\d,.]+[km]?\s*-\s*\$?[\d,.]+[km]?")
_HIGH_OR_LOW = re.compile(r"\((high|low)\)|(↑|↓)")
_HIT = re.compile(r"\b(?:hits?|touch(?:es)?)\b")

_POINT = re.compile(r"\b(?:on|at|close|closes|closing)\b")
_PERIOD = re.compile(r"\b(?:by|in|before|during|until|this|end of|within)\b")

_FILLER = re.compile(
    "will|the|an?|prices?|of|be|is|to|by|on|in|at|before|during|until|end|close|closes|closing|trade|trades|trading"
    "|and|or|than|s|usdt?|___|this|anytime|again|spot|candle|its?|goe?s?|gets?|what|value|token|coin"
)
_WORD = re.compile(r"[a-z_']+|[≥>=↑↓+]+")


def plain(title: str) -> str:
    """The title in lower case, with one kind of dash, quote and space."""
    text = title.strip().lower()
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", text)
    text = text.replace("\u2019", "'").replace("\u00a0", " ")
    return re.sub(r"\s+", " ", text)


def refused(text: str) -> str:
    """Why a plain title is about something else than where a price goes ("" if it may be about that)."""
    return next((reason for reason, pattern in _REFUSALS if pattern.search(text)), "")


def assets(text: str) -> list[str]:
    """The assets that a plain title names, each once, in a fixed order."""
    return [asset for asset, pattern in _ASSETS.items() if pattern.search(text)]


def without_dates(text: str) -> str:
    """The text without its dates and times of day."""
    return _DATE.sub(" ", _TIME.sub(" ", text))


def prices(text: str) -> list[float]:
    """The numbers of a text without dates, as prices: `$95,000`, `150k`, `$1.2M`."""
    return [float(figure.replace(",", "")) * _SUFFIX[suffix] for _, figure, suffix in _PRICE.findall(text)]


def when(text: str) -> str:
    """How a plain title says when: `point` (on, at), `period` (by, in, before), or "" if it says neither."""
    if not (_DATE.search(text) or _TIME.search(text)):
        return ""
    if _PERIOD.search(text):
        return "period"
    return "point" if _POINT.search(text) else ""


def period_start(text: str) -> tuple[int, int, int] | None:
    """Year, month and day on which a period named in a plain title begins (year 0: not said); None if none is named.

    `in December`, `during Q1 2026`, `in 2026`, `December 8-14`. What happens `by` a date may have happened before.
    """
    for found in _STATED_PERIOD.finditer(text):
        year = int(found["year"] or found["spans"] or 0)
        if found["first"]:
            return year, _month(found["first"]), int(found["day"])
        if found["quarter"]:
            return year, 3 * int(found["quarter"][1]) - 2, 1
        if found["month"] or year:
            return year, _month(found["month"]) if found["month"] else 1, 1
    return None


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def verb(text: str, when: str) -> tuple[str, str]:
    """The class of the verb: above, below, up, down or between; or "" and why it is none.

    An end price needs a point of time, a touched one a period: `above $100k in December` could mean either.
    """
    if _BETWEEN.search(text):
        clash = _ABOVE.search(text) or _BELOW.search(text) or _UP.search(text) or _DOWN.search(text)
        return ("", "several_verbs") if clash else ("between", "period_unclear" if when == "period" else "")
    over, under, up, down = (bool(kind.search(text)) for kind in (_ABOVE, _BELOW, _UP, _DOWN))
    if (over or up) and (under or down):
        return "", "several_verbs"
    if up or down:
        pointed = _HIGH_OR_LOW.search(text)
        falls = (pointed[1] == "low" or pointed[2] == "↓") if pointed else down
        return "down" if falls else "up", "period_unclear" if when == "point" else ""
    if not (over or under):
        return "", "no_verb"
    if when == "period" and "≥" in text:
        return "up", ""
    return "above" if over else "below", "period_unclear" if when == "period" else ""


def direction_is_guessed(text: str) -> bool:
    """Whether a touch says no direction: `hit $80k` is taken as from below, though the price may be above."""
    return bool(_HIT.search(text)) and not _HIGH_OR_LOW.search(text)


def unread(text: str) -> list[str]:
    """The words of a plain title that no rule here knows."""
    rest = _PRICE.sub(" ", without_dates(_TIME_SPAN.sub(" ", text)))
    for pattern in (_UP, _DOWN, _ABOVE, _BELOW, _HIGH_OR_LOW, *_ASSETS.values()):
        rest = pattern.sub(" ", rest)
    rest = re.sub(r"\bbetween\b", " ", rest)
    return [word for word in _WORD.findall(rest) if not _FILLER.fullmatch(word.strip("'"))]


def time_of_day(text: str) -> str:
    """The first time of day in a plain title, as HH:MM with its zone if it has one ("" if none)."""
    found = _TIME.search(text)
    if not found:
        return ""
    minutes = _minutes(found.groups())
    zone = re.search(r"\b(et|est|edt|utc|gmt)\b", text)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + (f" {zone[1].upper()}" if zone else "")


def window_minutes(text: str) -> int:
    """How long the time span in a plain title lasts (`5:20am-5:25am`); 0 if there is none, or it is no window."""
    span = _TIME_SPAN.search(text)
    if not span:
        return 0
    groups = span.groups()
    start, end = list(groups[:5]), list(groups[5:])
    if not (start[2] or start[4]):
        start[2 if start[0] else 4] = end[2] or end[4]
    return (_minutes(tuple(end)) - _minutes(tuple(start))) % 1440


def _minutes(clock: tuple[str | None, ...]) -> int:
    """Minutes since midnight of the groups of _CLOCK."""
    hour = int(clock[0] or clock[3] or 0)
    half = clock[2] or clock[4]
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + int(clock[1] or 0)
