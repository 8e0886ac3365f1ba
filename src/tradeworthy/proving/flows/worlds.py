"""The configuration of a flow's session: its tokens, and what it changes of the uptrend desk's settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tradeworthy.core.events import Figure

DESK = "uptrend"

BARS = {
    "1m": '{ "1m" = "1m", "15m" = "1m", "1h" = "1m", "4h" = "1m" }',
    "15m": '{ "15m" = "15m", "1h" = "15m", "4h" = "15m" }',
}
"""What longer bars are made of, by the timeframe of the feed's own."""


class Token(NamedTuple):
    """A token that the desk may trade; its contract is `<name>-contract`."""

    name: str
    chain: str = "solana"
    market_cap: float | None = 900_000
    major: bool = False

    @property
    def contract(self) -> str:
        """Where it is on its chain."""
        return f"{self.name}-contract"


BONK = Token("BONK")
MIDAS = Token("MIDAS", market_cap=20_000_000)
GIANT = Token("GIANT", market_cap=700_000_000)
"""A micro, a mid and a large cap."""

BTC = Token("BTC", "hyperliquid", None, major=True)

HEAD = """\
name = "flow"
seed = 7

[account]
currency = "USDC"
cash = "10000"

[venue]
matcher = "bar"
fills = "taker_close"
latency_ms = 0
slippage_bps = 0
participation = 1

[risk]
position_max = "0.5"
portfolio_max = "0.95"
daily_loss_max = "0.9"
drawdown_max = "0.9"

[store]
bars = true

[signals]
source = "none"
"""

INSTRUMENT = """\
[[instruments]]
id = "{name}"
venue = "paper"
quote = "USDC"
tick = "0.01"
lot = "0.01"
taker_fee = "0"
"""

DESK_TEXT = """\
[[desks]]
name = "uptrend"
kind = "uptrend"
timeframe = "{base}"
instruments = [{instruments}]
share = "1"

[desks.settings.market]
bars = {bars}

[desks.settings.manager]
levers = "fixed"
fixed_a = 0.5
fixed_e = 0.5

[[desks.settings.curators]]
id = "ann"
weight = 0.8

[[desks.settings.curators]]
id = "low"
weight = 0.4
"""


def configuration_text(
    tokens: Sequence[Token], base: str = "15m", learning: Mapping[str, Figure] | None = None
) -> str:
    """A configuration file on bars of `base`: 10,000 of cash, no costs, A and E of 0.5, caps of 50/125/700/125."""
    parts = [HEAD]
    if learning:
        parts.append("[learning]\n" + "".join(f"{name} = {value}\n" for name, value in learning.items()))
    parts += [INSTRUMENT.format(name=token.name) for token in tokens]
    names = ", ".join(f'"{token.name}"' for token in tokens)
    parts.append(DESK_TEXT.format(base=base, bars=BARS[base], instruments=names))
    for token in tokens:
        lines = [
            "[[desks.settings.tokens]]",
            f'instrument = "{token.name}"',
            f'ticker = "{token.name}"',
            f'chain = "{token.chain}"',
            f'contract = "{token.contract}"',
        ]
        if token.market_cap is not None:
            lines.append(f"market_cap = {token.market_cap}")
        if token.major:
            lines.append("major = true")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
