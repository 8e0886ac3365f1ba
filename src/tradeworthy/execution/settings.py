"""The paper venue's section of a configuration file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tradeworthy.core.settings import Settings


class PaperVenueSettings(Settings):
    """What paper assumes of a venue. Kinder assumptions make paper richer than live will be."""

    matcher: Literal["bar", "book"] = Field(
        "bar", description="Fill from closed bars, or by walking order books."
    )
    fills: Literal["next_open", "taker_close"] = Field(
        "next_open",
        description=(
            "Of the bar matcher. next_open: the open of the first bar that opens at or after order time plus"
            " latency. taker_close: at once, at the close of the bar that was last admitted; this trades at a"
            " price that is already gone, and belongs in comparisons with engines that do the same."
        ),
    )
    latency_ms: int = Field(0, ge=0, le=600_000, description="From order to venue, and from cancel to venue.")
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
