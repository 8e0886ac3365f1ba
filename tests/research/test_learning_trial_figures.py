"""How much two runs differ, with an interval that knows that trades of a day go together."""

from datetime import date

import numpy as np
import pytest

from tradeworthy.reporting.learning_trial import TrialTrade
from tradeworthy.research.learning_trial_figures import DAYS_MIN, block_of, differences_of, pairs_of

DAY_NS = 86_400_000_000_000
START = date(2026, 1, 1)
BEGIN = (START.toordinal() - date(1970, 1, 1).toordinal()) * DAY_NS


def trade(day: int, pnl: float, *, row: str = "1h@AAA", spent: float = 100.0, rr: float = 0.0) -> TrialTrade:
    """A trade that was opened on that day of the second part."""
    opened = BEGIN + day * DAY_NS + 3_600_000_000_000
    return TrialTrade(row, f"{row}#{day}", opened, opened + DAY_NS, spent, pnl, rr)


def last(days: int) -> date:
    """The last of so many days."""
    return date.fromordinal(START.toordinal() + days - 1)


def test_trades_are_paired_by_row_and_entry() -> None:
    """P5: the same entry in both runs is one pair, whatever its size; the others stand alone."""
    without = [trade(0, 1.0), trade(1, 2.0), trade(2, 3.0, row="4h@AAA")]
    learned = [trade(0, 1.5), trade(2, 3.0), trade(2, 4.0, row="4h@AAA")]
    pairs = pairs_of(without, learned)
    assert [(one.pnl, other.pnl) for one, other in pairs.both] == [(1.0, 1.5), (3.0, 4.0)]
    assert [one.pnl for one in pairs.only_without] == [2.0]
    assert [one.pnl for one in pairs.only_with] == [3.0]


def test_equal_runs_differ_by_nothing() -> None:
    """P5: nothing changed, and the interval says so."""
    same = [trade(day, day - 7.0) for day in range(20)]
    for one in differences_of(same, same, START, last(20), 5):
        assert (one.difference, one.low, one.high, one.sign) == (0.0, 0.0, 0.0, 0)


def test_a_real_gain_is_seen() -> None:
    """P5: each trade a little better is above 0 by day, by money and by pair."""
    noise = np.random.default_rng(3).normal(0, 1, 30)
    without = [trade(day, float(noise[day])) for day in range(30)]
    learned = [one._replace(pnl=one.pnl + 0.5, rr=one.rr + 0.1) for one in without]
    found = {one.name: one for one in differences_of(without, learned, START, last(30), 5)}
    assert all(one.sign == 1 for one in found.values())
    assert found["result a day"].difference == pytest.approx(0.5)
    assert found["result of 100 spent"].difference == pytest.approx(0.5)
    assert found["rr of a trade that both closed"].difference == pytest.approx(0.1)


def test_a_smaller_stake_alone_is_no_better_use_of_money() -> None:
    """P5: half the money in the same losing trades loses half a day, and as much of each 100 spent."""
    without = [trade(day, -3.0) for day in range(20)]
    learned = [one._replace(pnl=-1.5, spent=50.0) for one in without]
    by_day, by_money, *_ = differences_of(without, learned, START, last(20), 5)
    assert (by_day.sign, by_money.sign) == (1, 0)


def test_open_trades_count_by_their_worth_and_have_no_rr() -> None:
    """P5: winners stay open longer, so that closed trades alone would tell of losers."""
    losers = [trade(day, -1.0, rr=-1.0) for day in range(0, 20, 2)]
    winners = [trade(day, 9.0)._replace(closed_ts=0) for day in range(1, 20, 2)]
    found = {one.name: one for one in differences_of([], [*losers, *winners], START, last(20), 5)}
    assert found["result of a trade"].learned == pytest.approx(4.0)
    assert found["rr of a closed trade"].learned == pytest.approx(-1.0)


def test_a_buy_at_the_last_close_is_of_the_last_day() -> None:
    """A day's last bar closes at midnight, and what is bought then is not of a day beyond the trial."""
    at_the_end = trade(0, 3.0)._replace(opened_ts=BEGIN + 20 * DAY_NS, closed_ts=0)
    assert differences_of([], [at_the_end], START, last(20), 5)[0].learned == pytest.approx(3.0 / 20)


def test_few_days_give_no_interval() -> None:
    """P5: a week can't hold an interval."""
    without = [trade(day, 1.0) for day in range(DAYS_MIN - 1)]
    for one in differences_of(without, [], START, last(DAYS_MIN - 1), 5):
        assert (one.low, one.high, one.sign) == (None, None, None)


def test_runs_without_trades_are_compared_too() -> None:
    """No trade is no result, not an error."""
    for one in differences_of([], [], START, last(20), 5):
        assert (one.without, one.learned, one.low, one.high) == (0.0, 0.0, 0.0, 0.0)


def test_the_interval_rests_on_the_seed_alone() -> None:
    """The same trial says the same again."""
    noise = np.random.default_rng(4).normal(0, 1, 40)
    without = [trade(day, float(noise[day])) for day in range(20)]
    learned = [trade(day, float(noise[20 + day])) for day in range(20)]
    assert differences_of(without, learned, START, last(20), 5) == differences_of(
        without, learned, START, last(20), 5
    )


def test_trades_of_one_day_count_as_one_draw() -> None:
    """P5: ten trades that share their day's luck give no narrower an interval by day than one of ten times the size."""
    luck = np.random.default_rng(6).normal(0, 1, 20)
    one_each = [trade(day, float(luck[day])) for day in range(20)]
    ten_each = [
        trade(day, float(luck[day]) / 10, row=f"1h@T{number}") for day in range(20) for number in range(10)
    ]
    wide, split = (differences_of([], some, START, last(20), 5)[0] for some in (one_each, ten_each))
    assert wide.low == pytest.approx(split.low)
    assert wide.high == pytest.approx(split.high)


def test_chance_is_called_chance_most_of_the_time() -> None:
    """P5: of 50 trials of runs that differ by luck alone few claim anything; an interval of 20 days is a bit narrow."""
    claims = 0
    for seed in range(50):
        noise = np.random.default_rng(seed).normal(0, 1, 40)
        without = [trade(day, float(noise[day])) for day in range(20)]
        learned = [trade(day, float(noise[20 + day])) for day in range(20)]
        claims += differences_of(without, learned, START, last(20), seed)[0].sign != 0
    assert claims <= 8


@pytest.mark.parametrize(("days", "block"), [(1, 1), (8, 2), (30, 3), (64, 4)])
def test_a_block_grows_with_the_cube_root_of_the_days(days: int, block: int) -> None:
    """Longer records, longer blocks."""
    assert block_of(days) == block
