"""Binance's public archive of bars: zip files by month and by day, each with its sha256 beside it.

    <url>/data/spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip           .zip.CHECKSUM
    <url>/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-01.zip    .zip.CHECKSUM

A zip holds one CSV of twelve columns, with a header row or without. Open times are in ms; in spot files since 2025 in
us. Source: github.com/binance/binance-public-data.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import time
import zipfile
import zlib
from datetime import UTC, date, datetime
from types import TracebackType
from typing import NamedTuple, Self

import httpx
import polars as pl

from tradeworthy.core.errors import NotAvailable, Retryable, UsageError
from tradeworthy.gateways.feeds.rows import FIGURES
from tradeworthy.market.bars import TIMEFRAMES_NS, utc_text

ARCHIVE_URL = "https://data.binance.vision"

MARKETS = {"um": "futures/um", "spot": "spot"}
"""USD-M perpetuals and spot, with their folders."""

COLUMNS = (
    *("open_time", *FIGURES, "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
"""The columns of a CSV, by the names that its header has where there is one."""

MICROSECONDS_FROM = 100_000_000_000_000
"""A stamp this large is in us, a smaller one in ms: as ms it would be in the year 5138."""

BYTES_MAX = 1 << 29
"""No zip file and no CSV in one may be larger: a month of 1-minute bars has 8 MB."""

TIMEOUT_S = 30.0
TRIES = 3


class ArchiveFile(NamedTuple):
    """One file: the bars of a `symbol` in a `period`, a month (2024-01) or a day (2024-01-01) of UTC."""

    market: str
    symbol: str
    timeframe: str
    period: str

    @property
    def name(self) -> str:
        """Its name: BTCUSDT-1m-2024-01.zip."""
        return f"{self.symbol}-{self.timeframe}-{self.period}.zip"

    @property
    def path(self) -> str:
        """Where it lies under the archive's URL."""
        rhythm = "monthly" if self.is_month else "daily"
        return f"/data/{MARKETS[self.market]}/{rhythm}/klines/{self.symbol}/{self.timeframe}/{self.name}"

    @property
    def is_month(self) -> bool:
        """Whether it holds a whole month."""
        return len(self.period) == len("2024-01")

    @property
    def span(self) -> tuple[int, int]:
        """Begin and end of its period, UTC ns."""
        first = date.fromisoformat(f"{self.period}-01" if self.is_month else self.period)
        days = calendar.monthrange(first.year, first.month)[1] if self.is_month else 1
        begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) * 1_000_000_000
        return begin, begin + days * TIMEFRAMES_NS["1d"]


class Archive:
    """The archive at `url`, over one connection; a context manager.

    A server that fails for now is asked TRIES times, `pause_s` and then twice as long apart.
    """

    def __init__(self, url: str = ARCHIVE_URL, *, pause_s: float = 1.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise UsageError(f"the archive's URL is {url!r}; it must begin with http:// or https://")
        self.url, self._pause_s = url.rstrip("/"), pause_s
        self._client = httpx.Client(timeout=TIMEOUT_S, follow_redirects=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def download(self, file: ArchiveFile) -> bytes | None:
        """The zip file, checked against its sha256; None if the archive has no such file.

        Retryable if the server can't be reached, fails, or sends what does not fit the sha256.
        """
        stated = self._get(f"{file.path}.CHECKSUM")
        content = self._get(file.path)
        if content is None:
            return None
        url = self.url + file.path
        if stated is None:
            raise NotAvailable(
                f"{url} has no .CHECKSUM beside it, so it can't be trusted: nothing of it was taken"
            )
        wanted = (stated.decode("ascii", "replace").split() or [""])[0].lower()
        found = hashlib.sha256(content).hexdigest()
        if found != wanted:
            raise Retryable(
                f"{url} has the sha256 {found[:16]}..., its .CHECKSUM says {wanted[:16] or 'nothing'}...:"
                " nothing of it was taken; give the same command again"
            )
        return content

    def _get(self, path: str) -> bytes | None:
        """What is at `path`; None for a 404."""
        url = self.url + path
        failure = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(self._pause_s * 2 ** (attempt - 1))
            try:
                status, content = self._ask(url)
            except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                failure = str(error) or type(error).__name__
                break
            except httpx.TransportError as error:
                failure = str(error) or type(error).__name__
                continue
            if status in {200, 404}:
                return content if status == 200 else None
            failure = f"HTTP {status}"
            if status < 500 and status not in {408, 429}:
                break
        raise Retryable(
            f"{url} can't be had ({failure}): check the connection and the archive's URL, then give the same"
            " command again; it goes on where it stopped"
        )

    def _ask(self, url: str) -> tuple[int, bytes]:
        with self._client.stream("GET", url) as answer:
            parts: list[bytes] = []
            size = 0
            for part in answer.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > BYTES_MAX:
                    raise NotAvailable(f"{url} has more than {BYTES_MAX:,} bytes, the most that is taken")
            return answer.status_code, b"".join(parts)


def bars_in(file: ArchiveFile, content: bytes) -> pl.DataFrame:
    """The bars of a zip file: `ts` (open time, UTC ns) and FIGURES, as they stand, good or bad.

    NotAvailable in one line if it is no such file, or has bars of another period.
    """
    text = _csv_of(file, content)
    first, _, _ = text.partition(b"\n")
    fields = first.decode("utf-8", "replace").strip().split(",")
    headed = not fields[0].lstrip("-").isdigit()
    if len(fields) != len(COLUMNS) or (headed and tuple(fields[: len(FIGURES) + 1]) != COLUMNS[:6]):
        raise NotAvailable(
            f"{file.name} has the columns {first[:80].decode('utf-8', 'replace').strip()!r};"
            f" they must be {', '.join(COLUMNS)}"
        )
    kinds = {"open_time": pl.Int64(), **dict.fromkeys(FIGURES, pl.Float64())}
    schema = {name: kinds.get(name, pl.String()) for name in COLUMNS}
    try:
        rows = pl.read_csv(io.BytesIO(text), has_header=False, skip_rows=int(headed), schema=schema)
    except pl.exceptions.PolarsError as error:
        said = str(error).strip().splitlines()[0]
        raise NotAvailable(
            f"{file.name} can't be read as CSV ({said}); the archive's file is damaged"
        ) from error
    stamp = pl.col("open_time")
    unit = pl.when(stamp >= MICROSECONDS_FROM).then(1_000).otherwise(1_000_000)
    frame = rows.select((stamp * unit).alias("ts"), *FIGURES)
    begin, end = file.span
    outside = frame.filter(~pl.col("ts").is_between(begin, end, closed="left").fill_null(value=False))
    if outside.height:
        at = outside["ts"][0]
        raise NotAvailable(
            f"{file.name} has {outside.height} bars outside {file.period}, the first opened at"
            f" {'nothing' if at is None else utc_text(at)}; the archive's file is damaged"
        )
    return frame


def _csv_of(file: ArchiveFile, content: bytes) -> bytes:
    """The one file in a zip file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) != 1 or members[0].file_size > BYTES_MAX:
                sizes = ", ".join(f"{member.filename} ({member.file_size:,} bytes)" for member in members[:3])
                raise NotAvailable(
                    f"{file.name} holds {sizes or 'nothing'}; it must hold one CSV of at most {BYTES_MAX:,} bytes"
                )
            return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise NotAvailable(
            f"{file.name} is no whole zip file ({error}); the archive's file is damaged"
        ) from error
