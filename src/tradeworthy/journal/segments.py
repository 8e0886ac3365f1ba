"""The files of a run's journal, and how a record stands in them.

A record is `length u32 | crc32 u32 | body`. Its crc goes on from the record before, through all segments, so that
what is flipped, dropped, doubled or moved breaks the chain. A segment begins with its Header, a write ends with a
commit record: one that stands after a bad record proves that the bad one was whole once.
"""

import os
import struct
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

FRAME = struct.Struct("<II")
HEADER, COMMIT = 0, 5  # kinds that only the journal has
COMMIT_MARK = b"\xc1committed\xc1" + bytes.fromhex("5e7a0c91d3")  # 0xc1 is in no text


class Place(NamedTuple):
    """Between two records: segment number, byte offset, and the crc of the record before."""

    segment: int
    offset: int
    chain: int


START = Place(1, 0, 0)


class Header(msgspec.Struct, frozen=True):
    """All that a replay needs besides the records. The writer fills in `segment` and `chain`."""

    run: str
    configuration: dict[str, Any]
    decision_hash: str
    seed: int
    parent: str = ""
    record_inputs: bool = True
    feed: dict[str, Any] = {}
    cpu: list[str] = []
    versions: dict[str, str] = {}
    session: dict[str, Any] = {}
    segment: int = 1
    chain: int = 0


def segment_path(folder: Path, number: int) -> Path:
    """Where segment `number` is written."""
    return folder / f"{number:08d}.journal"


def packed_path(path: Path) -> Path:
    """Where the segment that was written at `path` is once it is compressed; its original goes after that."""
    return path.with_name(path.name + ".z")


def segment_stat(path: Path) -> os.stat_result:
    """Of the segment that was written at `path`, which may be compressed at any moment; FileNotFoundError if gone."""
    try:
        return path.stat()
    except FileNotFoundError:
        return packed_path(path).stat()


def list_segments(folder: Path) -> list[int]:
    """The numbers of the segments in `folder`, compressed or not, in order; empty if there is no folder."""
    return sorted({int(path.name[:8]) for path in folder.glob("*.journal*") if path.suffix != ".draft"})


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path` durably: a crash leaves the old file or the new one. OSError if it can't."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
