"""The plain sections of a configuration file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from tradeworthy.core.settings import Settings
from tradeworthy.market.bars import TIMEFRAMES_NS
from tradeworthy.risk.settings import OnFault, Share
from tradeworthy.runtime.desk_kinds import KINDS, PanelKind, TokenKind
from tradeworthy.runtime.nearest import nearest


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
            near = nearest(self.kind, list(KINDS)) or f"; there is {', '.join(KINDS)}"
            raise ValueError(f"desk {self.name}: there is no kind {self.kind!r}{near}")
        for key, given in (("timeframe", self.timeframe), ("instruments", self.instruments)):
            if given and not self.on_bars:
                raise ValueError(
                    f"desk {self.name}: a desk of kind {self.kind} trades what its feed lists; leave {key} out"
                )

    @property
    def on_bars(self) -> bool:
        """Whether it trades bars of the instruments that it names; else it trades what a feed lists."""
        return not self.kind or self.on_panel or self.on_tokens

    @property
    def on_panel(self) -> bool:
        """Whether it is a built-in desk that trades the panel of its instruments."""
        return isinstance(KINDS.get(self.kind), PanelKind)

    @property
    def on_tokens(self) -> bool:
        """Whether it is a built-in desk that trades tokens on several timeframes; `timeframe` is the feed's finest."""
        return isinstance(KINDS.get(self.kind), TokenKind)


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
