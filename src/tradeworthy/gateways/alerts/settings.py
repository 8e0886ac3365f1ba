"""Where alerts go and how often: `alerts.toml` of the home folder, and the environment before it.

Addresses hold tokens and passwords. They stand in no log, error or answer: `shown` is what may be said of one.
"""

from __future__ import annotations

import json
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError

from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.gateways.json_lines import known_name
from tradeworthy.store.alerts import SEVERITIES, Severity

FILE_NAME, SECTION = "alerts.toml", "alerts"
ENV_PREFIX = "TRADEWORTHY_ALERTS__"
LISTS = ("urls", "routes")
HOSTED = frozenset({"json", "xml", "form", "http", "mailto", "gotify", "ntfy", "matrix", "mqtt", "workflow"})
"""Schemes, without the s of a secure one, whose host is a machine's name; of others it may be a secret."""


class AlertSettings(Settings):
    """The section `[alerts]`. Without an address alerts go to the log alone."""

    urls: tuple[SecretStr, ...] = Field(
        (), description="Addresses as apprise writes them: `json://host/path`."
    )
    routes: dict[Severity, tuple[SecretStr, ...]] = Field(
        {}, description="Addresses for one severity, in the place of `urls`; none at all silences it."
    )
    severity_min: Severity = Field(Severity.LOW, description="What matters less is not sent.")
    repeat_s: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="Alerts of one key are sent once in so long; the others are counted.",
    )
    critical_retry_s: float = Field(
        60.0, ge=1, le=86_400, description="A halt is said again this often, until somebody resumes."
    )
    critical_expire_s: float = Field(3_600.0, ge=0, description="And for so long at most.")
    heartbeat_url: SecretStr | None = Field(
        None, description="An http address that is fetched while a session is well, for a dead man's switch."
    )
    heartbeat_s: float = Field(60.0, ge=1, le=86_400, description="How often it is fetched.")
    daily_summary: bool = Field(default=True, description="Whether a day's result is sent.")
    timeout_s: float = Field(5.0, gt=0, le=60, description="How long an address may take to answer.")

    def urls_of(self, severity: Severity) -> tuple[str, ...]:
        """The addresses that alerts of `severity` go to."""
        if severity.rank < self.severity_min.rank:
            return ()
        return tuple(url.get_secret_value() for url in self.routes.get(severity, self.urls))

    def severities_of(self) -> dict[str, frozenset[Severity]]:
        """Every address that something goes to, with the severities that do."""
        found: dict[str, set[Severity]] = {}
        for severity in SEVERITIES:
            for url in self.urls_of(severity):
                found.setdefault(url, set()).add(severity)
        return {url: frozenset(severities) for url, severities in found.items()}


def shown(url: str) -> str:
    """What may be said of an address: its scheme, and its host where that is a machine's name."""
    scheme, separator, _ = url.partition("://")
    if not separator or not scheme.isalnum():
        return "an address without a scheme"
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    is_named = "." in host or ":" in host or host == "localhost"
    known = scheme.lower() in HOSTED or scheme.lower().removesuffix("s") in HOSTED
    return f"{scheme.lower()}://{host if known and is_named else '...'}"


def alert_settings(home: Path) -> AlertSettings:
    """The settings of the home folder; UsageError in one line, without any value, for a fault of file or variable."""
    path = home / FILE_NAME
    values = _section(path)
    names = [str(path)] if values else []
    for variable, place in _variables():
        names.append(variable)
        _put(values, place, _read(os.environ[variable], place))
    try:
        return AlertSettings(**values)
    except ValidationError as error:
        # The chain would show the values.
        raise UsageError(f"{' with '.join(names)}: {'; '.join(_lines(error))}") from None


def _section(path: Path) -> dict[str, Any]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}; correct that or move it away") from error
    if mode & 0o077:
        raise UsageError(f"{path} holds secrets and others may read it (mode {mode:04o}); `chmod 600` it")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}; make it yours") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not TOML: it is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for name in values:
        known_name(name, (SECTION,), "section", str(path))
    section = values.get(SECTION, {})
    if not isinstance(section, dict):
        raise UsageError(f"{path}: alerts is a section, write it as [alerts]")
    return section


def _variables() -> Iterator[tuple[str, list[str]]]:
    """The variables of the environment, each with the keys that it names."""
    for variable in sorted(os.environ):
        if variable.startswith(ENV_PREFIX):
            yield variable, variable.removeprefix(ENV_PREFIX).lower().split("__")


def _read(text: str, place: list[str]) -> Any:
    """The value of a variable: JSON or words for lists, text for the others."""
    if place[0] not in LISTS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text.split()


def _put(values: dict[str, Any], place: list[str], value: Any) -> None:
    for key in place[:-1]:
        inner = values.get(key)
        values[key] = values = dict(inner) if isinstance(inner, Mapping) else {}
    values[place[-1]] = value


def _lines(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        place = [str(part) for part in fault["loc"]]
        if fault["type"] == "extra_forbidden":
            yield _unknown(place, AlertSettings)
        else:
            yield f"{'.'.join(place)}: {fault['msg']}"


def _unknown(place: list[str], model: type[BaseModel]) -> str:
    try:
        known_name(place[-1], model.model_fields, "key", ".".join(place[:-1]) or SECTION)
    except UsageError as error:
        return str(error)
    return f"{'.'.join(place)} is no key here"
