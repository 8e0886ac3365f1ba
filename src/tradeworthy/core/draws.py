"""Draws without a generator: a hash of (seed, stream, key), so one draw more shifts nothing else.

SplitMix64's finaliser (Steele, Lea and Flood 2014), folded over the three words.
"""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def mix(word: int) -> int:
    """The SplitMix64 finaliser of one 64-bit word."""
    word = (word + _GOLDEN) & _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


def word_of(value: int | str) -> int:
    """A 64-bit word: integers as they are (modulo 2^64), text by its BLAKE2b hash."""
    if isinstance(value, str):
        return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "little")
    return value & _MASK


def draw(seed: int, stream: int | str, key: int | str) -> float:
    """A uniform number in [0, 1) that depends on nothing but its three arguments."""
    word = mix(mix(mix(seed & _MASK) ^ word_of(stream)) ^ word_of(key))
    return float(word >> 11) * 2.0**-53
