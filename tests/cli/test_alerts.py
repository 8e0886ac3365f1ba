"""alerts test and alerts list."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import apprise
import pytest

from tests.cli.command_line import call
from tests.gateways.alerts.web_hook import WebHook


@pytest.fixture(scope="module", autouse=True)
def _services_loaded() -> None:
    """Apprise imports its services with the first address, and one of them imports what Python 3.13 will drop."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'imghdr' is deprecated", DeprecationWarning)
        apprise.Apprise.instantiate("json://localhost")


@pytest.fixture
def hook() -> Iterator[WebHook]:
    """A service that answers."""
    with WebHook() as hook:
        yield hook


def test_a_trial_sends_one_of_each_severity(
    home: Path, hook: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H10: and says what each address answered, without its password."""
    monkeypatch.setenv("TRADEWORTHY_ALERTS__URLS", hook.url)
    monkeypatch.setenv("TRADEWORTHY_ALERTS__ROUTES__LOW", "[]")
    said = call("alerts", "test")
    assert said.code == 0
    assert said.lines[0] == "low       -                 goes to no address"
    assert [line.split()[:3] for line in said.lines[1:]] == [
        [severity, "json://127.0.0.1", "taken"] for severity in ("normal", "high", "critical")
    ]
    assert hook.titles == ["Test: normal", "Test: high", "Test: critical"]
    assert "s3cret" not in said.out + said.err


def test_a_trial_that_nobody_answers_fails(
    home: Path, hook: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: exit 1, with the line of each address that took nothing."""
    hook.refuses = True
    monkeypatch.setenv("TRADEWORTHY_ALERTS__URLS", hook.url)
    said = call("alerts", "test", "--json")
    assert said.code == 1
    assert [(one["severity"], one["taken"]) for one in said.json] == [
        (severity, False) for severity in ("low", "normal", "high", "critical")
    ]


def test_a_trial_without_an_address_says_where_to_write_one(home: Path) -> None:
    """A11: exit 3."""
    said = call("alerts", "test")
    assert said.code == 3
    assert "write `urls` into [alerts] of" in said.err


def test_the_doctor_reads_addresses_and_says_none(
    place: Path, hook: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H14: whether they can be read; a wrong one is named by its scheme."""
    monkeypatch.setenv("TRADEWORTHY_ALERTS__URLS", hook.url)
    found = {one["check"]: one for one in call("doctor", "--json").json}["alerts"]
    assert found["found"] == "to json://127.0.0.1, from severity low; heartbeat to none"
    monkeypatch.setenv("TRADEWORTHY_ALERTS__URLS", "nowhere://s3cret@host.example.org")
    said = call("doctor", "--json")
    found = {one["check"]: one for one in said.json}["alerts"]
    assert (said.code, found["state"]) == (1, "fail")
    assert "the alert address nowhere://... is none that apprise can read" in found["found"]
    assert "s3cret" not in said.out


def test_alerts_are_listed_the_newest_first(demo_run: str) -> None:
    """H10: sent or not, with their texts; `--json` has every column."""
    said = call("alerts", "list", "--run", demo_run, "--json", "--limit", "500")
    assert said.code == 0
    assert [row["seq"] for row in said.json] == sorted((row["seq"] for row in said.json), reverse=True)
    assert said.json[-1]["title"] == "Started"
    assert {"severity", "key", "title", "text", "created_at", "run"} <= set(said.json[0])
    shown = call("alerts", "list", "--run", demo_run, "-n", "1")
    assert len(shown.lines) == 2
    assert said.json[0]["title"] in shown.lines[0]
    assert shown.lines[1].strip() == said.json[0]["text"]
