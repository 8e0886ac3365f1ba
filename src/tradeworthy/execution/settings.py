"""The paper venue's section of a configuration file."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, model_validator

from tradeworthy.core.settings import Settings


class PaperVenueSettings(Settings):
    """What paper assumes of a venue. Kinder assumptions make paper richer than live will be."""

    matcher: Literal["bar", "book"] = Field(
        "bar", description="Fill from closed bars, or by walking order books."
    )
    fills: Literal["next_open", "taker_close", "maker_draw"] = Field(
        "next_open",
        description=(
            "Of the bar matcher. next_open: the open of the first bar that opens at or after order time plus"
            " latency. taker_close: at once, at the close of the bar that was last admitted; this trades at a"
            " price that is already gone, and belongs in comparisons with engines that do the same. maker_draw: as"
            " taker_close, but an order that states a chance of being filled posts first: it is drawn whether it gets"
            " that close as maker, or takes at slippage_bps beyond it."
        ),
    )
    slippage_bps: Decimal = Field(
        Decimal(1),
        ge=0,
        le=1000,
        decimal_places=2,
        description="Of maker_draw: what a taker pays beyond the close, in hundredths of a percent of it.",
    )
    latency_ms: int = Field(0, ge=0, le=600_000, description="From order to venue, and from cancel to venue.")
    latency_p99_ms: int = Field(
        0,
        ge=0,
        le=600_000,
        description=(
            "If given, an order's latency is drawn log-normally: latency_ms is its median, and one order in a"
            " hundred takes longer than this. A group draws once."
        ),
    )
    latency_jitter_ms: int = Field(
        0,
        ge=0,
        le=600_000,
        description="Up to this much more for an order, drawn evenly; a group draws once.",
    )
    participation: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="The largest share of a bar's volume that our orders together may fill.",
    )
    consumed_memory_ms: int = Field(
        2000,
        ge=0,
        le=3_600_000,
        description="How long size that we took stays taken, though a book still shows it.",
    )

    book_max_age_ms: int = Field(
        0,
        ge=0,
        le=3_600_000,
        description=(
            "Of the book matcher: a book that came longer ago fills nothing, as if there were none; 0: however old."
        ),
    )

    @model_validator(mode="after")
    def _latency_is_a_distribution(self) -> Self:
        if self.latency_p99_ms and not 0 < self.latency_ms <= self.latency_p99_ms:
            raise ValueError(
                f"latency_p99_ms {self.latency_p99_ms} is no 99th percentile around latency_ms {self.latency_ms}:"
                " give 0, or a median above 0 that is not beyond it"
            )
        if self.latency_p99_ms and self.latency_jitter_ms:
            raise ValueError("latency_p99_ms and latency_jitter_ms both draw the latency: give one of them")
        return self

    @model_validator(mode="after")
    def _draws_are_at_closes(self) -> Self:
        if self.matcher == "book" and self.fills == "maker_draw":
            raise ValueError(
                "fills maker_draw draws at the closes of bars: give matcher bar, or leave it out"
            )
        return self
