"""Two rule sets on the same data: what both did, what one alone did, and that the data were the same."""

from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.proving.shadow import Shadow, shadow
from tradeworthy.runtime.configuration import load
from tradeworthy.runtime.home import Home
from tradeworthy.runtime.plan import Mode, Plan

CONFIGS = Path(__file__).parents[2] / "configs"
NOW, BEFORE = CONFIGS / "uptrend.toml", CONFIGS / "uptrend-previous.toml"
HOURS_S = 8 * 3_600


def plan(path: Path, seed: int = 2) -> Plan:
    """A short stretch of the simulator."""
    return Plan(load(path), Mode.BACKTEST, duration_s=HOURS_S, seed=seed, fresh=True)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Shadow:
    """The rules of today beside the set before them."""
    return shadow(plan(NOW), plan(BEFORE), Home(tmp_path_factory.mktemp("shadow")))


def test_settings_that_differ_are_those_of_the_older_rules(found: Shadow) -> None:
    """L19: the trim table, the form of TS, its threshold, its boost, the S2 halo and the DX threshold."""
    assert [key.rpartition(".")[2] for key, *_ in found.settings] == [
        *("dx_buy_threshold", "s2_halo_atr", "sr_boost_max", "ts_form", "ts_threshold", "trim")
    ]


def test_what_came_at_one_bar_is_matched(found: Shadow) -> None:
    """L19: trims and exits rest on bars alone and are the same in both, buys rest on the rules and are not."""
    same = [one for one in found.signals if one.kind in {"trim_flag", "emergency_exit", "exit_position"}]
    assert all(one.both > 0 and not one.only_a and not one.only_b for one in same)
    assert same
    assert any(one.only_a or one.only_b for one in found.signals)
    assert all(one.both or one.only_a or one.only_b for one in (*found.signals, *found.actions))


def test_rows_sum_to_each_side(found: Shadow) -> None:
    """L19: results by row are the side's result, and so are its trades."""
    assert sum(row.pnl_a for row in found.positions) == found.a.pnl
    assert sum(row.pnl_b for row in found.positions) == found.b.pnl
    assert sum(row.trades_a for row in found.positions) == found.a.trades
    assert found.a.trades == found.trades.both + found.trades.only_a
    assert found.b.trades == found.trades.both + found.trades.only_b


def test_a_rule_set_beside_itself_parts_nowhere(tmp_path: Path) -> None:
    """The comparison adds nothing of its own."""
    found = shadow(plan(NOW), plan(NOW), Home(tmp_path))
    assert found.settings == ()
    assert found.a.fingerprint == found.b.fingerprint
    assert all(not one.only_a and not one.only_b for one in (*found.signals, *found.actions, found.trades))
    assert all(row.gap == 0 for row in found.positions)


def test_other_data_are_not_compared(tmp_path: Path) -> None:
    """Two sessions that were told other prices are another question."""
    with pytest.raises(UsageError, match="uptrend and uptrend-previous were not told the same prices"):
        shadow(plan(NOW), plan(BEFORE, seed=3), Home(tmp_path))


def test_desks_of_another_kind_are_not_compared(tmp_path: Path) -> None:
    """It says which file has no uptrend desk."""
    with pytest.raises(UsageError, match="breakout has no uptrend desk"):
        shadow(plan(NOW), plan(CONFIGS / "breakout.toml"), Home(tmp_path))
