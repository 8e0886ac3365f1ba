"""The pages: each folder builds one, within a frame, from panels."""

from __future__ import annotations

from functools import cache

from tradeworthy.web.dashboard.serving import serve_page
from tradeworthy.web.pages.how import page as how
from tradeworthy.web.pages.learning import page as learning
from tradeworthy.web.pages.overview import page as overview
from tradeworthy.web.pages.pilot import page as pilot
from tradeworthy.web.pages.proving import page as proving
from tradeworthy.web.pages.risk import page as risk
from tradeworthy.web.pages.strategies import page as strategies
from tradeworthy.web.pages.system import page as system
from tradeworthy.web.pages.trace import page as trace
from tradeworthy.web.pages.trades import page as trades


@cache
def add_all() -> None:
    """Make every page known to this process, once."""
    serve_page("/", overview.build)
    serve_page("/pilot", pilot.build)
    serve_page("/strategies", strategies.build)
    serve_page("/trades", trades.build)
    serve_page("/risk", risk.build)
    serve_page("/learning", learning.build)
    serve_page("/proving", proving.build)
    serve_page("/trace", trace.build)
    serve_page("/system", system.build)
    serve_page("/how-it-works", how.build)
