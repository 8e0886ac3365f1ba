"""The digest depends on the bytes, all of them, in order, and on nothing else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradeworthy.journal.digest import BLOCK, Digest

DATA = bytes((index * 7 + index // 251) % 256 for index in range(3 * BLOCK + 12_345))


def digest_of(parts: list[bytes], seed: bytes = b"seed") -> str:
    """The digest of `parts`, one call each."""
    digest = Digest(seed)
    for part in parts:
        digest.update(part)
    return digest.hex()


WHOLE = digest_of([DATA])


@given(st.lists(st.integers(0, len(DATA)), max_size=12))
def test_how_calls_cut_the_bytes_does_not_matter(cuts: list[int]) -> None:
    """Any batching of the same bytes gives the same digest."""
    edges = [0, *sorted(cuts), len(DATA)]
    assert digest_of([DATA[left:right] for left, right in pairwise(edges)]) == WHOLE


@pytest.mark.parametrize("at", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 77, len(DATA)])
def test_a_digest_goes_on_from_where_it_rested(at: int) -> None:
    """Dumped anywhere, in mid-block too, and loaded elsewhere, it ends as the whole."""
    first = Digest(b"seed")
    for index in range(0, at, 100):
        first.update(DATA[index : min(index + 100, at)])
    second = Digest(b"another")
    second.load(first.dump())
    second.update(DATA[at:])
    assert second.hex() == WHOLE
    first.update(DATA[at:])
    assert first.hex() == WHOLE


def test_asking_does_not_change_it() -> None:
    """`hex` may be called at any time."""
    digest = Digest(b"seed")
    for index in range(0, len(DATA), 9_999):
        digest.update(DATA[index : index + 9_999])
        digest.hex()
    assert digest.hex() == WHOLE == digest.hex()


@pytest.mark.parametrize("at", [0, BLOCK - 1, BLOCK, 3 * BLOCK + 12_344])
def test_every_byte_and_the_seed_count(at: int) -> None:
    """One flipped bit anywhere, one byte more or another seed is another digest."""
    flipped = bytearray(DATA)
    flipped[at] ^= 1
    others = [digest_of([bytes(flipped)]), digest_of([DATA, b"\0"]), digest_of([DATA], b"other")]
    assert len({WHOLE, *others}) == 4
