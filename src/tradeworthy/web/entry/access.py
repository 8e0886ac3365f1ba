"""Who asks, and what he may: tokens, signed sessions, one-time sign-in links."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection

from tradeworthy.core.errors import UsageError
from tradeworthy.runtime.home import Home
from tradeworthy.web.entry.tokens import TOKENS_NAME, Scope, Token, TokenFile
from tradeworthy.web.settings import WebSettings

COOKIE = "tradeworthy_session"
SESSION_S = 12 * 3600
CODE_S = 600
SIGNED_LENGTH_MAX = 2_000
"""A longer cookie or code is none of ours."""

_THIS_PROCESS = secrets.token_hex(8)
"""A link opens the process that printed it, and no later one: so it is used once, restarts or not."""

NOBODY = (
    "nobody is signed in, or no longer: send `Authorization: Bearer TOKEN`, or sign in at /sign-in;"
    " `tradeworthy token new NAME --scope read` makes a token"
)


class NotSignedIn(UsageError):
    """Nobody is known to ask: no token, a wrong one, or a session that is over."""


class Forbidden(UsageError):
    """Who asks is known, and may not."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    `token` is the id of the token that let him in, "" if a link did; `session` that of a signed session, "" if the
    token itself was shown; `until` when that ends (unix s).
    """

    name: str
    scope: Scope
    token: str = ""
    session: str = ""
    until: float = math.inf

    def recorded(self, by: str = "") -> str:
        """How an act of his goes on record: who he says he is, and what let him in."""
        return f"{by.strip() or self.name} ({f'token {self.name}' if self.token else 'sign-in link'})"


def session_cookie(secret: str, caller: Caller) -> str:
    """The value of the session cookie: signed, and good for SESSION_S."""
    session = caller.session or secrets.token_hex(8)
    return _signer(secret, "session").dumps([caller.name, caller.scope.value, caller.token, session])


def caller_of_cookie(secret: str, text: str) -> Caller | None:
    """Who signed in, else None: tampered with, signed by another secret, or too old.

    Whether the token was revoked since is asked by `Access.caller`.
    """
    found, since = _signed(secret, "session", text, SESSION_S)
    if found is None:
        return None
    name, scope, token, session = found
    return Caller(name, Scope(scope), token, session, since + SESSION_S)


def sign_in_code(secret: str, name: str, scope: Scope) -> str:
    """What stands in the link /sign-in/CODE: it lets one browser in, once, within CODE_S, into this process."""
    return _signer(secret, f"code.{_THIS_PROCESS}").dumps([name, scope.value, secrets.token_hex(8)])


class Access:
    """Who may do what in one home folder."""

    def __init__(self, home: Home, settings: WebSettings) -> None:
        self.home, self.settings = home, settings
        self.tokens = TokenFile(home.path / TOKENS_NAME)
        self._ended: dict[str, float] = {}
        self._used: dict[str, float] = {}

    def caller(self, connection: HTTPConnection) -> Caller | None:
        """Who asks; None for nobody known. A token that is shown is judged alone, whatever the cookie says."""
        shown = connection.headers.get("authorization")
        if shown is not None:
            kind, _, text = shown.partition(" ")
            return self.by_token(text.strip()) if kind.lower() == "bearer" else None
        cookie = connection.cookies.get(COOKIE)
        caller = caller_of_cookie(self.settings.secret, cookie) if cookie else None
        return caller if caller and self.holds(caller) else None

    def by_token(self, text: str) -> Caller | None:
        """Who shows that token."""
        token = self.tokens.check(text)
        return None if token is None else _of_token(token)

    def by_code(self, code: str) -> Caller | None:
        """Whom a sign-in link lets in; the second time nobody."""
        found, since = _signed(self.settings.secret, f"code.{_THIS_PROCESS}", code, CODE_S)
        if found is None:
            return None
        name, scope, once = found
        if once in self._used:
            return None
        _remember(self._used, once, since + CODE_S)
        return Caller(name, Scope(scope))

    def open_session(self, caller: Caller) -> str:
        """A new session's cookie for who has shown a token or a code."""
        return session_cookie(self.settings.secret, replace(caller, session=""))

    def end_session(self, caller: Caller) -> None:
        """Sign out: the cookie is worth nothing to this process any more, whoever has a copy."""
        if caller.session:
            _remember(self._ended, caller.session, caller.until)

    def holds(self, caller: Caller) -> bool:
        """Whether he is still who he was: neither too long here, nor signed out, nor his token revoked."""
        if time.time() > caller.until or caller.session in self._ended:
            return False
        return not caller.token or self.tokens.holds(caller.token)

    def require(self, caller: Caller | None, scope: Scope) -> Caller:
        """The caller, if he may still do what `scope` allows; else NotSignedIn or Forbidden. Ask before every act."""
        if caller is None or not self.holds(caller):
            raise NotSignedIn(NOBODY)
        if not caller.scope.covers(scope):
            raise Forbidden(
                f"{caller.name} may {caller.scope}, and this needs {scope}: use a token that was made with"
                f" --scope {scope}"
            )
        return caller


_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token of `tradeworthy token new`.")
_cookie = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="What /sign-in sets; 12 hours."
)


def access_of(connection: HTTPConnection) -> Access:
    """The Access of the app that serves this request, page or socket."""
    access: Access = connection.state.access
    return access


def caller_of(connection: HTTPConnection) -> Caller | None:
    """Who asks, as the gate has found it; None on the few paths that are open to all."""
    caller: Caller | None = connection.state.caller
    return caller


async def reader(
    request: Request, _: Annotated[Any, Security(_bearer)], __: Annotated[Any, Security(_cookie)]
) -> Caller:
    """Who asks, if he may read: NotSignedIn (401) else."""
    return access_of(request).require(caller_of(request), Scope.READ)


async def operator(
    request: Request, _: Annotated[Any, Security(_bearer)], __: Annotated[Any, Security(_cookie)]
) -> Caller:
    """Who asks, if he may operate: NotSignedIn (401) or Forbidden (403) else."""
    return access_of(request).require(caller_of(request), Scope.OPERATE)


Reader = Annotated[Caller, Depends(reader)]
Operator = Annotated[Caller, Depends(operator)]


def _of_token(token: Token) -> Caller:
    return Caller(token.name, token.scope, token.id)


def _signer(secret: str, what: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret, salt=f"tradeworthy.{what}", signer_kwargs={"digest_method": hashlib.sha256}
    )


def _signed(secret: str, what: str, text: str, age_s_max: int) -> tuple[list[str] | None, float]:
    """What was signed and when (unix s); None if it was not, or too long ago."""
    if len(text) > SIGNED_LENGTH_MAX:
        return None, 0.0
    try:
        found, at = _signer(secret, what).loads(text, max_age=age_s_max, return_timestamp=True)
    except (BadData, UnicodeError):
        return None, 0.0
    return found, at.timestamp()


def _remember(known: dict[str, float], one: str, until: float) -> None:
    """Add it, and forget what has run out meanwhile."""
    now = time.time()
    for old in [key for key, end in known.items() if end < now]:
        del known[old]
    known[one] = until
