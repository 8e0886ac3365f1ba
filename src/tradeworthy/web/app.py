"""The one app: control API, figures for machines, and the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from nicegui import ui

from tradeworthy import __version__
from tradeworthy.runtime.home import Home
from tradeworthy.web import pages
from tradeworthy.web.api import downloads
from tradeworthy.web.api import events as events_api
from tradeworthy.web.api import health as health_api
from tradeworthy.web.api import resources as resources_api
from tradeworthy.web.api import runs as run_api
from tradeworthy.web.api import traces as trace_api
from tradeworthy.web.candles import CandleBook
from tradeworthy.web.entry.security import protect
from tradeworthy.web.face import Face, WithFace
from tradeworthy.web.hub import Hub
from tradeworthy.web.records import Records
from tradeworthy.web.settings import WebSettings

STATIC = Path(__file__).parent / "static"


def build_app(home: Home, settings: WebSettings) -> FastAPI:
    """The app for the installation in `home`; while it serves, its hub watches and its connections are kept."""
    records = Records(home)
    hub = Hub(home, records, push_every_s=settings.push_every_s)
    candles = CandleBook(home.runs, lambda: hub.tell_soon(frozenset({"prices"})))
    face = Face(home, settings, records, hub, candles)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        try:
            yield
        finally:
            await hub.close()
            candles.close()
            records.close()

    app = FastAPI(title="Tradeworthy", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=STATIC))
    pages.add_all()
    ui.run_with(
        app, title="Tradeworthy", favicon=STATIC / "mark.svg", tailwind=False, show_welcome_message=False
    )
    for api in (resources_api, run_api, trace_api, events_api, health_api, downloads):
        app.include_router(api.router)
    protect(app, home, settings)
    app.add_middleware(WithFace, face=face)
    health_api.observe(app)
    app.state.hub = hub
    return app
