"""The settings of the face: the environment, the secret and its file."""

import stat
from pathlib import Path

import pytest

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.home import Home
from tradeworthy.web.settings import SECRET_FILE, SECRET_VARIABLE, WebSettings, web_settings

SECRET = "sixteen chars or more"


def test_without_a_secret_nothing_starts(home: Path) -> None:
    """One line says how to make one."""
    with pytest.raises(UsageError, match="there is no signing secret") as raised:
        web_settings(Home(home))
    assert SECRET_VARIABLE in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("secret", ["", " ", "short", "fifteen chars..", "   padded   "])
def test_an_empty_or_short_secret_is_refused_whatever_the_file_holds(
    home: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """A variable that is set to nothing is a mistake, and no reason to fall back."""
    web_settings(Home(home), make_secret=True)
    monkeypatch.setenv(SECRET_VARIABLE, secret)
    with pytest.raises(UsageError, match="at least 16 are needed") as raised:
        web_settings(Home(home), make_secret=True)
    assert not secret.strip() or secret.strip() not in str(raised.value)


def test_a_secret_that_is_made_is_kept(home: Path) -> None:
    """The file is the owner's alone, and the next start has the same one."""
    first = web_settings(Home(home), make_secret=True)
    assert len(first.secret) >= 48
    assert stat.S_IMODE((home / SECRET_FILE).stat().st_mode) == 0o600
    assert web_settings(Home(home)) == first


def test_each_home_has_another_secret(tmp_path: Path) -> None:
    """It is random."""
    made = {web_settings(Home(tmp_path / name), make_secret=True).secret for name in "ab"}
    assert len(made) == 2


def test_a_secret_that_others_may_read_is_none(home: Path) -> None:
    """Who can read it can sign himself in."""
    web_settings(Home(home), make_secret=True)
    (home / SECRET_FILE).chmod(0o640)
    with pytest.raises(UsageError, match=r"open to others \(mode 0640\): chmod 600"):
        web_settings(Home(home))


def test_an_empty_file_of_a_secret_is_refused(home: Path) -> None:
    """As one that a full disk leaves."""
    (home / SECRET_FILE).touch(mode=0o600)
    with pytest.raises(UsageError, match="has 0 characters"):
        web_settings(Home(home), make_secret=True)


def test_a_secret_that_cannot_be_kept_is_said_in_one_line(tmp_path: Path) -> None:
    """The home is a file."""
    (tmp_path / "home").touch()
    with pytest.raises(UsageError, match="can't make the home folder"):
        web_settings(Home(tmp_path / "home"), make_secret=True)
    (tmp_path / "web.secret").mkdir()
    with pytest.raises(UsageError, match="can't read the signing secret"):
        web_settings(Home(tmp_path))


def test_the_environment_sets_all_of_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options of the command line go before it."""
    for name, value in (("SECRET", SECRET), ("PORT", "6000"), ("HOSTS", "desk.example, ,b"), ("BURST", "7")):
        monkeypatch.setenv(f"TRADEWORTHY_WEB__{name}", value)
    found = web_settings(Home(home))
    assert (found.secret, found.host, found.port) == (SECRET, "127.0.0.1", 6000)
    assert (found.hosts, found.burst) == (("desk.example", "b"), 7)
    assert web_settings(Home(home), host="::1", port=0).port == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PROT", "1", "unknown key prot; did you mean port?"),
        ("PORT", "70000", "port: Input should be less than or equal to 65535"),
        ("PORT", "http", "port: Input should be a valid integer"),
        ("REQUESTS_A_SECOND", "nan", "requests_a_second"),
        ("HOSTS", "a,https://desk.example", "names without scheme and port, like desk.example"),
        ("HOSTS", "desk.example:443", "not 'desk.example:443'"),
        ("BURST", "0", "burst: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    """A11: with the key and the limit."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.setenv(f"TRADEWORTHY_WEB__{name}", value)
    with pytest.raises(UsageError, match="TRADEWORTHY_WEB__") as raised:
        web_settings(Home(home))
    assert says in str(raised.value)
    assert SECRET not in str(raised.value)


def test_the_secret_is_not_shown() -> None:
    """Settings end up in logs."""
    assert SECRET not in repr(WebSettings(secret=SECRET))
