"""The judge: state, flags, scores and figures of a bar, from the bars, the levels and what is remembered."""

import itertools
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.desks.uptrend.seeing import (
    BEARISH,
    BULLISH,
    EQUAL,
    START,
    STEP,
    TURNING,
    averages,
    prices,
    scaled,
    seen,
    window_of,
)
from tradeworthy.core.events import Figure
from tradeworthy.desks.uptrend.checks import Gates, gates_of
from tradeworthy.desks.uptrend.config import EngineSettings
from tradeworthy.desks.uptrend.engine import Memory, Standing, force, judge
from tradeworthy.desks.uptrend.events import StateForced
from tradeworthy.desks.uptrend.geometry import Geometry, Level, geometry
from tradeworthy.desks.uptrend.history import Window
from tradeworthy.desks.uptrend.names import Stage
from tradeworthy.desks.uptrend.payloads import FORCIBLE, Emas, Payload
from tradeworthy.desks.uptrend.technicals import Technicals, technicals

BARS = 40
UP = {"rsi_slope_10": 2.0, "adx_slope_10": 1.0}
"""Slopes with a TS of 0.725."""

S3_BANDS = Emas(9.0, 9.0, 8.0, 7.0, 6.0, 5.0)


def gates(**changed: Any) -> Gates:
    """The default gates, some of them changed."""
    return gates_of(EngineSettings(**changed), lambda _, default: default)


def levels(*at: float, confidence: float = 1.0) -> Geometry:
    """Levels at these prices."""
    made = tuple(Level(str(one), one, 10.0, confidence, "swing", place) for place, one in enumerate(at))
    return Geometry(made, 3, 3, "up", START)


def standing(state: Stage, **more: Any) -> Memory:
    """A settled row in `state`, judged before all bars of `bars_to`."""
    started = START if state is Stage.S3 else 0
    return Memory(START - STEP, Standing(state, settled=True, **{"s3_start_ts": started, **more}))


def bars_to(price: float, last: int = 0) -> Window:
    """Bars of which the last closes at `price`; `last` moves it on by so many hours."""
    return window_of(np.full(BARS + last, price))


def said(
    memory: Memory,
    figures: Technicals,
    price: float,
    *,
    at: int = 0,
    found: Geometry | None = None,
    using: Gates | None = None,
    **more: Any,
) -> tuple[Payload, Memory]:
    """The judge's answer at bar `at`."""
    return judge(memory, bars_to(price, at), figures, found, using or gates(), **more)


@pytest.mark.parametrize(
    ("emas", "price", "state"), [(BEARISH, 1.0, "S0"), (BULLISH, 8.0, "S3"), (TURNING, 2.5, "S4")]
)
def test_the_first_bar_bootstraps_without_signals(emas: Emas, price: float, state: str) -> None:
    """L3: T1 to T3; the bootstrap itself never signals, and the next bar may."""
    payload, memory = said(Memory(), seen(emas, **UP), price, found=levels(price))
    assert (payload.state, payload.prev_state) == (state, Stage.NONE)
    assert payload.warmup
    assert not payload.has_flag
    assert payload.watch_only == (state == "S4")
    after, _ = said(memory, seen(emas, **UP), price, at=1)
    assert (after.state, after.prev_state, after.warmup) == (state, state, False)


def test_a_dormant_row_bootstraps_at_each_bar_and_never_signals() -> None:
    """L3: dormant rows are in S0, S3 or S4, with scores and figures but no flags."""
    memory = Memory()
    for at, (emas, price, prev, state) in enumerate(
        [
            (BEARISH, 1.0, "", "S0"),
            (TURNING, 2.05, "", "S4"),
            (BULLISH, 2.9, "S4", "S3"),
            (BULLISH, 2.8, "S3", "S3"),
        ]
    ):
        payload, memory = said(memory, seen(emas, **UP), price, at=at, dormant=True, found=levels(price))
        assert (payload.prev_state, payload.state, payload.warmup) == (prev, state, True)
        assert not payload.has_flag
        assert payload.ts_score > 0.0
        assert payload.check["seed_share"] == 1.0
    awake, memory = said(memory, seen(BULLISH), 8.0, at=9)
    assert (awake.state, awake.warmup) == (Stage.S3, True)
    assert not said(memory, seen(BULLISH), 8.0, at=10)[0].warmup


def test_a_row_in_s4_that_finds_an_order_does_not_signal_on_that_bar() -> None:
    """B5: S4 bootstraps later, and that bar is its warm-up."""
    payload, _ = said(standing(Stage.S4), seen(BULLISH, **UP), 5.1)
    assert (payload.state, payload.prev_state, payload.warmup) == (Stage.S3, Stage.S4, True)
    assert payload.s3_start_ts == payload.bar_ts
    assert not payload.has_flag


def test_s1_is_entered_and_may_buy_on_the_same_bar() -> None:
    """B6: a row on the watchlist signals; L5: the first buy is of S1."""
    payload, _ = said(standing(Stage.S0), seen(TURNING, ema60_slope=0.001, **UP), 2.5)
    assert (payload.prev_state, payload.state) == (Stage.S0, Stage.S1)
    assert payload.buy_signal
    assert not payload.buy_flag
    assert payload.check["check"] == "buy_check"
    assert payload.check["halo_distance"] == 0.5


@pytest.mark.parametrize(
    ("price", "figures", "failed"),
    [
        (3.1, {"ema60_slope": 0.001, **UP}, "entry_zone_ok"),
        (2.5, {"ema60_slope": 0.0, "ema144_slope": -0.001, **UP}, "slope_ok"),
        (2.5, {"ema60_slope": 0.001}, "ts_ok"),
    ],
)
def test_each_gate_of_the_entry_blocks_alone_and_all_figures_stay(
    price: float, figures: dict[str, float], failed: str
) -> None:
    """P2: the figures of a check are filled also when it fails."""
    payload, _ = said(standing(Stage.S1), seen(TURNING, **figures), price)
    assert not payload.buy_signal
    passed = {name: payload.check[name] for name in ("entry_zone_ok", "slope_ok", "ts_ok")}
    assert passed == {**dict.fromkeys(passed, True), failed: False}
    assert {"ts_score", "sr_boost", "halo", "atr", "price", "ema_anchor", "ema60_slope"} <= set(payload.check)


def test_a_level_at_the_anchor_lifts_trend_strength_over_its_threshold() -> None:
    """B7: by its confidence, so that a weak level does not."""
    figures = seen(TURNING, ema60_slope=0.001)
    strong, _ = said(standing(Stage.S1), figures, 2.5, found=levels(2.0))
    weak, _ = said(standing(Stage.S1), figures, 2.5, found=levels(2.0, confidence=0.3))
    assert (strong.ts_with_boost, strong.buy_signal) == (0.75, True)
    assert (weak.ts_with_boost, weak.buy_signal) == (0.575, False)


def test_s2_buys_a_retest_of_ema333() -> None:
    """L5: within the halo of EMA333, which is not EMA60's."""
    figures = seen(TURNING, ema333_slope=0.001, **UP)
    near, _ = said(standing(Stage.S2), figures, 5.4)
    far, _ = said(standing(Stage.S2), figures, 5.6)
    assert (near.state, near.buy_flag, near.buy_signal) == (Stage.S2, True, False)
    assert (far.buy_flag, far.check["halo"]) == (False, 0.5)
    assert far.check["halo_distance"] == pytest.approx(0.6)
    assert said(standing(Stage.S2), figures, 5.6, using=gates(s2_halo_atr=0.7))[0].buy_flag


def test_s3_begins_with_all_scores() -> None:
    """L4: T11 of the vectors."""
    payload, memory = said(standing(Stage.S2), seen(BULLISH, **UP), 3.6)
    assert (payload.state, payload.s3_start_ts) == (Stage.S3, payload.bar_ts)
    assert payload.ox > 0.0
    assert payload.dx > 0.0
    assert payload.edx == 0.5
    later, _ = said(memory, seen(BULLISH, **UP), 3.6, at=1)
    assert later.s3_start_ts == payload.bar_ts
    assert later.check["bars_since_s3"] == 1


def test_s3_buys_a_deep_discount_between_the_bands() -> None:
    """L5: DX over its threshold, at or under EMA144, in a trend that holds."""
    figures = seen(S3_BANDS, adx=20.0, vo_z=-3.0, ema333_slope=0.001, ema144_accel=0.001, **UP)
    payload, _ = said(standing(Stage.S3), figures, 5.1)
    assert payload.buy_flag
    assert payload.dx == payload.check["dx"]
    assert payload.dx >= payload.check["dx_threshold_final"]  # type: ignore[operator]
    assert payload.check["price_position_boost"] == pytest.approx(0.1 * 0.95 - 0.05 * 0.05)
    assert not said(standing(Stage.S3), figures, 7.1)[0].buy_flag
    assert not said(standing(Stage.S3), figures, 5.1, using=gates(dx_buy_threshold=1.2))[0].buy_flag


def test_a_price_under_ema333_is_an_emergency_and_its_return_is_told_once() -> None:
    """L5: T9 and T10 of the vectors."""
    payload, memory = said(standing(Stage.S3), seen(S3_BANDS, **UP), 4.9)
    assert (payload.state, payload.emergency_exit, payload.buy_flag) == (Stage.S3, True, False)
    back, memory = said(memory, seen(S3_BANDS), 5.0, at=1)
    assert (back.state, back.reclaimed_ema333, back.emergency_exit) == (Stage.S3, True, False)
    assert not said(memory, seen(S3_BANDS), 5.0, at=2)[0].reclaimed_ema333


def test_an_exit_is_asked_for_once() -> None:
    """B8: on the bar of the transition, with its reason, and at no later bar of the downtrend."""
    payload, memory = said(standing(Stage.S3), seen(BEARISH), 1.0)
    assert (payload.state, payload.exit_position) == (Stage.S0, True)
    assert payload.exit_reason == "fast_band_at_bottom"
    assert payload.s3_start_ts == 0
    later, _ = said(memory, seen(BEARISH), 0.9, at=1)
    assert not later.has_flag
    assert later.exit_reason == ""


def test_a_trim_needs_extension_and_a_level_near() -> None:
    """L5: in S2 and S3 alone."""
    figures = seen(S3_BANDS)
    for state, price, found, expected in [
        (Stage.S3, 14.0, levels(14.5), True),
        (Stage.S3, 14.0, levels(15.5), False),
        (Stage.S3, 14.0, None, False),
        (Stage.S3, 7.0, levels(7.0), False),
        (Stage.S2, 14.0, levels(14.0, 3.0), True),
    ]:
        emas = S3_BANDS if state is Stage.S3 else msgspec.structs.replace(S3_BANDS, ema144=4.0)
        payload, _ = said(standing(state), msgspec.structs.replace(figures, emas=emas), price, found=found)
        assert (payload.state, payload.trim_flag) == (state, expected)
    assert not said(standing(Stage.S1), seen(TURNING), 4.9, found=levels(4.9))[0].trim_flag


def test_the_first_dip_is_soon_after_s3_and_bought_once() -> None:
    """L5: it is over when it was bought, not when it was said."""
    figures = seen(S3_BANDS, ema144_slope=0.001)
    start = bars_to(1.0).ts
    dips = []
    for age in (0, 6, 7, 12, 13):
        memory = standing(Stage.S3, s3_start_ts=int(start[BARS - 1 - age]))
        dips.append(
            tuple(said(memory, figures, price)[0].first_dip_buy_flag for price in (8.6, 8.4, 7.4, 10.0))
        )
    assert dips == [(True, True, False, False)] * 2 + [(False, True, False, False)] * 2 + [(False,) * 4]
    memory = standing(Stage.S3, s3_start_ts=int(start[BARS - 2]))
    again, memory = said(memory, figures, 8.6)
    assert said(memory, figures, 8.6, at=1)[0].first_dip_buy_flag
    bought, memory = said(memory.without_first_dip(), figures, 8.6, at=1)
    assert again.first_dip_buy_flag
    assert (bought.first_dip_buy_flag, bought.check["first_dip_taken"]) == (False, True)
    left, memory = said(memory, seen(BEARISH), 1.0, at=2)
    assert not memory.now.first_dip_taken
    assert left.state is Stage.S0
    off = gates(first_dip=False)
    assert not said(standing(Stage.S3, s3_start_ts=int(start[-1])), figures, 8.6, using=off)[
        0
    ].first_dip_buy_flag


def test_the_form_of_trend_strength_is_a_setting() -> None:
    """L13: both forms of TS."""
    figures = seen(TURNING, adx=25.0, rsi_slope_10=1.0, adx_slope_10=0.5)
    assert said(standing(Stage.S1), figures, 2.5)[0].ts_score == pytest.approx(0.6125)
    logistic, _ = said(standing(Stage.S1), figures, 2.5, using=gates(ts_form="logistic"))
    assert logistic.ts_score == pytest.approx(0.8649, abs=5e-5)


def test_gates_are_read_by_their_keys() -> None:
    """L14: each threshold is asked for by its name and has the settings' value by default."""
    asked: dict[str, float] = {}

    def read(key: str, default: float) -> float:
        asked[key] = default
        return 0.9 if key == "ts_threshold" else default

    own = gates_of(EngineSettings(s2_halo_atr=0.7), read)
    assert list(asked) == list(Gates._fields[:-1])
    assert (own.ts_threshold, own.s2_halo_atr, asked["ts_threshold"]) == (0.9, 0.7, 0.6)


def test_a_bar_judged_again_says_the_same() -> None:
    """L4: re-running a bar makes no second transition."""
    window, figures = bars_to(2.5), seen(TURNING, ema60_slope=0.001, **UP)
    first = judge(standing(Stage.S0), window, figures, None, gates())
    again = judge(first[1], window, figures, None, gates())
    assert again == first
    assert first[0].changed_state


def forced(state: Stage, bars: int = 1, **payload: Any) -> StateForced:
    """A StateForced of the row 1h@BONK."""
    return StateForced("BONK", "1h", state, payload, {"halo_distance": 0.1}, 0.5, None, bars)


def test_a_forced_payload_lies_over_the_computed_one() -> None:
    """L4: its flags and figures count, the flags that it leaves out are false, scores stay as computed."""
    event = forced(Stage.S1, buy_signal=True, ts_with_boost=1)
    payload, memory = said(standing(Stage.S0), seen(TURNING), 2.5, forced=event)
    assert (payload.prev_state, payload.state, payload.forced) == (Stage.S0, Stage.S1, True)
    assert (payload.buy_signal, payload.ts_with_boost, payload.ts_score) == (True, 1.0, 0.5)
    assert (payload.forced_a, payload.forced_e) == (0.5, None)
    assert payload.check["halo_distance"] == 0.1
    assert payload.check["ema_anchor"] == 2.0
    after, _ = said(memory, seen(TURNING), 2.5, at=1)
    assert (after.prev_state, after.state, after.forced) == (Stage.S1, Stage.S1, False)
    emergency, memory = said(standing(Stage.S3), seen(S3_BANDS), 4.9, forced=forced(Stage.S3))
    assert not emergency.emergency_exit
    assert not memory.now.emergency


def test_a_forced_payload_stands_alone_where_there_are_too_few_bars() -> None:
    """L4: a forced state needs no history."""
    over: dict[str, Figure] = {
        "emergency_exit": True,
        "price": 0.9,
        "sr_level": 1,
        "state": "S0",
        "bar_ts": 1,
    }
    event = StateForced("BONK", "1h", Stage.S3, over)
    payload, memory = force(standing(Stage.S2), event, START, 1.0)
    assert (payload.prev_state, payload.state, payload.bar_ts) == (Stage.S2, Stage.S3, START)
    assert (payload.price, payload.sr_level, payload.emergency_exit) == (0.9, 1.0, True)
    assert (payload.emas, payload.s3_start_ts) == (Emas(), START)
    assert memory.now.emergency
    assert set(FORCIBLE) < set(Payload.__struct_fields__)


def walk(seed: int, bars: int) -> Window:
    """A random walk with a drift that changes, so that all states come up."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.normal(0.0, 0.01, bars // 40 + 1), 40)[:bars]
    return window_of(100.0 * np.exp(np.cumsum(drift + rng.normal(0.0, 0.01, bars))))


def run(window: Window, first: int, factor: float = 1.0) -> list[Payload]:
    """All payloads from bar `first` on, levels sought anew at each bar."""
    memory, payloads = Memory(), []
    for end in range(first, len(window.ts) + 1):
        ts, *columns = (column[:end] for column in window)
        part = Window._make((ts, *(column * factor for column in columns[:-1]), columns[-1]))
        payload, memory = judge(memory, part, technicals(part), geometry(part, "solana", "x", 0), gates())
        payloads.append(payload)
    return payloads


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_replay_of_the_same_bars_says_the_same(seed: int) -> None:
    """L4: identical payloads, and a chain of states without a gap."""
    window = walk(seed, 300)
    payloads = run(window, 60)
    assert payloads == run(window, 60)
    for before, after in itertools.pairwise(payloads):
        assert after.prev_state is before.state
    for payload in payloads:
        assert payload.exit_position == bool(payload.exit_reason)
        assert all(value == value for value in payload.check.values())  # noqa: PLR0124 - NaN
        assert msgspec.json.decode(msgspec.json.encode(payload), type=Payload) == payload


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.25, 64.0]))
def test_the_unit_of_price_changes_neither_states_nor_flags(seed: int, factor: float) -> None:
    """L4: all prices times the same."""
    window = walk(seed, 200)
    names = ("state", "buy_signal", "buy_flag", "trim_flag", "emergency_exit", "exit_reason", "warmup")
    for one, other in zip(run(window, 100), run(window, 100, factor), strict=True):
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
        assert (other.ts_score, other.ox, other.dx, other.edx) == pytest.approx(
            (one.ts_score, one.ox, one.dx, one.edx), abs=1e-9
        )


@given(
    st.sampled_from([Stage.S0, Stage.S1, Stage.S2, Stage.S3, Stage.S4]),
    averages(),
    prices,
    st.floats(0.0, 2.0),
)
def test_flags_belong_to_their_states(state: Stage, emas: Emas, price: float, atr: float) -> None:
    """L5: whatever the bands, a state asks only for its own actions, and the fast averages may be swapped."""
    figures = seen(emas, atr=atr, **UP)
    payload, _ = said(standing(state), figures, price, found=levels(price, price + atr))
    assert not payload.buy_signal or payload.state is Stage.S1
    assert not payload.buy_flag or payload.state in {Stage.S2, Stage.S3}
    assert not payload.trim_flag or payload.state in {Stage.S2, Stage.S3}
    in_s3 = payload.emergency_exit or payload.reclaimed_ema333 or payload.first_dip_buy_flag
    assert not in_s3 or payload.state is Stage.S3
    assert bool(payload.s3_start_ts) == (payload.state is Stage.S3)
    swapped = msgspec.structs.replace(emas, ema20=emas.ema30, ema30=emas.ema20)
    assert said(standing(state), seen(swapped, atr=atr, **UP), price)[0].state is payload.state


def test_bands_that_are_all_equal_ask_for_nothing() -> None:
    """L4: a flat market in any state."""
    for state in (Stage.S0, Stage.S1, Stage.S2, Stage.S3, Stage.S4):
        payload, _ = said(standing(state), seen(EQUAL, atr=0.0, atr_mean_20=0.0), 2.0)
        assert payload.state is state
        assert not payload.has_flag
    assert scaled(EQUAL, 2.0).ema60 == 4.0
