"""The curated events of the recorded quotes: each claim checked against names, outcomes and quotes."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tradeworthy.gateways.feeds.event_file import COMES_ALONG, CuratedEvents, read_events

REAL = "polymarket_us_quotes"
OUT_OF_ORDER_MAX = 0.02
"""Share of moments at which a narrower claim may be bid above what a wider one is offered at: thin books err."""


@pytest.fixture(scope="module")
def curated() -> CuratedEvents:
    """The file that comes along."""
    return read_events(COMES_ALONG)


def test_every_recorded_market_is_in_one_event_or_stands_alone(
    recorded_data: Path, curated: CuratedEvents
) -> None:
    """569 quoted markets, and of their events those never quoted: nothing is left to chance."""
    quoted = set(
        pl.read_parquet(recorded_data / REAL / "quotes" / "*.parquet", columns=["slug"])["slug"].unique()
    )
    questions = dict(
        pl.read_parquet(recorded_data / REAL / "markets.parquet").select("slug", "question").iter_rows()
    )
    named = {*curated.by_slug(), *curated.singles}
    assert len(quoted) == 569
    assert quoted <= named <= set(questions)
    for event in curated.events.values():
        asked = {slug for slug, question in questions.items() if question == event.title}
        assert set(event.slugs) == asked


def test_every_event_says_how_it_was_verified(curated: CuratedEvents) -> None:
    """A relation without a reason is worth nothing."""
    assert all(event.verified and len(event.reason) > 10 for event in curated.events.values())
    relations = [event.relation for event in curated.events.values()]
    assert {one: relations.count(one) for one in sorted(set(relations))} == {
        "complete": 3,
        "exclusive": 61,
        "independent": 6,
        "nested": 31,
    }


def test_no_outcome_contradicts_a_relation(recorded_data: Path, curated: CuratedEvents) -> None:
    """At most one YES where markets exclude each other; of nested ones a YES stands before every NO."""
    labels = dict(pl.read_parquet(recorded_data / REAL / "labels.parquet").select("slug", "y").iter_rows())
    several = 0
    for event in curated.events.values():
        outcomes = [labels[slug] for slug in event.slugs if slug in labels]
        if event.relation in {"complete", "exclusive"}:
            assert sum(outcomes) <= 1, event.title
        if event.relation == "nested":
            assert outcomes == sorted(outcomes, reverse=True), event.title
            several += sum(outcomes) > 1
    assert several


def test_brackets_of_a_complete_event_tile_the_line(curated: CuratedEvents) -> None:
    """Each begins where the one before it ends, and both ends are open."""
    turnout = curated.events["us-house-turnout-2026"].markets
    bounds = [tuple(map(int, re.findall(r"\d+", name))) for name in turnout]
    assert turnout[0].startswith("lt")
    assert turnout[-1].startswith("gte")
    assert all(earlier[-1] == later[0] for earlier, later in pairwise(bounds))
    seats = curated.events["us-senate-gop-seats-2026"].markets
    assert (seats[0][:3], seats[-1][:3]) == ("lte", "gte")
    assert [int(re.findall(r"\d+", name)[0]) for name in seats] == list(range(45, 58))
    prices = curated.events["btc-price-end-2026"].markets
    assert (prices[0], prices[-1]) == ("below-20k", "above-150k")
    assert [int(name) for name in prices[1:-1]] == list(range(22_500, 150_000, 5_000))


def test_quotes_of_nested_markets_stand_in_their_order(recorded_data: Path, curated: CuratedEvents) -> None:
    """A narrower claim is almost never bid above what the wider one is offered at."""
    quotes = pl.read_parquet(
        recorded_data / REAL / "quotes" / "*.parquet", columns=["ts", "slug", "bid", "ask"]
    )
    side = {
        name: quotes.with_columns(pl.col(name).fill_null(none))
        .pivot(on="slug", index="ts", values=name)
        .sort("ts")
        .fill_null(strategy="forward")
        for name, none in (("bid", 0.0), ("ask", 1.0))
    }
    seen = wrong = 0
    for event in curated.events.values():
        there = [slug for slug in event.slugs if slug in side["bid"].columns]
        for wide, narrow in pairwise(there) if event.relation == "nested" else ():
            bid, ask = side["bid"][narrow].to_numpy(), side["ask"][wide].to_numpy()
            known = ~np.isnan(bid) & ~np.isnan(ask)
            seen += int(known.sum())
            wrong += int((bid[known] > ask[known]).sum())
    assert seen > 100_000
    assert wrong <= OUT_OF_ORDER_MAX * seen
