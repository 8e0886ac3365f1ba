"""Draws by the thousand: core.draws for whole arrays of keys, and an exponential; equal on every machine.

Only IEEE additions, multiplications and shifts are used: numpy's transcendental functions differ in the last
bit between processors.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradeworthy.core import draws

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1
_LOW = np.uint64(0xFFFF)
_NORMAL_MEAN = 2 * 65535.0
_NORMAL_SCALE = 1 / math.sqrt((65536.0 * 65536.0 - 1) / 3)
"""The sum of four uniforms on 0 to 65,535 has that mean, and one over that as its standard deviation."""


class Stream:
    """The draws of core.draws.draw(seed, name, key) for arrays of integer keys."""

    def __init__(self, seed: int, name: str) -> None:
        self._base = np.uint64(draws.mix(draws.mix(seed & _MASK) ^ draws.word_of(name)))

    def words(self, keys: NDArray[np.int64]) -> Words:
        """64 random bits for each key."""
        word = keys.astype(np.uint64) ^ self._base
        word += _GOLDEN
        word = (word ^ (word >> np.uint64(30))) * _FIRST
        word = (word ^ (word >> np.uint64(27))) * _SECOND
        return word ^ (word >> np.uint64(31))

    def uniform(self, keys: NDArray[np.int64]) -> Floats:
        """Uniform in [0, 1)."""
        return (self.words(keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, keys: NDArray[np.int64]) -> Floats:
        """About normal: the sum of four uniforms, with mean 0 and variance 1, within 3.5 of 0."""
        words = self.words(keys)
        total = (words & _LOW) + (words >> np.uint64(48))
        total += ((words >> np.uint64(16)) & _LOW) + ((words >> np.uint64(32)) & _LOW)
        return (total.astype(np.float64) - _NORMAL_MEAN) * _NORMAL_SCALE

    def word_at(self, key: int) -> int:
        """One of `words`."""
        return draws.mix(int(self._base) ^ (key & _MASK))

    def normal_at(self, key: int) -> float:
        """One of `normal`."""
        word = self.word_at(key)
        total = sum(word >> shift & 0xFFFF for shift in (0, 16, 32, 48))
        return (total - _NORMAL_MEAN) * _NORMAL_SCALE


def pieces(words: Words, bits: tuple[int, ...]) -> list[Floats]:
    """Independent uniforms in [0, 1) cut from each word, of so many bits each (64 in all at most)."""
    cut = []
    for width in bits:
        cut.append((words & np.uint64((1 << width) - 1)).astype(np.float64) * 2.0**-width)
        words = words >> np.uint64(width)
    return cut


def exponential(exponents: Floats) -> Floats:
    """Powers of e for exponents within 10 of 0, to 1e-13: a Taylor series of x/256, squared eight times."""
    part = exponents * (1 / 256)
    value = np.ones_like(part)
    for order in (6.0, 5.0, 4.0, 3.0, 2.0, 1.0):
        value = 1.0 + part * value / order
    for _ in range(8):
        value = value * value
    return value
