"""Where the database is, and what is said when it is not there."""

from pathlib import Path

import psycopg
import pytest

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.store.addresses import checked, connect, database_url, leave, place_of
from tradeworthy.store.server_account import free_port


def test_database_url_of_the_environment_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With DATABASE_URL nothing is started (A1)."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://pm_arb:pm_arb@localhost:5432/pm_arb")
    assert database_url(home) == "postgresql://pm_arb:pm_arb@localhost:5432/pm_arb"
    assert list(home.iterdir()) == []


def test_without_one_the_home_folder_has_its_own_server(
    used_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started once for the process, and stopped when it leaves (A1)."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("TRADEWORTHY_HOME", str(used_home))
    url = database_url()
    assert database_url(used_home) == url
    connect(url).close()
    leave(used_home)
    with pytest.raises(Retryable):
        connect(url)


@pytest.mark.parametrize("prefix", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_every_spelling_of_the_scheme_is_taken(prefix: str) -> None:
    """Other programs write the same address in their own ways."""
    assert checked(f"{prefix}user@host/name") == "postgresql://user@host/name"


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "localhost:5432", "postgresql://host:port/name", "sqlite://"]
)
def test_an_address_that_is_none_is_wrong_use(url: str) -> None:
    """One line that says how to write it, exit code 2 (A11)."""
    with pytest.raises(UsageError, match="postgresql://user:password@host:port/database"):
        checked(url)


def test_a_refused_connection_is_one_line_without_the_password() -> None:
    """`Cannot connect to database (host:port): reason; next step`, exit code 3 (A11)."""
    port = free_port()
    with pytest.raises(Retryable) as caught:
        connect(f"postgresql://user:geheim@127.0.0.1:{port}/name")
    said = str(caught.value)
    assert said.startswith(f"Cannot connect to database (127.0.0.1:{port}): ")
    assert "refused" in said
    assert "DATABASE_URL" in said
    assert "\n" not in said
    assert "geheim" not in said
    assert caught.value.exit_code == 3


def test_a_missing_database_and_a_wrong_password_say_so(url: str) -> None:
    """The server's own reason, without its prefix."""
    with pytest.raises(Retryable, match=r'database "absent" does not exist'):
        connect(url.rpartition("/")[0] + "/absent")
    with pytest.raises(Retryable, match="password authentication failed"):
        connect(url.replace(psycopg.conninfo.conninfo_to_dict(url)["password"], "guess"))  # type: ignore[arg-type]


def test_a_place_shows_neither_user_nor_password() -> None:
    """What logs and errors may show of an address."""
    assert place_of("postgresql://user:geheim@db.example:6543/name") == "db.example:6543"
    assert place_of("postgresql:///name") == "localhost:5432"
