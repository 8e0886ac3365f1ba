"""Whether a day's trades are like a history's."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.core.errors import NotAvailable
from tradeworthy.proving.resemblance import (
    TradeFacts,
    binomial_p,
    distance,
    distance_p,
    in_band,
    likenesses,
    read_facts,
)


def traded(**counts: int) -> list[TradeFacts]:
    """So many trades by how they ended; targets win, and leverage rises from 1 to 3."""
    ends = [reason for reason, count in counts.items() for _ in range(count)]
    return [
        TradeFacts(reason, 1.0 if reason == "FIXED_TP" else -1.0, 1.0 + 2.0 * number * 7919 % 101 / 101)
        for number, reason in enumerate(ends)
    ]


def test_a_day_like_its_history_differs_in_nothing() -> None:
    """D14: the champion's mix, and a day of it."""
    history = traded(MAX_HOLD=860, FIXED_TP=100, STOP_LOSS=40)
    found = likenesses(traded(MAX_HOLD=34, FIXED_TP=4, STOP_LOSS=2), history)
    assert [one.what for one in found] == [
        *("exits by FIXED_TP", "exits by MAX_HOLD", "exits by STOP_LOSS", "win rate", "median leverage")
    ]
    assert not any(one.differs for one in found)


@pytest.mark.parametrize(
    ("today", "what"),
    [
        ({"MAX_HOLD": 20, "FIXED_TP": 20}, "exits by FIXED_TP"),
        ({"MAX_HOLD": 30, "HIBERNATE_HALT": 10}, "exits by HIBERNATE_HALT"),
        ({"FIXED_TP": 40}, "win rate"),
    ],
)
def test_another_mix_is_named(today: dict[str, int], what: str) -> None:
    """D14: also an exit that never was before."""
    found = likenesses(traded(**today), traded(MAX_HOLD=860, FIXED_TP=100, STOP_LOSS=40))
    assert what in {one.what for one in found if one.differs}


def test_another_leverage_is_named() -> None:
    """D14: though the exits are the same."""
    today = [TradeFacts("MAX_HOLD", -1.0, 2.9)] * 12
    found = likenesses(today, traded(MAX_HOLD=400))
    assert [one.what for one in found if one.differs] == ["median leverage"]


def test_nothing_resembles_nothing() -> None:
    """A day without trades, or no history, compares to none."""
    assert likenesses([], traded(MAX_HOLD=3)) == likenesses(traded(MAX_HOLD=3), []) == []


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_a_binomial_p_is_a_probability(total: int, share: float) -> None:
    """The likeliest count surprises nobody."""
    found = [binomial_p(count, total, share) for count in range(total + 1)]
    assert all(0.0 < one <= 1.0 for one in found)
    assert max(found) == pytest.approx(1.0)


def test_known_values() -> None:
    """Of a fair coin all ten heads; of Kolmogorov's distribution its 1 % point, 1.6276."""
    assert binomial_p(10, 10, 0.5) == pytest.approx(2 / 1024)
    assert distance_p(1.6276 / math.sqrt(5e5), 1_000_000, 1_000_000) == pytest.approx(0.01, rel=2e-3)
    assert distance_p(0.001, 5, 5) == 1.0
    assert distance([1.0, 2.0, 2.0], [2.0, 3.0]) == pytest.approx(0.5)
    assert (in_band(0.55), in_band(0.6501)) == (True, False)


def test_facts_are_read_from_a_desks_trades(tmp_path: Path) -> None:
    """What is not there is told, with the way to make it."""
    (tmp_path / "trades.csv").write_text("exit_reason,pnl_absolute,leverage\nMAX_HOLD,-0.25,1.5\n")
    assert read_facts(tmp_path / "trades.csv") == [TradeFacts("MAX_HOLD", -0.25, 1.5)]
    with pytest.raises(NotAvailable, match="tradeworthy backtest"):
        read_facts(tmp_path / "none.csv")
