"""What a session with desks on tokens has besides them, and what its desks must agree on."""

from typing import Any

import pytest

from tests.runtime.rig import BTC, configured
from tradeworthy.core.errors import UsageError
from tradeworthy.learning.events import Threshold, ThresholdsChanged
from tradeworthy.runtime.configuration import Configuration
from tradeworthy.runtime.token_parts import bar_makers, first_of_tokens, market_settings, overrides_of


def tokens(name: str, **settings: Any) -> dict[str, Any]:
    """A desk on one token."""
    token = {"instrument": BTC, "ticker": "BTC"}
    place = {"name": name, "kind": "uptrend", "timeframe": "1m", "instruments": [BTC], "share": "0.5"}
    return {**place, "settings": {"tokens": [token], **settings}}


def beside(*desks: dict[str, Any]) -> Configuration:
    """A session of these desks."""
    return configured(*desks, venue={"matcher": "bar", "fills": "taker_close"})


@pytest.mark.parametrize(
    ("part", "one", "other"),
    [
        ("market", {"coverage_min": 0.8}, {"coverage_min": 0.5}),
        ("thresholds", {"ts_threshold": 0.6}, {"ts_threshold": 0.5}),
        ("thresholds", {"ts_threshold": 0.6}, {}),
    ],
)
def test_two_desks_agree_on_what_a_session_has_once(
    part: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """A11, L14: bars are made once and thresholds are one table; neither desk's silently holds for the other."""
    whole = beside(tokens("uptrend", **{part: one}), tokens("green", **{part: other}))
    with pytest.raises(UsageError, match=f"desks uptrend and green have different settings in {part}, and a"):
        (market_settings if part == "market" else first_of_tokens)(whole)


def test_a_session_is_told_of_the_thresholds_once_however_many_desks_have_them() -> None:
    """L14: each entry in its place, before the feed."""
    wanted = {"thresholds": {"ts_threshold/1h": 0.5}}
    (told,) = first_of_tokens(beside(tokens("uptrend", **wanted), tokens("green", **wanted)))
    assert told == ThresholdsChanged((Threshold("ts_threshold", 0.5, "1h"),), "configuration")


def test_desks_that_agree_share_the_parts_that_make_bars() -> None:
    """L13: two desks on one token, and each minute closes once."""
    names = [agent.name for agent in bar_makers(beside(tokens("uptrend"), tokens("green")))]
    assert names == ["minute-bars", "bar-rollup"]


def test_an_override_of_a_file_has_each_figure_in_its_own_place() -> None:
    """L11: what a row leaves out has its default, and a row without its multiplier is refused."""
    row = {
        "id": "1",
        "pattern_key": "pm.uptrend.S1.entry",
        "action_category": "entry",
        "scope_subset": {},
        "multiplier": 1.5,
        "confidence": 0.5,
        "lessons": [],
        "status": "archived",
    }
    (made,) = overrides_of((row,))
    assert (made.multiplier, made.decay_state, made.previous, made.status) == (1.5, "", None, "archived")
    del row["multiplier"]
    with pytest.raises(UsageError, match=r"an override of learning\.overrides_file is wrong"):
        overrides_of((row,))
