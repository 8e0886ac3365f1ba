"""Snapshots: all that the core remembers between two turns, in one file that is whole or not there."""

from hashlib import sha256
from pathlib import Path

import msgspec

from tradeworthy.core.errors import AllHalted
from tradeworthy.core.sequencer import CoreState, Sequencer
from tradeworthy.journal.digest import Digest, DigestState
from tradeworthy.journal.segments import Place, write_whole

KEPT = 3  # an older one stands in for one that is damaged
_MAGIC = b"TWSNAP1\n"


class Snapshot(msgspec.Struct, frozen=True):
    """The core after packet `seq`; what came later follows from the records after `place`."""

    seq: int
    core: CoreState
    agents: dict[str, bytes]
    digest: DigestState
    place: Place
    extra: dict[str, bytes] = {}


def take(sequencer: Sequencer, digest: Digest, place: Place) -> Snapshot:
    """What stands between two turns; `place` is the writer's `durable_bytes` once all is durable."""
    agents = {name: msgspec.msgpack.encode(agent.state) for name, agent in sequencer.agents.items()}
    return Snapshot(sequencer.seq, sequencer.dump(), agents, digest.dump(), place)


def restore(sequencer: Sequencer, digest: Digest, snapshot: Snapshot) -> None:
    """Put all where `snapshot` was taken, by the same code: no other reads its agents' states."""
    for name, agent in sequencer.agents.items():
        agent.state = msgspec.msgpack.decode(snapshot.agents[name], type=type(agent.state))
    sequencer.load(snapshot.core)
    digest.load(snapshot.digest)


def write(folder: Path, snapshot: Snapshot) -> Path:
    """Put `snapshot` beside the journal in `folder`, durably, and drop old ones; AllHalted if it can't."""
    body = msgspec.msgpack.encode(snapshot)
    path = folder / "snapshots" / f"{snapshot.seq}.snapshot"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, _MAGIC + sha256(body).digest() + body)
        for old in (*_newest_first(folder)[KEPT:], *path.parent.glob("*.draft")):
            old.unlink()
    except OSError as error:
        raise AllHalted(f"snapshot {path} can't be written: {error}; free or mend the disk") from error
    return path


def newest(folder: Path) -> Snapshot | None:
    """The newest snapshot in `folder` that is as it was written, or None."""
    for data in (path.read_bytes() for path in _newest_first(folder)):
        if data[:40] == _MAGIC + sha256(data[40:]).digest():
            return msgspec.msgpack.decode(data[40:], type=Snapshot)
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("snapshots/*.snapshot"), key=lambda path: int(path.stem), reverse=True)
