"""Rolled series of the catalog, and whether a series is whole."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.gateways.recordings import MINUTE, START, Line, bar, bars_of, instrument, rows_of, write
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.feed import CatalogFeed
from tradeworthy.gateways.catalog.importing import import_folder
from tradeworthy.gateways.catalog.rolling import RolledSeries, roll_catalog
from tradeworthy.gateways.catalog.wholeness import check_series

DAY = 1440
FIRST = date(2025, 5, 4)
TODAY = date(2025, 5, 6)
A = instrument("A")


def minutes(*stretches: range) -> list[Line]:
    """Bars of A at these minutes after START."""
    return [bar("A", minute, 100.0 + minute) for stretch in stretches for minute in stretch]


def catalog_of(folder: Path, lines: list[Line], name: str = "klines_1m.parquet") -> Catalog:
    """The catalog in `folder`, with these bars imported."""
    catalog = Catalog(folder / "catalog")
    import_folder(catalog, write(folder / "source", lines, name), "binance")
    return catalog


def stamps(catalog: Catalog) -> dict[Path, int]:
    """When each file of bars was written."""
    return {path: path.stat().st_mtime_ns for path in catalog.root.rglob("*.parquet")}


def test_rolled_series_have_coverage_and_gaps(tmp_path: Path) -> None:
    """L13: bars over what is there, how many of how many in the file, and no bar where nothing is."""
    catalog = catalog_of(tmp_path, minutes(range(7), range(20, DAY)))
    seen: list[RolledSeries] = []
    done = roll_catalog(catalog, "1m", ["1h", "5m"], progress=seen.append)
    assert seen == done
    assert [(one.timeframe, one.bars, one.partial, one.gaps) for one in done] == [
        ("5m", 288 - 2, 1, 1),
        ("1h", 24, 1, 0),
    ]
    (path,) = (tmp_path / "catalog" / "binance" / "A" / "bars_5m").glob("*.parquet")
    frame = pl.read_parquet(path).select("present", "expected", "idle")
    assert frame.head(3).rows() == [(5, 5, 0), (2, 5, 0), (5, 5, 0)]


def test_rolled_bars_are_fed_like_any_others(tmp_path: Path) -> None:
    """The catalog's feed reads them, gap and all."""
    catalog = catalog_of(tmp_path, minutes(range(10), range(15, 30)))
    roll_catalog(catalog, "1m", ["5m"])
    found = bars_of(rows_of(CatalogFeed(catalog, [A], "5m")))
    assert [(one.ts_event - START) // MINUTE for one in found] == [0, 5, 15, 20, 25]
    assert (found[1].open, found[1].high, found[1].low, found[1].close) == (105.0, 110.0, 104.0, 109.5)
    assert found[1].volume == 50.0


def test_rolling_again_brings_up_to_date_and_rewrites_nothing_else(tmp_path: Path) -> None:
    """A day whose bars are the same keeps its file; a bar that had not closed comes with its last minute."""
    catalog = catalog_of(tmp_path, minutes(range(DAY + 8)))
    roll_catalog(catalog, "1m", ["5m"])
    before = stamps(catalog)
    roll_catalog(catalog, "1m", ["5m"])
    assert stamps(catalog) == before
    catalog_of(tmp_path, minutes(range(DAY + 8, DAY + 10)))
    (done,) = roll_catalog(catalog, "1m", ["5m"])
    assert done.bars == 288 + 2
    changed = {path.name for path, when in stamps(catalog).items() if before.get(path) != when}
    assert changed == {"2025-05-05.parquet"}


def test_imported_and_rolled_bars_do_not_mix(tmp_path: Path) -> None:
    """Neither takes the other's place unasked."""
    catalog = catalog_of(tmp_path, minutes(range(10)))
    catalog_of(tmp_path, [bar("A", 0)], "klines_5m.parquet")
    with pytest.raises(UsageError, match="the 5m bars of binance/A were not rolled from 1m; delete"):
        roll_catalog(catalog, "1m", ["5m"])
    catalog_of(tmp_path, minutes(range(120)))
    roll_catalog(catalog, "1m", ["1h"])
    with pytest.raises(UsageError, match="the 1h bars of binance/A were rolled from bars_1m; delete"):
        catalog_of(tmp_path, [bar("A", 0)], "klines_1h.parquet")


def test_what_is_not_there_is_not_rolled(tmp_path: Path) -> None:
    """One line with what to do."""
    catalog = catalog_of(tmp_path, minutes(range(10)))
    for options in ({"instruments": ["B"]}, {"venue": "bybit"}):
        with pytest.raises(NotAvailable, match="tradeworthy data list says what there is"):
            roll_catalog(catalog, "1m", ["5m"], **options)
    with pytest.raises(UsageError, match="bars of 1m make no bars of 1m"):
        roll_catalog(catalog, "1m", ["1m"])


def test_a_series_without_a_hole_is_whole(tmp_path: Path) -> None:
    """D13: from its first day to yesterday, whatever there is of today."""
    catalog = catalog_of(tmp_path, minutes(range(2 * DAY + 5)))
    (series,) = catalog.list()
    found = check_series(catalog, series, TODAY)
    assert found.whole
    assert (found.first_day, found.last_day) == ("2025-05-04", "2025-05-05")
    assert (found.bars, found.bars_expected) == (2 * DAY, 2 * DAY)


def test_missing_days_and_holes_within_days_are_listed(tmp_path: Path) -> None:
    """D13: each of them, those at the begin and end of a day too."""
    catalog = catalog_of(tmp_path, minutes(range(3, 100), range(110, DAY - 2), range(3 * DAY, 4 * DAY)))
    (series,) = catalog.list()
    found = check_series(catalog, series, date(2025, 5, 9))
    assert found.days_missing == ["2025-05-05", "2025-05-06", "2025-05-08"]
    assert [((begin - START) // MINUTE, (end - START) // MINUTE) for begin, end in found.holes] == [
        (0, 3),
        (100, 110),
        (DAY - 2, DAY),
    ]
    assert found.bars_expected - found.bars == 3 * DAY + 15
    assert not found.whole
    earlier = check_series(catalog, series, date(2025, 5, 9), date(2025, 5, 2), date(2025, 5, 4))
    assert earlier.days_missing == ["2025-05-02", "2025-05-03"]


def test_changed_files_and_stale_rollups_are_named(tmp_path: Path) -> None:
    """D13: a file is what was written, and a rolled series what its source gives."""
    catalog = catalog_of(tmp_path, minutes(range(2 * DAY)))
    roll_catalog(catalog, "1m", ["5m"])
    by_minute, rolled = catalog.list()
    assert check_series(catalog, rolled, TODAY).whole
    catalog.file(by_minute, "2025-05-04").write_bytes(b"other")
    assert check_series(catalog, by_minute, TODAY).damaged == ["2025-05-04"]
    catalog_of(tmp_path, minutes(range(DAY)))
    assert check_series(catalog, catalog.list()[0], TODAY).whole
    catalog_of(tmp_path, [bar("A", 7, 55.0)])
    assert check_series(catalog, rolled, TODAY).stale
    roll_catalog(catalog, "1m", ["5m"])
    assert check_series(catalog, catalog.list()[1], TODAY).whole


def test_today_is_never_checked(tmp_path: Path) -> None:
    """D13: a day that is not over can't be whole."""
    catalog = catalog_of(tmp_path, minutes(range(10)))
    (series,) = catalog.list()
    with pytest.raises(NotAvailable, match="no day before 2025-05-04 to check"):
        check_series(catalog, series, FIRST)
    with pytest.raises(UsageError, match="2025-05-06 is not over"):
        check_series(catalog, series, TODAY, last=TODAY)
