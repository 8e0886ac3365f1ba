"""Which turn the process is in, in a page that outlives it: the kernel keeps it through kill -9."""

import mmap
import struct
from pathlib import Path

_PAGE = struct.Struct("=QQQ")


class FlightRecorder:
    """Notes the turn at work in the file `path`, and whose `life` it is; what an earlier process left is forgotten."""

    def __init__(self, path: Path, life: int) -> None:
        path.write_bytes(_PAGE.pack(0, 0, life))
        with path.open("rb+") as file:
            self._page = memoryview(mmap.mmap(file.fileno(), _PAGE.size)).cast("Q")

    def begin(self, seq: int, crc: int) -> None:
        """The turn of input `seq` is at work, whose body has crc32 `crc`."""
        self._page[1] = crc  # first: where a seq stands, its crc does
        self._page[0] = seq

    def end(self) -> None:
        """No turn is at work."""
        self._page[0] = 0


def read_flight(path: Path) -> tuple[int, int, int] | None:
    """Seq and crc32 of the input in whose turn the process died, and its life; None if it died in none."""
    data = path.read_bytes() if path.exists() else b""
    seq, crc, life = _PAGE.unpack(data.ljust(_PAGE.size, b"\0")[: _PAGE.size])
    return (seq, crc, life) if seq else None
