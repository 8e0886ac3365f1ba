"""What a backtest assumed, in sentences: the settings and rules that its figures rest on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tradeworthy.execution.settings import PaperVenueSettings
from tradeworthy.market.instruments import Instrument

Assumption = tuple[str, str]
"""What it is about, and what was assumed."""


def assumptions_of(
    venue: PaperVenueSettings,
    instruments: Sequence[Instrument],
    *,
    feed: str,
    seed: int,
    leverage: Decimal = Decimal(1),
) -> list[Assumption]:
    """Each assumption about fills, costs and data, the weightiest first; `feed` is the feed's name.

    `leverage` is how many times the equity may be held.
    """
    return [
        ("prices", _prices(feed)),
        ("fills", _fills(venue)),
        ("latency", _latency(venue)),
        ("size", _size(venue)),
        ("fees", _fees(instruments)),
        (
            "rounding",
            "against the desk: buys up to the next tick, sells down, fees up to 1e-8, sizes down to a lot",
        ),
        ("effect on the price", "none beyond the size taken"),
        (
            "funding, borrowing, taxes",
            "none are charged: what is held over a funding time is flattered or wronged",
        ),
        ("refusals and outages of the venue", "none but for what it states: size, price, smallest notional"),
        ("margin", _margin(leverage)),
        ("draws", f"by seed {seed}{_drawn(venue)}"),
        ("profit and loss", "of closed trades, after fees; the drawdown is that of closed trades as well"),
    ]


def _margin(leverage: Decimal) -> str:
    if leverage > 1:
        return f"up to {leverage:f} times the equity may be held, and no venue calls for margin or liquidates"
    return "none: all that is held is paid for, and a short's proceeds stay bound with as much again"


def _drawn(venue: PaperVenueSettings) -> str:
    if venue.matcher == "bar" and venue.fills == "maker_draw":
        return ": another seed fills other orders as maker"
    return ""


def _prices(feed: str) -> str:
    if feed == "simulator":
        return "made up by the simulator: nothing here says anything about a real market"
    return "recorded bars, known at their close; a missing bar is a gap and never made up"


def _fills(venue: PaperVenueSettings) -> str:
    if venue.matcher == "book":
        return (
            "by walking the visible book as it stands after the latency; hidden and queued size is not there"
        )
    if venue.fills == "taker_close":
        return "as taker at the close of the bar that was admitted last: a price that is already gone when it is seen"
    if venue.fills == "maker_draw":
        return (
            "at the close of the bar that was admitted last. Entries and take-profits post first: a draw says whether"
            f" they are filled there as maker, or take {venue.slippage_bps:f} bp beyond it, as everything else does"
        )
    return "at the open of the first bar that opens at or after order time plus latency"


def _latency(venue: PaperVenueSettings) -> str:
    if venue.matcher == "bar" and venue.fills != "next_open":
        return "none: orders fill at the bar that caused them"
    if venue.latency_p99_ms:
        return f"log-normal, median {venue.latency_ms} ms; one order in a hundred takes over {venue.latency_p99_ms} ms"
    if venue.latency_jitter_ms:
        return f"{venue.latency_ms} ms and up to {venue.latency_jitter_ms} ms more, drawn evenly"
    return f"{venue.latency_ms} ms"


def _size(venue: PaperVenueSettings) -> str:
    if venue.matcher == "book":
        return f"what the book shows; what was taken is gone for {venue.consumed_memory_ms} ms"
    return f"up to {venue.participation:.0%} of the bar's volume; a bar without volume fills nothing"


def _fees(instruments: Sequence[Instrument]) -> str:
    """One sentence for each schedule, so that it is seen which instruments are cheaper."""
    by: dict[str, list[str]] = {}
    for one in instruments:
        if one.fee_curve is not None:
            schedule = f"taker by the venue's curve at rate {one.fee_curve.rate:f}, maker free"
        else:
            schedule = f"taker {_percent(one.taker_fee)}, maker {_percent(one.maker_fee)} of the notional"
        by.setdefault(schedule, []).append(one.id)
    if not by:
        return "each market's own, as its venue states them"
    if len(by) == 1:
        return next(iter(by))
    return "; ".join(f"{schedule} ({', '.join(names)})" for schedule, names in by.items())


def _percent(fee: Decimal) -> str:
    return f"{(fee * 100).normalize():f} %"
