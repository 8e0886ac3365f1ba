"""The embedded server: started on demand, shared, stopped by its last user, and not led astray by what a crash left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tradeworthy.core.errors import Retryable, UsageError
from tradeworthy.store.embedded import EmbeddedPostgres

USER = """
import sys
from pathlib import Path
from tradeworthy.store.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(server.url(), flush=True)
    sys.stdin.readline()
"""


def user_of(home: Path) -> subprocess.Popen[str]:
    """Another process that opens the server and leaves when it is told to."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def url_of(user: subprocess.Popen[str]) -> str:
    """The URL that the other process was given."""
    assert user.stdout is not None
    return next(line.strip() for line in user.stdout if line.startswith("postgresql://"))


def answers(url: str) -> bool:
    """Whether there is a database at the URL."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def postmaster(server: EmbeddedPostgres) -> int:
    """The process id of the server."""
    return int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_second_start_finds_the_data_at_the_same_url(used_home: Path) -> None:
    """Rows and address outlive the last user; the server's processes do not (A1, A8)."""
    with EmbeddedPostgres(used_home) as server:
        url = server.url()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    assert not answers(url)
    with EmbeddedPostgres(used_home) as server, psycopg.connect(server.url()) as connection:
        assert server.url() == url
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_it_never_runs_as_root_and_asks_for_a_password(used_home: Path) -> None:
    """Its files belong to an ordinary account, and who has no password is not let in."""
    with EmbeddedPostgres(used_home) as server:
        assert (server.folder / "data").stat().st_uid != 0
        assert (server.folder / "password").stat().st_mode & 0o077 == 0
        password = (server.folder / "password").read_text()
        assert not answers(server.url().replace(password, "guess"))


def test_processes_share_it_and_the_last_one_stops_it(empty_home: Path) -> None:
    """Two users at an empty home get one server, which stays for the second when the first leaves."""
    users = [user_of(empty_home), user_of(empty_home)]
    urls = {url_of(user) for user in users}
    assert len(urls) == 1
    url = urls.pop()
    users[0].communicate("\n")
    assert answers(url)
    users[1].communicate("\n")
    assert not answers(url)


def test_a_killed_user_does_not_keep_the_server(used_home: Path) -> None:
    """The kernel takes a killed process's lease back: the next user to leave is the last."""
    killed = user_of(used_home)
    url = url_of(killed)
    killed.kill()
    killed.communicate()
    assert answers(url)
    with EmbeddedPostgres(used_home) as server:
        assert server.url() == url
    assert not answers(url)


def test_a_server_that_was_killed_is_started_again_by_whoever_asks(used_home: Path) -> None:
    """`url()` brings it back at the same address, with what was committed."""
    with EmbeddedPostgres(used_home) as server:
        url = server.url()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(postmaster(server), signal.SIGKILL)
        server.stop()
        assert server.url() == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_stale_pid_file_does_not_keep_it_from_starting(used_home: Path) -> None:
    """After a crash of the machine, the old server's pid may be anyone's: here it is the test's own."""
    with EmbeddedPostgres(used_home) as server:
        left = (server.folder / "data" / "postmaster.pid").read_text()
    pid_file = used_home / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getppid()), *left.splitlines()[1:]]) + "\n")
    with EmbeddedPostgres(used_home) as server:
        assert answers(server.url())


def test_a_busy_port_makes_it_take_another(used_home: Path) -> None:
    """Someone else's server on our port is left alone."""
    other = used_home.with_name(f"{used_home.name}-other")
    subprocess.run(["cp", "-a", str(used_home), str(other)], check=True)
    with EmbeddedPostgres(other) as holder, EmbeddedPostgres(used_home) as server:
        assert server.url().partition("@")[2] != holder.url().partition("@")[2]
        assert answers(server.url())


def test_looking_for_it_does_not_start_it(used_home: Path) -> None:
    """`running_url` takes no lease, makes nothing, and leaves with nobody."""
    looking = EmbeddedPostgres(used_home)
    assert EmbeddedPostgres(used_home / "absent").running_url() is None
    assert not (used_home / "absent").exists()
    assert looking.running_url() is None
    with EmbeddedPostgres(used_home) as server:
        assert looking.running_url() == server.url()
        looking.close()
        assert answers(server.url())
    assert looking.running_url() is None


def test_a_long_folder_with_odd_characters_will_do(empty_home: Path) -> None:
    """A path longer than a socket's 107 bytes, with a blank, a quote and a percent sign."""
    home = empty_home / ("long " * 30).strip() / "o'clock 50%"
    with EmbeddedPostgres(home) as server:
        assert answers(server.url())


def test_a_file_where_the_folder_should_be_is_named(empty_home: Path) -> None:
    """One line with the path and the next step, exit code 2 (A11)."""
    empty_home.mkdir()
    (empty_home / "postgres").write_text("a file")
    with pytest.raises(UsageError, match="a file stands where a folder should be") as caught:
        EmbeddedPostgres(empty_home).open()
    assert "\n" not in str(caught.value)


def test_a_server_that_will_not_start_shows_its_own_last_words(used_home: Path) -> None:
    """The reason is the server's, the log is named, exit code 3 (A11)."""
    (used_home / "postgres" / "data" / "postgresql.conf").write_text("work_mem = 'plenty'\n")
    with pytest.raises(Retryable, match=r"did not start: .*postgresql\.conf") as caught:
        EmbeddedPostgres(used_home).open()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_half_made_cluster_is_made_anew(empty_home: Path) -> None:
    """A kill during initialisation leaves nothing that the next start would trust."""
    (empty_home / "postgres" / "data.new" / "base").mkdir(parents=True)
    (empty_home / "postgres" / "data.new" / "PG_VERSION").write_text("16\n")
    with EmbeddedPostgres(empty_home) as server:
        assert answers(server.url())


def test_a_server_that_lets_nobody_in_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11: as while it recovers, or when all its connections are taken."""

    def full(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("connection failed: FATAL:  sorry, too many clients already")

    server = EmbeddedPostgres(tmp_path)
    monkeypatch.setattr(server, "_url", lambda *_: "postgresql://")
    monkeypatch.setattr("tradeworthy.store.embedded.psycopg.connect", full)
    with pytest.raises(Retryable, match=r"lets nobody in: .*too many clients"):
        server._make_database()
