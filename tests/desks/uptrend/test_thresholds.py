"""The thresholds cache: the order of the look-up, its life, its sources, and what is refused."""

import math

import pytest

from tests.desks.uptrend.managing import Managing, settings_of
from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import EngineSettings, ManagerSettings
from tradeworthy.desks.uptrend.thresholds import (
    RANGES,
    SECOND_NS,
    Thresholds,
    check_threshold,
    configured_thresholds,
    environment_thresholds,
)
from tradeworthy.learning.events import Threshold, ThresholdsChanged

EXACT = {"timeframe": "1h", "phase": "good", "level": "normal"}


def table(*entries: Threshold, source: str = "operator") -> Thresholds:
    """A cache that was told of `entries`."""
    thresholds = Thresholds("uptrend", settings_of())
    tell(thresholds, *entries, source=source)
    return thresholds


def tell(thresholds: Thresholds, *entries: Threshold, source: str = "operator") -> None:
    """More entries."""
    thresholds.take(ThresholdsChanged(entries, source), None)  # type: ignore[arg-type]


def test_the_look_up_goes_from_the_exact_to_the_general() -> None:
    """L14: exact, then without level, phase, timeframe, then the default."""
    entries = [
        Threshold("trim_max", 0.1, "1h", "good", "normal"),
        Threshold("trim_max", 0.2, "1h", "good"),
        Threshold("trim_max", 0.3, "1h"),
        Threshold("trim_max", 0.4),
    ]
    seen = [table(*entries[place:]).read("trim_max", 0.9, 0, **EXACT) for place in range(5)]
    assert seen == [0.1, 0.2, 0.3, 0.4, 0.9]
    assert table(entries[0]).read("trim_max", 0.9, 0, timeframe="4h") == 0.9


def test_the_environment_goes_before_the_others() -> None:
    """L14: its entry holds though another is more exact or came later."""
    thresholds = table(Threshold("trim_max", 0.7), source="environment")
    tell(thresholds, Threshold("trim_max", 0.1, "1h", "good", "normal"))
    assert thresholds.read("trim_max", 0.9, 0, **EXACT) == 0.7


def test_a_change_is_read_again_after_five_minutes() -> None:
    """L14, B17: an answer lives 300 s of session time, a miss too, and a change reaches who asks then."""
    thresholds = table()
    assert thresholds.read("trim_max", 0.9, 0) == 0.9
    tell(thresholds, Threshold("trim_max", 0.5))
    assert thresholds.read("trim_max", 0.9, 300 * SECOND_NS - 1) == 0.9
    assert thresholds.read("trim_max", 0.9, 300 * SECOND_NS) == 0.5
    tell(thresholds, Threshold("trim_max", None))
    assert thresholds.read("trim_max", 0.9, 599 * SECOND_NS) == 0.5
    assert thresholds.read("trim_max", 0.9, 600 * SECOND_NS) == 0.9


def test_a_session_hears_of_changes() -> None:
    """L14: a ThresholdsChanged of the core reaches the cache."""
    rig = Managing()
    rig.put(ThresholdsChanged((Threshold("cooldown_bars", 5.0, "1h"),), "operator", "anna"))
    assert rig.thresholds.read("cooldown_bars", 3.0, rig.now, timeframe="1h") == 5.0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Threshold("ts_treshold", 0.5), "ts_threshold"),
        (Threshold("zzz", 0.5), "the keys are ts_threshold"),
        (Threshold("trim_max", math.nan), "0 to 1"),
        (Threshold("entry_s1_normal", 30.0), "0 to 1"),
        (Threshold("trim_max", 0.5, "2h"), "1m, 15m, 1h, 4h"),
        (Threshold("trim_max", 0.5, "1h", "great"), "euphoria"),
        (Threshold("trim_max", 0.5, "1h", "good", "brave"), "aggressive"),
        (Threshold("ts_threshold", 0.5, "1h", "good", "normal"), "leave the level out"),
    ],
)
def test_an_entry_that_nobody_would_read_is_refused(entry: Threshold, words: str) -> None:
    """P2: value, limit and next step."""
    with pytest.raises(ValueError, match=words):
        check_threshold(entry)


def test_every_key_has_a_default_within_its_range() -> None:
    """L14: the settings' own values would be taken, and all keys are settings' names or columns of their tables."""
    engine, manager = EngineSettings().model_dump(), ManagerSettings().model_dump()
    known = engine | manager
    for name in ("entry_s1", "entry_add", "trim"):
        known |= {
            f"{name}_{mode}": size
            for mode, size in zip(("aggressive", "normal", "patient"), manager[name], strict=True)
        }
    for key in RANGES:
        check_threshold(Threshold(key, float(known[key])))


def test_variables_of_the_environment_are_entries_and_junk_is_named() -> None:
    """L14: PM_THRESHOLD_<KEY>; what is no number or no key is left out with a word."""
    environ = {
        "PM_THRESHOLD_TS_THRESHOLD": "0.55",
        "PM_THRESHOLD_TRIM_MAX": "lots",
        "PM_THRESHOLD_NOPE": "1",
        "HOME": "/",
    }
    entries, refused = environment_thresholds(environ)
    assert entries == [Threshold("ts_threshold", 0.55)]
    assert [line.partition("=")[0] for line in refused] == ["PM_THRESHOLD_NOPE", "PM_THRESHOLD_TRIM_MAX"]


def test_entries_of_a_configuration() -> None:
    """L14: `KEY[/timeframe[/phase[/level]]]`, or a UsageError that names the entry."""
    assert configured_thresholds(
        {"trim_max": 0.5, "dust_usd/1h": 2.0, "level_move/4h/dip/patient": 0.02}
    ) == [
        Threshold("trim_max", 0.5),
        Threshold("dust_usd", 2.0, "1h"),
        Threshold("level_move", 0.02, "4h", "dip", "patient"),
    ]
    for name in ("trim_mx", "trim_max/1h/good/normal/more", "trim_max/9h"):
        with pytest.raises(UsageError, match=name):
            configured_thresholds({name: 0.5})
