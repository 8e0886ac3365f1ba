"""serve."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    port: Annotated[
        int | None, typer.Option(help="The port (default 5005); 0 is any that is free.", min=0, max=65_535)
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help="The address to listen at (default 127.0.0.1: this machine alone).", metavar="ADDRESS"
        ),
    ] = None,
    make_secret: Annotated[
        bool, typer.Option("--make-secret", help="Make a signing secret in the home folder if there is none.")
    ] = False,
    link: Annotated[
        bool, typer.Option("--link", help="Print a link that signs one browser in, once, as an operator.")
    ] = False,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Let a pilot run beside it, on simulated markets, if no session runs."),
    ] = False,
) -> None:
    """Serve the dashboard and the control API, beside a session or without one, until Ctrl+C.

    Sign in with a token of `tradeworthy token new`. The secret that signs sessions is TRADEWORTHY_WEB__SECRET, or the
    home folder's; without one it does not start. It reads what sessions put on record, and changes nothing but by
    halt, resume, flatten, inject and stop, which need a token with the scope `operate`.

    Example: tradeworthy serve --make-secret --link
    """
    from contextlib import nullcontext

    from tradeworthy.runtime.home import home
    from tradeworthy.web.demo_session import demo_session
    from tradeworthy.web.server import address_of, bound, sign_in_link
    from tradeworthy.web.server import serve as serve_app
    from tradeworthy.web.settings import web_settings

    settings = web_settings(home(), host=host, port=port, make_secret=make_secret)
    with bound(settings) as listening, demo_session(home()) if demo else nullcontext("") as said:
        if said:
            typer.echo(said, err=True)
        at = listening.getsockname()[1]
        address = sign_in_link(settings, at) if link else address_of(settings, at)
        serve_app(home(), settings, listening, lambda: typer.echo(f"open {address}"))
