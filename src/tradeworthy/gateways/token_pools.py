"""Pools of tokens on public chains: what a provider says of them, and which one prices a token."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, NamedTuple

import msgspec


class Chain(NamedTuple):
    """A chain's name at the provider, its wrapped native token, and its dollars."""

    network: str
    native: str
    dollars: tuple[str, ...]


CHAINS = {
    "solana": Chain(
        "solana",
        "So11111111111111111111111111111111111111112",
        (
            "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
            "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
        ),
    ),
    "ethereum": Chain(
        "eth",
        "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2",
        (
            "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
            "0xdac17f958d2ee523a2206206994597c13d831ec7",
        ),
    ),
    "base": Chain(
        "base",
        "0x4200000000000000000000000000000000000006",
        (
            "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
            "0xd9aaec86b65d86f6a7b5b1b0c42ffa531710b6ca",
        ),
    ),
    "bsc": Chain(
        "bsc",
        "0xbb4cdb9cbd36b01bd1cbaebf2de08d9173bc095c",
        (
            "0x55d398326f99059ff775485246999027b3197955",
            "0x8ac76a51cc950d9822d68b83fe1ad97cd32c580d",
        ),
    ),
}
"""The chains that the desks know; another is asked for under its own name, and has no native pools."""


class Figures(msgspec.Struct, frozen=True):
    """What the provider says of a pool; numbers come as text, and may be null."""

    address: str
    base_token_price_usd: Any = None
    quote_token_price_usd: Any = None
    reserve_in_usd: Any = None
    market_cap_usd: Any = None
    volume_usd: dict[str, Any] | None = None


class Reference(msgspec.Struct, frozen=True):
    """A token as `network_address`."""

    id: str


class Related(msgspec.Struct, frozen=True):
    """One side of a pool."""

    data: Reference


class Sides(msgspec.Struct, frozen=True):
    """Both sides of a pool."""

    base_token: Related
    quote_token: Related


class Pool(msgspec.Struct, frozen=True):
    """A pool of two tokens."""

    attributes: Figures
    relationships: Sides

    def tokens(self, network: str) -> tuple[str, str]:
        """The addresses of base and quote, as `spelt` makes them."""
        sides = self.relationships.base_token, self.relationships.quote_token
        base, other = (spelt(side.data.id.removeprefix(f"{network}_")) for side in sides)
        return base, other

    @property
    def reserve(self) -> float:
        """What lies in it, USD; 0 where that is not known."""
        return max(0.0, number(self.attributes.reserve_in_usd) or 0.0)


def number(value: object) -> float | None:
    """A number, or one as text, if it is finite; None else."""
    try:
        found = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and isfinite(found) else None


def spelt(address: str) -> str:
    """The address in the one spelling that is compared: hexadecimal has no case, base58 does."""
    return address.lower() if address.lower().startswith("0x") else address


def network_of(chain: str) -> str:
    """The provider's name of `chain`."""
    known = CHAINS.get(chain)
    return known.network if known else chain


def best_pool(pools: Sequence[Pool], chain: str, contract: str) -> Pool | None:
    """The pool that prices the token: against the chain's native token, else any; of these the largest reserve.

    The native token itself is priced against dollars. None if no pool has the token. Source: specs/uptrend.md 3.5.
    """
    network, token = network_of(chain), spelt(contract)
    known = CHAINS.get(chain)
    partners: tuple[str, ...] = ()
    if known:
        partners = known.dollars if token == spelt(known.native) else (known.native,)
    wanted = {spelt(partner) for partner in partners}
    ranked = [
        (bool(wanted.intersection(sides)), pool.reserve, pool.attributes.address, pool)
        for pool in pools
        if token in (sides := pool.tokens(network))
    ]
    return max(ranked, key=lambda one: one[:3])[3] if ranked else None
