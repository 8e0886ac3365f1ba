"""A service that is told of alerts: a web hook on loopback, which may be away, or refuse."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


class WebHook:
    """Takes what apprise posts to `url` and notes it in `heard`; `fetched` are the paths that were got.

    `refuses` makes it answer 503; `down` takes it off its port, to which `up` brings it back.
    """

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = int(free.getsockname()[1])
        self.heard: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.refuses = False
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """As apprise writes it, with a password that must be told to nobody."""
        return f"json://ann:s3cret@{HOST}:{self.port}/hook"

    @property
    def titles(self) -> list[str]:
        """The titles that were heard, in their order."""
        return [str(one["title"]) for one in self.heard]

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> None:
        """Answer from now on."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not hook.refuses:
                    hook.heard.append(json.loads(body))
                self._answer()

            def do_GET(self) -> None:
                if not hook.refuses:
                    hook.fetched.append(self.path)
                self._answer()

            def _answer(self) -> None:
                self.send_response(503 if hook.refuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: what is tested is heard."""

        self._server = ThreadingHTTPServer((HOST, self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def down(self) -> None:
        """Let nobody connect."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
