"""The catalog: what is imported is what is read, and what is not there is said."""

import math
from pathlib import Path

import polars as pl
import pytest

from tests.gateways.recordings import MINUTE, START, Line, bar, bars_of, events_of, instrument, rows_of, write
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.feed import CatalogFeed
from tradeworthy.gateways.catalog.importing import Imported, import_folder
from tradeworthy.gateways.feeds.recorded import RecordedFeed
from tradeworthy.market.bars import FeedGap

DAY = 1440
A, B = instrument("A"), instrument("B")


def two_days() -> list[Line]:
    """Bars of A and B over midnight, with a hole of A around it."""
    return [bar("A", minute) for minute in (*range(DAY - 30, DAY - 5), *range(DAY + 5, DAY + 20))] + [
        bar("B", minute, 50.0) for minute in range(DAY - 20, DAY + 10)
    ]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A catalog of the two days."""
    catalog = Catalog(tmp_path / "catalog")
    import_folder(catalog, write(tmp_path / "source", two_days()), "binance")
    return catalog


def test_the_catalog_yields_what_the_recording_does(tmp_path: Path, catalog: Catalog) -> None:
    """Same bars, same gaps, same positions, in small windows too."""
    recorded = rows_of(RecordedFeed(tmp_path / "source", [B, A], "1m"))
    for window in (20, 100_000):
        rows = rows_of(CatalogFeed(catalog, [B, A], "1m", rows_a_window=window))
        assert [row[:2] for row in rows] == [row[:2] for row in recorded]
        assert bars_of(rows) == bars_of(recorded)
        gaps = [event for event in events_of(rows) if isinstance(event, FeedGap)]
        assert gaps == [
            FeedGap("catalog", "A", START + (DAY - 5) * MINUTE, START + (DAY + 5) * MINUTE, "missing")
        ]


def test_real_bars_come_back_from_the_catalog(tmp_path: Path, recorded_data: Path) -> None:
    """Two symbols of recorded 1-minute bars, imported, are the recorded feed bar by bar."""
    folder = recorded_data / "binance_um_1m"
    catalog = Catalog(tmp_path / "catalog")
    done = import_folder(catalog, folder, "binance", timeframes=["1m"], instruments=["ADAUSDT", "BTCUSDT"])
    assert [(one.instrument, one.dropped) for one in done] == [("ADAUSDT", {}), ("BTCUSDT", {})]
    both = [instrument("BTCUSDT"), instrument("ADAUSDT")]
    assert rows_of(CatalogFeed(catalog, both, "1m")) == rows_of(RecordedFeed(folder, both, "1m"))


def test_a_manifest_has_rows_hashes_and_gaps(catalog: Catalog) -> None:
    """By day and over the days."""
    first, second = catalog.list()
    assert (first.venue, first.instrument, first.kind, first.rows) == ("binance", "A", "bars_1m", 40)
    assert [(name, day.rows) for name, day in first.days.items()] == [("2025-05-04", 25), ("2025-05-05", 15)]
    assert list(first.gaps()) == [(START + (DAY - 5) * MINUTE, START + (DAY + 5) * MINUTE)]
    assert list(second.gaps()) == []
    assert all(len(day.sha256) == 64 for day in first.days.values())


def test_importing_again_changes_nothing(tmp_path: Path, catalog: Catalog) -> None:
    """The same bars leave the files as they are, and the feed the same."""
    before = CatalogFeed(catalog, [A, B], "1m").identity()
    stamps = {path: path.stat().st_mtime_ns for path in catalog.root.rglob("*.parquet")}
    import_folder(catalog, tmp_path / "source", "binance")
    assert {path: path.stat().st_mtime_ns for path in catalog.root.rglob("*.parquet")} == stamps
    assert CatalogFeed(catalog, [A, B], "1m").identity() == before


def test_a_later_import_fills_and_corrects(tmp_path: Path, catalog: Catalog) -> None:
    """New bars join those that are there; a bar with the same stamp replaces the old one."""
    more = [*(bar("A", minute) for minute in range(DAY - 5, DAY + 5)), bar("A", DAY + 6, 77.0)]
    (done,) = import_folder(catalog, write(tmp_path / "more", more), "binance")
    assert done.gaps == 0
    found = bars_of(rows_of(CatalogFeed(catalog, [A], "1m")))
    assert len(found) == 50
    assert [one.open for one in found if one.ts_event == START + (DAY + 6) * MINUTE] == [77.0]


def test_rows_that_are_no_bars_are_left_out_and_counted(tmp_path: Path) -> None:
    """They are holes of the series from then on, and the import says how many and why."""
    lines: list[Line] = [bar("A", 0), ("A", 1, math.nan, 2.0, 1.0, 1.5, 1.0), bar("A", 2), bar("A", 2)]
    catalog = Catalog(tmp_path / "catalog")
    seen: list[Imported] = []
    import_folder(catalog, write(tmp_path / "source", lines), "binance", progress=seen.append)
    assert [(one.bars, one.dropped, one.gaps) for one in seen] == [(2, {"nan": 1, "duplicate": 1}, 1)]
    (series,) = catalog.list()
    assert series.dropped == {"nan": 1, "duplicate": 1}


def test_a_file_that_was_changed_is_refused(catalog: Catalog) -> None:
    """The manifest's hash is what the identity says, so other content may not pass for it."""
    path = catalog.root / "binance" / "A" / "bars_1m" / "2025-05-05.parquet"
    frame = pl.read_parquet(path)
    frame.with_columns(pl.col("close") + 0.1).write_parquet(path)
    with pytest.raises(UsageError, match="is not the file of its manifest"):
        rows_of(CatalogFeed(catalog, [A], "1m"))
    path.unlink()
    with pytest.raises(UsageError, match="is not the file of its manifest"):
        rows_of(CatalogFeed(catalog, [A], "1m"))


def test_a_range_reads_its_days_alone(catalog: Catalog) -> None:
    """From and to bound open times as in the recorded feed."""
    from_ts, to_ts = START + DAY * MINUTE, START + (DAY + 10) * MINUTE
    found = bars_of(rows_of(CatalogFeed(catalog, [A, B], "1m", from_ts=from_ts, to_ts=to_ts)))
    assert [one.instrument for one in found].count("B") == 10
    assert [one.instrument for one in found].count("A") == 5
    with pytest.raises(NotAvailable, match="it has them from 2025-05-04T23:30:00Z"):
        CatalogFeed(catalog, [A], "1m", from_ts=to_ts + DAY * MINUTE)


def test_an_instrument_of_another_venue_is_found_if_there_is_one_only(
    tmp_path: Path, catalog: Catalog
) -> None:
    """Bars recorded at binance serve an instrument traded on paper; two candidates are no answer."""
    paper = instrument("A", venue="paper")
    assert len(bars_of(rows_of(CatalogFeed(catalog, [paper], "1m")))) == 40
    import_folder(catalog, tmp_path / "source", "bybit")
    with pytest.raises(NotAvailable, match="the nearest are binance/A 1m, bybit/A 1m"):
        CatalogFeed(catalog, [paper], "1m")
    with pytest.raises(NotAvailable, match="has no binance/C 1m"):
        CatalogFeed(catalog, [instrument("C")], "1m")


def test_names_stay_within_the_catalog(tmp_path: Path) -> None:
    """A slash is no folder, and dots climb nowhere."""
    catalog = Catalog(tmp_path / "catalog")
    import_folder(catalog, write(tmp_path / "source", [bar("BTC/USDT", 0)]), "binance")
    assert [one.instrument for one in catalog.list()] == ["BTC/USDT"]
    assert (catalog.root / "binance" / "BTC%2FUSDT").is_dir()
    for venue in ("..", ".", ""):
        with pytest.raises(UsageError, match="can't name a folder"):
            import_folder(catalog, tmp_path / "source", venue)


def test_what_cannot_be_imported_is_one_line(tmp_path: Path) -> None:
    """No folder, no file of bars, an unknown symbol or timeframe, a file for a catalog."""
    catalog = Catalog(tmp_path / "catalog")
    source = write(tmp_path / "source", [bar("A", 0)])
    with pytest.raises(NotAvailable, match="there is no folder"):
        import_folder(catalog, tmp_path / "none", "binance")
    with pytest.raises(NotAvailable, match="has no klines_"):
        import_folder(catalog, source, "binance", timeframes=["5m"])
    with pytest.raises(UsageError, match="timeframe '2m' is unknown"):
        import_folder(catalog, source, "binance", timeframes=["2m"])
    with pytest.raises(UsageError, match="has no symbol 'Z'"):
        import_folder(catalog, source, "binance", instruments=["Z"])
    with pytest.raises(UsageError, match="is a file"):
        Catalog(source / "klines_1m.parquet")
    with pytest.raises(NotAvailable, match="it is empty: tradeworthy data import"):
        CatalogFeed(catalog, [A], "1m")
    (source / "klines_1m.parquet").write_bytes(b"nothing")
    with pytest.raises(UsageError, match="can't be read as Parquet"):
        import_folder(catalog, source, "binance")
