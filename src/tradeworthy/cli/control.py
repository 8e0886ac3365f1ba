"""status, stop, halt, resume, flatten, inject: what people ask of a session."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from tradeworthy.cli.console import NOT_AVAILABLE, print_json
from tradeworthy.cli.status_view import status_lines

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
DeskName = Annotated[str, typer.Option("--desk", help="Only this desk (default: all).", metavar="NAME")]


def status(
    json: AsJson = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Show it again and again, until Ctrl+C; a terminal is drawn in place."),
    ] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2, metavar="S")] = 2.0,
) -> None:
    """Say whether a session runs, and how it stands. Exit 0 if one runs, 3 if none does.

    With --json it also gives the addresses of the database and of Redis, passwords included, and each part's
    health; an embedded server that is not running has none. With --watch a line of JSON for each look, without those
    addresses, and exit 0 whatever it saw.

    Example: psql $(tradeworthy status --json | jq -r .database_url)

    Example: ssh host tradeworthy status --watch
    """
    from tradeworthy.runtime.home import home

    if watch:
        from tradeworthy.cli.status_watch import watch_session

        watch_session(home(), every, as_json=json)
        return
    from tradeworthy.runtime.health import status as status_of

    found = status_of(home())
    if json:
        print_json(found)
    else:
        for line in status_lines(found):
            typer.echo(line)
    if not found["running"]:
        raise typer.Exit(NOT_AVAILABLE)


def stop(
    timeout: Annotated[float, typer.Option(help="Seconds to wait for it.", min=0.0, metavar="S")] = 10.0,
    force: Annotated[bool, typer.Option("--force", help="Kill it if it is not gone by then.")] = False,
) -> None:
    """End the running session in good order, and wait until it is gone. Exit 3 if none runs.

    The same `run` command goes on with it later. Even a killed session loses nothing that it has decided on.

    Example: tradeworthy stop
    """
    from tradeworthy.runtime.ending import Ended, end_session
    from tradeworthy.runtime.home import home

    ended, face = end_session(home(), timeout, force=force)
    if ended is Ended.NOT_RUNNING:
        typer.echo("no session is running")
        raise typer.Exit(NOT_AVAILABLE)
    stopped = "Pilot stopped gracefully" if face == "pilot" else "session stopped"
    killed = f"{'Pilot' if face == 'pilot' else 'session'} killed; its run goes on with the same command"
    typer.echo(stopped if ended is Ended.STOPPED else killed)


def halt(
    reason: Annotated[str, typer.Option(help="Why; it goes on record.", metavar="TEXT")],
    by: Annotated[str, typer.Option(help="Who halts (default: your user name).", metavar="NAME")] = "",
    desk: DeskName = "",
) -> None:
    """Stop all entries until a person resumes; exits go on. Works without a session, and without a database.

    The latch is a file in the home folder: what is halted stays halted over restarts.

    Example: tradeworthy halt --reason "the venue is odd"
    """
    from tradeworthy.runtime.halting import halt as halt_all
    from tradeworthy.runtime.home import home

    typer.echo(halt_all(home(), by or user_name(), reason, desk))


def resume(
    by: Annotated[str, typer.Option(help="Who resumes; it goes on record.", metavar="NAME")] = "",
    reason: Annotated[str, typer.Option(help="Why; it goes on record.", metavar="TEXT")] = "",
    desk: DeskName = "",
) -> None:
    """Release a halt, by name and with a reason.

    Example: tradeworthy resume --by anna --reason "the venue is back"
    """
    from tradeworthy.runtime.halting import resume as resume_all
    from tradeworthy.runtime.home import home

    typer.echo(resume_all(home(), by, reason, desk))


def flatten(
    account: Annotated[str, typer.Option(help="The account to close (`paper`).", metavar="NAME")] = "",
    confirm: Annotated[bool, typer.Option("--confirm", help="Yes, close all of it at market.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.", metavar="TEXT")] = "flatten",
    by: Annotated[str, typer.Option(help="Who (default: your user name).", metavar="NAME")] = "",
    desk: DeskName = "",
) -> None:
    """Halt, and close every open position at market. That can cost money, so it must be confirmed.

    Example: tradeworthy flatten --account paper --confirm
    """
    from tradeworthy.gateways.control import Flatten, ask
    from tradeworthy.runtime.home import home

    request = Flatten(account, by or user_name(), reason, desk, confirm=confirm)
    closing = ask(home().path, request)["flattening"]
    typer.echo(
        f"halted, and closing {', '.join(closing) or 'nothing: no position is open'}; resume releases it"
    )


inject = typer.Typer(no_args_is_help=True, help="Hand events from a file to the running session.")


@inject.command("price")
def inject_price(
    file: Annotated[Path, typer.Argument(help="JSON lines, one price each.", metavar="FILE")],
) -> None:
    """Hand the prices in FILE to the running session: all of them, or none if one is wrong.

    A line is {"instrument": "BTCUSDT", "price": 101.5}, with "ts" (a UTC time) if it is not of now.

    Example: tradeworthy inject price prices.jsonl
    """
    from tradeworthy.gateways.control import Inject, ask
    from tradeworthy.gateways.prices import read_prices
    from tradeworthy.runtime.home import home

    admitted = ask(home().path, Inject("price", read_prices(file)))["admitted"]
    typer.echo(f"{admitted} prices admitted")


@inject.command("state")
def inject_state(
    file: Annotated[Path, typer.Argument(help="JSON lines, one fact each.", metavar="FILE")],
) -> None:
    """Hand the facts in FILE to the running session: all of them, or none if one is wrong.

    Of a market a line is {"event": "MarketResolved", "market": "polymarket:0xabc", "payout": "0.5"}. The events are
    MarketClosed and MarketDisputed (market, reason), MarketResolved (what a YES share pays), HealthObserved (part, ok,
    word, figure), BookChanged (instrument, bids and asks as [price, shares]), InstrumentChanged (instrument, tick) and
    FeedGap (instrument, reason). Prices and sizes are text, like "0.45".

    Of an uptrend desk's row, for tests, {"instrument": "SOLX", "timeframe": "1h", "state": "S1", "payload":
    {"buy_signal": true}, "a_value": 0.5, "bars": 2} forces what the engine says of it, and {"instrument": "SOLX",
    "timeframe": "1h", "status": "paused", "reason": "..."} pauses it (paused, archived or back). A file has lines of
    one kind.

    Example: tradeworthy inject state facts.jsonl
    """
    from tradeworthy.gateways.control import Inject, ask
    from tradeworthy.gateways.injected_states import read_injected
    from tradeworthy.runtime.home import home

    kind, lines = read_injected(file)
    admitted = ask(home().path, Inject(kind, lines))["admitted"]
    typer.echo(f"{admitted} facts admitted")


@inject.command("social")
def inject_social(
    file: Annotated[Path, typer.Argument(help="JSON lines, one signal each.", metavar="FILE")],
) -> None:
    """Hand the social signals in FILE to the running session: all of them, or none if one is wrong.

    A line is {"curator": "anna", "ticker": "$SOLX", "intent": "new_discovery"}, with "chain", "contract",
    "market_cap", "volume_24h", "liquidity_usd", "age_days", "timeframe", "signal" (the source's id) and "ts" if known.

    Example: tradeworthy inject social signals.jsonl
    """
    from tradeworthy.gateways.control import Inject, ask
    from tradeworthy.gateways.social import read_signals
    from tradeworthy.runtime.home import home

    admitted = ask(home().path, Inject("social", read_signals(file)))["admitted"]
    typer.echo(f"{admitted} signals admitted")


@inject.command("actions")
def inject_actions(
    file: Annotated[Path, typer.Argument(help="JSON lines, one trade or window each.", metavar="FILE")],
) -> None:
    """Hand closed trades and windows of elsewhere to the running session, to be learned from like its own.

    A trade is {"trade": "t1", "rr": 1.2, "pnl_usd": 30, "actions": [{"pattern_key": "pm.uptrend.S1.entry",
    "action_category": "entry", "scope": {"chain": "solana"}}]}; a window is {"window": "w1", "pattern_key": ...,
    "decision": "skipped", "outcome": "success", "scope": {...}}. All of them, or none if one is wrong.

    Example: tradeworthy inject actions trades.jsonl
    """
    from tradeworthy.gateways.actions import read_actions
    from tradeworthy.gateways.control import Inject, ask
    from tradeworthy.runtime.home import home

    lines = read_actions(file)
    ask(home().path, Inject("actions", lines))
    typer.echo(f"{len(lines)} trades and windows admitted")


def user_name() -> str:
    """Who we are to the operating system, "operator" if it does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
