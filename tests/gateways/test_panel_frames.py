"""A feed's bars as panel rows in arrays: the rows that a session's panel would close."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from tradeworthy.core.errors import NotAvailable
from tradeworthy.gateways.feeds.panels import panel_frame
from tradeworthy.gateways.feeds.protocol import Row
from tradeworthy.market.bars import TIMEFRAMES_NS, BarClosed, FeedGap

MINUTE, DAY = TIMEFRAMES_NS["1m"], TIMEFRAMES_NS["1d"]
GRACE = 1_000_000_000


@dataclass
class Bars:
    """A feed of the named instruments' bars at the given minutes."""

    there: dict[str, list[int]]
    name: str = "bars"
    timeframe: str = "1m"

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments in order."""
        return tuple(self.there)

    def batches(self, after: int = -1) -> Iterator[list[Row]]:
        """One batch for each minute, with a gap's event among the bars."""
        minutes = sorted({minute for minutes in self.there.values() for minute in minutes})
        for minute in minutes:
            opened = minute * MINUTE
            rows: list[Row] = [(0, opened + MINUTE, FeedGap("bars", "", 0, 1, "missing"))]
            rows += [
                (0, opened + MINUTE, BarClosed(name, "1m", opened, 1.0, 2.0, 0.5, 1.0 + minute, 3.0))
                for name, minutes in self.there.items()
                if minute in minutes
            ]
            yield rows


def test_a_row_that_a_bar_is_missing_from_closes_after_the_grace() -> None:
    """What is missing is NaN, and the row's time is that at which a session would have closed it."""
    frame = panel_frame(Bars({"A": [0, 1, 2], "B": [0, 2]}), grace_ns=GRACE)  # type: ignore[arg-type]
    assert (frame.closed_ts - frame.ts - MINUTE).tolist() == [0, GRACE, 0]
    assert frame.close[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(frame.close[1, 1])
    assert np.isnan(frame.volume[1, 1])


def test_a_last_row_that_no_session_would_close_is_left_out() -> None:
    """Its grace ends after the last bar; with a later end of the run it closes."""
    bars = Bars({"A": [0, 1], "B": [0]})
    assert panel_frame(bars, grace_ns=GRACE).rows == 1  # type: ignore[arg-type]
    assert panel_frame(bars, grace_ns=GRACE, to_ts=2 * MINUTE + GRACE).rows == 2  # type: ignore[arg-type]
    assert panel_frame(bars, grace_ns=GRACE, to_ts=MINUTE).rows == 1  # type: ignore[arg-type]


def test_days_are_found_by_the_clock() -> None:
    """A frame over midnight has two days, and slices of it are frames."""
    minutes = [1438, 1439, 1440, 2 * 1440]
    frame = panel_frame(Bars({"A": minutes}), grace_ns=GRACE)  # type: ignore[arg-type]
    assert frame.days() == [(0, 0, 2), (1, 2, 3), (2, 3, 4)]
    assert frame.slice(2, 3).ts.tolist() == [DAY]


def test_a_feed_without_a_bar_says_so() -> None:
    """Nothing to compute on is an error, no empty answer."""
    with pytest.raises(NotAvailable, match="no bar of A"):
        panel_frame(Bars({"A": []}), grace_ns=GRACE)  # type: ignore[arg-type]
