"""A session's configuration: TOML, overridden by TRADEWORTHY_SECTION__KEY, judged by pydantic."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator
from decimal import Decimal
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
from tradeworthy.gateways.simulator.prediction_settings import PredictionSettings
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.journal.segments import Header
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.market.freshness import FreshnessSettings
from tradeworthy.market.oracles import OracleSettings
from tradeworthy.risk.posture import PostureSettings
from tradeworthy.risk.script import ScriptEntry
from tradeworthy.risk.settings import OnFault, RiskSettings, Share
from tradeworthy.runtime.desk_kinds import KINDS, PanelKind

ENV_PREFIX = "TRADEWORTHY_"
ENV_DELIMITER = "__"
GIVEN_LENGTH_MAX = 60
"""So much of a wrong value is shown."""

Section = TypeVar("Section", bound=BaseModel)


class AccountSettings(Settings):
    """The account: its currency, and the cash that a new run begins with."""

    currency: str = "USDT"
    cash: Decimal = Field(Decimal(10_000), gt=0, max_digits=18, decimal_places=8)


class InstrumentSettings(Settings):
    """One instrument; fees are fractions of the notional (0.0005 is 5 bps).

    Without `price_max` and `lots_max` they are as large as int64 can hold.
    """

    id: str = Field(min_length=1)
    venue: str = Field("paper", min_length=1)
    quote: str = "USDT"
    tick: Decimal = Field(gt=0)
    lot: Decimal = Field(gt=0)
    taker_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    maker_fee: Decimal = Field(Decimal(0), ge=0, lt=1)
    notional_min: Decimal = Field(Decimal(0), ge=0)
    lots_min: int = Field(1, ge=1)
    lots_max: int | None = Field(None, ge=1)
    price_max: Decimal | None = Field(None, gt=0)


class DeskSettings(Settings):
    """One desk and its share of the account: a built-in one by its `kind`, or a `file` of one's own.

    The file is named relative to the configuration, and goes with a timeframe and a universe of instruments.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    kind: str = ""
    file: Path | None = None
    timeframe: str = ""
    instruments: tuple[str, ...] = ()
    share: Share = Decimal(1)
    on_fault: OnFault = OnFault.KEEP
    settings: dict[str, Any] = {}

    @model_validator(mode="after")
    def _of_one_kind(self) -> DeskSettings:
        if bool(self.kind) == bool(self.file):
            has = "both a kind and a file" if self.file else "neither a kind nor a file"
            raise ValueError(
                f'desk {self.name} has {has}; give kind = "{next(iter(KINDS))}" for a built-in desk,'
                " or the file of your own"
            )
        if self.kind:
            self._check_kind()
        if self.on_bars:
            if not self.instruments:
                raise ValueError(f"desk {self.name} has no instruments; name those it trades")
            if self.timeframe not in TIMEFRAMES_NS:
                raise ValueError(f"timeframe {self.timeframe!r} is none of {', '.join(TIMEFRAMES_NS)}")
        return self

    def _check_kind(self) -> None:
        if self.kind not in KINDS:
            near = _nearest(self.kind, list(KINDS)) or f"; there is {', '.join(KINDS)}"
            raise ValueError(f"desk {self.name}: there is no kind {self.kind!r}{near}")
        for key, given in (("timeframe", self.timeframe), ("instruments", self.instruments)):
            if given and not self.on_bars:
                raise ValueError(
                    f"desk {self.name}: a desk of kind {self.kind} trades what its feed lists; leave {key} out"
                )

    @property
    def on_bars(self) -> bool:
        """Whether it trades bars of the instruments that it names; else it trades what a feed lists."""
        return not self.kind or self.on_panel

    @property
    def on_panel(self) -> bool:
        """Whether it is a built-in desk that trades the panel of its instruments."""
        return isinstance(KINDS.get(self.kind), PanelKind)


class JournalSettings(Settings):
    """How often a snapshot is taken, and how long closed runs are kept."""

    snapshot_every: int = Field(250_000, ge=1_000)
    keep_days: int = Field(30, ge=1)
    segment_mib: int = Field(64, ge=1, le=1024)


class StoreSettings(Settings):
    """What goes to the database besides decisions."""

    bars: bool = False


class DataSettings(Settings):
    """Where data lies: `recorded` is what `--feed recorded` reads, `catalog` the Parquet catalog.

    `archive_url` is where `data fetch` gets bars, if not from the venue's public archive.
    """

    recorded: Path | None = None
    catalog: Path | None = None
    archive_url: str | None = None


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
                        + (_nearest(instrument, known) or f"; listed are {', '.join(known) or 'none'}")
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
                near = _nearest(entry.desk, known) or f"; the desks are {', '.join(known)}"
                raise ValueError(f"an entry of [[script]] is for desk {entry.desk}, which there is not{near}")

    @property
    def desk_files(self) -> tuple[Path, ...]:
        """The files of the desks that have one; the built-in ones are part of the product."""
        return tuple(desk.file for desk in self.desks if desk.file)

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
    named = [str(path), *_overrides()]
    return _made(_Overridden, values, " with ".join(named))


def _make_absolute(folder: Path, sections: list[Any], key: str) -> None:
    """Let files that `sections` name be found beside the configuration."""
    for values in sections:
        if isinstance(values, dict) and isinstance(values.get(key), str):
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
        if not variable.startswith(ENV_PREFIX) or not delimiter:
            continue
        if place.lower() not in sections:
            near = _nearest(place.lower(), list(sections)) or f"; the sections are {', '.join(sections)}"
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


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _lines(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for fault in error.errors():
        place, kind, given = ".".join(str(part) for part in fault["loc"]), fault["type"], fault["input"]
        if kind == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            near = _nearest(str(fault["loc"][-1]), known) or f"; the keys are {', '.join(known)}"
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
            yield f"{place}: {said}{shown}" if place else said


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
