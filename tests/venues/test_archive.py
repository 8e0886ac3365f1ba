"""Bars from the archive into the catalog: every file whole and checked, or not at all."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests.gateways.recordings import MINUTE
from tests.venues.archive_server import HEADER, ArchiveServer, line, minutes, zipped
from tradeworthy.core.errors import NotAvailable, Retryable, UsageError
from tradeworthy.gateways.archive import Archive, ArchiveFile
from tradeworthy.gateways.catalog.catalog import Catalog
from tradeworthy.gateways.catalog.fetching import Fetched, Wanted, fetch

TODAY = date(2025, 3, 20)
DAY = 1440


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    """An archive without any file."""
    with ArchiveServer() as server:
        yield server


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog(tmp_path / "catalog")


def file(period: str, symbol: str = "BTCUSDT", market: str = "um") -> ArchiveFile:
    """A file of 1-minute bars."""
    return ArchiveFile(market, symbol, "1m", period)


def got(server: ArchiveServer, catalog: Catalog, first: str, last: str, market: str = "um") -> Fetched:
    """Fetch BTCUSDT of these days."""
    wanted = Wanted(market, ["BTCUSDT"], "1m", date.fromisoformat(first), date.fromisoformat(last))
    with Archive(server.url, pause_s=0.0) as archive:
        (done,) = fetch(archive, catalog, wanted, TODAY)
    return done


def bars_of(catalog: Catalog) -> pl.DataFrame:
    """All bars of the only series."""
    return catalog.read(catalog.list(), 0, 1 << 62)


def test_the_paths_are_those_of_the_real_archive() -> None:
    """L13: months and days, spot and USD-M."""
    assert file("2024-01", market="spot").path == (
        "/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip"
    )
    assert file("2024-01-05").path == "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-05.zip"


def test_days_are_fetched_checked_and_read_back(server: ArchiveServer, catalog: Catalog) -> None:
    """L13: with a header or without, a row of the CSV is a bar of the catalog."""
    server.put(file("2025-03-10"), [HEADER, *minutes(file("2025-03-10"))])
    server.put(file("2025-03-11"), minutes(file("2025-03-11")))
    done = got(server, catalog, "2025-03-10", "2025-03-11")
    assert (done.venue, done.files, done.bars, done.gaps) == ("binance_um", 2, 2 * DAY, 0)
    frame = bars_of(catalog)
    begin, _ = file("2025-03-10").span
    assert frame["ts"].to_list() == list(range(begin, begin + 2 * DAY * MINUTE, MINUTE))
    assert frame.row(0)[1:6] == (100.0, 101.0, 99.0, 100.5, 10.5)
    (series,) = catalog.list()
    assert list(series.files) == ["BTCUSDT-1m-2025-03-10.zip", "BTCUSDT-1m-2025-03-11.zip"]


def test_milliseconds_and_microseconds_are_told_apart(server: ArchiveServer, catalog: Catalog) -> None:
    """L13: spot files are stamped in ms through 2024 and in us from 2025 on."""
    old, new = file("2024-12-31", market="spot"), file("2025-01-01", market="spot")
    server.put(old, minutes(old))
    server.put(new, minutes(new, unit_ns=1_000))
    done = got(server, catalog, "2024-12-31", "2025-01-01", "spot")
    assert (done.venue, done.bars, done.gaps) == ("binance", 2 * DAY, 0)


def test_a_month_is_one_file_and_the_days_after_it_are_their_own(
    server: ArchiveServer, catalog: Catalog
) -> None:
    """The fewest files that hold what is wanted."""
    server.put(file("2025-02"), minutes(file("2025-02"), DAY * 28))
    for day in ("2025-03-01", "2025-03-02"):
        server.put(file(day), minutes(file(day), 10))
    done = got(server, catalog, "2025-02-01", "2025-03-02")
    assert server.files_asked() == [
        "BTCUSDT-1m-2025-02.zip",
        "BTCUSDT-1m-2025-03-01.zip",
        "BTCUSDT-1m-2025-03-02.zip",
    ]
    assert (done.bars, done.gaps) == (28 * DAY + 20, 1)


def test_a_month_that_is_not_there_yet_is_taken_by_days(server: ArchiveServer, catalog: Catalog) -> None:
    """The month's file comes days after its end; of a month long ago its days are not asked for."""
    for number in range(1, 11):
        server.put(file(f"2025-02-{number:02}"), minutes(file(f"2025-02-{number:02}"), 3))
    done = got(server, catalog, "2024-12-01", "2025-02-10")
    assert (done.files, done.bars) == (10, 30)
    assert len(done.days_absent) == 62
    assert len(server.files_asked()) == 3 + 10


def test_what_is_there_is_not_fetched_again(server: ArchiveServer, catalog: Catalog) -> None:
    """Whole days, and days that the archive has holes in; the rest goes on."""
    server.put(file("2025-03-10"), minutes(file("2025-03-10")))
    server.put(file("2025-03-11"), minutes(file("2025-03-11"), 100))
    got(server, catalog, "2025-03-10", "2025-03-11")
    server.asked.clear()
    server.put(file("2025-03-12"), minutes(file("2025-03-12")))
    done = got(server, catalog, "2025-03-10", "2025-03-12")
    assert server.files_asked() == ["BTCUSDT-1m-2025-03-12.zip"]
    assert (done.days_there, done.files, done.bars) == (2, 1, DAY)


def test_a_fetch_that_was_cut_off_goes_on_where_it_stopped(server: ArchiveServer, catalog: Catalog) -> None:
    """What was taken before the fault stays, and is whole."""
    for day in ("2025-03-10", "2025-03-11"):
        server.put(file(day), minutes(file(day)))
    server.broken[file("2025-03-11").path] = [503, 503, 503]
    with pytest.raises(Retryable, match=r"HTTP 503.* it goes on where it stopped"):
        got(server, catalog, "2025-03-10", "2025-03-11")
    assert bars_of(catalog).height == DAY
    server.asked.clear()
    assert got(server, catalog, "2025-03-10", "2025-03-11").days_there == 1
    assert server.files_asked() == ["BTCUSDT-1m-2025-03-11.zip"]


def test_a_server_that_fails_for_now_is_asked_again(server: ArchiveServer, catalog: Catalog) -> None:
    """A refusal and a connection that broke in the middle of the file cost nothing."""
    server.put(file("2025-03-10"), minutes(file("2025-03-10")))
    server.broken[file("2025-03-10").path] = [429, 0]
    assert got(server, catalog, "2025-03-10", "2025-03-10").bars == DAY


def test_a_day_that_is_not_there_is_named(server: ArchiveServer, catalog: Catalog) -> None:
    """D13: the others are taken; a symbol without any day is an error."""
    server.put(file("2025-03-10"), minutes(file("2025-03-10")))
    done = got(server, catalog, "2025-03-09", "2025-03-11")
    assert (done.files, done.days_absent) == (1, ["2025-03-09", "2025-03-11"])
    with pytest.raises(NotAvailable, match="has no 1m bars of BTCUSDT from 2025-03-11 to 2025-03-12"):
        got(server, Catalog(catalog.root.parent / "other"), "2025-03-11", "2025-03-12")
    assert not (catalog.root.parent / "other").exists()


def test_rows_that_are_no_bars_are_left_out_and_counted(server: ArchiveServer, catalog: Catalog) -> None:
    """Over all files that were taken; they are gaps from then on."""
    for day in ("2025-03-10", "2025-03-11"):
        begin, _ = file(day).span
        rows = [line(begin), line(begin + MINUTE, volume="-1"), line(begin + 2 * MINUTE), line(begin)]
        server.put(file(day), rows)
    done = got(server, catalog, "2025-03-10", "2025-03-11")
    assert (done.bars, done.dropped) == (4, {"volume": 2, "duplicate": 2})
    assert catalog.list()[0].dropped == done.dropped


BAD = file("2025-03-10")
GOOD = minutes(BAD, 5)


def two_files() -> bytes:
    """A zip file of two."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "2")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (zipped(BAD, GOOD)[:-40], "is no whole zip file"),
        (b"nothing", "is no whole zip file"),
        (two_files(), r"holds a\.csv \(1 bytes\), b\.csv .* it must hold one CSV"),
        (zipped(BAD, ["1,2,3"]), "has the columns '1,2,3'; they must be open_time"),
        (zipped(BAD, [HEADER.replace("high", "low"), *GOOD]), "has the columns 'open_time,open,low"),
        (zipped(BAD, []), "has the columns ''"),
        (zipped(BAD, [*GOOD, GOOD[0].replace("100.0", "much", 1)]), "can't be read as CSV"),
        (zipped(BAD, [*GOOD, GOOD[0] + ",1"]), "can't be read as CSV"),
        (
            zipped(BAD, minutes(file("2025-03-11"), 1)),
            "has 1 bars outside 2025-03-10, the first opened at 2025-03-11",
        ),
        (zipped(BAD, [GOOD[0].replace(GOOD[0][:13], "")]), "has"),
    ],
)
def test_a_file_that_is_none_is_one_line_and_leaves_nothing(
    server: ArchiveServer, catalog: Catalog, content: bytes, said: str
) -> None:
    """Torn zip, wrong columns, other days: the checksum fits, and still nothing is half-written."""
    server.put_bytes(BAD, content)
    with pytest.raises(NotAvailable, match=said) as caught:
        got(server, catalog, "2025-03-10", "2025-03-10")
    assert "\n" not in str(caught.value)
    assert not list(catalog.root.rglob("*.parquet"))


def test_a_wrong_checksum_or_none_is_refused(server: ArchiveServer, catalog: Catalog) -> None:
    """What can't be trusted is not taken."""
    content = zipped(BAD, GOOD)
    server.put_bytes(BAD, content, hashlib.sha256(b"other").hexdigest())
    with pytest.raises(Retryable, match=r"its \.CHECKSUM says .* nothing of it was taken"):
        got(server, catalog, "2025-03-10", "2025-03-10")
    with ArchiveServer() as other:
        other.put_bytes(BAD, content, "")
        with pytest.raises(NotAvailable, match=r"has no \.CHECKSUM beside it"):
            got(other, catalog, "2025-03-10", "2025-03-10")
    assert not list(catalog.root.rglob("*.parquet"))


def test_a_dead_server_is_one_line(catalog: Catalog) -> None:
    """With what to do next."""
    with ArchiveServer() as server:
        pass
    with pytest.raises(Retryable, match=r"can't be had \(.*: check the connection"):
        got(server, catalog, "2025-03-10", "2025-03-10")


def test_the_checksum_of_a_refused_country_is_no_missing_file(
    server: ArchiveServer, catalog: Catalog
) -> None:
    """Only a 404 means that a day is not there."""
    server.put(BAD, GOOD)
    server.broken[BAD.path] = [451]
    with pytest.raises(Retryable, match="HTTP 451"):
        got(server, catalog, "2025-03-10", "2025-03-10")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("cm", ["A"], "1m", date(2025, 1, 1), date(2025, 1, 1)), "market 'cm' is unknown"),
        (("um", ["A"], "2m", date(2025, 1, 1), date(2025, 1, 1)), "timeframe '2m' is unknown"),
        (("um", ["../x"], "1m", date(2025, 1, 1), date(2025, 1, 1)), "symbol '../x' is none of"),
        (("um", ["btcusdt"], "1m", date(2025, 1, 1), date(2025, 1, 1)), "written like BTCUSDT"),
        (("um", ["A"], "1m", date(2025, 1, 2), date(2025, 1, 1)), "the first must not be after the last"),
        (("um", ["A"], "1m", date(2025, 1, 1), TODAY), "2025-03-20 is not over"),
    ],
)
def test_what_can_not_be_wanted_is_refused(
    server: ArchiveServer, catalog: Catalog, wanted: tuple[str, list[str], str, date, date], said: str
) -> None:
    """Before anything is asked for."""
    with Archive(server.url) as archive, pytest.raises(UsageError, match=said):
        fetch(archive, catalog, Wanted(*wanted), TODAY)
    assert server.asked == []


def test_an_url_without_a_scheme_is_refused() -> None:
    """One line with the value."""
    with pytest.raises(UsageError, match="the archive's URL is 'localhost'"):
        Archive("localhost")
