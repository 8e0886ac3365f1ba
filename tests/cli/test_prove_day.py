"""prove day, as people and programs see it."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import ROOT, call
from tradeworthy.proving import paper_day, paper_flow

CONFIG = ROOT / "configs" / "parity-dense.toml"
HEADS = "asset,direction,leverage,exit_reason,exit_at,pnl_absolute"
TRADE = "BTC,-1,1.7114,MAX_HOLD,2025-04-15T01:05:00Z,-0.27"
SHAPE: dict[str, Any] = {
    "exit_mix": {"MAX_HOLD": 1.0},
    "leverage": {"median": 1.7114, "least": 1.0, "most": 6.0},
}
LIKE = {"what": "win rate", "today": 0.4, "before": 0.5, "p": 0.25, "differs": False}


def summary(out: Path, trades: int, *, finished: bool, history: bool) -> dict[str, Any]:
    """What a day of one desk came to, its trades.csv written."""
    (out / "short").mkdir(parents=True)
    lines = [HEADS, *([TRADE] * trades)]
    (out / "short" / "trades.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shape = SHAPE if trades else {"exit_mix": {}, "leverage": None}
    before = {**SHAPE, "WR": 0.5, "exit_mix": {"FIXED_TP": 1.0}} if history else None
    desk = {"bars": 288, "Trades": trades, "WR": 0.4, **shape, "before": before}
    desk |= {"trades_before": 400 if history else 0, "likeness": [LIKE] if history and trades else []}
    return {
        "configuration": "made",
        "feed": "recorded",
        "date": "2025-04-15",
        "first_day": "2025-04-10",
        "bars": 288,
        "finished": finished,
        "run": "made-1",
        "digest": "ab",
        "fingerprint": "cd",
        "desks": {"short": desk},
        "warnings": ["short: win rate 40% is not 55% to 65%, which is no gate"],
    }


@pytest.fixture
def come_to(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets the day come to something at once."""

    def answer(trades: int = 42, *, finished: bool = True) -> None:
        def made(config: Path, day: Any, feed: str, out: Path, *, history: Path | None = None) -> Any:
            return summary(out, trades, finished=finished, history=history is not None)

        monkeypatch.setattr(paper_day, "paper_day", made)

    return answer


def test_a_day_is_its_trades_and_its_figures_beside_the_history(come_to: Any, tmp_path: Path) -> None:
    """D14: exit mix, win rate and leverage in two columns; a win rate out of its band is only a warning."""
    come_to()
    said = call("prove", "day", CONFIG, "2025-04-15", "--history", tmp_path, "--out", tmp_path / "proof")
    assert said.code == 0
    assert said.lines[0] == "made, recorded feed, 2025-04-15, traded from 2025-04-10 on, run=made-1"
    assert said.lines[1] == "short: 42 trades on 288 of 288 bars"
    assert said.lines[3].split() == ["2025-04-15T01:05:00Z", "BTC", "-1", "MAX_HOLD", "1.711", "-0.27"]
    assert f"  and 2 more in {tmp_path / 'proof' / '2025-04-15' / 'short' / 'trades.csv'}" in said.lines
    rows = [line.split() for line in said.lines]
    assert ["exits", "by", "FIXED_TP", "0.0%", "100.0%"] in rows
    assert ["win", "rate", "40.0%", "50.0%", "0.2500"] in rows
    assert ["median", "leverage", "1.711", "1.711"] in rows
    assert "warning: short: win rate 40% is not 55% to 65%, which is no gate" in said.lines
    listed = call("prove", "sign-off", tmp_path / "proof", "--json").json["lines"]
    assert {line["id"]: line["status"] for line in listed}["D14"] == "passed"


def test_a_day_without_history_or_trade_is_evidence_in_part(come_to: Any, tmp_path: Path) -> None:
    """D14: dashes where nothing is, and the list says what lacks."""
    come_to(0)
    said = call("prove", "day", CONFIG, "2025-04-15", "--out", tmp_path)
    assert said.code == 0
    assert ["win", "rate", "-", "-"] in [line.split() for line in said.lines]
    shown = call("prove", "sign-off", tmp_path).out
    assert "short closed no trade; short has no history to be compared with: give --history" in shown


def test_a_day_that_was_stopped_exits_with_1(come_to: Any, tmp_path: Path) -> None:
    """D14: it is no whole day."""
    come_to(finished=False)
    said = call("prove", "day", CONFIG, "2025-04-15", "--out", tmp_path)
    assert said.code == 1
    assert said.lines[-1].startswith("STOPPED")


def test_a_scheduled_day_is_run_by_the_flow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """D13: the same words go to Prefect, and its part of the line is signed."""
    asked: dict[str, str] = {}

    def run_flow(**words: str) -> dict[str, Any]:
        asked.update(words)
        return summary(tmp_path / words["day"], 12, finished=True, history=False)

    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    monkeypatch.setattr(paper_flow, "run_flow", run_flow)
    said = call("prove", "day", CONFIG, "2025-04-15", "--scheduled", "--json", "--out", tmp_path)
    assert (said.code, said.json["run"]) == (0, "made-1")
    wanted = {"config": str(CONFIG), "feed": "recorded", "out": str(tmp_path), "day": "2025-04-15"}
    assert asked == {**wanted, "history": ""}
    line = call("prove", "sign-off", tmp_path, "--json").json["lines"][12]
    assert [(one["part"], one["status"]) for one in line["evidence"]] == [("flow", "passed")]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["2025-02-30"], 2),
        (["2025-04-15", "--feed", "simulator"], 2),
        (["2025-04-15", "--feed", "recorded:/nowhere"], 3),
        (["2025-04-15", "--history", "/nowhere"], 3),
    ],
)
def test_what_can_not_be_traded_is_one_line(tmp_path: Path, words: list[str], code: int) -> None:
    """D14: and nothing is signed."""
    said = call("prove", "day", CONFIG, *words, "--out", tmp_path / "proof")
    assert (said.code, said.err.count("\n")) == (code, 1)
    assert not (tmp_path / "proof").exists()


def test_without_prefect_a_scheduled_day_exits_with_3(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """D13: the extra is named."""
    monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "CRITICAL")
    monkeypatch.setitem(sys.modules, "prefect", None)
    said = call("prove", "day", CONFIG, "2025-04-15", "--scheduled", "--out", tmp_path)
    assert said.code == 3
    assert "tradeworthy[flows]" in said.err


@pytest.mark.parametrize("words", [(), ("2025-04-15", "--daily")])
def test_a_day_has_a_date_or_comes_daily(words: tuple[str, ...]) -> None:
    """One of the two, and not both: exit 2."""
    said = call("prove", "day", CONFIG, *words)
    assert said.code == 2
    assert "either a DATE, like 2025-04-15, or --daily" in said.err


def test_days_are_served_daily(monkeypatch: pytest.MonkeyPatch) -> None:
    """D13: the flow is scheduled for five past midnight, with what the day itself would be given."""
    served: dict[str, Any] = {}

    def serve(_: Any, **words: Any) -> None:
        served.update(words)

    flow = paper_flow.paper_flow()
    monkeypatch.setattr(type(flow), "serve", serve)
    assert call("prove", "day", CONFIG, "--daily", "--feed", "catalog", "--out", "days").code == 0
    assert served["cron"] == "5 0 * * *"
    assert served["parameters"] == {"config": str(CONFIG), "feed": "catalog", "out": "days", "history": ""}
