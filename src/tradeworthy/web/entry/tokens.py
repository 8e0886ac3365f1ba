"""Tokens: what programs and people show to be let in. The file holds their digests alone."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import msgspec

from tradeworthy.core.errors import NotAvailable, UsageError

TOKENS_NAME = "tokens.json"
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,39}")
LENGTH_MAX = 200
"""A longer text is no token of ours, and is not even hashed."""

BYTES_MAX = 1 << 20
TOKENS_MAX = 1000
"""Each request is compared with all of them."""


class Scope(StrEnum):
    """What a caller may do."""

    READ = "read"
    OPERATE = "operate"

    def covers(self, needed: Scope) -> bool:
        """Whether it is enough for `needed`: who may operate may read."""
        return self is Scope.OPERATE or needed is Scope.READ


class Token(msgspec.Struct, frozen=True):
    """An entry of the file: `sha256` (hex) is of the whole token, which is nowhere kept; `made_at` is UTC ISO-8601."""

    id: str
    name: str
    scope: Scope
    sha256: str
    made_at: str


class _Content(msgspec.Struct, frozen=True):
    tokens: tuple[Token, ...]


class TokenFile:
    """`tokens.json` of a home folder, mode 0600; every look sees what another process has changed.

    All methods raise UsageError in one line if the file can't be read or written, is no token file, or is open to
    others.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def make(self, name: str, scope: Scope) -> str:
        """A new token, to be shown once: it can't be had again. UsageError for a wrong or repeated name."""
        if not NAME_PATTERN.fullmatch(name):
            raise UsageError(
                f"a token's name is 1 to 40 letters, digits and _ . @ -, beginning with a letter or digit,"
                f" not {name[:60]!r}: choose another"
            )
        with self._alone():
            tokens = self.list()
            if any(token.name == name for token in tokens):
                raise UsageError(
                    f"there is a token {name!r} already: choose another name, or `tradeworthy token revoke {name}`"
                )
            if len(tokens) >= TOKENS_MAX:
                raise UsageError(f"there are {len(tokens)} tokens, the most there may be: revoke some first")
            made = secrets.token_hex(4)
            text = f"tw_{made}_{secrets.token_urlsafe(32)}"
            now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            self._write([*tokens, Token(made, name, scope, _digest(text), now)])
        return text

    def check(self, text: str) -> Token | None:
        """The token that `text` is, else None. It takes the same time whichever entry matches, or none."""
        tokens = self.list()
        if not text or len(text) > LENGTH_MAX:
            return None
        shown, found = _digest(text), None
        for token in tokens:
            if hmac.compare_digest(token.sha256, shown):
                found = token
        return found

    def list(self) -> tuple[Token, ...]:
        """All tokens, oldest first."""
        try:
            self._refresh()
        except FileNotFoundError:
            self._seen, self._tokens = None, ()
        except OSError as error:
            raise UsageError(f"can't read the tokens in {self.path}: {error.strerror}; fix it") from error
        return self._tokens

    def holds(self, made: str) -> bool:
        """Whether the token of that id is still in force."""
        return any(token.id == made for token in self.list())

    def revoke(self, name: str) -> Token:
        """Take the token away: what it opened, sessions included, is closed at once. NotAvailable if there is none."""
        with self._alone():
            tokens = self.list()
            for token in tokens:
                if token.name == name:
                    self._write([one for one in tokens if one is not token])
                    return token
        names = ", ".join(token.name for token in tokens) or "none"
        raise NotAvailable(f"there is no token {name[:60]!r}; there is {names}")

    def _refresh(self) -> None:
        with self.path.open("rb") as file:
            about = os.fstat(file.fileno())
            seen = (about.st_ino, about.st_mtime_ns, about.st_size, about.st_mode)
            if seen == self._seen:
                return
            if stat.S_IMODE(about.st_mode) & 0o077:
                raise UsageError(
                    f"the tokens in {self.path} are open to others (mode {stat.S_IMODE(about.st_mode):04o}):"
                    " chmod 600 the file"
                )
            content = file.read(BYTES_MAX)
        try:
            self._tokens = msgspec.json.decode(content, type=_Content).tokens
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self.path} is no file of tokens ({error}): move it away, and make the tokens anew"
            ) from error
        self._seen = seen

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the file meanwhile: the folder itself is locked."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(
                f"can't use the home folder {self.path.parent}: {error.strerror}; fix it, or set TRADEWORTHY_HOME"
            ) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, tokens: Iterable[Token]) -> None:
        try:
            descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(
                        msgspec.json.format(msgspec.json.encode(_Content(tuple(tokens))), indent=1) + b"\n"
                    )
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except OSError:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as error:
            raise UsageError(
                f"can't write the tokens to {self.path}: {error.strerror}; make room or fix the folder"
            ) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
