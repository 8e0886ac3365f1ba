"""Reads the journal, and tells a torn tail, which was never durable, from damage, which was."""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tradeworthy.core.errors import AllHalted, NotAvailable
from tradeworthy.core.packets import HEAD, Kind
from tradeworthy.journal import segments
from tradeworthy.journal.segments import COMMIT, COMMIT_MARK, HEADER, START, Header, Place

_RECORD = struct.Struct("<IIBQq")


class Damage(AllHalted):
    """The journal is broken right after record `seq` (0: where reading began): its run is quarantined."""

    def __init__(self, path: Path, offset: int, seq: int, what: str) -> None:
        text = f"journal {path} is damaged at byte {offset}, after seq {seq}: {what}"
        super().__init__(f"{text}; restore the file from a copy, or leave this run and start with --fresh")
        self.seq = seq


class Record(msgspec.Struct, frozen=True, gc=False):
    """An input, decision or mark; `body` is as core.packets made it."""

    kind: int
    seq: int
    ts: int
    body: bytes
    segment: int
    offset_after: int
    chain: int

    @property
    def place(self) -> Place:
        """Right after the record, from where reading goes on."""
        return Place(self.segment, self.offset_after, self.chain)

    @property
    def mark(self) -> tuple[str, Any]:
        """Name and data of a mark."""
        return msgspec.msgpack.decode(self.body[HEAD.size :], type=tuple[str, Any])


class Reading:
    """One pass over a journal: `last_seq` and `end` say how far it came, `torn_bytes` what it left there."""

    def __init__(self, folder: Path, after: Place | None = None, limit: Place | None = None) -> None:
        self.folder, self.end, self._limit = folder, after or START, limit
        self.records = self.last_seq = self.torn_bytes = 0
        self.damage: Damage | None = None
        self.header, self.marks = b"", list[Record]()

    def __iter__(self) -> Iterator[Record]:
        first = self.end.segment
        numbers = [number for number in segments.list_segments(self.folder) if number >= first]
        if numbers != list(range(first, first + len(numbers))) or (not numbers and self.end != START):
            raise self._damaged("a segment is missing")
        for number in numbers:
            if self._limit and number > self._limit.segment:
                return
            if number > first:
                self.end = Place(number, 0, self.end.chain)
            data = self._load()
            yield from self._walk(data)
            bad = data[len(data) - self.torn_bytes :]
            if bad and (self._limit or number < numbers[-1] or COMMIT_MARK in bad):
                raise self._damaged("a record is not as it was written")

    def trim(self) -> None:
        """Cut off the `torn_bytes`, which the last write left unfinished. Raises Damage, and then cuts nothing.

        What stays is made durable: a process that was killed may have left it to the kernel alone.
        """
        if self.damage:
            raise self.damage
        path = segments.segment_path(self.folder, self.end.segment)
        if path.exists():
            with path.open("r+b") as file:
                if self.torn_bytes:
                    file.truncate(self.end.offset)
                os.fsync(file.fileno())

    def _walk(self, data: bytes) -> Iterator[Record]:
        (number, base, chain), last = self.end, self.last_seq
        at, size, unpack, crc32 = 0, len(data), _RECORD.unpack_from, zlib.crc32
        try:
            while at + _RECORD.size <= size:
                length, crc, kind, seq, ts = unpack(data, at)
                stop = at + 8 + length
                body = data[at + 8 : stop]
                if stop > size or length < HEAD.size or crc32(body, chain) != crc:
                    break
                if kind == 1 or kind == 2:  # noqa: PLR1714  # a set would cost a tenth of all reading
                    if seq <= last:
                        break
                    last = seq
                at, chain = stop, crc
                if kind == HEADER:
                    self.header = body[HEAD.size :]
                elif kind != COMMIT:
                    yield Record(kind, seq, ts, body, number, base + at, crc)
        finally:
            self.end, self.last_seq, self.torn_bytes = Place(number, base + at, chain), last, size - at

    def _load(self) -> bytes:
        number, start, _ = self.end
        path = segments.segment_path(self.folder, number)
        stop = self._limit.offset if self._limit and self._limit.segment == number else None
        try:
            with path.open("rb") as file:
                if file.seek(0, 2) < max(start, stop or 0):
                    raise self._damaged("it is shorter than it was")
                file.seek(start)
                return file.read(-1 if stop is None else stop - start)
        except FileNotFoundError:
            packed = segments.packed_path(path).read_bytes()
        try:
            return zlib.decompress(packed)[start:stop]
        except zlib.error as error:
            raise self._damaged(f"it can't be decompressed: {error}") from error

    def _damaged(self, what: str) -> Damage:
        path = segments.segment_path(self.folder, self.end.segment)
        return Damage(path, self.end.offset, self.last_seq, what)


def read(folder: Path, after: Place | None = None, limit: Place | None = None) -> Iterator[Record]:
    """The records after `after`, up to `limit` (say `durable_bytes`) or a torn tail; Damage if there is some."""
    return iter(Reading(folder, after, limit))


def read_header(folder: Path) -> Header:
    """The Header of the run in `folder`; NotAvailable if there is none, Damage if it is damaged."""
    reading = Reading(folder)
    next(iter(reading), None)
    if not reading.header:
        raise NotAvailable(f"there is no journal in {folder}: name the folder of a run that has begun")
    return msgspec.msgpack.decode(reading.header, type=Header)


def verify(folder: Path, after: Place | None = None) -> Reading:
    """A Reading of all after `after`, with `records` counted, `marks` kept and `damage` told, not raised."""
    reading = Reading(folder, after)
    try:
        for record in reading:
            reading.records += 1
            if record.kind == Kind.MARK:
                reading.marks.append(record)
    except Damage as damage:
        reading.damage = damage
    return reading
