"""What a paper day says of the sign-off list."""

from typing import Any

import pytest

from tradeworthy.proving.signing.day_evidence import evidence_of_day

UNLIKE = {"what": "win rate", "today": 0.25, "before": 0.5, "p": 0.001, "differs": True}


def day(*, finished: bool = True, **given: Any) -> dict[str, Any]:
    """The summary of a whole day of one desk, but for what is `given` of the desk."""
    desk = {"bars": 288, "Trades": 12, "trades_before": 400, "likeness": [UNLIKE], **given}
    return {
        "configuration": "made",
        "feed": "recorded",
        "date": "2025-04-15",
        "first_day": "2025-04-10",
        "bars": 288,
        "finished": finished,
        "digest": "ab",
        "fingerprint": "cd",
        "desks": {"short": desk},
        "warnings": ["short: win rate is 0.250"],
    }


def test_a_whole_day_beside_its_history_passes_whatever_it_was_like() -> None:
    """D14: figures are held against the history; a warning is told and is no failure."""
    found = evidence_of_day(day(), "command", scheduled=False)
    assert set(found) == {"D14"}
    assert found["D14"].status == "passed"
    assert "warning: short: win rate is 0.250" in found["D14"].result
    assert found["D14"].figures["short win rate"] == "0.25, before 0.5 (p 0.0010)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"finished": False}, "stopped before the day was over"),
        ({"bars": 200}, "short has 200 of 288 bars"),
        ({"Trades": 0}, "short closed no trade"),
        ({"trades_before": 0}, "give --history"),
    ],
)
def test_less_than_a_whole_day_is_evidence_in_part(given: dict[str, Any], said: str) -> None:
    """D14: what lacks is named."""
    found = evidence_of_day(day(**given), "command", scheduled=False)["D14"]
    assert found.status == "in part"
    assert said in found.result


@pytest.mark.parametrize(("given", "status"), [({}, "passed"), ({"finished": False}, "in part")])
def test_a_scheduled_day_speaks_of_the_flow(given: dict[str, Any], status: str) -> None:
    """D13: a part of its own, which needs no history."""
    found = evidence_of_day(day(trades_before=0, **given), "command", scheduled=True)
    assert (found["D13"].status, found["D13"].part) == (status, "flow")
