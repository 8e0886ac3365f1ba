"""How a session stands, in values that JSON can hold."""

from pathlib import Path

import msgspec
import pytest

from tests.runtime.rig import (
    BUY,
    LEAVE,
    REST,
    SECOND,
    SKIP,
    START,
    Place,
    book,
    desk,
    feed,
    place,
    price,
    trade,
)
from tradeworthy.runtime.narration import time_text
from tradeworthy.runtime.overview import overview


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for two desks, the second of which has no room."""
    return place(tmp_path, desk("told", "0.9", hates=13.0), desk("tight", "0.001"))


def test_a_run_before_its_first_price(there: Place) -> None:
    """Nothing but cash."""
    with there.opened() as life:
        seen = overview(life)
    assert (seen["run"], seen["mode"], seen["currency"]) == ("test-0-1", "paper", "USDT")
    assert (seen["equity"], seen["cash"], seen["open_positions"]) == ("10000.00", "10000.00", [])
    assert (seen["inputs"], seen["candidates"], seen["verdicts"]) == (3, 0, {})
    assert (seen["halted"], seen["faults"], seen["progress"]) == ("", 0, None)
    assert (seen["peak"], seen["drawdown"]) == ("10000.00", 0.0)


def test_what_became_of_the_candidates(there: Place) -> None:
    """Filled, rejected, skipped, open: each counted where it ended (P2)."""
    with there.opened() as life:
        trade(life)
        feed(life, price(SKIP), price(REST), price(at=13.0))
        seen = overview(life)
    assert seen["verdicts"] == {
        "FILLED": {"filled": 2},
        "REJECTED": {"desk_share": 1, "bad_intent": 1},
        "SKIPPED": {"not_today": 2},
    }
    assert (seen["candidates"], seen["open_candidates"]) == (8, 2)
    assert (seen["orders"], seen["fills"]) == (4, 2)
    assert (seen["trades_closed"], seen["trades_won"], seen["realised_pnl"]) == (1, 0, "-3.001")
    assert seen["faults"] == 1


def test_what_is_held_and_what_it_is_worth(there: Place) -> None:
    """At cost, and at what closing would bring."""
    with there.opened() as life:
        feed(life, book(), price(BUY), book(bid=1_100, ts=START + SECOND))
        seen = overview(life)
    assert seen["open_positions"] == [
        {
            "desk": "told",
            "position": "BTC",
            "instrument": "BTC",
            "lots": 10_000,
            "quantity": "10.000",
            "cost": "1001.00",
            "value": "1100.00",
        }
    ]
    assert seen["equity"] == "10097.999"
    assert seen["cash"] == "8997.999"


def test_how_far_it_is_on_its_way(there: Place) -> None:
    """In session time; never less than nothing nor more than all."""
    with there.opened() as life:
        feed(life, book(), price(), price())
        for end_s, progress in ((12, 0.25), (3, 1.0), (1, 1.0)):
            assert overview(life, START + end_s * SECOND)["progress"] == progress
        assert overview(life, START)["progress"] is None
        assert overview(life)["session_time"] == "2023-11-14T22:13:23Z"


def test_the_parts_and_what_holds_them(there: Place) -> None:
    """By name and desk, in the core's order, with its desk's faults."""
    with there.opened() as life:
        feed(life, price(), price(at=13.0))
        parts = {part["agent"]: part for part in overview(life)["parts"]}
    for name in ("ledger", "orders", "paper-executor", "risk-guardian"):
        assert parts[name] == {"agent": name, "desk": "", "halted": "", "faults": 0, "state": "running"}
    assert (parts["told"]["faults"], parts["tight"]["faults"]) == (1, 0)
    names = [*parts]
    assert names.index("ledger") < names.index("orders") < names.index("paper-executor") < names.index("told")


def test_turns_without_a_candidate_are_counted(there: Place) -> None:
    """Of the hour so far, by desk and reason (P2)."""
    with there.opened() as life:
        feed(life, price(), price(), price(LEAVE))
        counting = overview(life)["counting"]
    assert counting["turns"] == {"told": {"watching": 2}, "tight": {"watching": 2}}
    assert counting["to_ts"] == START + 3 * SECOND


def test_a_fall_from_the_highest_is_a_drawdown(there: Place) -> None:
    """A share of the peak: a round trip costs spread and fees."""
    with there.opened() as life:
        trade(life)
        seen = overview(life)
    assert seen["peak"] == "10000.00"
    assert seen["drawdown"] == pytest.approx(3.001 / 10_000)


def test_it_is_plain_values(there: Place) -> None:
    """As the control socket sends it."""
    with there.opened() as life:
        trade(life)
        seen = overview(life, START + 60 * SECOND)
    assert msgspec.json.decode(msgspec.json.encode(seen)) == seen


def test_time_as_people_read_it() -> None:
    """Empty before the first input."""
    assert time_text(0) == ""
    assert time_text(START) == "2023-11-14T22:13:20Z"
