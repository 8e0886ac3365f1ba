"""What a session tells people outside: its log, its addresses, and that it is alive."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from tests.runtime.rig import Place, desk, feed, place, trade
from tradeworthy.core.errors import AllHalted, NotAvailable, UsageError
from tradeworthy.core.packets import Packet
from tradeworthy.execution.accounting import CashMoved
from tradeworthy.market.predictions import Market, MarketOpened
from tradeworthy.risk.operators import HaltChanged
from tradeworthy.runtime.alert_trial import try_alerts
from tradeworthy.runtime.alerting import (
    LOUD_BURST,
    QUIET_BURST,
    Alerting,
    AlertLog,
    answers,
    known_state,
)
from tradeworthy.runtime.home import Home
from tradeworthy.store.alerts import Alert, AlertState, Severity


@pytest.fixture
def quiet() -> AlertLog:
    """One whose wall clock stands still."""
    return AlertLog(AlertState(), seconds=lambda: 0.0)


@pytest.fixture
def told(tmp_path: Path) -> Place:
    """A session's place, with a desk that does as it is told."""
    return place(tmp_path, desk())


def alert(number: int, severity: Severity = Severity.NORMAL) -> Alert:
    """One of many."""
    return Alert(severity, f"key-{number}", f"Trade {number}", "bought.")


def test_an_alert_is_a_line_with_severity_and_title(quiet: AlertLog, log: LogCapture) -> None:
    """H10: what matters more says what to do, too."""
    quiet.take(Packet(1, 1, 0, 1_700_000_000_000_000_000, "configuration", CashMoved(5, "initial cash")))
    quiet.take(Packet(2, 2, 0, 0, "risk-guardian", HaltChanged("", True, "operator", "ann", "looks odd")))
    first, second = log.entries
    assert first == {
        "event": "alert",
        "log_level": "info",
        "severity": "low",
        "title": "Started",
        "at": "2023-11-14T22:13:20Z",
    }
    assert (second["log_level"], second["title"]) == ("warning", "TRADING HALTED")
    assert "tradeworthy resume" in second["text"]


def test_a_flood_of_alerts_is_a_few_lines_and_a_count(quiet: AlertLog, log: LogCapture) -> None:
    """A run that is not paced makes thousands; halts are not kept back by trades."""
    for number in range(1_000):
        quiet.say(alert(number), 0)
    quiet.say(alert(0, Severity.CRITICAL), 0)
    quiet.close()
    quiet.close()
    names = [entry["event"] for entry in log.entries]
    assert names == ["alert"] * (QUIET_BURST + 1) + ["alerts_left_out_of_log"]
    assert log.entries[-1]["count"] == 1_000 - QUIET_BURST
    assert LOUD_BURST > QUIET_BURST


def test_settings_that_cannot_be_used_are_refused_before_anything_begins(tmp_path: Path) -> None:
    """A11: at the start, not at the first alert."""
    home = Home(tmp_path).make()
    (tmp_path / "alerts.toml").write_text('[alerts]\nurls = ["nowhere"]\n')
    (tmp_path / "alerts.toml").chmod(0o600)
    with pytest.raises(UsageError, match="an address without a scheme"):
        Alerting(home)


def test_without_an_address_a_trial_says_what_to_do(tmp_path: Path) -> None:
    """A11: exit 3, with the file to write."""
    with pytest.raises(NotAvailable, match=r"write `urls` into \[alerts\]"):
        try_alerts(Home(tmp_path))


def test_one_that_was_never_started_ends_in_silence(tmp_path: Path, log: LogCapture) -> None:
    """A session that could not open its run tells nobody."""
    Alerting(Home(tmp_path).make()).stop()
    assert log.entries == []


def test_what_ended_a_session_is_in_its_log(tmp_path: Path, log: LogCapture) -> None:
    """A disk that is full halts all, and is in no journal."""
    Alerting(Home(tmp_path).make()).tell(AllHalted("no space left on the device"))
    (entry,) = log.entries
    assert (entry["severity"], entry["title"]) == ("critical", "TRADING HALTED: the session ended")
    assert entry["text"].startswith("no space left on the device. The session has ended")


def test_a_run_that_goes_on_knows_what_it_holds(told: Place) -> None:
    """A9: the cost of an addition is not that of all."""
    with told.opened() as life:
        trade(life)
        assert known_state(life).held == {}
        assert known_state(life).started


def test_a_run_that_goes_on_knows_what_markets_ask(told: Place) -> None:
    """H10: its alerts name markets as those of an unbroken run do."""
    market = "polymarket:m1"
    opened = MarketOpened(Market(market, "polymarket", "0xa", "Will it?", f"{market}:YES", f"{market}:NO"))
    with told.opened() as life:
        feed(life, opened)
        assert known_state(life).titles == {market: "Will it?"}


def test_a_session_answers_only_while_its_thread_and_its_journal_do(
    told: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A10: a hung loop, a loop that is gone, and a journal that failed are no sign of life."""
    monkeypatch.setattr("tradeworthy.runtime.alerting.ANSWER_S_MAX", 0.05)
    loop = asyncio.new_event_loop()
    with told.opened() as life:
        assert not answers(life, loop)
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        monkeypatch.setattr("tradeworthy.runtime.alerting.ANSWER_S_MAX", 10.0)
        assert answers(life, loop)
        life.halted = AllHalted("the ledger raised")
        assert not answers(life, loop)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        assert not answers(life, loop)
