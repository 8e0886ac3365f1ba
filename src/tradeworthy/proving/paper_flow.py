"""A paper day as a scheduled flow: Prefect calls `paper_day`, five minutes after midnight UTC, for the day before."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tradeworthy.core.errors import NotAvailable, Retryable
from tradeworthy.proving.paper_day import paper_day
from tradeworthy.runtime.home import Home

NAME = "paper-day"
CRON = "5 0 * * *"
"""UTC, as Prefect takes a schedule without a time zone."""
DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "60",
}
"""What the environment may say otherwise: Prefect's own server reports to nobody, and has a minute to start."""


def paper_flow() -> Any:
    """The flow `paper-day`: called with config, feed, out, and what else it takes as text, it returns the summary.

    `day` is ISO 8601, "" for yesterday; its files go into a folder of that name in `out`. Without a `home_folder` the
    session runs in a home of its own. NotAvailable without Prefect.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        from prefect import flow
    except ImportError as error:
        raise NotAvailable(
            "Prefect is not installed, and it runs the scheduled flows: pip install 'tradeworthy[flows]'"
        ) from error

    @flow(name=NAME, validate_parameters=True)
    def run(
        config: str, feed: str, out: str, day: str = "", history: str = "", home_folder: str = ""
    ) -> dict[str, Any]:
        """Trade one day on paper."""
        the_day = date.fromisoformat(day) if day else yesterday(datetime.now(UTC))
        return paper_day(
            Path(config),
            the_day,
            feed,
            Path(out) / the_day.isoformat(),
            home=Home(Path(home_folder)) if home_folder else None,
            history=Path(history) if history else None,
        )

    return run


def run_flow(**words: str) -> dict[str, Any]:
    """Run the flow once with its `words`, on the server of PREFECT_API_URL, else one of its own; the summary.

    Retryable if the server can't be reached, NotAvailable without Prefect.
    """
    run = paper_flow()
    from prefect.client.orchestration import get_client

    try:
        with get_client(sync_client=True) as client:
            trouble = client.api_healthcheck()
    except RuntimeError as error:
        trouble = error
    if trouble:
        raise Retryable(
            f"Prefect's server can't be reached: {trouble}; start it, or unset PREFECT_API_URL for one of its own"
        ) from trouble
    return dict(run(**words))


def serve_paper_days(config: Path, feed: str, out: Path, *, history: Path | None = None) -> None:
    """Run each day's flow when it is due, until the process ends. NotAvailable without Prefect."""
    words = {"config": str(config), "feed": feed, "out": str(out), "history": str(history or "")}
    paper_flow().serve(name=config.stem, cron=CRON, parameters=words)


def yesterday(now: datetime) -> date:
    """The last UTC day that is over at `now`."""
    return (now.astimezone(UTC) - timedelta(days=1)).date()
