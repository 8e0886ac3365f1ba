"""The whole specification, asked by a machine: a real server over a real run, with each kind of caller.

The session is a control socket that notes what reaches it.
"""

import contextlib
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.flows.sessions import Session, run
from tests.web.small_app import session
from tradeworthy.gateways.control import Flatten, Halt, Inject, Request, Resume, Stop
from tradeworthy.web.entry.tokens import Scope, TokenFile

CONFIG = Path(__file__).parents[2] / "configs" / "breakout.toml"
FREE = {"TRADEWORTHY_WEB__REQUESTS_A_SECOND": "100000", "TRADEWORTHY_WEB__BURST": "100000"}
RUN_S = 20_000
STREAM = "text/event-stream"
EXAMPLES = 6
CONFORMING = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
"""Nothing is drawn by chance: the same requests each time."""


@dataclass(frozen=True)
class Served:
    """A server, its tokens, and what its session has heard."""

    home: Path
    address: str
    tokens: dict[str, str]
    heard: list[Request]

    def headers(self, who: str) -> dict[str, str]:
        """What `who` shows."""
        return {"Authorization": f"Bearer {self.tokens[who]}"} if who in self.tokens else {}

    def forget(self) -> None:
        """Begin anew: nothing is halted, and nothing was heard."""
        self.heard.clear()
        (self.home / "halt.latch").unlink(missing_ok=True)

    def is_untouched(self) -> bool:
        """Whether nothing was asked of the session, and nothing is halted."""
        return not self.heard and not (self.home / "halt.latch").exists()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """The product's own server over an embedded database with one run in it."""
    with tempfile.TemporaryDirectory(prefix="tw-") as folder:
        home = Path(folder) / "h"
        assert run(home, "run", str(CONFIG), "--duration", str(RUN_S)).code == 0
        file = TokenFile(home / "tokens.json")
        tokens = {scope.value: file.make(scope.value, scope) for scope in Scope}
        tokens["revoked"] = file.make("gone", Scope.OPERATE)
        file.revoke("gone")
        server = Session(home, "serve", "--port", "0", "--make-secret", environment=FREE)
        try:
            server.wait_for("web_started")
            found = re.search(r"open (http\S+)", server.text())
            assert found is not None
            with session(home) as heard:
                yield Served(home, found[1], tokens, heard)
        finally:
            server.signal(signal.SIGTERM)
            assert "Traceback" not in server.end().text


@pytest.fixture(scope="module")
def operations(served: Served) -> list[Any]:
    """All operations that the server describes."""
    schema = schemathesis.openapi.from_url(f"{served.address}/openapi.json", headers=served.headers("read"))
    found = list(schema.get_all_operations())
    assert all(isinstance(one, Ok) for one in found)
    return [one.ok() for one in found if isinstance(one, Ok)]


def by_method(operations: list[Any]) -> tuple[list[Any], list[Any]]:
    """Those that read, and those that act; without the streams of events, which have no end."""
    finite = [
        operation
        for operation in operations
        if STREAM not in operation.definition.raw["responses"].get("200", {}).get("content", {})
    ]
    gets = [operation for operation in finite if operation.method.upper() == "GET"]
    posts = [operation for operation in finite if operation not in gets]
    assert {operation.method.upper() for operation in posts} == {"POST"}
    return gets, posts


def ask_all(
    served: Served, operations: list[Any], who: str, mode: GenerationMode, checks: list[Any]
) -> set[int]:
    """Ask some of each operation as `who` and check the answers; their statuses."""
    statuses: set[int] = set()
    with requests.Session() as connection:
        for operation in operations:

            @QUIET
            @given(case=operation.as_strategy(generation_mode=mode))
            def asked(case: Any) -> None:
                answer = case.call(
                    base_url=served.address, session=connection, headers=served.headers(who), timeout=20
                )
                case.validate_response(answer, checks=checks)
                statuses.add(answer.status_code)

            # What takes nothing can't be asked wrongly.
            with contextlib.suppress(Unsatisfiable):
                asked()
    return statuses


def test_whatever_pages_show_programs_can_read(operations: list[Any]) -> None:
    """A7, and each verb that steers a session."""
    found = {operation.label for operation in operations}
    read = (
        *("status", "runs", "runs/{run}", "positions", "orders", "trades", "candidates", "decisions"),
        *("traces/{packet}", "counters", "why/{desk}", "lessons", "overrides", "thresholds", "equity"),
        *("posture", "daily", "alerts", "allocations", "opportunities", "bars", "events"),
    )
    acting = ("halt", "resume", "flatten", "inject/{kind}", "stop")
    assert {f"GET /api/v1/{name}" for name in read} <= found
    assert {f"POST /api/v1/{name}" for name in acting} == {name for name in found if name.startswith("POST")}


def test_what_is_right_is_answered_as_described(served: Served, operations: list[Any]) -> None:
    """A7: no 5xx, and every answer has the form that the specification promises."""
    gets, posts = by_method(operations)
    assert 200 in ask_all(served, gets, "read", GenerationMode.POSITIVE, CONFORMING)
    assert served.is_untouched()
    assert 200 in ask_all(served, posts, "operate", GenerationMode.POSITIVE, CONFORMING)
    assert {type(request) for request in served.heard} == {Halt, Resume, Flatten, Inject, Stop}


def test_what_is_wrong_is_refused_as_described(served: Served, operations: list[Any]) -> None:
    """A11: no 5xx, and nothing wrong that is sent is taken for right."""
    gets, posts = by_method(operations)
    checks = [*CONFORMING, negative_data_rejection]
    assert 422 in ask_all(served, posts, "operate", GenerationMode.NEGATIVE, checks)
    assert 422 in ask_all(served, gets, "read", GenerationMode.NEGATIVE, checks)


@pytest.mark.parametrize("who", ["read", "nobody", "revoked"])
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name
)
def test_without_the_scope_nothing_changes(
    served: Served, operations: list[Any], who: str, mode: GenerationMode
) -> None:
    """A7: whatever is sent, the session hears nothing of it and nothing is halted."""
    served.forget()
    _, posts = by_method(operations)
    statuses = ask_all(served, posts, who, mode, CONFORMING)
    assert statuses <= ({400, 403, 422} if who == "read" else {401, 403})
    assert statuses & {401, 403}
    assert served.is_untouched()


def test_without_a_token_nothing_is_shown(served: Served, operations: list[Any]) -> None:
    """A7: every operation is refused, but for those that say they need no token."""
    closed = [operation for operation in operations if operation.definition.raw.get("security")]
    assert {one.path for one in operations} - {one.path for one in closed} <= {"/health"}
    with requests.Session() as connection:
        for operation in closed:
            address = served.address + re.sub(r"{\w+}", "1", operation.path)
            answer = connection.request(operation.method, address, timeout=20)
            assert answer.status_code == 401, operation.label


def test_the_specification_itself_is_not_for_all(served: Served) -> None:
    """It needs a token like what it describes."""
    assert requests.get(f"{served.address}/openapi.json", timeout=20).status_code == 401
