"""Which turn the process is in, in a page that outlives it: the kernel keeps it through kill -9."""

import mmap
from pathlib import Path


class FlightRecorder:
    """Notes the turn at work in the file `path`; a new one forgets what an earlier process left there."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(16))
        with path.open("rb+") as file:
            self._page = memoryview(mmap.mmap(file.fileno(), 16)).cast("Q")

    def begin(self, seq: int, crc: int) -> None:
        """The turn of input `seq` is at work, whose body has crc32 `crc`."""
        self._page[1] = crc  # first: where a seq stands, its crc does
        self._page[0] = seq

    def end(self) -> None:
        """No turn is at work."""
        self._page[0] = 0


def read_flight(path: Path) -> tuple[int, int] | None:
    """Seq and crc32 of the input in whose turn the process died; None if it died in none."""
    data = path.read_bytes() if path.exists() else b""
    seq, crc = memoryview(data.ljust(16, b"\0")).cast("Q")
    return (seq, crc) if seq else None
