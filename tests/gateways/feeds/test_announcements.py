"""Recorded announcements: all of them enter, and none of them trades."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from tests.desks.uptrend.signalling import Signalling
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.desks.uptrend.events import CuratorsChanged, SignalDecided, SignalTaken
from tradeworthy.gateways.feeds.announcements import EVENTS, FOLDER, GROUPS, announcements, curators_of

ROW = {"symbol": "LRC", "group": "ATW", "date": "2018-01-03", "hour": "15:59", "exchange": "yobit"}


def recorded(folder: Path, *rows: dict[str, str]) -> Path:
    """A folder of recorded data with these announcements and one group."""
    (folder / FOLDER).mkdir()
    pl.DataFrame({"group_code": ["ATW"]}).write_parquet(folder / FOLDER / GROUPS)
    pl.DataFrame(list(rows)).write_parquet(folder / FOLDER / EVENTS)
    return folder


def test_a_row_becomes_a_signal_of_its_minute(tmp_path: Path) -> None:
    """Oldest first, times in UTC; the group is the curator."""
    folder = recorded(tmp_path, ROW, ROW | {"date": "2017-07-05", "symbol": "DALC"})
    found = announcements(folder)
    assert [(ts, one.ticker, one.curator) for ts, one in found] == [
        (1_499_270_340_000_000_000, "DALC", "ATW"),
        (1_514_995_140_000_000_000, "LRC", "ATW"),
    ]
    assert [ts for ts, _ in found] == [one.ts_event for _, one in found]
    assert found[1][1].signal == "ATW/2018-01-03T15:59/LRC/yobit"
    assert [one.id for one in curators_of(folder)] == ["ATW"]


def test_a_record_that_is_not_there_or_broken_is_named(tmp_path: Path) -> None:
    """One line with the file and the next step."""
    with pytest.raises(NotAvailable, match=r"has no social_calls/groups\.parquet; name one"):
        curators_of(tmp_path)
    folder = recorded(tmp_path, ROW | {"hour": "late"})
    with pytest.raises(UsageError, match="row 1: '2018-01-03' 'late' is no date and hour"):
        announcements(folder)
    pl.DataFrame({"symbol": ["A"]}).write_parquet(folder / FOLDER / EVENTS)
    with pytest.raises(UsageError, match="has no column 'group'"):
        announcements(folder)
    (folder / FOLDER / EVENTS).write_bytes(b"no parquet")
    with pytest.raises(UsageError, match="can't be read"):
        announcements(folder)


def test_every_recorded_announcement_is_taken_and_none_is_traded(recorded_data: Path) -> None:
    """L2: 1,110 announcements of real groups: each on record, each blocked or rejected with its reason."""
    tokens = [{"instrument": one, "ticker": one} for one in ("LRC", "BRD", "NXS")]
    desk = Signalling(tokens=tokens)
    curators = curators_of(recorded_data)
    desk.put(CuratorsChanged(curators, by="record"))
    signals = announcements(recorded_data)
    for ts, signal in signals:
        desk.put(signal, ts)
    taken = desk.events(SignalTaken)
    assert len(curators) == 13
    assert len(taken) == len(signals) == 1_110
    assert len({one.signal for one in taken}) == 1_110
    blocked = Counter(one.blocked for one in taken)
    decided = desk.events(SignalDecided)
    assert set(blocked) == {"unknown_token", ""}
    assert len(decided) == blocked[""] > 0
    assert {one.reason for one in decided} == {"low_curator_score", "unknown_curator"}
    assert not desk.trader.rows()
