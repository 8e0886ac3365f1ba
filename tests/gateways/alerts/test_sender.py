"""Sending through apprise: what a service hears, and what nobody else does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tests.gateways.alerts.web_hook import WebHook
from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.alerts.grouping import Message
from tradeworthy.gateways.alerts.sender import AppriseTarget, targets_of
from tradeworthy.gateways.alerts.settings import AlertSettings
from tradeworthy.store.alerts import SEVERITIES, Severity

ALL = frozenset(SEVERITIES)


@pytest.fixture
def hook() -> Iterator[WebHook]:
    """A service that answers."""
    with WebHook() as hook:
        yield hook


def message(severity: Severity = Severity.HIGH) -> Message:
    """Some words."""
    return Message(severity, "Drawdown of 2.10%", "Equity 9790.00.\nRun run-1.")


def test_a_service_hears_title_text_and_kind(hook: WebHook) -> None:
    """H10: whole lines, and a colour by severity."""
    target = AppriseTarget(hook.url, ALL, 2.0)
    assert [target.send(message(severity)) for severity in SEVERITIES] == [True] * 4
    assert [one["type"] for one in hook.heard] == ["info", "info", "warning", "failure"]
    assert hook.heard[0]["title"] == "Drawdown of 2.10%"
    assert hook.heard[0]["message"] == "Equity 9790.00.\nRun run-1."


def test_a_service_that_is_away_or_refuses_has_not_taken_it(hook: WebHook) -> None:
    """Nothing is raised: it is asked again later."""
    target = AppriseTarget(hook.url, ALL, 2.0)
    hook.refuses = True
    assert not target.send(message())
    hook.down()
    assert not target.send(message())


def test_a_failure_says_no_address_anywhere(
    hook: WebHook, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Apprise itself would warn on standard error, with the address in it."""
    hook.down()
    with caplog.at_level(logging.DEBUG):
        assert not AppriseTarget(hook.url, ALL, 2.0).send(message())
    printed = capfd.readouterr()
    assert "s3cret" not in caplog.text + printed.out + printed.err
    assert printed.out + printed.err == ""


@pytest.mark.parametrize("url", ["jsonn://ann:s3cret@example.org", "s3cret", "json://", "tgram://s3cret"])
def test_an_address_that_apprise_cannot_read_is_refused_without_saying_it(url: str) -> None:
    """At the start of a session, and not when the house burns."""
    with pytest.raises(UsageError, match="none that apprise can read") as raised:
        targets_of(AlertSettings(urls=(SecretStr(url),)))
    assert "s3cret" not in str(raised.value)


def test_each_address_is_one_target_with_its_severities(hook: WebHook) -> None:
    """The same address in two places is told once; its key says nothing of it."""
    settings = AlertSettings(
        urls=(SecretStr(hook.url),),
        routes={Severity.CRITICAL: (SecretStr(hook.url), SecretStr("json://pager.example.org"))},
    )
    first, second = targets_of(settings)
    assert (first.severities, second.severities) == (ALL, frozenset({Severity.CRITICAL}))
    assert (first.name, second.name) == ("json://127.0.0.1", "json://pager.example.org")
    assert first.key != second.key
    assert str(hook.port) not in first.key
