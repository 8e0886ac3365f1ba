"""The embedded Redis: a real server, shared, and gone with its last user (A1)."""

import fcntl
import os
import signal
import stat
from pathlib import Path

import psutil
import pytest
import redis

from tests.gateways.redis_server import eventually
from tradeworthy.core.errors import UsageError
from tradeworthy.gateways.bus import connect
from tradeworthy.gateways.embedded import EmbeddedRedis, leave, redis_url


def server_pid(home: Path) -> int:
    """The server's process."""
    return int((home / "redis" / "pid").read_text())


def test_users_share_one_server_and_the_last_one_stops_it(home: Path) -> None:
    """No orphan process is left (A1, A8)."""
    first, second = EmbeddedRedis(home), EmbeddedRedis(home)
    assert first.running_url() is None
    url = first.open()
    pid = server_pid(home)
    assert second.open() == url == second.running_url()
    first.close()
    connect(url).close()
    second.close()
    assert second.running_url() is None
    assert not psutil.pid_exists(pid)


def test_the_server_asks_for_its_password(home: Path) -> None:
    """Commands come in over it, so nobody else on the machine may talk to it, nor read the password."""
    with EmbeddedRedis(home) as server:
        url = server.url()
        bare = redis.Redis.from_url("redis://" + url.partition("@")[2])
        with pytest.raises(redis.AuthenticationError):
            bare.ping()
        bare.close()
    for name in ("password", "redis.conf"):
        assert stat.S_IMODE((home / "redis" / name).stat().st_mode) == 0o600


def test_a_server_that_died_is_started_again(home: Path) -> None:
    """On the same port, with the same password: who kept the address finds it again."""
    with EmbeddedRedis(home) as server:
        url = server.url()
        os.kill(server_pid(home), signal.SIGKILL)
        assert eventually(lambda: server.running_url() is None)
        assert server.url() == url
        connect(url).close()


def test_another_process_that_looks_is_not_the_server(home: Path) -> None:
    """Who looks at the same moment holds the lock on `alive` too, shared."""
    with EmbeddedRedis(home):
        pass
    with (home / "redis" / "alive").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert EmbeddedRedis(home).running_url() is None


def test_an_outside_server_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REDIS_URL is taken as it is; without it the home folder's own server is started, once."""
    url = redis_url(home)
    try:
        assert redis_url(home) == url
        monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6380")
        assert redis_url(home) == "redis://elsewhere:6380"
    finally:
        leave(home)
    assert EmbeddedRedis(home).running_url() is None


def test_a_file_in_the_folder_s_place_is_one_line(home: Path) -> None:
    """What stands in the way is named (A11)."""
    (home / "redis").write_text("")
    with pytest.raises(UsageError, match="a file stands where a folder should be"):
        EmbeddedRedis(home).open()
