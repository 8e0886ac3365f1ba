"""Who answers what a session asks for: the feed's own history, or a provider's, and the learning jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import cast

from tradeworthy.core.events import Event
from tradeworthy.gateways.feeds.protocol import Feed, LiveFeed
from tradeworthy.learning.events import Job, RunJob
from tradeworthy.market.backfill import RequestBackfill
from tradeworthy.runtime.errands import Answer, Errands, WallErrands
from tradeworthy.runtime.event_union import codec
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.life import Life
from tradeworthy.runtime.plan import Plan

Provider = Callable[[RequestBackfill, int], Event]
"""Answers a request for history at a session time (UTC ns)."""


def do_errands(plan: Plan, home: Home, life: Life, feed: Feed) -> None:
    """On the simulated clock: have `life` answered at once, history by what `feed` had before; nothing without tokens.

    A feed that is its own provider answers for itself. Bug if a learning job is missing.
    """
    if not plan.configuration.on_tokens:
        return
    from tradeworthy.gateways.history import answer
    from tradeworthy.runtime.token_feeds import open_history

    provider: Provider | None = getattr(feed, "backfill", None)
    if provider is None:
        history = open_history(plan, feed)
        provider = partial(answer, history)
    life.answer = Errands({RequestBackfill: _backfill(provider), RunJob: _jobs(plan, life)}).answer


def wall_errands(plan: Plan, life: Life, feed: LiveFeed) -> WallErrands | None:
    """On the wall clock: history comes from the provider that `feed` names, if it names one."""
    if not plan.configuration.on_tokens:
        return None
    answers: dict[type[Event], Answer] = {RunJob: _jobs(plan, life)}
    provider: Provider | None = getattr(feed, "backfill", None)
    if provider is not None:
        answers[RequestBackfill] = _backfill(provider)
    return WallErrands(Errands(answers))


def scheduled_jobs(plan: Plan) -> Mapping[Job, int]:
    """The learning jobs of the session with their periods in seconds; Bug if one of the four is missing."""
    if not plan.configuration.on_tokens:
        return {}
    from tradeworthy.runtime.token_parts import require_schedule

    return require_schedule(plan.configuration)


def _backfill(provider: Provider) -> Answer:
    return lambda packet: provider(cast("RequestBackfill", packet.event), packet.ts)


def _jobs(plan: Plan, life: Life) -> Answer:
    from tradeworthy.gateways.jobs import LearningJobs

    def ready(seq: int) -> None:
        life.writer.wait_durable(seq)

    jobs = LearningJobs(
        life.folder, codec(), plan.configuration.learning, ready, lambda: life.writer.durable_bytes
    )
    return jobs.answer
