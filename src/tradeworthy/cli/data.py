"""data import and data list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tradeworthy.cli.console import print_json, table_lines
from tradeworthy.cli.progress import progressing

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]

data = typer.Typer(no_args_is_help=True, help="Bars on disk: the catalog that `--feed catalog` reads.")


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
    instrument: Annotated[
        list[str] | None,
        typer.Option(help="Only these (default: all there are); may be repeated.", metavar="I"),
    ] = None,
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
    rows = [("instrument", "timeframe", "bars", "gaps", "left out"), *map(_imported_row, done)]
    for line in table_lines(rows, right=(2, 3), indent=""):
        typer.echo(line)


def _imported_row(one: Any) -> tuple[Any, ...]:
    left_out = ", ".join(f"{reason} {count}" for reason, count in one.dropped.items())
    return one.instrument, one.timeframe, one.bars, one.gaps, left_out or "-"


@data.command("list")
def list_(json: AsJson = False) -> None:
    """List what the catalog holds: series, bars, first and last day, gaps.

    Example: tradeworthy data list
    """
    from tradeworthy.gateways.catalog.manifest import BARS

    catalog = _catalog()
    series = [
        {
            "venue": one.venue,
            "instrument": one.instrument,
            "timeframe": one.kind.removeprefix(BARS),
            "bars": one.rows,
            "first_day": min(one.days, default=""),
            "last_day": max(one.days, default=""),
            "gaps": sum(1 for _ in one.gaps()),
            "left_out": one.dropped,
        }
        for one in catalog.list()
    ]
    if json:
        print_json(series)
        return
    if not series:
        typer.echo(f"{catalog.root} holds nothing yet; fill it with `tradeworthy data import DIR --venue V`")
        return
    names = "venue", "instrument", "timeframe", "bars", "first_day", "last_day", "gaps"
    rows = [[name.replace("_", " ") for name in names], *([one[name] for name in names] for one in series)]
    for line in table_lines(rows, right=(3, 6), indent=""):
        typer.echo(line)


def _catalog() -> Any:
    """The catalog: TRADEWORTHY_DATA__CATALOG, else the home folder's."""
    import os

    from tradeworthy.gateways.catalog.catalog import Catalog
    from tradeworthy.runtime.home import home

    named = os.environ.get("TRADEWORTHY_DATA__CATALOG")
    return Catalog(Path(named) if named else home().catalog)
