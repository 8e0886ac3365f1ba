"""A stream of signals out of a seed, for sessions whose bars are real and whose signals are not on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from tradeworthy.core.draws import draw
from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.desks.uptrend.config import CuratorSettings, TokenSettings
from tradeworthy.desks.uptrend.deciding import INTENTS
from tradeworthy.desks.uptrend.events import SocialSignal
from tradeworthy.market.bars import TIMEFRAMES_NS

SOURCE = "seeded"
DAY_NS = TIMEFRAMES_NS["1d"]
_SECOND_NS = 1_000_000_000
_DAY_S = DAY_NS // _SECOND_NS


class SignalSettings(Settings):
    """The section [signals]: where social signals come from, besides those that people inject."""

    source: Literal["none", "seeded", "announcements"] = "none"
    per_token_per_day: float = Field(1.0, ge=0, le=100, description="Seeded: signals on average.")
    curators: dict[str, float] = Field(
        default={}, description="Seeded: curator to weight (empty: the desk's curators, all alike)."
    )
    intents: dict[str, float] = Field(
        default={
            "new_discovery": 4.0,
            "research_positive": 3.0,
            "adding_to_position": 2.0,
            "mention_only": 1.0,
        },
        description="Seeded: intent to weight.",
    )

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        for name, weights in (("curators", self.curators), ("intents", self.intents)):
            if any(weight < 0 for weight in weights.values()):
                raise ValueError(f"signals.{name} {weights} must give weights of 0 or more")
            if weights and not sum(weights.values()) > 0:
                raise ValueError(f"signals.{name} {weights} must give at least one weight above 0")
        if not self.intents:
            raise ValueError('signals.intents is empty; give at least one, like { "new_discovery" = 1.0 }')
        if unknown := [name for name in self.intents if name not in INTENTS]:
            raise ValueError(f"signals.intents names {unknown[0]!r}; there are {', '.join(INTENTS)}")
        return self


def seeded_signals(
    settings: SignalSettings,
    tokens: Sequence[TokenSettings],
    curators: Sequence[CuratorSettings],
    *,
    seed: int,
    from_ts: int,
    to_ts: int,
) -> Iterator[tuple[int, SocialSignal]]:
    """The signals of [from_ts, to_ts) (UTC ns) on all tokens but majors, by time, each with its time.

    A placebo by construction: time, curator and intent are draws that know nothing of prices, so no curator or intent
    is better than another, and what is learned of them is noise. Each signal depends on (seed, token, day, number)
    alone: any range holds the same ones, so a session goes on from wherever it stood. A token has
    `per_token_per_day` signals a day on average: as many whole ones, and one more with the chance of the rest.
    UsageError if there is no curator.
    """
    voices = dict(settings.curators) or {one.id: 1.0 for one in curators}
    if not voices:
        raise UsageError(
            "seeded signals have no curator; list some in the desk's curators or in signals.curators"
        )
    traded = [token for token in tokens if not token.major]
    for day in range(from_ts // DAY_NS, -(-to_ts // DAY_NS)):
        of_day = [one for token in traded for one in _of_day(settings, token, voices, seed, day)]
        of_day.sort(key=lambda one: one.ts_event)
        yield from ((one.ts_event, one) for one in of_day if from_ts <= one.ts_event < to_ts)


def _of_day(
    settings: SignalSettings, token: TokenSettings, voices: Mapping[str, float], seed: int, day: int
) -> Iterator[SocialSignal]:
    stream = f"{SOURCE}/{token.instrument}"
    whole = int(settings.per_token_per_day)
    more = draw(seed, f"{stream}/count", day) < settings.per_token_per_day - whole
    for number in range(whole + more):
        key = f"{day}/{number}"
        second = int(draw(seed, f"{stream}/time", key) * _DAY_S)
        yield SocialSignal(
            signal=f"{token.instrument}/{key}",
            curator=_weighed(voices, draw(seed, f"{stream}/curator", key)),
            ticker=token.ticker,
            ts_event=day * DAY_NS + second * _SECOND_NS,
            contract=token.contract,
            chain=token.chain,
            intent=_weighed(settings.intents, draw(seed, f"{stream}/intent", key)),
            mapping_confidence="contract" if token.contract else "ticker",
            market_cap=token.market_cap,
            source=SOURCE,
        )


def _weighed(weights: Mapping[str, float], drawn: float) -> str:
    """The name whose stretch of the summed weights `drawn` (0 to 1) falls into."""
    left = drawn * sum(weights.values())
    chosen = ""
    for name, weight in weights.items():
        if weight <= 0:
            continue
        chosen = name
        if left < weight:
            break
        left -= weight
    return chosen
