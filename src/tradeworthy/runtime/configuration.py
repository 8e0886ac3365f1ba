"""A session's configuration: TOML, overridden by TRADEWORTHY_SECTION__KEY, judged by pydantic."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from tradeworthy.core.errors import UsageError
from tradeworthy.core.settings import Settings
from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.gateways.simulator.settings import SimulatorSettings
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.risk.settings import OnFault, RiskSettings, Share

ENV_PREFIX = "TRADEWORTHY_"

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
    """One desk: its file (relative to the configuration), its universe, its share of the account."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    file: Path
    timeframe: str
    instruments: tuple[str, ...] = Field(min_length=1)
    share: Share = Decimal(1)
    on_fault: OnFault = OnFault.KEEP
    settings: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known_timeframe(self) -> DeskSettings:
        if self.timeframe not in TIMEFRAMES_NS:
            raise ValueError(f"timeframe {self.timeframe!r} is none of {', '.join(TIMEFRAMES_NS)}")
        return self


class JournalSettings(Settings):
    """How often a snapshot is taken, and how long closed runs are kept."""

    snapshot_every: int = Field(250_000, ge=1_000)
    keep_days: int = Field(30, ge=1)
    segment_mib: int = Field(64, ge=1, le=1024)


class StoreSettings(Settings):
    """What goes to the database besides decisions."""

    bars: bool = False


class DataSettings(Settings):
    """Where data lies: `recorded` is what `--feed recorded` reads, `catalog` the Parquet catalog."""

    recorded: Path | None = None
    catalog: Path | None = None


class Configuration(BaseSettings):
    """A whole configuration file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)
    seed: int = Field(42, ge=0, lt=1 << 63)
    account: AccountSettings = AccountSettings()
    venue: PaperVenueSettings = PaperVenueSettings()
    instruments: tuple[InstrumentSettings, ...] = Field(min_length=1)
    desks: tuple[DeskSettings, ...] = Field(min_length=1)
    risk: RiskSettings = RiskSettings()
    journal: JournalSettings = JournalSettings()
    store: StoreSettings = StoreSettings()
    data: DataSettings = DataSettings()
    simulator: SimulatorSettings = SimulatorSettings()

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
                        f"{_nearest(instrument, known)}"
                    )
        quotes = {item.quote for item in self.instruments} - {self.account.currency}
        if quotes:
            raise ValueError(f"quotes {sorted(quotes)} differ from the account's {self.account.currency}")
        if sum(desk.share for desk in self.desks) > 1:
            raise ValueError("the desks' shares sum to more than 1; lower them")
        return self

    def resolved(self) -> dict[str, Any]:
        """The whole configuration as JSON values; what the journal's header holds."""
        whole: dict[str, Any] = json.loads(self.model_dump_json())
        return whole


def load(path: Path) -> Configuration:
    """The configuration in `path`, its desks' files made absolute; UsageError in one line for any fault."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"can't read configuration {path}: {error.strerror}; name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for desk in values.get("desks", []) if isinstance(values.get("desks"), list) else []:
        if isinstance(desk, dict) and isinstance(desk.get("file"), str):
            desk["file"] = str((path.parent / desk["file"]).resolve())
    return from_values(values, str(path))


def from_values(values: dict[str, Any], name: str) -> Configuration:
    """The configuration of these values (a TOML file's, or a journal header's); `name` goes in errors."""
    try:
        return Configuration(**values)
    except ValidationError as error:
        raise UsageError(f"{name}: {'; '.join(_lines(error))}") from error


def _once(noun: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{noun} {twice[0]} stands twice")


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _lines(error: ValidationError, model: type[BaseModel] = Configuration) -> Iterator[str]:
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            yield f"unknown key {place}{_nearest(str(fault['loc'][-1]), known)}"
        elif fault["type"] == "missing":
            yield f"{place} is missing; add it"
        else:
            said = fault["msg"].removeprefix("Value error, ")
            given = f" (given: {fault['input']!r})" if place and fault["type"] != "value_error" else ""
            yield f"{place}: {said}{given}" if place else said


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
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{name}: {'; '.join(_lines(error, model))}") from error
