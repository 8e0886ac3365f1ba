"""A session's configuration: TOML, overridden by TRADEWORTHY_SECTION__KEY, judged by pydantic."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.gateways.feeds.prediction_settings import RecordedMarketSettings
from tradeworthy.gateways.feeds.seeded_signals import SignalSettings
from tradeworthy.gateways.simulator.points import PointsSettings
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.journal.segments import Header
from tradeworthy.learning.settings import LearningSettings
from tradeworthy.market.freshness import FreshnessSettings
from tradeworthy.market.oracles import OracleSettings
from tradeworthy.risk.posture import PostureSettings
from tradeworthy.risk.script import ScriptEntry
from tradeworthy.risk.settings import RiskSettings
from tradeworthy.runtime.desk_kinds import KINDS, PanelKind
from tradeworthy.runtime.nearest import nearest
from tradeworthy.runtime.sections import (
    AccountSettings,
    DataSettings,
    DeskSettings,
    InstrumentSettings,
    JournalSettings,
    StoreSettings,
)

ENV_PREFIX = "TRADEWORTHY_"
ENV_DELIMITER = "__"
OF_THE_PROCESS = ("web", "alerts")
"""Sections of the environment that are no part of a run: the dashboard's and the notifier's."""

GIVEN_LENGTH_MAX = 60
"""So much of a wrong value is shown."""

Section = TypeVar("Section", bound=BaseModel)


class Configuration(Settings):
    """A whole configuration, as a file or a journal's header holds it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)
    seed: int = Field(42, ge=0, lt=1 << 63)
    account: AccountSettings = AccountSettings()
    venue: PaperVenueSettings = PaperVenueSettings()
    instruments: tuple[InstrumentSettings, ...] = ()
    desks: tuple[DeskSettings, ...] = Field(min_length=1)
    risk: RiskSettings = RiskSettings()
    posture: PostureSettings = PostureSettings()
    script: tuple[ScriptEntry, ...] = ()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    data: DataSettings = DataSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    predictions: PredictionSettings = PredictionSettings()
    recorded_markets: RecordedMarketSettings = RecordedMarketSettings()
    oracles: OracleSettings = OracleSettings()
    freshness: FreshnessSettings = FreshnessSettings()
    points: PointsSettings = PointsSettings()
    signals: SignalSettings = SignalSettings()
    learning: LearningSettings = LearningSettings()
    pm_thresholds: dict[str, float] = Field(
        default={}, description="What PM_THRESHOLD_<KEY> of the environment said at start."
    )
    starting_overrides: tuple[dict[str, Any], ...] = Field(
        default=(), description="What learning.overrides_file held at start."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Configuration:
        known = [instrument.id for instrument in self.instruments]
        _once("instrument", known)
        _once("desk", [desk.name for desk in self.desks])
        for desk in self.desks:
            _once(f"instrument of desk {desk.name}", list(desk.instruments))
            for instrument in desk.instruments:
                if instrument not in known:
                    raise ValueError(
                        f"desk {desk.name} trades {instrument}, which no [[instruments]] lists"
                        + (nearest(instrument, known) or f"; listed are {', '.join(known) or 'none'}")
                    )
        quotes = {item.quote for item in self.instruments} - {self.account.currency}
        if quotes:
            raise ValueError(
                f"instruments are quoted in {', '.join(sorted(quotes))}, and the account is in"
                f" {self.account.currency}; an account trades what is quoted in its currency"
            )
        shares = sum(desk.share for desk in self.desks)
        if shares > 1:
            raise ValueError(f"the desks' shares sum to {shares}, and 1 is the whole account; lower them")
        self._check_kinds()
        self._check_script()
        return self

    def _check_kinds(self) -> None:
        """Desks on order books have a feed that they share with no desk on bars; panels fill at their own close."""
        on_books = [desk for desk in self.desks if not desk.on_bars]
        for desk in self.desks:
            if desk.on_panel and self.venue.fills == "next_open" and self.venue.matcher == "bar":
                raise ValueError(
                    f"desk {desk.name}, kind {desk.kind}, is sized at the close that it trades at, and the venue fills"
                    ' at the next open; set fills = "maker_draw" or "taker_close" in [venue]'
                )
            if desk.on_panel and self.venue.matcher != "bar":
                raise ValueError(
                    f'desk {desk.name} trades bars, and the venue fills from order books; set matcher = "bar" in'
                    " [venue]"
                )
            if desk.on_tokens and (self.venue.matcher != "bar" or self.venue.fills == "next_open"):
                raise ValueError(
                    f'desk {desk.name}, kind {desk.kind}, trades at the close that it decides on; set matcher = "bar"'
                    ' and fills = "maker_draw" (with slippage) or "taker_close" (without) in [venue]'
                )
            if on_books and desk.on_bars:
                raise ValueError(
                    f"desk {desk.name} trades bars and desk {on_books[0].name} order books, which no feed has"
                    " together; give each a session of its own"
                )
        _once("desk of kind", [desk.kind for desk in on_books])
        if on_books and self.venue.matcher != "book":
            raise ValueError(
                f"desk {on_books[0].name} trades order books, and the venue fills from bars;"
                ' set matcher = "book" in [venue]'
            )

    def _check_script(self) -> None:
        if self.script and not any(desk.on_panel for desk in self.desks):
            kinds = ", ".join(name for name, kind in KINDS.items() if isinstance(kind, PanelKind))
            raise ValueError(
                f"[[script]] is heard by desks of kind {kinds} alone, and there is none; leave it out"
            )
        known = [desk.name for desk in self.desks]
        for entry in self.script:
            if entry.desk and entry.desk not in known:
                near = nearest(entry.desk, known) or f"; the desks are {', '.join(known)}"
                raise ValueError(f"an entry of [[script]] is for desk {entry.desk}, which there is not{near}")

    @property
    def desk_files(self) -> tuple[Path, ...]:
        """The files of the desks that have one; the built-in ones are part of the product."""
        return tuple(desk.file for desk in self.desks if desk.file)

    @property
    def on_tokens(self) -> bool:
        """Whether a desk of it trades tokens, whose bars are made in the session, and learns."""
        return any(desk.on_tokens for desk in self.desks)

    @property
    def on_predictions(self) -> bool:
        """Whether its desks trade prediction markets, whose tokens their feed lists."""
        return not all(desk.on_bars for desk in self.desks)

    def resolved(self) -> dict[str, Any]:
        """The whole configuration as JSON values; what the journal's header holds."""
        whole: dict[str, Any] = json.loads(self.model_dump_json())
        return whole


class _Overridden(Configuration, BaseSettings):
    """A configuration whose environment goes before its file."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter=ENV_DELIMITER)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings passes all five by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file."""
        return env_settings, init_settings


def load(path: Path) -> Configuration:
    """The configuration in `path`, overridden by the environment; UsageError in one line for any fault.

    Files that it names are made absolute.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"can't read configuration {path}: {error.strerror}; name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    desks = values.get("desks")
    _make_absolute(path.parent, desks if isinstance(desks, list) else [], "file")
    _make_absolute(path.parent, [values.get("recorded_markets")], "events")
    _make_absolute(path.parent, [values.get("learning")], "overrides_file")
    named = [str(path), *_overrides()]
    made = _made(_Overridden, values, " with ".join(named))
    if not made.on_tokens:
        return made
    from tradeworthy.runtime.learned_before import with_learned  # it loads what only such a desk needs

    return with_learned(made)


def _make_absolute(folder: Path, sections: list[Any], key: str) -> None:
    """Let files that `sections` name be found beside the configuration."""
    for values in sections:
        if isinstance(values, dict) and isinstance(values.get(key), str) and values[key]:
            values[key] = str((folder / values[key]).resolve())


def from_values(values: dict[str, Any], name: str) -> Configuration:
    """The configuration of these values alone (a journal header's, a test's); `name` goes in errors."""
    return _made(Configuration, values, name)


def recorded(header: Header) -> Configuration:
    """The configuration of the run that `header` is of, whatever the environment says now."""
    return from_values(header.configuration, f"the header of run {header.run}")


def _made(model: type[Section], values: dict[str, Any], name: str) -> Section:
    try:
        made = model(**values)
    except ValidationError as error:
        raise UsageError(f"{name}: {'; '.join(_lines(error, model))}") from error
    except SettingsError as error:
        raise UsageError(f"{ENV_PREFIX}...: {error}: {error.__cause__}; give it as JSON") from error
    if places := list(_switches(made, values)):
        raise UsageError(f"{name}: {', '.join(places)} is true or false; give a number")
    return made


def _switches(made: Any, given: Any, place: str = "") -> Iterator[str]:
    """Where a number is called for and true or false stands: true would count as 1, and trade."""
    if isinstance(given, bool) and not isinstance(made, bool):
        yield place
    elif isinstance(given, dict):
        for key, value in given.items():
            inner = made.get(key) if isinstance(made, dict) else getattr(made, key, value)
            yield from _switches(inner, value, f"{place}.{key}".lstrip("."))
    elif isinstance(given, list) and isinstance(made, list | tuple):
        for number, (inner, value) in enumerate(zip(made, given, strict=False)):
            yield from _switches(inner, value, f"{place}.{number}")


def _overrides() -> Iterator[str]:
    """The variables TRADEWORTHY_SECTION__KEY; UsageError for one that would not hold: there is no such section."""
    sections = Configuration.model_fields
    for variable in sorted(os.environ):
        place, delimiter, _ = variable.removeprefix(ENV_PREFIX).partition(ENV_DELIMITER)
        if not variable.startswith(ENV_PREFIX) or not delimiter or place.lower() in OF_THE_PROCESS:
            continue
        if place.lower() not in sections:
            near = nearest(place.lower(), list(sections)) or f"; the sections are {', '.join(sections)}"
            raise UsageError(f"environment variable {variable}: there is no section {place.lower()}{near}")
        if get_origin(sections[place.lower()].annotation) is tuple:
            raise UsageError(
                f"environment variable {variable}: {place.lower()} is a list; change it in the file, or give all of it"
                f" as JSON in {ENV_PREFIX}{place}"
            )
        yield variable


def _once(noun: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{noun} {twice[0]} stands twice; remove or rename one")


def _lines(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for fault in error.errors():
        place, kind, given = ".".join(str(part) for part in fault["loc"]), fault["type"], fault["input"]
        if kind == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            near = nearest(str(fault["loc"][-1]), known) or f"; the keys are {', '.join(known)}"
            yield f"unknown key {place}{near}"
        elif kind == "missing":
            yield f"{place} is missing; add it"
        elif kind == "too_short" and given:
            continue  # What is in it was refused, and that is said already.
        elif kind.startswith(("model_", "dict_")):
            yield f"{place}: is a section, write it as [{place}] (given: {_short(given)})"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            shown = f" (given: {_short(given)})" if place and kind != "value_error" else ""
            yield f"{place}: {said}{shown}" if place and not said.startswith(f"{place}.") else said


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= GIVEN_LENGTH_MAX else f"{text[:GIVEN_LENGTH_MAX]}..."


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The field names of the model that stands at `loc`."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            kinds = [annotation, *get_args(annotation)]
            model = next(
                (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model
            )
    return list(model.model_fields)


def section(model: type[Section], values: dict[str, Any], name: str) -> Section:
    """A section of a desk's own, judged by its class; `name` goes in errors."""
    return _made(model, values, name)
