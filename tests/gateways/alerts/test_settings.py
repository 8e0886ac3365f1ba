"""The settings of alerts: a file for oneself alone, the environment before it, and no secret said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.alerts.settings import FILE_NAME, AlertSettings, alert_settings, shown
from tradeworthy.store.alerts import SEVERITIES, Severity

SECRET = "s3cr3t"
URL = f"json://ann:{SECRET}@hooks.example.org/{SECRET}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and an environment without a word on alerts."""
    for name in ("URLS", "ROUTES__CRITICAL", "REPEAT_S", "SEVERITY_MIN"):
        monkeypatch.delenv(f"TRADEWORTHY_ALERTS__{name}", raising=False)
    return tmp_path


def write(place: Path, text: str, mode: int = 0o600) -> None:
    """The file, with that mode."""
    path = place / FILE_NAME
    path.write_text(text)
    path.chmod(mode)


def test_without_a_file_there_is_no_address(place: Path) -> None:
    """Alerts go to the log, once a minute for each key."""
    settings = alert_settings(place)
    assert settings.severities_of() == {}
    assert (settings.repeat_s, settings.critical_retry_s, settings.critical_expire_s) == (60, 60, 3_600)


def test_severities_find_their_addresses(place: Path) -> None:
    """H10: by route, else by `urls`; what matters less than the least goes nowhere."""
    write(
        place,
        f'[alerts]\nurls = ["{URL}", "json://b.example.org"]\nseverity_min = "normal"\n'
        '[alerts.routes]\ncritical = ["json://pager.example.org"]\nhigh = []\n',
    )
    settings = alert_settings(place)
    assert settings.urls_of(Severity.LOW) == settings.urls_of(Severity.HIGH) == ()
    assert settings.severities_of() == {
        URL: {Severity.NORMAL},
        "json://b.example.org": {Severity.NORMAL},
        "json://pager.example.org": {Severity.CRITICAL},
    }


def test_the_environment_goes_before_the_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists as JSON or as words; a route by its severity."""
    write(place, '[alerts]\nurls = ["json://a.example.org"]\nrepeat_s = 5\n')
    monkeypatch.setenv("TRADEWORTHY_ALERTS__URLS", f'["{URL}"]')
    monkeypatch.setenv("TRADEWORTHY_ALERTS__ROUTES__CRITICAL", "json://b.example.org json://c.example.org")
    settings = alert_settings(place)
    assert settings.urls_of(Severity.LOW) == (URL,)
    assert settings.urls_of(Severity.CRITICAL) == ("json://b.example.org", "json://c.example.org")
    assert settings.repeat_s == 5


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(place: Path, mode: int) -> None:
    """It holds tokens: the message says what to do."""
    write(place, f'[alerts]\nurls = ["{URL}"]\n', mode)
    with pytest.raises(UsageError, match=rf"others may read it \(mode 0{mode:o}\); `chmod 600` it"):
        alert_settings(place)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[alerts]\nurl = ["{URL}"]', "alerts: unknown key 'url'; did you mean 'urls'"),
        (f'[alert]\nurls = ["{URL}"]', "unknown section 'alert'; did you mean 'alerts'"),
        (f'alerts = "{URL}"', "write it as \\[alerts\\]"),
        (f'[alerts]\nurls = "{URL}"', "urls: Input should be a valid tuple"),
        (f'[alerts]\nseverity_min = "{SECRET}"', "severity_min: Input should be 'low', 'normal', 'high'"),
        (f'[alerts]\nrepeat_s = "{SECRET}"', "repeat_s: Input should be a valid number"),
        (f'[alerts.routes]\nfatal = ["{URL}"]', "routes.fatal"),
        (f"[alerts]\nurls = [{SECRET}", "is not TOML"),
    ],
)
def test_a_mistake_is_one_line_without_the_secret(place: Path, text: str, said: str) -> None:
    """The nearest name, and nothing of the value; nor in the error's causes."""
    write(place, text)
    with pytest.raises(UsageError, match=said) as raised:
        alert_settings(place)
    causes = [raised.value, raised.value.__cause__]
    assert all(SECRET not in str(cause) and "\n" not in str(cause) for cause in causes)
    assert raised.value.__cause__ is None or raised.value.__suppress_context__


def test_settings_do_not_print_their_addresses() -> None:
    """Whoever logs them by mistake tells nobody."""
    settings = AlertSettings(urls=(URL,), heartbeat_url=f"https://hc-ping.com/{SECRET}")
    assert SECRET not in repr(settings) + settings.model_dump_json()
    assert set(SEVERITIES) == {Severity.LOW, Severity.NORMAL, Severity.HIGH, Severity.CRITICAL}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (URL, "json://hooks.example.org"),
        ("jsons://127.0.0.1:8080/x", "jsons://127.0.0.1"),
        ("https://hc-ping.com/secret", "https://hc-ping.com"),
        ("mailto://ann:pw@example.org", "mailto://example.org"),
        ("tgram://123456789:AAH-secret/42", "tgram://..."),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://..."),
        ("ntfy://my-secret-topic", "ntfy://..."),
        ("json://[broken", "json://..."),
        ("no address", "an address without a scheme"),
    ],
)
def test_of_an_address_scheme_and_machine_are_shown(url: str, said: str) -> None:
    """Where a service keeps its token in the place of the host, the scheme alone."""
    assert shown(url) == said


def test_the_example_of_the_documentation_can_be_used(place: Path) -> None:
    """What a reader copies works as it stands, but for the tokens."""
    page = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
    write(place, page.partition("```toml\n")[2].partition("```")[0])
    settings = alert_settings(place)
    assert [shown(url) for url in settings.severities_of()] == ["json://hooks.example.org", "pover://..."]
    assert settings.urls_of(Severity.LOW) == ()
