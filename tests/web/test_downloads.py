"""Trades as a file: all that fit the filters, for those who may read, safe to open in a spreadsheet."""

import csv
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.web.served import Served
from tradeworthy.web.api.downloads import COLUMNS, csv_line


def rows_of(text: str) -> list[dict[str, str]]:
    """The lines by their headings."""
    return list(csv.DictReader(text.splitlines()))


def test_the_file_has_every_trade_of_the_run(finished: Served) -> None:
    """A7: as many rows as the report counts trades, the newest first."""
    run = finished.newest("breakout")
    whole = finished.whole("trades", run=run)
    answer = finished.client.get("/trades.csv", params={"run": run})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="trades-{run}.csv"'
    rows = rows_of(answer.text)
    assert [row["id"] for row in rows] == [row["id"] for row in whole]
    assert list(rows[0]) == list(COLUMNS) if rows else not whole


def test_only_what_is_filtered_is_in_it(finished: Served) -> None:
    """The status, and days that hold nothing."""
    run = finished.newest("pilot")
    opened = finished.client.get("/trades.csv", params={"run": run, "status": "open"})
    assert {row["status"] for row in rows_of(opened.text)} <= {"open"}
    none = finished.client.get("/trades.csv", params={"run": run, "until": "2001-01-01"})
    assert rows_of(none.text) == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "lost"},
        {"since": "yesterday"},
        {"until": "2026-13-01"},
        {"run": "none-such"},
        {"strategy": "a\x00b"},
    ],
)
def test_a_wrong_filter_is_refused_before_anything_is_sent(finished: Served, query: dict[str, str]) -> None:
    """One line, and no half a file."""
    answer = finished.client.get("/trades.csv", params=query)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}


def test_strangers_get_no_file(finished: Served) -> None:
    """It needs a token or a signed-in browser."""
    assert finished.stranger.get("/trades.csv").status_code == 401


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_text_from_outside_is_a_formula(text: str) -> None:
    """A market's title may begin as it likes; money may be negative."""
    cells = next(csv.reader([csv_line([text, Decimal("-1.50"), datetime(2026, 5, 1, tzinfo=UTC), None])]))
    assert cells == [f"'{text}", "-1.50", "2026-05-01T00:00:00Z", ""]
