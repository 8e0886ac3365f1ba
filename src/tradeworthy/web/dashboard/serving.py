"""How a page comes to a browser: who asks is known, it is sent filled, and follows the hub from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import Request, Response
from nicegui import background_tasks, ui
from starlette.responses import RedirectResponse

from tradeworthy.web.dashboard.frame import PLACES, Frame
from tradeworthy.web.dashboard.theme import COOKIE, palette
from tradeworthy.web.dashboard.view import View
from tradeworthy.web.entry.access import access_of, caller_of
from tradeworthy.web.face import face_of

Build = Callable[[View, Request], None]
"""Makes the panels of a page, within its frame; the request has the address's queries."""

RESPONSE_S_MAX = 20.0


def serve_page(path: str, build: Build) -> None:
    """Serve what `build` makes at `path`, in every server of this process."""
    name = next(place.name for place in PLACES if place.path == path)

    @ui.page(path, title=f"{name} · Tradeworthy", response_timeout=RESPONSE_S_MAX, favicon=None)
    async def page(request: Request, client: Any) -> Response | None:
        caller = caller_of(request)
        if caller is None:
            return RedirectResponse("/sign-in", status_code=303)
        colours = palette(request.cookies.get(COOKIE))
        view = View(
            face_of(request), access_of(request), caller, request.query_params.get("run", ""), colours
        )
        ui.add_head_html('<link rel="stylesheet" href="/static/tradeworthy.css">')
        ui.add_head_html('<script defer src="/static/heard.js"></script>')
        ui.dark_mode(value=colours.is_dark)
        frame = Frame(view, path)
        with frame.body:
            build(view, request)
        await view.fill()
        frame.ready()
        task = background_tasks.create(view.follow(), name=f"follow {path}")
        task.add_done_callback(partial(_end, view, frame, client))
        client.on_delete(task.cancel)
        return None


def _end(view: View, frame: Frame, client: Any, task: asyncio.Task[Any]) -> None:
    """A page that is followed no more says so; who may not look any more has nothing left that he could ask with."""
    if task.cancelled():
        return
    frame.end()
    if not view.may_look:
        client.open("/sign-in")
        client.remove_all_elements()
