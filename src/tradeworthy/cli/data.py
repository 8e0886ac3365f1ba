"""data fetch, import, rollup, check and list."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import PROBLEM, complain, print_json, table_lines
from tradeworthy.cli.progress import progressing

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Instruments = Annotated[
    list[str] | None,
    typer.Option("--instrument", help="Only these (default: all there are); may be repeated.", metavar="I"),
]
OfVenue = Annotated[str, typer.Option("--venue", help="Only this venue's (default: all).", metavar="V")]

SHOWN_MAX = 12
"""So many lines of what is missing are printed of a series; --json has all."""

data = typer.Typer(
    no_args_is_help=True,
    help="Bars on disk: the catalog that `--feed catalog` reads. First fetch or import, then rollup and check.",
)


@data.command("fetch")
def fetch(
    symbols: Annotated[
        list[str], typer.Argument(help="The venue's symbols, like BTCUSDT.", metavar="SYMBOL")
    ],
    first: Annotated[str, typer.Option("--from", help="The first day, in UTC: 2024-01-01.", metavar="DAY")],
    last: Annotated[
        str,
        typer.Option("--to", help="The last day (default: yesterday, the last that is over).", metavar="DAY"),
    ] = "",
    market: Annotated[
        str, typer.Option(help="um: USD-M perpetuals; spot: the spot market.", metavar="um|spot")
    ] = "um",
    timeframe: Annotated[str, typer.Option(help="1m, 5m, 15m, 1h, 4h or 1d.", metavar="T")] = "1m",
    venue: Annotated[
        str,
        typer.Option(help="The venue's name in the catalog (default: binance_um or binance).", metavar="V"),
    ] = "",
    url: Annotated[
        str,
        typer.Option(help="Another server of the archive (or TRADEWORTHY_DATA__ARCHIVE_URL).", metavar="URL"),
    ] = "",
    json: AsJson = False,
) -> None:
    """Fetch bars from Binance's public archive into the catalog, each file checked against its sha256.

    Days that are there are not fetched again, so the same command goes on where it was stopped, and brings a series
    up to yesterday. A month that mostly lacks is taken as one file, whole. Exit code 1: some days are not in the
    archive; they are named.

    Example: tradeworthy data fetch BTCUSDT ETHUSDT --from 2024-01-01
    """
    with progressing("fetching") as progress:
        from tradeworthy.gateways.archive import ARCHIVE_URL, Archive
        from tradeworthy.gateways.catalog.fetching import Wanted, check_wanted
        from tradeworthy.gateways.catalog.fetching import fetch as fetch_all
        from tradeworthy.market.gaps import last_whole_day

        today = datetime.now(UTC).date()
        until = _day(last) if last else last_whole_day(today)
        wanted = Wanted(market, symbols, timeframe, _day(first), until)
        check_wanted(wanted, today)
        files = 0

        def note(file: Any, bars: int) -> None:
            nonlocal files
            files += 1
            progress(files, f"files, {file.name}: {bars:,} bars")

        place = url or os.environ.get("TRADEWORTHY_DATA__ARCHIVE_URL") or ARCHIVE_URL
        with Archive(place) as archive:
            done = fetch_all(archive, _catalog(), wanted, today, venue=venue, progress=note)
    _report_fetch(done, as_json=json)
    if any(one.days_absent for one in done):
        raise typer.Exit(PROBLEM)


def _report_fetch(done: Sequence[Any], *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        names = "instrument", "timeframe", "files", "bars", "gaps", "days there before", "left out"
        rows = [
            (one.instrument, one.timeframe, one.files, one.bars, one.gaps, one.days_there, _left_out(one))
            for one in done
        ]
        _print_table([names, *rows], right=(2, 3, 4, 5))
    for one in done:
        if one.days_absent:
            complain(
                f"the archive has no {one.instrument} of {_days_text(one.days_absent)}; a day's file comes on the"
                " day after: give the command again later, or live with the gap",
                lead="missing: ",
            )


@data.command("import")
def import_(
    folder: Annotated[
        Path, typer.Argument(help="A folder with klines_1m.parquet or the like.", metavar="DIR")
    ],
    venue: Annotated[str, typer.Option(help="The venue's name in the catalog.", metavar="V")],
    timeframe: Annotated[
        list[str] | None,
        typer.Option(help="Only these (default: all there are); may be repeated.", metavar="T"),
    ] = None,
    instrument: Instruments = None,
    json: AsJson = False,
) -> None:
    """Import the bars in DIR into the catalog, checked bar by bar; what is no bar is left out and counted.

    Importing again replaces bars of the same time and changes nothing else.

    Example: tradeworthy data import data/binance_um_1m --venue binance_um --timeframe 1m
    """
    with progressing("importing") as progress:
        from tradeworthy.gateways.catalog.importing import import_folder

        done: list[Any] = []

        def note(imported: Any) -> None:
            done.append(imported)
            progress(sum(one.bars for one in done), f"bars, {imported.instrument} {imported.timeframe}")

        import_folder(
            _catalog(),
            folder,
            venue,
            timeframes=timeframe or (),
            instruments=instrument or (),
            progress=note,
        )
    if json:
        print_json(done)
        return
    rows = [
        ("instrument", "timeframe", "bars", "gaps", "left out"),
        *((one.instrument, one.timeframe, one.bars, one.gaps, _left_out(one)) for one in done),
    ]
    _print_table(rows, right=(2, 3))


@data.command("rollup")
def rollup(
    to: Annotated[
        list[str] | None,
        typer.Option(
            help="Timeframes to make (default: 5m, 15m, 1h, 4h and 1d); may be repeated.", metavar="T"
        ),
    ] = None,
    source: Annotated[
        str, typer.Option("--from", help="The timeframe to make them from.", metavar="T")
    ] = "1m",
    instrument: Instruments = None,
    venue: OfVenue = "",
    json: AsJson = False,
) -> None:
    """Make bars of longer timeframes from the catalog's 1-minute bars.

    A bar is made of the source bars that are there, and its file says how many of how many: *partial* counts bars
    that lack some. Where there is none at all there is no bar, but a gap. Rolling again brings the series up to date.

    Example: tradeworthy data rollup --to 5m --to 1h --instrument BTCUSDT
    """
    with progressing("rolling up") as progress:
        from tradeworthy.gateways.catalog.rolling import roll_catalog
        from tradeworthy.market.bars import TIMEFRAMES_NS

        done: list[Any] = []

        def note(series: Any) -> None:
            done.append(series)
            progress(len(done), f"series, {series.instrument} {series.timeframe}")

        default = [name for name in TIMEFRAMES_NS if TIMEFRAMES_NS[name] > TIMEFRAMES_NS.get(source, 0)]
        roll_catalog(
            _catalog(), source, to or default, venue=venue, instruments=instrument or (), progress=note
        )
    if json:
        print_json(done)
        return
    names = "venue", "instrument", "source", "timeframe", "bars", "partial", "gaps"
    _print_table([names, *([getattr(one, name) for name in names] for one in done)], right=(4, 5, 6))


@data.command("check")
def check(
    timeframe: Annotated[str, typer.Option(help="Only this one (default: all).", metavar="T")] = "",
    instrument: Instruments = None,
    venue: OfVenue = "",
    first: Annotated[
        str, typer.Option("--from", help="The first day (default: each series' first).", metavar="DAY")
    ] = "",
    last: Annotated[
        str, typer.Option("--to", help="The last day (default: yesterday, never today).", metavar="DAY")
    ] = "",
    sign_off: Annotated[
        Path | None, typer.Option(help="Folder of a sign-off list to add this to.", metavar="DIR")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check that each series is contiguous from its first day to yesterday, and its files are as written.

    Lists the days that are missing and the holes within days; counts rolled bars that lack source bars; names files
    that were changed, and rolled series whose source has changed since. Exit code 1: something of that was found.

    Example: tradeworthy data check --timeframe 1m --from 2024-01-01
    """
    from tradeworthy.gateways.catalog.rolling import chosen
    from tradeworthy.gateways.catalog.wholeness import check_series

    begin, end = (_day(text) if text else None for text in (first, last))
    catalog, today = _catalog(), datetime.now(UTC).date()
    series = chosen(catalog, timeframe, venue, instrument or ())
    done = [check_series(catalog, one, today, begin, end) for one in series]
    if sign_off:
        _sign(
            sign_off,
            done,
            today,
            timeframe=timeframe,
            instrument=instrument,
            venue=venue,
            first=first,
            to=last,
        )
    if json:
        print_json(done)
    else:
        rows: list[Sequence[Any]] = [
            ("venue", "instrument", "timeframe", "from", "to", "bars", "of", "days missing", "holes", "whole")
        ]
        for one in done:
            counts = one.bars, one.bars_expected, len(one.days_missing), len(one.holes)
            name = one.venue, one.instrument, one.timeframe, one.first_day, one.last_day
            rows.append((*name, *counts, "yes" if one.whole else "no"))
        _print_table(rows, right=(5, 6, 7, 8))
        for one in done:
            _print_faults(one)
    if not all(one.whole for one in done):
        raise typer.Exit(PROBLEM)


def _sign(folder: Path, done: Sequence[Any], today: date, **asked: Any) -> None:
    """Add the check to the sign-off list in `folder`."""
    from tradeworthy.cli.prove_sign_off import command_of
    from tradeworthy.proving.signing.cache_evidence import evidence_of_cache
    from tradeworthy.proving.signing.sign_off import sign

    asked["from"] = asked.pop("first")
    command = command_of("data", "check", **asked)
    sign(folder, evidence_of_cache(done, f"{_catalog().root} {command}", command, today))


def _print_faults(one: Any) -> None:
    """What a series lacks, stretch by stretch."""
    from tradeworthy.market.bars import utc_text

    name = f"{one.venue}/{one.instrument} {one.timeframe}"
    lines = [f"days missing: {_days_text(one.days_missing)}"] if one.days_missing else []
    lines += [f"hole: {utc_text(begin)} to {utc_text(end)}" for begin, end in one.holes]
    if len(lines) > SHOWN_MAX:
        lines[SHOWN_MAX:] = [f"and {len(lines) - SHOWN_MAX} more holes; --json lists all"]
    if one.partial:
        lines.append(f"partial: bars that lack some of their source bars: {one.partial}")
    lines += [
        f"damaged: the file of {day} is not as written; fetch or import that day again" for day in one.damaged
    ]
    if one.stale:
        lines.append("stale: its source has changed since; give `tradeworthy data rollup` again")
    for line in lines:
        typer.echo(f"{name}  {line}")


@data.command("list")
def list_(json: AsJson = False) -> None:
    """List what the catalog holds: series, bars, first and last day, gaps.

    Example: tradeworthy data list
    """
    catalog = _catalog()
    series = [
        {
            "venue": one.venue,
            "instrument": one.instrument,
            "timeframe": one.timeframe,
            "bars": one.rows,
            "first_day": min(one.days, default=""),
            "last_day": max(one.days, default=""),
            "gaps": sum(1 for _ in one.gaps()),
            "partial": one.partial,
            "left_out": one.dropped,
        }
        for one in catalog.list()
    ]
    if json:
        print_json(series)
        return
    if not series:
        typer.echo(
            f"{catalog.root} holds nothing yet; fill it with `tradeworthy data import DIR --venue V`"
            " or `tradeworthy data fetch`"
        )
        return
    names = "venue", "instrument", "timeframe", "bars", "first_day", "last_day", "gaps", "partial"
    _print_table(
        [[name.replace("_", " ") for name in names], *([one[name] for name in names] for one in series)],
        right=(3, 6, 7),
    )


def _print_table(rows: Sequence[Sequence[Any]], right: Sequence[int]) -> None:
    for line in table_lines(rows, right=right, indent=""):
        typer.echo(line)


def _left_out(one: Any) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in one.dropped.items()) or "-"


def _days_text(days: Sequence[str]) -> str:
    """Days as stretches: 2024-01-01 to 2024-01-03, 2024-02-01."""
    from tradeworthy.market.gaps import stretches

    found = stretches(date.fromisoformat(day) for day in days)
    return ", ".join(f"{begin}" if begin == end else f"{begin} to {end}" for begin, end in found)


def _day(text: str) -> date:
    """A day as it is written: 2024-01-31."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2024-01-31") from None


def _catalog() -> Any:
    """The catalog: TRADEWORTHY_DATA__CATALOG, else the home folder's."""
    from tradeworthy.gateways.catalog.catalog import Catalog
    from tradeworthy.runtime.home import home

    named = os.environ.get("TRADEWORTHY_DATA__CATALOG")
    return Catalog(Path(named) if named else home().catalog)
