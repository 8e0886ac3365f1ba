"""The files of a configuration's desks on a panel, for a session's observer to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tradeworthy.market.money import Scale, cash_of
from tradeworthy.risk.settings import PPM, ppm_of
from tradeworthy.runtime.assembly import instruments_of
from tradeworthy.runtime.configuration import Configuration

if TYPE_CHECKING:
    from tradeworthy.reporting.desk_logs import DeskLogs


def panel_logs(configuration: Configuration, out: Path, first_day: int = 0) -> DeskLogs | None:
    """Logs of the desks that trade a panel, from `first_day` (days since 1970) on; None if there is no such desk."""
    desks = [desk for desk in configuration.desks if desk.on_panel]
    if not desks:
        return None
    # Both load compiled steps, which no other session needs.
    from tradeworthy.execution.steps import terms_of
    from tradeworthy.reporting.desk_logs import DeskLogs

    cash = cash_of(configuration.account.cash)
    capital = {desk.name: cash * ppm_of(desk.share) // PPM for desk in desks}
    traded = {name for desk in desks for name in desk.instruments}
    terms = {
        one.id: terms_of(Scale(one), configuration.venue)
        for one in instruments_of(configuration)
        if one.id in traded
    }
    posts = configuration.venue.fills == "maker_draw"
    return DeskLogs(out, capital, terms, posts=posts, first_day=first_day)
