"""Events of which exactly one outcome wins, and what is known of them as time passes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from tradeworthy.core.draws import draw
from tradeworthy.gateways.simulator import wording
from tradeworthy.gateways.simulator.noise import Floats, Stream, exponential
from tradeworthy.gateways.simulator.series import Series, Terms
from tradeworthy.gateways.simulator.simulated_market import Card, SimulatedMarket, steps_of
from tradeworthy.market.instruments import CASH_UNIT

NEWS_S = 30
"""What is known of an outcome changes this often, or once a step."""

LOG_ODDS_MIN = -9.0
NAMES = (
    "Ashford",
    "Brookdale",
    "Carrick",
    "Dunmore",
    "Eastleigh",
    "Fairhaven",
    "Glenmoor",
    "Hartwell",
    "Inverlea",
    "Kingsbridge",
    "Larkfield",
    "Marlowe",
)


class Wording(NamedTuple):
    """How an event speaks: `{name}` stands for an outcome, `{day}` for its last day."""

    slug: str
    title: str
    outcome: str
    other: str
    category: str
    augmented: bool


COMPLETE = Wording(
    "harbour-cup",
    "Harbour Cup winner on {day}",
    "Will {name} win the Harbour Cup on {day}?",
    "",
    "sports",
    augmented=False,
)
AUGMENTED = Wording(
    "congress-host",
    "Host of the next congress, decided by {day}",
    "Will {name} host the next congress, decided by {day}?",
    "Will another place host the next congress, decided by {day}?",
    "politics",
    augmented=True,
)


class Belief:
    """What is known of an event by step: probabilities of its outcomes, a fair game that ends at the truth.

    The winner is drawn by the first probabilities p. The observer sees, of each outcome i, the process
    Y_i = s t [i wins] + (a Brownian bridge on [0, 1]) at the share t of the event's time, and believes
    p_i exp(s Y_i / (1 - t)), normalised. Source: Brody, Hughston and Macrina, Information-based asset pricing (2008).
    """

    def __init__(self, seed: int, name: str, outcomes: int, news: int, information: float) -> None:
        weights = [0.2 + draw(seed, f"predictions/prior/{name}", one) for one in range(outcomes)]
        prior = [weight / sum(weights) for weight in weights]
        share, self.winner = draw(seed, "predictions/winner", name), outcomes - 1
        for one, chance in enumerate(prior):
            share -= chance
            if share < 0:
                self.winner = one
                break
        self._shares = self._believed(seed, name, prior, news, information)

    def share(self, outcome: int, news: int) -> float:
        """The probability of an outcome after so many pieces of news."""
        return float(self._shares[min(news, len(self._shares) - 1), outcome])

    def _believed(
        self, seed: int, name: str, prior: Sequence[float], news: int, information: float
    ) -> Floats:
        outcomes = len(prior)
        keys = np.arange(news * outcomes).reshape(news, outcomes)
        steps = Stream(seed, f"predictions/news/{name}").normal(keys) / math.sqrt(news)
        walk = np.concatenate((np.zeros((1, outcomes)), np.cumsum(steps, axis=0)))
        time = (np.arange(news + 1) / news)[:, None]
        seen = walk - time * walk[-1]
        seen[:, self.winner] += information * time[:, 0]
        odds = np.array([math.log(chance) for chance in prior]) + information * seen[:-1] / (1.0 - time[:-1])
        odds -= odds.max(axis=1, keepdims=True)
        shares = exponential(np.maximum(odds, LOG_ODDS_MIN))
        believed: Floats = shares / shares.sum(axis=1, keepdims=True)
        return believed


class OutcomeMarket(SimulatedMarket):
    """Whether one outcome of an event wins. Makers know what there is to know, at once."""

    def __init__(self, card: Card, belief: Belief, outcome: int, news_steps: int) -> None:
        super().__init__(card)
        self._belief, self._outcome, self._news_steps = belief, outcome, news_steps

    def fairs(self, first: int, end: int, seen: Sequence[int] = ()) -> list[float]:
        """What is believed, by step."""
        del seen
        opened = self.card.life.opened
        return [
            self._belief.share(self._outcome, (step - opened) // self._news_steps)
            for step in range(first, end)
        ]

    def payout(self) -> int:
        """All to the winner."""
        return CASH_UNIT if self._belief.winner == self._outcome else 0


class Events(Series):
    """Events of one kind, one after the other."""

    def __init__(self, terms: Terms, wording_: Wording) -> None:
        self._terms, self._wording = terms, wording_
        self._length = steps_of(60 * terms.settings.event_hours, terms.settings.step_ms)
        self._news_steps = max(1, NEWS_S * 1000 // terms.settings.step_ms)

    def numbers(self, first: int, end: int) -> range:
        """From the oldest that is not resolved to the one that goes on."""
        oldest = (first - self._terms.endings.tail) // self._length - 1
        return range(max(0, oldest), (end - 1) // self._length + 1)

    def batch(self, number: int) -> Iterator[SimulatedMarket]:
        """All outcomes of one event."""
        terms, words, settings = self._terms, self._wording, self._terms.settings
        opened, end = number * self._length, (number + 1) * self._length
        day = wording.day_text((terms.moment(end) - timedelta(seconds=1)).date())
        event, size = f"{words.slug}-{terms.ts(end) // 1_000_000_000}", settings.event_outcomes
        news = -(-self._length // self._news_steps)
        belief = Belief(terms.seed, event, size, news, settings.event_information)
        for outcome in range(size):
            other = words.augmented and outcome == size - 1
            name = NAMES[(number + outcome) % len(NAMES)]
            market = terms.market(
                f"{event}-{'other' if other else name.lower()}",
                (words.other if other else words.outcome).format(name=name, day=day),
                event=event,
                event_title=words.title.format(day=day),
                event_size=size,
                neg_risk=True,
                neg_risk_augmented=words.augmented,
                placeholder=other,
                category=words.category,
                start_ts=terms.ts(opened),
                end_ts=terms.ts(end),
                resolution_source="simulated announcement",
            )
            card = Card(market, terms.endings.life(event, opened, end), terms.other_fee, event)
            yield OutcomeMarket(card, belief, outcome, self._news_steps)
