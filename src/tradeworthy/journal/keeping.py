"""How journals are kept: closed segments compressed."""

import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tradeworthy.journal.segments import list_segments, segment_path, write_whole

CHUNK_BYTES = 1 << 20


def compress_closed(folder: Path, *, keep: bool = False) -> Iterator[Path]:
    """Compress all segments but the last, which may be at work; each new file, once it is there. OSError if it can't.

    With `keep` the originals stay, for those who read them meanwhile; the next call without it removes them.
    """
    for path in (segment_path(folder, number) for number in list_segments(folder)[:-1]):
        packed = path.with_name(path.name + ".z")
        is_new = path.exists() and not packed.exists()
        if is_new:
            write_whole(packed, _compressed(path))
        if not keep:
            path.unlink(missing_ok=True)
        if is_new:
            yield packed


def _compressed(path: Path) -> bytes:
    packer = zlib.compressobj()
    with path.open("rb") as file:
        pieces = [packer.compress(chunk) for chunk in iter(partial(file.read, CHUNK_BYTES), b"")]
    return b"".join([*pieces, packer.flush()])
