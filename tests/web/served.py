"""The product's own app over a home folder, and what its API says of it."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from nicegui import core

from tests.web.small_app import HERE, TestClient, settings
from tradeworthy.runtime.home import Home
from tradeworthy.web.app import build_app
from tradeworthy.web.entry.tokens import Scope, TokenFile

V1 = "/api/v1"
_numbers = itertools.count(1)


@dataclass
class Served:
    """One server: `client` shows a read token, `stranger` shows none."""

    home: Home
    app: FastAPI
    client: httpx.Client
    stranger: httpx.Client

    def said(self, path: str, code: int = 200, /, **query: Any) -> Any:
        """The answer's JSON; `path` is below /api/v1."""
        answer = self.client.get(f"{V1}/{path}", params=query or None)
        assert answer.status_code == code, answer.text
        return answer.json()

    def error(self, path: str, code: int, /, **query: Any) -> str:
        """The one line that a refusal says."""
        found = self.said(path, code, **query)
        assert found.keys() == {"error"}
        line = str(found["error"])
        assert "\n" not in line
        return line

    def whole(self, path: str, /, **query: Any) -> list[dict[str, Any]]:
        """All rows of a list, page by page."""
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next": None}
        while not found or page["next"]:
            page = self.said(path, **query, **({"before": page["next"]} if page["next"] else {}))
            found += page["rows"]
            if not page["rows"]:
                break
        return found

    def newest(self, like: str) -> str:
        """The newest run whose name begins so."""
        return next(str(row["run"]) for row in self.said("runs")["rows"] if row["run"].startswith(like))


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """The app over `home`, while it serves in this process."""
    home.mkdir(parents=True, exist_ok=True)
    token = TokenFile(home / "tokens.json").make(f"test-{next(_numbers)}", Scope.READ)
    # NiceGUI keeps one app for the whole process, and takes no other server once a page of it was asked for.
    core.app.middleware_stack = None
    app = build_app(Home(home), settings())
    with TestClient(app, HERE, headers={"Authorization": f"Bearer {token}"}) as client:
        yield Served(Home(home), app, client, TestClient(app, HERE, follow_redirects=False))
