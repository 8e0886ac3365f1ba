"""HTML for figures and tables: everything that comes from outside is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

NOTHING = "-"
"""What stands where a figure is not known."""

MINUS = "\N{MINUS SIGN}"
"""As wide as a plus sign, so that figures stand in line."""


class Html(str):
    """Text that is HTML already; all other text is escaped where it is shown."""

    __slots__ = ()


class Column(NamedTuple):
    """A heading, whether its cells are figures (set to the right), and whether a phone leaves it out."""

    name: str
    is_figure: bool = False
    is_extra: bool = False


def html(value: Any) -> Html:
    """`value` as HTML: escaped text, a dash for None."""
    if isinstance(value, Html):
        return value
    return Html(NOTHING if value is None else escape(str(value)))


def tag(name: str, content: Any = "", **attributes: Any) -> Html:
    """An element; a trailing underscore of an attribute's name is dropped, others become dashes."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{said}>{html(content)}</{name}>")


def joined(parts: Iterable[Any], between: str = "") -> Html:
    """Several values one after the other."""
    return Html(between.join(html(part) for part in parts))


def address(path: str, **query: Any) -> str:
    """The address of a page of the dashboard; queries that are empty are left out."""
    asked = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items() if value)
    return f"{path}?{asked}" if asked else path


def link(path: str, text: Any, **query: Any) -> Html:
    """A link to a page of the dashboard."""
    return tag("a", text, href=address(path, **query))


def pill(text: Any, kind: str = "") -> Html:
    """A word in a frame; `kind` is ok, warn, bad, up, down, or nothing."""
    return tag("span", text, class_=f"pill {kind}".rstrip())


def code(text: str) -> Html:
    """Something to type; it may be broken between its words, and never within one such as `--duration`."""
    return tag("code", joined((tag("span", word) for word in text.split(" ")), " "))


def narrow(*parts: Any) -> Html:
    """A line that a phone alone shows, for what it leaves out as columns of their own; parts that are "" are not."""
    return tag("div", joined((part for part in parts if part), " \N{MIDDLE DOT} "), class_="under narrow")


def table(columns: Sequence[Column], rows: Sequence[Sequence[Any]], *, caption: str, empty: str) -> Html:
    """A table for people and screen readers, or the sentence `empty` that says why there is nothing."""
    if not rows:
        return tag("p", empty, class_="empty")
    classes = [" ".join(_classes(column)) or None for column in columns]
    heads = joined(
        tag("th", column.name, scope="col", class_=name)
        for column, name in zip(columns, classes, strict=True)
    )
    body = joined(
        tag("tr", joined(tag("td", cell, class_=name) for cell, name in zip(row, classes, strict=True)))
        for row in rows
    )
    inner = joined([tag("caption", caption), tag("thead", tag("tr", heads)), tag("tbody", body)])
    return tag("div", tag("table", inner), class_="scroll", tabindex="0", role="region", aria_label=caption)


def _classes(column: Column) -> list[str]:
    return [name for name, holds in (("figure", column.is_figure), ("extra", column.is_extra)) if holds]


def meter(share: float, kind: str = "", *, title: str | None = None) -> Html:
    """A bar that is filled to `share`, 0 to 1 and no further; `kind` is warn, bad, wide, or several of them."""
    filled = tag("span", style=f"width:{min(1.0, max(0.0, share)):.1%}")
    return tag("div", filled, class_=f"meter {kind}".rstrip(), title=title)


def facts(pairs: Iterable[tuple[str, Any]]) -> Html:
    """Names and values in two columns."""
    return tag(
        "dl", joined(joined([tag("dt", name), tag("dd", value)]) for name, value in pairs), class_="facts"
    )


def money(amount: Decimal | float | str | None, *, places: int = 2) -> Html:
    """An amount with its thousands apart, a true minus sign, and no colour."""
    if amount is None:
        return html(None)
    value = Decimal(str(amount))
    return Html(f"{MINUS if value < 0 else ''}{abs(value):,.{places}f}")


def gain(amount: Decimal | float | str | None, *, places: int = 2) -> Html:
    """A profit or a loss: sign, arrow and colour say the same, so that none of them is needed alone."""
    if amount is None:
        return html(None)
    value = Decimal(str(amount))
    rounded = round(value, places)
    if not rounded:
        return tag("span", money(abs(value), places=places), class_="flat")
    way, arrow = ("up", "▲") if rounded > 0 else ("down", "▼")
    sign = "+" if rounded > 0 else MINUS
    return tag("span", Html(f"<i>{arrow}</i>{sign}{abs(value):,.{places}f}"), class_=way)


def percent(share: Decimal | float | None, *, places: int = 1) -> Html:
    """A share of one as a percentage."""
    return html(None if share is None else f"{float(share):.{places}%}".replace("-", MINUS))


def count(number: int | None) -> Html:
    """A whole number with its thousands apart."""
    return html(None if number is None else f"{number:,}")


def number_of(number: int, what: str) -> str:
    """How many of what: `1 trade`, `2,000 trades`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def price(value: Decimal | float | str | None) -> Html:
    """A price: to the cent, or with six digits where that would say nothing."""
    if value is None:
        return html(None)
    number = float(value)
    return html(f"{number:,.2f}" if abs(number) >= 10 else f"{number:.6g}")


def quantity(value: Decimal | float | str | None) -> Html:
    """A quantity without zeros that say nothing."""
    return html(None if value is None else f"{Decimal(str(value)).normalize():,f}")


def clock(at: datetime | None) -> Html:
    """A UTC time of day with its date as a tooltip."""
    if at is None:
        return html(None)
    at = at.astimezone(UTC)
    return tag("time", f"{at:%H:%M:%S}", datetime=at.isoformat(), title=f"{at:%Y-%m-%d %H:%M:%S} UTC")


def day_clock(at: datetime | None) -> Html:
    """A UTC date and time to the minute."""
    if at is None:
        return html(None)
    at = at.astimezone(UTC)
    return tag("time", f"{at:%m-%d %H:%M}", datetime=at.isoformat(), title=f"{at:%Y-%m-%d %H:%M:%S} UTC")


def moment(at: datetime | None) -> Html:
    """A UTC date and time to the second."""
    if at is None:
        return html(None)
    at = at.astimezone(UTC)
    return tag("time", f"{at:%m-%d %H:%M:%S}", datetime=at.isoformat(), title=f"{at:%Y-%m-%d %H:%M:%S} UTC")


def span(seconds: float | None) -> Html:
    """A length of time in its two largest units, or in one where nothing is left for the other."""
    if seconds is None:
        return html(None)
    whole = int(seconds)
    for unit, length, next_unit, next_length in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60)):
        if whole >= length:
            return html(_units(whole // length, unit, whole % length // next_length, next_unit))
    return html(_units(whole // 60, "min", whole % 60, "s") if whole >= 60 else f"{seconds:.1f} s")


def _units(number: int, unit: str, rest: int, next_unit: str) -> str:
    return f"{number} {unit} {rest} {next_unit}" if rest else f"{number} {unit}"
