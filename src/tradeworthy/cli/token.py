"""token new, list, revoke: who may come in by the API and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeworthy.cli.console import print_json, table_lines

if TYPE_CHECKING:
    from tradeworthy.web.entry.tokens import TokenFile

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
TokenName = Annotated[str, typer.Argument(help="Whose it is; it goes on record.", metavar="NAME")]

token = typer.Typer(
    no_args_is_help=True, help="Tokens that let people and programs in to the API and the dashboard."
)


@token.command("new")
def new(
    name: TokenName,
    scope: Annotated[
        str,
        typer.Option(
            help="read: see everything. operate: also halt, resume, flatten, inject and stop.",
            metavar="read|operate",
        ),
    ],
    json: AsJson = False,
) -> None:
    """Make a token and print it, once: only its digest is kept, so it can't be shown again.

    Sign in with it at /sign-in, or send it as `Authorization: Bearer TOKEN`.

    Example: tradeworthy token new anna --scope operate
    """
    from tradeworthy.core.errors import UsageError
    from tradeworthy.web.entry.tokens import Scope

    if scope not in set(Scope):
        raise UsageError(f"there is no scope {scope[:40]!r}: give --scope read or --scope operate")
    text = _file().make(name, Scope(scope))
    if json:
        print_json({"name": name, "scope": scope, "token": text})
        return
    typer.echo(text)
    typer.echo(f"keep it: it is shown this once, and opens what {scope} may do", err=True)


@token.command("list")
def list_(json: AsJson = False) -> None:
    """List the tokens: names, scopes and ages, never the tokens themselves.

    Example: tradeworthy token list
    """
    found: list[dict[str, Any]] = [
        {"name": one.name, "scope": one.scope.value, "made_at": one.made_at, "id": one.id}
        for one in _file().list()
    ]
    if json:
        print_json(found)
        return
    for line in table_lines([[one["name"], one["scope"], one["made_at"]] for one in found], indent=""):
        typer.echo(line)
    if not found:
        typer.echo("there is no token yet: `tradeworthy token new NAME --scope read` makes one")


@token.command("revoke")
def revoke(name: TokenName, json: AsJson = False) -> None:
    """Take a token away at once, with every session that it opened. Exit 3 if there is none of that name.

    Example: tradeworthy token revoke anna
    """
    gone = _file().revoke(name)
    if json:
        print_json({"revoked": gone.name, "scope": gone.scope.value})
        return
    typer.echo(f"{gone.name} may not come in any more")


def _file() -> TokenFile:
    from tradeworthy.runtime.home import home
    from tradeworthy.web.entry.tokens import TOKENS_NAME, TokenFile

    return TokenFile(home().path / TOKENS_NAME)
