"""Writes the journal: the core appends to a list, a thread makes it durable, in groups."""

import os
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock
from typing import Any
from zlib import crc32

import msgspec

from tradeworthy.core.errors import AllHalted
from tradeworthy.core.packets import HEAD, Kind
from tradeworthy.journal import segments
from tradeworthy.journal.reader import Reading
from tradeworthy.journal.segments import COMMIT, COMMIT_MARK, FRAME, HEADER, Header, Place

PENDING_MAX = 65_536  # records that may wait for the disk before the core waits for it too


class JournalWriter:
    """Goes on, in a new segment, with the journal that `verify` `found`: none yet, or one whose torn tail goes.

    A turn is durable within `commit_ms`, an urgent one at once: `committing`. `durable_seq`/`_bytes` say how far.
    The first OSError latches its line in `failed`: nothing is written after it, and each call raises AllHalted.
    """

    def __init__(
        self, found: Reading, header: Header, *, segment_bytes: int = 64 << 20, commit_ms: float = 2.0
    ) -> None:
        self.durable_seq, self.durable_bytes, self.failed = found.last_seq, found.end, ""
        self._folder, self._path, self._header = found.folder, found.folder, header
        self._segment_bytes, self._commit_s = segment_bytes, commit_ms / 1000
        # One list for good: append and extend here, slice and del in the thread, are each one step.
        self._pending: list[bytes] = []
        self._pool, self._lock, self._hurry = ThreadPoolExecutor(1, "journal"), Lock(), Event()
        self._queued = False
        try:
            found.trim()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._open_segment()
        except OSError as error:
            raise AllHalted(self._sentence(error)) from error

    def append(self, body: bytes) -> None:
        """Take one record, to be written with the next commit."""
        if self.failed:
            raise AllHalted(self.failed)
        self._pending.append(body)

    def end_turn(self, *decisions: bytes, urgent: bool) -> None:
        """Take a turn's `decisions`, for one write, and have all committed: now if `urgent`. Does not wait."""
        if self.failed:
            raise AllHalted(self.failed)
        self._pending.extend(decisions)
        if urgent:
            self._hurry.set()
        if not self._queued:
            self._soon()
        if len(self._pending) > PENDING_MAX:
            self.wait_durable()

    def mark(self, name: str, data: Any, *, seq: int = 0, ts: int = 0) -> None:
        """Write a remark on `seq`, between two turns; `Record.mark` gives `(name, data)` back."""
        self.end_turn(HEAD.pack(Kind.MARK, seq, ts) + msgspec.msgpack.encode((name, data)), urgent=False)

    def wait_durable(self, seq: int = 1 << 63, timeout_s: float = 30.0) -> None:
        """Return once all that was taken up to `seq` is on disk; AllHalted if it can't be, or not in time."""
        if self.durable_seq < seq and not self.failed:
            self._hurry.set()
            try:
                self._soon().result(timeout_s)
            except TimeoutError:
                raise AllHalted(self._sentence(f"no answer in {timeout_s} s")) from None
        if self.failed:
            raise AllHalted(self.failed)

    def close(self) -> None:
        """Commit what was taken and stop; AllHalted if it can't be. A second call changes nothing."""
        if not self._file.closed:
            try:
                self.wait_durable()
            finally:
                self._pool.shutdown()
                self._file.close()
                self.failed = self.failed or f"journal {self._folder} is closed"

    def _sentence(self, error: object) -> str:
        text = f"journal {self._path} can't be written: {error}; seq {self.durable_seq} is the last on disk"
        return f"{text}, and nothing more is sent: free or mend the disk, then start the run again"

    def _soon(self) -> Future[None]:
        """The task that will commit all that is pending by now."""
        with self._lock:
            if not self._queued:
                self._queued = True
                self.committing = self._pool.submit(self._commit)
            return self.committing

    def _commit(self) -> None:
        self._hurry.wait(self._commit_s)
        self._hurry.clear()
        self._queued = False
        batch = self._pending[:]
        if self.failed or not batch:
            return
        seqs = (HEAD.unpack_from(body)[1] for body in reversed(batch) if body[0] != Kind.MARK)
        try:
            if self.durable_bytes.offset >= self._segment_bytes:
                self._file.close()
                self._open_segment()
            self.durable_bytes = self._write(batch, self.durable_bytes)
            self.durable_seq = next(seqs, self.durable_seq)
            del self._pending[: len(batch)]
        except OSError as error:
            self.failed = self._sentence(error)

    def _open_segment(self) -> None:
        number, chain = max(segments.list_segments(self._folder), default=0) + 1, self.durable_bytes.chain
        self._path = segments.segment_path(self._folder, number)
        self._file = self._path.open("xb", buffering=0)
        header = msgspec.structs.replace(self._header, segment=number, chain=chain)
        body = HEAD.pack(HEADER, 0, 0) + msgspec.msgpack.encode(header)
        self.durable_bytes = self._write([body], Place(number, 0, chain))
        segments.sync_folder(self._folder)

    def _write(self, bodies: list[bytes], place: Place) -> Place:
        """Frame, write and sync; where that ends."""
        chain, data, written = place.chain, bytearray(), 0
        for body in (*bodies, HEAD.pack(COMMIT, 0, 0) + COMMIT_MARK):
            chain = crc32(body, chain)
            data += FRAME.pack(len(body), chain)
            data += body
        while written < len(data):
            written += self._file.write(memoryview(data)[written:])
        os.fdatasync(self._file.fileno())
        return Place(place.segment, place.offset + written, chain)
