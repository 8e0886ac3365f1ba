"""What pages of HTML are made of: the page itself, its sections, tables and tiles, and how figures are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from tradeworthy.reporting.drawing import DAY_S
from tradeworthy.reporting.page_style import STYLE


def whole_page(title: str, body: Iterable[str]) -> str:
    """One file that needs nothing from outside; `title` is text, the parts of `body` are HTML."""
    inside = "\n".join(body)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{inside}\n</main>\n</body>\n</html>\n"
    )


def tiles_of(tiles: Sequence[tuple[str, str, str]]) -> str:
    """Headline figures: a name, a value and a note each, as HTML."""
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><small>{note}</small></div>" for name, value, note in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def section(title: str, content: str) -> str:
    """A part of the page under its heading; `content` is HTML."""
    return f"<section><h2>{title}</h2>{content}</section>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str) -> str:
    """Cells are HTML already."""
    top = f"<thead><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr></thead>" if heads else ""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table class="{kind}">{top}<tbody>{lines}</tbody></table></div>'


def percent(share: float | None, places: int, *, sign: bool = False) -> str:
    """A share as per cent, "-" for None."""
    if share is None:
        return "-"
    return f"{share * 100:{'+' if sign else ''}.{places}f} %"


def axis_percent(share: float) -> str:
    """A share as per cent, as short as it is exact."""
    return f"{share * 100:.10g} %"


def coloured(share: float | None) -> str:
    """A share with its sign, in the colour of gains or losses; nothing for None."""
    if share is None:
        return ""
    return f'<span class="{"up" if share >= 0 else "down"}">{percent(share, 2, sign=True)}</span>'


def ratio_text(value: float | None) -> str:
    """A figure to two places, "-" for None."""
    return "-" if value is None else f"{value:.2f}"


def money(amount: float | Decimal) -> str:
    """An amount to the cent, its thousands apart."""
    return f"{amount:,.2f}"


def signed_money(amount: float | Decimal) -> str:
    """An amount with its sign, in the colour of gains or losses."""
    return f'<span class="{"up" if amount >= 0 else "down"}">{amount:+,.2f}</span>'


def short_money(amount: float) -> str:
    """An amount for an axis."""
    return f"{amount:,.10g}"


def span_text(seconds: float) -> str:
    """A time in its largest unit."""
    for unit, length in (("d", DAY_S), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
