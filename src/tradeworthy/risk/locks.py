"""Locked arbitrage that was filled: which lots belong together, and so carry no direction."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Locks(msgspec.Struct):
    """Sets of legs that together pay out at least what they cost, by candidate: lots by the ledger's `desk/position`.

    `lots` sums the sets by key. A set of which a leg is sold, or merged with what another set holds, is none any more
    for as many lots. What is settled leaves it alone: a payout is what the set was bought for.
    """

    sets: dict[int, dict[str, int]] = {}
    lots: dict[str, int] = {}

    def add(self, candidate: int, legs: Mapping[str, int]) -> None:
        """Lock what `candidate` filled."""
        if all(legs.values()):
            self.sets[candidate] = dict(legs)
            for key, lots in legs.items():
                self.lots[key] = self.lots.get(key, 0) + lots

    def limit(self, key: str, held: int) -> None:
        """Only `held` lots are left under `key`: what is locked beyond them breaks, the newest set first."""
        for candidate in reversed(list(self.sets)) if self.lots.get(key, 0) > held else ():
            excess = self.lots.get(key, 0) - held
            lots = self.sets[candidate].get(key, 0)
            if excess > 0 and lots:
                self._shrink(candidate, min(excess, lots), lots)

    def close(self, key: str) -> None:
        """Nothing is held under `key` any more: the sets go on without that leg."""
        if self.lots.pop(key, 0):
            for candidate, legs in list(self.sets.items()):
                if legs.pop(key, 0) and not legs:
                    del self.sets[candidate]

    def _shrink(self, candidate: int, gone: int, of: int) -> None:
        """Take `gone` in `of` parts out of each leg of a set, rounded so that less stays locked."""
        legs = self.sets[candidate]
        left = {key: lots * (of - gone) // of for key, lots in legs.items()}
        if not all(left.values()):
            left = dict.fromkeys(left, 0)
            del self.sets[candidate]
        for key, lots in legs.items():
            self.lots[key] -= lots - left[key]
            if not self.lots[key]:
                del self.lots[key]
        legs.update(left)
