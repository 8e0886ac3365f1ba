"""Opens the feed that a plan names, or says in one line why not (A11)."""

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.rig import configured, desk
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.gateways.simulator.feed import SimulatorFeed
from tradeworthy.runtime.feeds import open_feed
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Plan


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home folder."""
    return Home(tmp_path / "home").make()


def plan(**changes: Any) -> Plan:
    """A plan on the simulator, changed."""
    return dataclasses.replace(Plan(configured()), **changes)


def test_the_simulator_lists_what_is_traded_and_takes_the_plans_seed(home: Home) -> None:
    """An instrument that no desk trades has no bars."""
    feed = open_feed(plan(configuration=configured(desk(instruments=["ETH"])), seed=9), home)
    assert isinstance(feed, SimulatorFeed)
    assert feed.instruments == ("ETH",)
    assert feed.identity()["seed"] == 9


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        (
            {"feed": "recorded"},
            NotAvailable,
            "no folder of recorded data is set; name one with --feed recorded:DIR",
        ),
        ({"feed": "recorded:nowhere"}, NotAvailable, "nowhere"),
        ({"feed": "catalog"}, NotAvailable, "catalog"),
        ({"feed": "recordd"}, UsageError, "there is no feed 'recordd'; give simulator, recorded"),
        ({"feed": "simulator:x"}, UsageError, "there is no feed 'simulator:x'"),
        ({"feed": "catalog:x"}, UsageError, "there is no feed 'catalog:x'"),
        (
            {"first_day": date(2024, 2, 1)},
            UsageError,
            "--from and --to bound recorded data; for the simulator give",
        ),
        (
            {"configuration": configured(desk("a", "0.5"), desk("b", "0.5", timeframe="5m"))},
            UsageError,
            "the desks want bars of 1m and 5m; give a session's desks one timeframe",
        ),
        (
            {"configuration": configured({"name": "a", "kind": "arbitrage"})},
            UsageError,
            "prediction markets are quoted in USD, and the account is in USDT; make account.currency and",
        ),
    ],
)
def test_a_feed_that_can_not_be_opened(
    home: Home, changes: dict[str, Any], error: type[UsageError], said: str
) -> None:
    """What is not here, and what there is not."""
    with pytest.raises(UsageError, match=said) as refused:
        open_feed(plan(**changes), home)
    assert type(refused.value) is error
    assert "\n" not in str(refused.value)
