"""All flows by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tradeworthy.core.errors import UsageError
from tradeworthy.proving.flows.action_flows import actions, harness
from tradeworthy.proving.flows.bucket_flows import buckets
from tradeworthy.proving.flows.learning_flows import learning, skips, tuning
from tradeworthy.proving.flows.market_flows import empty, majors
from tradeworthy.proving.flows.playing import Scenario
from tradeworthy.proving.flows.signal_flows import rejected, social
from tradeworthy.proving.flows.sizing_flows import exposure, sizing
from tradeworthy.proving.flows.stages import FlowStage

SCENARIOS: Mapping[str, Callable[[], Scenario]] = {
    "social": social,
    "rejected": rejected,
    "actions": actions,
    "harness": harness,
    "skips": skips,
    "learning": learning,
    "tuning": tuning,
    "majors": majors,
    "sizing": sizing,
    "exposure": exposure,
    "buckets": buckets,
    "empty": empty,
}
"""In the order in which they build on each other."""


def scenarios_of(name: str | None, plant: FlowStage | None = None) -> list[Scenario]:
    """The scenario called `name` (None: all), of those that pass the stage `plant`.

    UsageError for a name that there is none of, and for a scenario that does not pass that stage.
    """
    if name is not None and name not in SCENARIOS:
        raise UsageError(f"there is no flow {name!r}; name one of {', '.join(SCENARIOS)}")
    chosen = [SCENARIOS[name]()] if name is not None else [make() for make in SCENARIOS.values()]
    if plant is None:
        return chosen
    passing = [one for one in chosen if plant in one.stages]
    if not passing:
        stages = ", ".join(chosen[0].stages)
        raise UsageError(f"flow {name} does not pass stage {plant}; plant one of {stages}")
    return passing
