"""A feed's bars as panel rows, in arrays: the rows that a session's panel closes on the same feed."""

from __future__ import annotations

import numpy as np

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.feeds.protocol import Feed
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed
from tradeworthy.market.panel_frames import PanelFrame

FIGURES = ("open", "high", "low", "close", "volume")


def panel_frame(feed: Feed, *, grace_ns: int, to_ts: int | None = None) -> PanelFrame:
    """The rows of `feed`'s instruments that close by `to_ts` (UTC ns; needed for an endless feed; None: its last bar).

    A row that a bar is missing from closes `grace_ns` after its bars. NotAvailable if the feed has no bar.
    """
    instruments = tuple(feed.instruments)
    columns = {name: column for column, name in enumerate(instruments)}
    opened: list[int] = []
    rows: list[list[float]] = []
    places: list[int] = []
    at: dict[int, int] = {}
    for batch in feed.batches():
        if to_ts is not None and batch and batch[0][1] > to_ts:
            break
        for _, ts, event in batch:
            if type(event) is not BarClosed or (to_ts is not None and ts > to_ts):
                continue
            row = at.get(event.ts_event)
            if row is None:
                row = at[event.ts_event] = len(opened)
                opened.append(event.ts_event)
            places.append(row * len(instruments) + columns[event.instrument])
            rows.append([event.open, event.high, event.low, event.close, event.volume])
    if not opened:
        raise NotAvailable(
            f"the {feed.name} feed has no bar of {', '.join(instruments)} in the range asked for"
        )
    figures = np.full((len(opened) * len(instruments), len(FIGURES)), np.nan)
    figures[places] = rows
    cube = figures.reshape(len(opened), len(instruments), len(FIGURES))
    opens = np.array(opened, np.int64)
    whole = ~np.isnan(cube[:, :, 3]).any(axis=1)
    closes = opens + TIMEFRAMES_NS[feed.timeframe]
    closed = closes + np.where(whole, 0, grace_ns)
    parts = {name: np.ascontiguousarray(cube[:, :, place]) for place, name in enumerate(FIGURES)}
    frame = PanelFrame(instruments, feed.timeframe, opens, closed, **parts)
    return frame.slice(0, int((closed <= (closes.max() if to_ts is None else to_ts)).sum()))
