"""A proof's figures as people read them: amounts, times, and lists of names with what became of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tradeworthy.proving.evidence_log import Proof
from tradeworthy.web.dashboard.markup import Html, facts, joined, pill, tag

BAD_WORDS: Final = frozenset({"FAIL", "DIFFERS", "NOT REACHED", "NOT ALLOWED", "NO", "failed", "warning"})
GOOD_WORDS: Final = frozenset({"PASS", "EQUAL", "yes", "passed"})
NAMES_FEW = 8
"""Names that came to the same are told with it up to so many, and beyond that as a list."""


def figures(proof: Proof) -> Html:
    """A proof's figures: single ones as names and values, lists as names with what became of each."""
    single, lists = list[tuple[str, Any]](), list[Html]()
    for name, value in proof.figures.items():
        title = name.replace("_", " ").capitalize().replace("pnl", "P&L")
        if not isinstance(value, list):
            is_sum = "digest" in name or "fingerprint" in name
            single.append((title, tag("span", value, class_="mono") if is_sum else tag("span", _text(value))))
        elif value:
            lists.append(_list(title, value))
    return joined([facts(single), *lists])


def _list(title: str, rows: Sequence[Any]) -> Html:
    """Names with what became of each; of many that came to the same, the names alone and that once."""
    pairs = [_pair(row) for row in rows]
    became = {one for _, one in pairs}
    if len(pairs) <= NAMES_FEW or len(became) > 1 or became == {""}:
        said = joined((_row(name, one) for name, one in pairs), " ")
        return tag("p", joined([tag("span", f"{title}: ", class_="soft"), said]))
    (word,) = became
    heading = joined([tag("span", f"{title}: ", class_="soft"), pill(f"{len(pairs)}: {word}", _kind(word))])
    names = tag("ul", joined(tag("li", name) for name, _ in pairs), class_="names scroll", tabindex="0")
    return joined([tag("p", heading), names])


def _pair(row: Any) -> tuple[str, str]:
    if isinstance(row, list) and len(row) == 2:
        return str(row[0]), _text(row[1])
    return row if isinstance(row, str) else json.dumps(row), ""


def _row(name: str, became: str) -> Html:
    return pill(f"{name}: {became}" if became else name, _kind(became))


def _kind(became: str) -> str:
    return "bad" if became in BAD_WORDS else "ok" if became in GOOD_WORDS else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and amount_of(value) is not None and set(value.upper()) & set(".E"):
        whole, dot, rest = f"{amount_of(value):f}".partition(".")
        return f"{whole}{dot}{rest}".rstrip("0").rstrip(".") if dot else whole
    if isinstance(value, str) and value.endswith("Z") and value[:2].isdigit():
        return _moment(value)
    return "-" if value is None or value == "" else str(value)


def _moment(text: str) -> str:
    """A time in UTC (ISO 8601) as words that may be parted; other text as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def amount_of(value: Any) -> Decimal | None:
    """A finite number; None for what is none."""
    try:
        made = Decimal(str(value))
    except InvalidOperation:
        return None
    return made if made.is_finite() else None
