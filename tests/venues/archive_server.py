"""Binance's public archive on loopback: the real paths, zip files and checksums over real HTTP."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from tests.gateways.recordings import MINUTE
from tradeworthy.gateways.archive import COLUMNS, ArchiveFile

HEADER = ",".join(COLUMNS)


def line(opened: int, price: float = 100.0, *, unit_ns: int = 1_000_000, volume: str = "10.5") -> str:
    """One row of a CSV, opened at `opened` (UTC ns) and stamped in `unit_ns`."""
    stamp, end = opened // unit_ns, (opened + MINUTE) // unit_ns - 1
    prices = f"{price},{price + 1},{price - 1},{price + 0.5}"
    return f"{stamp},{prices},{volume},{end},1050.0,42,5.0,500.0,0"


def minutes(file: ArchiveFile, count: int = 0, *, unit_ns: int = 1_000_000) -> list[str]:
    """The first `count` 1-minute rows of a file's period; all of them if no count is given."""
    begin, end = file.span
    stop = min(end, begin + count * MINUTE) if count else end
    return [line(opened, unit_ns=unit_ns) for opened in range(begin, stop, MINUTE)]


def zipped(file: ArchiveFile, lines: Sequence[str]) -> bytes:
    """The zip file of a CSV."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(file.name.replace(".zip", ".csv"), "".join(f"{one}\n" for one in lines))
    return content.getvalue()


class ArchiveServer:
    """Serves what was put there; `asked` are the paths that clients asked for, in order.

    `broken` paths answer with a status, or, with 0, break off in the middle of the file: so many times.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: dict[str, list[int]] = {}
        self._files: dict[str, bytes] = {}
        handler = type("Handler", (_Handler,), {"archive": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, file: ArchiveFile, lines: Sequence[str]) -> None:
        """Let it have a file of these rows, and its checksum."""
        self.put_bytes(file, zipped(file, lines))

    def put_bytes(self, file: ArchiveFile, content: bytes, sha256: str | None = None) -> None:
        """Let it have a file of any content; an empty `sha256` leaves the checksum away."""
        self._files[file.path] = content
        stated = hashlib.sha256(content).hexdigest() if sha256 is None else sha256
        if stated:
            self._files[f"{file.path}.CHECKSUM"] = f"{stated}  {file.name}\n".encode()

    def files_asked(self) -> list[str]:
        """The names of the zip files that were asked for, in order."""
        return [path.rpartition("/")[2] for path in self.asked if path.endswith(".zip")]

    def answer(self, path: str) -> tuple[int, bytes, int]:
        """Status, content, and how much of it is sent."""
        self.asked.append(path)
        content = self._files.get(path)
        faults = self.broken.get(path)
        if faults:
            status = faults.pop(0)
            if status:
                return status, b"", 0
            assert content
            return 200, content, len(content) // 2
        return (200, content, len(content)) if content is not None else (404, b"", 0)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    archive: ClassVar[ArchiveServer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        status, content, sent = self.archive.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:sent])
        self.close_connection = sent < len(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it)
        """Say nothing."""
