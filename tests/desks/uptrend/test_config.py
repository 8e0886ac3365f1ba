"""The desk's own section: what would trade by a slip of the pen is refused, and named."""

from typing import Any

import pytest
from pydantic import ValidationError

from tradeworthy.core.errors import UsageError
from tradeworthy.desks.uptrend.config import UptrendSettings
from tradeworthy.desks.uptrend.desk import check_settings

SOLX: dict[str, Any] = {"instrument": "SOLX", "ticker": "SOLX"}
BTC: dict[str, Any] = {"instrument": "BTC", "ticker": "BTC", "chain": "hyperliquid", "major": True}


@pytest.mark.parametrize(
    ("section", "values", "place"),
    [
        ("decision", {"splits": {"1m": -1, "15m": 1, "1h": 0.5, "4h": 0.5}}, "decision.splits.1m"),
        ("decision", {"chains": []}, "decision.chains"),
        ("engine", {"ts_threshold": 5}, "engine.ts_threshold"),
        ("engine", {"dx_buy_threshold": -3}, "engine.dx_buy_threshold"),
        ("manager", {"trim": [2, 0.3, 0.1]}, "manager.trim.0"),
        ("manager", {"entry_s1": [0.5, -0.3, 0.1]}, "manager.entry_s1.1"),
        ("manager", {"entry_mults": [1, 1, -1]}, "manager.entry_mults.2"),
        ("manager", {"level_cuts": [0.3, 1.7]}, "manager.level_cuts.1"),
    ],
)
def test_a_figure_out_of_its_range_is_refused(section: str, values: dict[str, Any], place: str) -> None:
    """A11: shares are 0 to 1, and thresholds what `learn threshold` would take."""
    with pytest.raises(ValidationError) as refused:
        UptrendSettings.model_validate({section: values})
    assert ".".join(str(part) for part in refused.value.errors()[0]["loc"]) == place


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("manager", {"level_cuts": [0.7, 0.3]}, r"level_cuts \[0.7, 0.3\] fall"),
        ("engine", {"bootstrap": [""]}, "names '', and a first bar finds S0, S3, S4"),
        ("engine", {"bootstrap": ["S1"]}, "names 'S1'"),
    ],
)
def test_what_contradicts_itself_is_refused(section: str, values: dict[str, Any], said: str) -> None:
    """A11: with the value, and what there is instead."""
    with pytest.raises(ValidationError, match=said):
        UptrendSettings.model_validate({section: values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"tokens": []}, "no token that it may trade"),
        ({"tokens": [BTC]}, "no token that it may trade"),
        ({"tokens": [SOLX | {"chain": "solna"}]}, "token SOLX is on chain 'solna'"),
        ({"tokens": [SOLX | {"instrument": "SOL"}]}, "instrument 'SOL', which the desk does not name"),
        ({"regime": {"instrument": "ETH"}}, "regime.instrument 'ETH' is none"),
        ({"regime": {"instrument": "BTC", "timeframe": "2h"}}, "'2h' is none .* give one of 1m, 15m, 1h, 4h"),
    ],
)
def test_settings_that_would_never_trade_are_refused(values: dict[str, Any], said: str) -> None:
    """A11: nothing runs on in silence with a token, a chain or a timeframe that there is not."""
    check_settings(UptrendSettings.model_validate({"tokens": [SOLX, BTC]}), ("SOLX", "BTC"), "1m")
    with pytest.raises(UsageError, match=said):
        check_settings(
            UptrendSettings.model_validate({"tokens": [SOLX, BTC]} | values), ("SOLX", "BTC"), "1m"
        )
