"""How far an address has been told: which packet of which run, on disk before it counts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from tradeworthy.gateways.alerts.grouping import GroupingState
from tradeworthy.journal.segments import Place, write_whole
from tradeworthy.store.alerts import AlertState

FOLDER = "alerts"


class Stand(msgspec.Struct):
    """Told up to packet `seq`, right before `place` in the run's journal; `state` is what the rules remember there.

    `is_over`: its process is gone, and nothing was left to tell.
    """

    place: Place
    seq: int
    state: AlertState
    is_over: bool = False


class CursorState(msgspec.Struct):
    """By run how far it was told, and what the grouping of messages remembers.

    `before` are the runs that were there before the address was: of those it is told what comes from then on.
    """

    before: list[str] = []
    runs: dict[str, Stand] = {}
    grouping: GroupingState = msgspec.field(default_factory=GroupingState)


class Cursor:
    """The file of one address, named by `key`, under `home`; `state` is what it held."""

    def __init__(self, home: Path, key: str, runs: Path) -> None:
        self.path = home / FOLDER / f"{key}.json"
        self.state = self._load(runs)

    def save(self) -> None:
        """Make `state` durable. OSError if it can't be: what was told may then be told again."""
        write_whole(self.path, msgspec.json.encode(self.state))

    def _load(self, runs: Path) -> CursorState:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=CursorState)
        except FileNotFoundError:
            pass
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            structlog.get_logger().warning("alert_cursor_unreadable", path=str(self.path), error=str(error))
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        self.state = CursorState(sorted(folder.name for folder in runs.glob("*/")))
        self.save()
        return self.state


def forget_others(home: Path, keys: set[str]) -> None:
    """Remove the files of addresses that are configured no more: should they come back, they begin anew."""
    for path in (home / FOLDER).glob("*.json"):
        if path.stem not in keys:
            path.unlink(missing_ok=True)
            structlog.get_logger().info("alert_cursor_removed", path=str(path))
