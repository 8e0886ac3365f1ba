"""The trade's steps: triggers, the choice of an asset, exits in their order, and sizes."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.desks.divergence.rows import START, champion_of, names_of
from tradeworthy.desks.divergence.codes import Action, Code
from tradeworthy.desks.divergence.making import empty_memory, neutral_bar, params_of
from tradeworthy.desks.divergence.records import FEATURES, record_of
from tradeworthy.desks.divergence.steps import decide_step, signal_step, size_step

STEP = 300_000_000_000
BARS_A_DAY = 288
COLUMNS = 4
APEX, STALKER, TURTLE, HIBERNATE = range(4)


class Trader:
    """A desk driven bar by bar through its three steps, by hand."""

    def __init__(self, **changes: Any) -> None:
        settings = champion_of(**({"warmup_bars": 0, "tail_bars": 0} | changes))
        self.params = params_of(settings, names_of(COLUMNS), "5m")
        self.memory, self.bar, self.features = empty_memory(), neutral_bar(), record_of(FEATURES)
        features = self.features
        features.columns, features.vol_ok, features.ts = COLUMNS, 1, START - STEP
        for field in ("efficiency", "noise"):
            features[field][:COLUMNS] = 0.5
        for field in ("confirm", "outcome"):
            features[field][:COLUMNS] = math.nan
        features.close[:COLUMNS] = 100.0
        self.bar.capital, self.bar.beta = 25_000.0, 0.2

    def step(self, vel_div: float = 0.0, *, bars: int = 1) -> Code:
        """The next bar (`bars` on), and why it came to what it came to; the action is in the memory."""
        features, memory, bar = self.features, self.memory, self.bar
        features.ts += bars * STEP
        features.bar = features.ts // STEP % BARS_A_DAY
        features.vel_div = vel_div
        signal_step(self.params, memory, features)
        decide_step(self.params, memory, bar)
        size_step(self.params, memory, bar)
        return Code(int(memory.code))

    def steady(self, bars: int = 3) -> "Trader":
        """Quiet bars, so that the posture has been read often enough."""
        for _ in range(bars):
            self.step()
        return self

    def enter(self, vel_div: float = -0.03) -> "Trader":
        """A position, entered at 100."""
        assert self.steady().step(vel_div) is Code.ENTRY
        self.bar.lots, self.bar.entry_price, self.bar.price = int(self.params.direction) * 10, 100.0, 100.0
        return self

    def at(self, price: float) -> Code:
        """The next bar, at that price of what is held."""
        self.bar.price = price
        return self.step()

    @property
    def action(self) -> Action:
        """What the last bar came to."""
        return Action(int(self.memory.action))


# Triggers


@pytest.mark.parametrize(
    ("direction", "vel_div", "triggers"),
    [
        (-1, -0.02, False),
        (-1, math.nextafter(-0.02, -1.0), True),
        (-1, 0.03, False),
        (1, 0.02, False),
        (1, math.nextafter(0.02, 1.0), True),
        (1, -0.03, False),
        (-1, math.nan, False),
        (1, math.nan, False),
    ],
)
def test_the_threshold_is_strict(direction: int, vel_div: float, *, triggers: bool) -> None:
    """Spec 2.1: exactly the threshold is no trigger, one ulp beyond is; the long book mirrors it; NaN never is."""
    trader = Trader(direction=direction).steady()
    code = trader.step(vel_div)
    assert bool(trader.memory.trigger) is triggers
    assert (code is Code.ENTRY) is triggers
    if math.isnan(vel_div):
        assert code is Code.NO_FEATURES


@pytest.mark.parametrize(("timeframe_bars", "first", "last"), [(288, 100, 166), (288, 0, 287)])
def test_entries_keep_to_warm_up_and_tail(timeframe_bars: int, first: int, last: int) -> None:
    """From bar 100 on, and before the last 120 bars of the *scheduled* day, however many rows there are."""
    whole = first == 0
    trader = Trader(**({} if whole else {"warmup_bars": 100, "tail_bars": 120}))
    open_bars = []
    for bar in range(timeframe_bars):
        code = trader.step(-0.03)
        assert trader.features.bar == bar
        if code not in (Code.WARMING_UP, Code.DAY_ENDING):
            open_bars.append(bar)
        assert (code is Code.DAY_ENDING) is (bar > last)
    assert (open_bars[0], open_bars[-1]) == (first, last)
    # The next day warms up anew.
    assert (trader.step(-0.03) is Code.WARMING_UP) is not whole


def test_a_day_cut_short_ends_where_the_clock_says() -> None:
    """The tail counts back from the end of the UTC day: rows that stop early allow no later entry, nor an earlier."""
    trader = Trader(tail_bars=120)
    trader.step(bars=160)
    assert [trader.step(-0.03) for _ in range(8)] == [Code.POSTURE, *[Code.ENTRY] * 6, Code.DAY_ENDING]
    assert trader.features.bar == 167


def test_the_gate_must_be_calibrated_and_open() -> None:
    """Layer 2: no threshold yet, or too quiet a market; switched off it says nothing."""
    for ok, code in ((-1, Code.CALIBRATING), (0, Code.QUIET), (1, Code.ENTRY)):
        trader = Trader().steady()
        trader.features.vol_ok = ok
        assert trader.step(-0.03) is code
        off = Trader(vol_gate=False).steady()
        off.features.vol_ok = ok
        assert off.step(-0.03) is Code.ENTRY


# The choice


def test_the_most_responsive_asset_is_chosen() -> None:
    """Spec 4: ARS = 0.6 A + 0.3 E - 0.1 Q, with A its prior's mean 0.5 before any outcome."""
    trader = Trader().steady()
    trader.features.efficiency[:COLUMNS] = [0.2, 0.9, 0.8, 0.1]
    trader.features.noise[:COLUMNS] = [0.0, 1.0, 0.2, 0.4]
    trader.step(-0.03)
    assert trader.memory.asset == 2
    assert trader.memory.alignment == 0.5
    assert trader.memory.score == pytest.approx(0.6 * 0.5 + 0.3 * 0.8 - 0.1 * 0.2)
    assert trader.memory.price == 100.0


def test_ties_go_to_the_name_that_sorts_first() -> None:
    """Not to the column that comes first."""
    trader = Trader().steady()
    trader.params = params_of(champion_of(warmup_bars=0, tail_bars=0), ("ETH", "BTC", "SOL", "A00"), "5m")
    trader.step(-0.03)
    assert trader.memory.asset == 3


def test_an_asset_without_a_bar_or_a_whole_window_is_not_chosen() -> None:
    """And without any, the trigger is skipped."""
    trader = Trader().steady()
    trader.features.close[0] = math.nan
    trader.features.efficiency[1] = math.nan
    trader.step(-0.03)
    assert trader.memory.asset == 2
    trader.features.close[:COLUMNS] = math.nan
    assert trader.step(-0.03) is Code.NO_ASSET
    assert trader.action is Action.SKIP


@pytest.mark.parametrize(("direction", "outcome"), [(-1, -0.01), (1, 0.01)])
def test_alignment_counts_the_outcomes_of_past_triggers(direction: int, outcome: float) -> None:
    """A = (5 + hits) / (10 + triggers): the favourable share 30 bars on; no move is no hit."""
    trader = Trader(direction=direction)
    trader.step(direction * 0.03)
    for _ in range(29):
        trader.step()
    assert not trader.memory.trials.any()
    trader.features.outcome[:COLUMNS] = [outcome, -outcome, 0.0, math.nan]
    trader.step()
    assert trader.memory.trials[:COLUMNS].tolist() == [1, 1, 1, 0]
    assert trader.memory.hits[:COLUMNS].tolist() == [1, 0, 0, 0]
    trader.step(direction * 0.03)
    assert trader.memory.asset == 0
    assert trader.memory.alignment == 6 / 11
    assert trader.memory.trials[0] == 1


def test_an_outcome_counts_from_the_bar_after_it() -> None:
    """Spec 4: only what was complete before the bar; the trigger that its own bar completes is not in it."""
    trader = Trader()
    for _ in range(31):
        trader.features.outcome[:COLUMNS] = -0.01
        trader.step(-0.03)
    assert trader.memory.alignment == 0.5
    assert trader.memory.trials[0] == 1
    trader.step(-0.03)
    assert trader.memory.alignment == 6 / 11


def test_an_asset_that_does_not_follow_is_rejected() -> None:
    """Below an alignment of 0.45, and not at it."""
    trader = Trader(irp_prior=9.0).steady()
    trader.memory.trials[:COLUMNS], trader.memory.hits[:COLUMNS] = [2, 3, 2, 3], [0, 0, 0, 0]
    trader.step(-0.03)
    assert trader.memory.asset == 0
    assert trader.memory.alignment == 0.45
    trader.memory.trials[[0, 2]] = 3
    assert trader.step(-0.03) is Code.NO_ASSET


def test_missing_rows_void_the_triggers_before_them() -> None:
    """Their outcomes are not 30 bars later."""
    trader = Trader()
    trader.step(-0.03)
    trader.step(bars=10)
    trader.features.outcome[:COLUMNS] = -0.01
    for _ in range(40):
        trader.step()
    assert not trader.memory.trials.any()


@pytest.mark.parametrize(
    ("move", "code", "dc"),
    [
        (-0.75e-4, Code.ENTRY, 1),
        (math.nextafter(-0.75e-4, 0.0), Code.ENTRY, 0),
        (0.0, Code.ENTRY, 0),
        (math.nextafter(0.75e-4, 0.0), Code.ENTRY, 0),
        (0.75e-4, Code.CONTRADICTED, -1),
        (math.nan, Code.ENTRY, 0),
    ],
)
def test_direction_confirmation(move: float, code: Code, dc: int) -> None:
    """Spec 3.3: three quarters of a basis point either way, inclusive; an unknown move is neutral."""
    trader = Trader(dc_leverage_boost=1.5).steady()
    trader.features.confirm[:COLUMNS] = move
    assert trader.step(-0.04) is code
    assert trader.memory.dc == dc
    if code is Code.CONTRADICTED:
        assert trader.action is Action.SKIP
    else:
        assert trader.memory.leverage == pytest.approx(2.31468 * (1.5 if dc > 0 else 1.0), abs=1e-4)


# Postures and the forewarner at an entry


def test_an_entry_needs_the_posture_read_three_times() -> None:
    """Spec 8: the same entry-allowing posture on three reads; a change begins the count anew."""
    trader = Trader()
    assert [trader.step(-0.03) for _ in range(3)] == [Code.POSTURE, Code.POSTURE, Code.ENTRY]
    trader.bar.posture = STALKER
    assert [trader.step(-0.03) for _ in range(3)] == [Code.POSTURE, Code.POSTURE, Code.ENTRY]
    trader.bar.posture = HIBERNATE
    assert [trader.step(-0.03) for _ in range(5)] == [Code.POSTURE] * 5
    assert trader.action is Action.SKIP


@pytest.mark.parametrize(
    ("posture", "most", "maker_only"), [(APEX, 6.0, 0), (STALKER, 2.0, 0), (TURTLE, 1.0, 1)]
)
def test_a_posture_caps_leverage(posture: int, most: float, maker_only: int) -> None:
    """STALKER 2.0, TURTLE 1.0 and as maker only."""
    trader = Trader()
    trader.bar.posture = posture
    trader.steady().step(-0.06)
    assert trader.memory.leverage == most
    assert trader.memory.maker_only == maker_only
    assert trader.memory.notional == 25_000.0 * 0.20 * most


def test_a_red_forewarner_stops_entries_alone() -> None:
    """Spec 9: no new entry; what is open runs its normal exits."""
    trader = Trader().steady()
    trader.bar.mc_red, trader.bar.mc_scale = 1, 0.0
    assert trader.step(-0.03) is Code.FOREWARNED
    held = Trader().enter()
    held.bar.mc_red, held.bar.mc_scale = 1, 0.0
    assert held.at(100.0) is Code.HOLDING
    assert held.at(101.3) is Code.STOP_LOSS


# Exits


@pytest.mark.parametrize(
    ("direction", "price", "code"),
    [
        (1, 98.8, Code.STOP_LOSS),
        (1, math.nextafter(98.8, 99.0), Code.HOLDING),
        (1, 100.95, Code.FIXED_TP),
        (1, math.nextafter(100.95, 100.0), Code.HOLDING),
        (-1, 102.0, Code.STOP_LOSS),
        (-1, 99.0, Code.FIXED_TP),
        (-1, 100.5, Code.HOLDING),
    ],
)
def test_stop_and_take_profit_are_inclusive(direction: int, price: float, code: Code) -> None:
    """Spec 5: at the level itself; one ulp before it the position is held."""
    limits = {"stop_pct": -(98.8 / 100.0 - 1.0), "fixed_tp_pct": 100.95 / 100.0 - 1.0}
    trader = Trader(direction=direction, **limits).enter(direction * 0.03)
    assert trader.at(price) is code
    assert trader.action is (Action.NONE if code is Code.HOLDING else Action.EXIT)


def test_a_position_is_held_for_120_bars() -> None:
    """MAX_HOLD at bar entry + 120, not before."""
    trader = Trader().enter()
    assert {trader.at(100.0) for _ in range(119)} == {Code.HOLDING}
    assert trader.at(100.0) is Code.MAX_HOLD
    # What could not be sold is tried again.
    assert trader.at(100.0) is Code.MAX_HOLD


def test_a_hold_counts_bars_of_the_clock() -> None:
    """Rows that are missing are time all the same."""
    trader = Trader().enter()
    trader.step(bars=118)
    assert trader.at(100.0) is Code.HOLDING
    assert trader.at(100.0) is Code.MAX_HOLD


def test_without_a_price_nothing_closes() -> None:
    """No bar of what is held: the exit waits for one."""
    trader = Trader(max_hold_bars=2).enter()
    for _ in range(4):
        assert trader.at(math.nan) is Code.NO_PRICE
        assert trader.action is Action.NONE
    assert trader.at(100.0) is Code.MAX_HOLD


def test_the_first_exit_that_holds_is_the_reason() -> None:
    """HIBERNATE_HALT, STOP_LOSS, FIXED_TP, SUBDAY_ACB_NORMALIZATION, MAX_HOLD; each removed shows the next."""
    trader = Trader(max_hold_bars=4)
    trader.bar.boost = 1.9
    trader.enter()
    trader.bar.posture, trader.bar.boost = HIBERNATE, 1.0
    for _ in range(3):
        trader.at(math.nan)
    assert trader.at(102.0) is Code.HIBERNATE_HALT
    trader.bar.posture = APEX
    assert trader.at(102.0) is Code.STOP_LOSS
    assert trader.at(98.0) is Code.FIXED_TP
    assert trader.at(100.0) is Code.SUBDAY_ACB_NORMALIZATION
    trader.bar.boost = 1.9
    assert trader.at(100.0) is Code.MAX_HOLD


def test_hibernate_closes_after_three_reads_and_two_bars() -> None:
    """Spec 8: three consecutive reads, and nothing within two bars of the entry."""
    trader = Trader().enter()
    trader.bar.posture = HIBERNATE
    assert [trader.at(100.0) for _ in range(3)] == [Code.HOLDING, Code.HOLDING, Code.HIBERNATE_HALT]
    flickering = Trader().enter()
    for place in range(30):
        flickering.bar.posture = APEX if place % 3 == 2 else HIBERNATE
        assert flickering.at(100.0) is Code.HOLDING
    quick = Trader(posture_reads=1).enter()
    quick.bar.posture = HIBERNATE
    assert [quick.at(100.0) for _ in range(3)] == [Code.HOLDING, Code.HOLDING, Code.HIBERNATE_HALT]


@pytest.mark.parametrize(
    ("entry", "now", "code"),
    [
        (2.0, 1.7, Code.SUBDAY_ACB_NORMALIZATION),
        (2.0, math.nextafter(1.7, 2.0), Code.HOLDING),
        (2.0, 2.5, Code.HOLDING),
        (1.0, 0.5, Code.HOLDING),
    ],
)
def test_a_boost_that_falls_by_15_percent_normalises(entry: float, now: float, code: Code) -> None:
    """Spec 7.1: against the boost at entry, inclusive, and only where that was above 1."""
    trader = Trader()
    trader.bar.boost = entry
    trader.enter()
    trader.bar.boost = now
    assert trader.at(100.0) is code


def test_while_it_holds_no_trigger_enters() -> None:
    """One position at a time; its asset stays remembered, and triggers are counted on."""
    trader = Trader().enter()
    trader.features.efficiency[3] = 0.9
    assert trader.step(-0.05) is Code.HOLDING
    assert trader.memory.asset == 3
    assert trader.memory.held == 0
    assert trader.memory.notional == 0.0
    trader.bar.lots = 0
    trader.step()
    assert trader.memory.held == -1


# Sizes


@pytest.mark.parametrize(
    ("boost", "beta", "mc_scale", "leverages"),
    [
        (1.0, 0.2, 1.0, (1.16, 2.31, 6.00)),
        (1.9, 0.8, 1.0, (2.25, 5.14, 6.00)),
        (1.0, 0.2, 0.5, (0.58, 1.16, 3.00)),
    ],
)
def test_the_worked_sizes(boost: float, beta: float, mc_scale: float, leverages: tuple[float, ...]) -> None:
    """Spec 6: vel_div -0.03, -0.04 and -0.05, calm, stressed, and under ORANGE."""
    for vel_div, leverage in zip((-0.03, -0.04, -0.05), leverages, strict=True):
        trader = Trader()
        trader.bar.boost, trader.bar.beta, trader.bar.mc_scale = boost, beta, mc_scale
        assert trader.steady().step(vel_div) is Code.ENTRY
        assert trader.memory.leverage == pytest.approx(leverage, abs=0.005)
        assert trader.memory.notional == 25_000.0 * 0.2 * trader.memory.leverage


@given(
    vel_div=st.floats(-0.2, -0.0200001),
    boost=st.floats(0.1, 4.0),
    beta=st.floats(0.0, 2.0),
    mc_scale=st.sampled_from([1.0, 0.5]),
    ob=st.floats(0.85, 1.2),
    posture=st.integers(0, 2),
)
def test_no_size_leaves_its_limits(
    vel_div: float, boost: float, beta: float, mc_scale: float, ob: float, posture: int
) -> None:
    """Whatever the circumstances: at most 6.0 and the posture's cap, at least 0.25 or no trade."""
    trader = Trader()
    bar = trader.bar
    bar.boost, bar.beta, bar.mc_scale, bar.ob, bar.posture = boost, beta, mc_scale, ob, posture
    code = trader.steady().step(vel_div)
    memory = trader.memory
    s = min(1.0, (-vel_div - 0.02) / (0.05 - 0.02))
    regime = boost * (1.0 + beta * s * s * s) * mc_scale
    assert memory.regime == pytest.approx(regime)
    raw = (1.0 + 4.0 * s * s * s) * regime * ob
    most = min(5.0 * regime * ob, 6.0, {APEX: 6.0, STALKER: 2.0, TURTLE: 1.0}[posture])
    assert memory.leverage == pytest.approx(min(raw, most))
    assert code is (Code.ENTRY if memory.leverage >= 0.25 else Code.TOO_SMALL)


def test_too_small_a_leverage_is_a_skip() -> None:
    """Under 0.25 there is no trade; at it there is."""
    trader = Trader().steady()
    trader.bar.beta = 0.0
    for boost, code in ((0.25, Code.ENTRY), (0.2499, Code.TOO_SMALL)):
        trader.bar.boost = boost
        assert trader.step(math.nextafter(-0.02, -1.0)) is code
    assert trader.action is Action.SKIP
    assert trader.memory.held == -1


def test_the_regime_is_known_at_every_bar() -> None:
    """The bar log's regime_size_mult: boost (1 + beta s^3) mc_scale, with s 0 where vel_div is not known."""
    trader = Trader()
    trader.bar.boost, trader.bar.beta, trader.bar.mc_scale = 1.5, 0.8, 0.5
    for vel_div, cube in ((math.nan, 0.0), (0.0, 0.0), (-0.035, 0.125), (-0.9, 1.0)):
        trader.step(vel_div)
        assert trader.memory.regime == pytest.approx(1.5 * (1.0 + 0.8 * cube) * 0.5)


@given(st.lists(st.floats(-0.06, 0.06), min_size=2, max_size=60), st.integers(0, 58), st.floats(-0.06, 0.06))
def test_the_future_changes_no_earlier_answer(path: list[float], cut: int, other: float) -> None:
    """What the steps answered up to a bar does not depend on any later one."""
    cut = min(cut, len(path) - 1)

    def run(vel_divs: list[float]) -> list[bytes]:
        trader = Trader(max_hold_bars=5)
        found = []
        for vel_div in vel_divs:
            trader.features.outcome[:COLUMNS] = vel_div
            trader.step(vel_div)
            found.append(bytes(trader.memory.tobytes()))
            if trader.action is Action.ENTER:
                trader.bar.lots, trader.bar.entry_price, trader.bar.price = -10, 100.0, 100.0
            elif trader.action is Action.EXIT:
                trader.bar.lots = 0
        return found

    changed = path[:cut] + [other] * (len(path) - cut)
    assert run(path)[:cut] == run(changed)[:cut]


def test_every_column_is_ranked_by_name() -> None:
    """The rank of a tie is by the name, in Unicode order."""
    params = params_of(champion_of(), ("ETH", "BTC", "A00", "SOL"), "5m")
    assert params.rank[:COLUMNS].tolist() == [2, 1, 0, 3]
    assert np.unique(params.rank[:COLUMNS]).size == COLUMNS
