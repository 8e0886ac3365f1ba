"""HTML for figures and tables."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.web.dashboard.markup import (
    MINUS,
    Column,
    Html,
    address,
    clock,
    code,
    gain,
    html,
    joined,
    link,
    money,
    narrow,
    percent,
    price,
    quantity,
    span,
    table,
    tag,
)


@given(st.text(), st.text())
def test_nothing_from_outside_becomes_an_element(text: str, attribute: str) -> None:
    """Names of markets and reasons come from strangers."""
    for made in (html(text), tag("td", text, title=attribute), link("/trace", text, packet=attribute)):
        inner = made.replace("<td", "").replace("</td>", "").replace("<a", "").replace("</a>", "")
        assert inner.count("<") == 0
        assert made.count('"') % 2 == 0


def test_a_table_says_why_it_is_empty() -> None:
    """Empty states say why; a table with rows has a caption for who can't see it."""
    columns = (Column("Market"), Column("P&L", is_figure=True))
    assert table(columns, [], caption="Trades", empty="No trade yet.") == '<p class="empty">No trade yet.</p>'
    shown = table(columns, [("<b>", Decimal("1.5"))], caption="Trades", empty="")
    assert "&lt;b&gt;" in shown
    assert "<caption>Trades</caption>" in shown
    assert '<td class="figure">1.5</td>' in shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (Decimal("1234.567"), '<span class="up"><i>▲</i>+1,234.57</span>'),
        (Decimal("-0.01"), f'<span class="down"><i>▼</i>{MINUS}0.01</span>'),
        (Decimal("-0.001"), '<span class="flat">0.00</span>'),
        (None, "-"),
    ],
)
def test_a_gain_says_its_sign_three_times(amount: Decimal | None, shown: str) -> None:
    """Sign, arrow and colour: none of them is needed alone."""
    assert gain(amount) == shown


def test_figures_are_shown_as_people_write_them() -> None:
    """Thousands apart, a true minus, no zeros that say nothing, and a dash for what is not known."""
    assert money("-1234.5") == f"{MINUS}1,234.50"
    assert percent(-0.1234) == f"{MINUS}12.3%"
    assert price(95902.494) == "95,902.49"
    assert price(0.000012345678) == "1.23457e-05"
    assert quantity(Decimal("46.9600")) == "46.96"
    assert [span(one) for one in (0.25, 61.0, 7_320.0, 90_000.0, None)] == [
        "0.2 s",
        "1 min 1 s",
        "2 h 2 min",
        "1 d 1 h",
        "-",
    ]
    assert money(None) == percent(None) == price(None) == quantity(None) == clock(None) == "-"
    assert ">09:30:00<" in clock(datetime(2026, 11, 21, 9, 30, tzinfo=UTC))


def test_addresses_leave_out_what_is_empty() -> None:
    """Queries are quoted."""
    assert address("/trace", packet="1h@BONK", run="") == "/trace?packet=1h%40BONK"
    assert address("/") == "/"


def test_html_is_not_escaped_twice() -> None:
    """What is HTML stays HTML, in whatever it is put."""
    assert tag("p", joined([Html("<b>1</b>"), " & "])) == "<p><b>1</b> &amp; </p>"


def test_a_command_is_broken_between_its_words_alone() -> None:
    """A flag stays whole on the narrowest screen, and is copied as it was written."""
    made = code("tradeworthy halt --reason 'a < b'")
    assert made.startswith("<code><span>tradeworthy</span> <span>halt</span> <span>--reason</span>")
    assert "&lt;" in made


def test_a_phones_line_leaves_out_what_is_empty() -> None:
    """Time and side, or the time alone."""
    assert narrow("01:02", "") == '<div class="under narrow">01:02</div>'
    assert narrow("01:02", "buy YES").count("\N{MIDDLE DOT}") == 1
