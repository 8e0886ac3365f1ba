"""What people say to a session that learns: each slip is one line with the value and the next step."""

from typing import Any, cast

import pytest

from tests.runtime.rig import BTC, configured, desk
from tradeworthy.core.errors import NotAvailable, UsageError
from tradeworthy.learning.events import Threshold, ThresholdsChanged
from tradeworthy.runtime.assembly import Core, assemble
from tradeworthy.runtime.token_requests import token_events

NOW = 1_777_593_600_000_000_000
BY = {"by": "ann", "reason": "odd"}


def core_of(*desks: dict[str, Any]) -> Core:
    """A core without inputs yet, that writes nowhere."""
    whole = configured(*desks, venue={"matcher": "bar", "fills": "taker_close"})
    nowhere = cast("Any", None)
    return assemble(whole, nowhere, nowhere, seed=1)


def learning() -> Core:
    """A core with a desk that learns."""
    place = {"name": "uptrend", "kind": "uptrend", "timeframe": "1m", "instruments": [BTC]}
    return core_of(place | {"settings": {"tokens": [{"instrument": BTC, "ticker": "BTC"}]}})


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (
            "threshold",
            {"key": "ts_treshold", "value": 0.6},
            "threshold 'ts_treshold' is not known; did you mean ts_threshold or first_dip_ts_threshold?",
        ),
        (
            "threshold",
            {"key": "ts_threshold", "value": 7.0},
            "threshold ts_threshold is 7.0, but it goes from 0 to 2; give such a number",
        ),
        (
            "rollback",
            {"override": "nope", **BY},
            "there is no override 'nope'; there is none; `tradeworthy learn show` lists all",
        ),
        (
            "rollback",
            {"override": "nope", "by": "ann", "reason": ""},
            "a roll-back needs a name and a reason: give --by NAME and --reason TEXT",
        ),
        (
            "curators",
            {"curators": [{"id": "ann", "final_weight": 2.0}]},
            "final_weight of curator ann is 2.0; give 0 to 1",
        ),
    ],
)
def test_a_slip_is_said_in_the_words_of_who_made_it(kind: str, given: dict[str, Any], said: str) -> None:
    """A11, L14: the value and the next step, and nothing of how it was sent."""
    with pytest.raises(UsageError) as refused:
        token_events(kind, [given], learning(), NOW)
    assert str(refused.value) == said


def test_a_wrong_name_is_shown_short() -> None:
    """A11: one line, however long the name was."""
    with pytest.raises(UsageError, match=r"there is no override 'a{80}'; there is none"):
        token_events("rollback", [{"override": "a" * 3_000, **BY}], learning(), NOW)


def test_a_threshold_goes_on_record_with_who_set_it() -> None:
    """L14: in its place, with a source and a name."""
    given = {"key": "ts_threshold", "value": 0.62, "timeframe": "1h", "by": "ann"}
    (made,) = token_events("threshold", [given], learning(), NOW)
    assert made == ThresholdsChanged((Threshold("ts_threshold", 0.62, "1h"),), "operator", "ann")


def test_a_session_that_does_not_learn_says_so() -> None:
    """A11: not available, and who would take it."""
    with pytest.raises(UsageError, match="can't inject 'scial'; the kinds are: price, state, social"):
        token_events("scial", [], learning(), NOW)
    with pytest.raises(NotAvailable, match="no desk of this session takes social"):
        token_events("social", [], core_of(desk()), NOW)
