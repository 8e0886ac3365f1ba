"""Files that people take with them: trades as CSV, as they are filtered on their page."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from tradeworthy.store.listings import LIMIT_MAX, Before, Spot
from tradeworthy.web.api.refusals import documented
from tradeworthy.web.api.values import told
from tradeworthy.web.entry.access import Reader
from tradeworthy.web.face import Face, face_of
from tradeworthy.web.pages.trades.filters import TradeFilter, filter_of
from tradeworthy.web.records import Reading

Row = dict[str, Any]

COLUMNS: Final = {
    "id": "id",
    "run": "run",
    "seq": "seq",
    "time": "created_at",
    "strategy": "strategy_id",
    "desk": "desk",
    "type": "opportunity_type",
    "market": "market_id",
    "title": "title",
    "instrument": "instrument",
    "side": "side",
    "outcome": "outcome",
    "amount": "quantity",
    "notional": "notional",
    "price": "price",
    "exit_price": "exit_price",
    "fees": "fees",
    "pnl": "realized_pnl",
    "status": "status",
    "reason": "reason",
    "opened_at": "opened_at",
    "closed_at": "closed_at",
}
"""By heading, the column of Listings.trades."""

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes a text that begins so for."""

router = APIRouter(include_in_schema=False)


@router.get("/trades.csv", response_class=StreamingResponse, responses=documented())
async def trades_csv(request: Request, _: Reader) -> StreamingResponse:
    """All trades that fit the filters (strategy, status, kind, since, until; run), the newest first."""
    face, query = face_of(request), request.query_params
    wanted, run = filter_of(query), query.get("run", "") or face.hub.run
    # The first page is read before anything is sent, so that an error is one and not half a file.
    first = await face.records.read(partial(_page, wanted, None), run)
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in run)
    return StreamingResponse(
        _lines(face, wanted, run, first),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="trades-{name}.csv"'},
    )


async def _lines(face: Face, wanted: TradeFilter, run: str, rows: list[Row]) -> AsyncIterator[str]:
    yield csv_line(list(COLUMNS))
    while rows:
        yield "".join(csv_line([row[name] for name in COLUMNS.values()]) for row in rows)
        if len(rows) < LIMIT_MAX:
            return
        last = Spot(rows[-1]["run"], rows[-1]["seq"])
        rows = await face.records.read(partial(_page, wanted, last), run)


def _page(wanted: TradeFilter, before: Before, reading: Reading) -> list[Row]:
    return reading.listings.trades(LIMIT_MAX, before, **wanted.asked())


def csv_line(cells: list[Any]) -> str:
    """One line of CSV: what is not known is empty, and no text from outside begins as a formula does."""
    file = io.StringIO()
    csv.writer(file).writerow([_cell(cell) for cell in cells])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return told(value)
