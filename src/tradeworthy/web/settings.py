"""How the face is served: address, secret and limits, from TRADEWORTHY_WEB__* and the home folder."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.runtime.configuration import ENV_DELIMITER, ENV_PREFIX, section
from tradeworthy.runtime.home import Home

PREFIX = f"{ENV_PREFIX}WEB{ENV_DELIMITER}"
SECRET_VARIABLE = f"{PREFIX}SECRET"
SECRET_FILE = "web.secret"  # noqa: S105 - a file's name
SECRET_LENGTH_MIN = 16
SECRET_BYTES_MAX = 4096
"""More than this is no secret, but some other file."""

HOW_TO_MAKE = 'python -c "import secrets; print(secrets.token_urlsafe(48))" makes one'

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}|[0-9A-Fa-f:]{2,39}")


class WebSettings(Settings):
    """The [web] of the process; no part of a run's identity.

    `secret` signs sessions: who knows it can make himself an operator. `hosts` are further names under which browsers
    may reach it, as behind a proxy. Rates are for each caller, or for each address without one; `port` 0 is any free.
    """

    secret: str = Field(repr=False)
    host: str = Field("127.0.0.1", min_length=1, max_length=253)
    port: int = Field(5005, ge=0, le=65_535)
    hosts: tuple[str, ...] = ()
    body_bytes_max: int = Field(1 << 20, ge=1024)
    body_s_max: float = Field(10.0, gt=0)
    requests_a_second: float = Field(50.0, gt=0)
    burst: int = Field(100, ge=1)
    push_every_s: float = Field(0.1, ge=0.02, le=10)

    @field_validator("hosts")
    @classmethod
    def _names_alone(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _NAME.fullmatch(host):
                raise ValueError(
                    f"hosts are names without scheme and port, like desk.example, not {host[:60]!r}"
                )
        return hosts

    @field_validator("secret")
    @classmethod
    def _hard_to_guess(cls, secret: str) -> str:
        if len(secret.strip()) < SECRET_LENGTH_MIN:
            raise ValueError(
                f"the signing secret has {len(secret.strip())} characters, at least {SECRET_LENGTH_MIN} are needed:"
                f" set {SECRET_VARIABLE} to a long random text; {HOW_TO_MAKE}"
            )
        return secret.strip()


def web_settings(
    home: Home, *, host: str | None = None, port: int | None = None, make_secret: bool = False
) -> WebSettings:
    """The settings of the environment, `host` and `port` going before them; UsageError in one line for any fault.

    The secret is TRADEWORTHY_WEB__SECRET, else what `web.secret` of the home folder holds, which is made there if
    there is none and `make_secret` says so. No secret, an empty or a short one is refused: nothing may start with it.
    """
    values: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in sorted(os.environ.items())
        if name.startswith(PREFIX)
    }
    if "hosts" in values:
        values["hosts"] = tuple(one.strip() for one in values["hosts"].split(",") if one.strip())
    values |= {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    if "secret" not in values:
        values["secret"] = _kept_secret(home, make=make_secret)
    return section(WebSettings, values, f"{PREFIX}*")


def _kept_secret(home: Home, *, make: bool) -> str:
    path = home.path / SECRET_FILE
    if make and not path.exists():
        home.make()
        _write_new(path, secrets.token_urlsafe(48))
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(SECRET_BYTES_MAX)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no signing secret, and without one anybody could sign in: set {SECRET_VARIABLE} to a long random"
            f" text, or give `tradeworthy serve --make-secret`, which keeps one in {path}"
        ) from error
    except OSError as error:
        raise UsageError(f"can't read the signing secret {path}: {error.strerror}; fix the file") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(
            f"the signing secret {path} is open to others (mode {stat.S_IMODE(mode):04o}): chmod 600 it, and remove"
            " it if they may have read it: a new one is made"
        )
    return content.decode("utf-8", "replace")


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return  # Another process has just made it: that one holds.
    except OSError as error:
        raise UsageError(
            f"can't keep a signing secret in {path}: {error.strerror}; fix the folder, or set {SECRET_VARIABLE}"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
